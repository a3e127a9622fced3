"""Drafts of the movements that bank accounts have: PIX, boletos, transfers, debit purchases."""

from datetime import date, timedelta

from sandbox.ledger import calendar
from sandbox.ledger.documents import bank_slip, utility_slip
from sandbox.ledger.draws import Draws
from sandbox.ledger.merchants import Shop, merchant_of
from sandbox.ledger.models import BoletoMetadata, PaymentData
from sandbox.ledger.money import CENT, UNIT, money
from sandbox.ledger.people import Party
from sandbox.ledger.rows import Draft, Mark

_REASONS = (
    "Almoço",
    "Racha do churrasco 🍖",
    "Presente 🎁",
    "Aluguel da quadra",
    "Obrigada!",
    "Uber dividido",
    None,
    None,
)


def clock(draws: Draws, day: date) -> int:
    """A time of the day; one in five is between 21:00 and 24:00 local, the next day in UTC.

    Never on the last day of a month, whose rows stay in the month in UTC too.
    """
    last = (day + timedelta(1)).day == 1
    if not last and draws.chance(20):
        return 21 * calendar.HOUR + draws.below(3 * calendar.HOUR)
    return 7 * calendar.HOUR + draws.below(13 * calendar.HOUR)


def pix(draws: Draws, day: date, amount: int, *, owner: Party, other: Party, marks: tuple[Mark, ...] = ()) -> Draft:
    """A PIX, at a time of day; negative goes out."""
    sent = amount < 0
    payer, receiver = (owner, other) if sent else (other, owner)
    reason = draws.pick(_REASONS)
    return Draft(
        day=day,
        amount=amount,
        text=f"Pix {'enviado' if sent else 'recebido'} - {other.name}",
        category="05070000",
        operation="PIX",
        clock=clock(draws, day),
        payment=PaymentData(
            payer=payer.participant(full=sent or draws.chance(60)),
            receiver=receiver.participant(full=not sent or draws.chance(60)),
            reason=reason,
            receiver_reference_id=None if draws.chance(70) else draws.digits(12),
            payment_method="PIX",
        ),
        marks=marks,
    )


def transfer(day: date, amount: int, *, owner: Party, other: Party, method: str, text: str, category: str) -> Draft:
    """A TED between banks or a TEV inside one, without a time of day."""
    payer, receiver = (owner, other) if amount < 0 else (other, owner)
    payment = PaymentData(payer=payer.participant(), receiver=receiver.participant(), payment_method=method)
    return Draft(day, amount, text, category, operation=method, payment=payment)


def boleto(
    draws: Draws, day: date, amount: int, *, owner: Party, other: Party, category: str, segment: int = 0
) -> Draft:
    """A paid slip: of a bank (one in eight late, with a fine), or with `segment` 1 to 9 of a utility or the state."""
    paid = abs(amount)
    late = segment == 0 and draws.chance(12)
    penalty = paid * 2 // 102 // CENT * CENT if late else 0
    base, cents = paid - penalty, (paid - penalty) // CENT
    due = day - timedelta(draws.between(1, 9)) if late else day
    line, barcode = utility_slip(draws, segment, cents) if segment else bank_slip(draws, other.compe, due, cents)
    slip = BoletoMetadata(
        digitable_line=line,
        barcode=barcode,
        base_amount=money(base),
        interest_amount=None,
        penalty_amount=money(penalty) if late else None,
        discount_amount=None,
    )
    payment = PaymentData(
        payer=owner.participant(full=False),
        receiver=other.participant(full=False),
        payment_method="BOLETO",
        boleto_metadata=slip,
        authentication_code=draws.digits(16),
    )
    return Draft(day, amount, f"Pagamento de boleto - {other.name}", category, operation="BOLETO", payment=payment)


def debit_purchase(draws: Draws, day: date, shop: Shop) -> Draft:
    """A purchase with the debit card; one in five goes without its merchant, one in eight without a category."""
    amount = -draws.price(shop.low, shop.high)
    timed = clock(draws, day) if draws.chance(50) else None
    merchant = None if draws.chance(20) else merchant_of(shop)
    category = None if draws.chance(12) else shop.category
    return Draft(day, amount, f"Compra débito {shop.text}", category, "CARTAO", timed, merchant=merchant)


def fee(day: date, amount: int, text: str, *, category: str = "16010000", marks: tuple[Mark, ...] = ()) -> Draft:
    """What the bank charges."""
    return Draft(day, -amount, text, category, "TARIFA_SERVICOS_AVULSOS", marks=(*marks, Mark("fees", text)))


def whole(reais: int) -> int:
    """Ten-thousandths of whole reais."""
    return reais * UNIT
