"""Card purchases: everyday ones, instalments in three bank styles, subscriptions, purchases abroad, refunds."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import IntEnum
from typing import NamedTuple

from msgspec.structs import replace

from sandbox.ledger import calendar
from sandbox.ledger.draws import Draws
from sandbox.ledger.ids import Kind
from sandbox.ledger.merchants import BUSINESS, EVERYDAY, FOREIGN, REPEATED, SPLITTABLE, Shop, merchant_of
from sandbox.ledger.models import CreditCardMetadata
from sandbox.ledger.money import CENT, UNIT, money, share
from sandbox.ledger.rows import Draft, Mark, Row, Statement, make_shape


class CardStyle(IntEnum):
    """How a bank writes instalments.

    DESCRIBED: only in the text ('03/10'), all dated at the purchase, each listed when its bill opens. NUMBERED: in the
    metadata, each dated and listed in its month. UPFRONT: all listed at the purchase, the coming ones PENDING with
    future dates; every row of such a card stays PENDING until its bill closes.
    """

    DESCRIBED = 0
    NUMBERED = 1
    UPFRONT = 2


@dataclass(frozen=True)
class Card:
    """One card account as its generators see it."""

    statement: Statement
    style: CardStyle
    nth: int
    closing_day: int
    number: str
    extra_number: str
    is_company: bool

    def draws(self, *parts: object) -> Draws:
        """Draws for something of this card."""
        return self.statement.draws(*parts)

    def bill_of(self, instant: int) -> int:
        """The bill, named by the month in which it closes, that an instant falls in."""
        day = calendar.local_day(instant)
        return calendar.month_of(day) + (day.day > self.closing_day)

    def closing(self, bill: int) -> int:
        """The instant at which a bill closes: the end of the closing day in Brasília."""
        return calendar.utc_midnight(self.closing_date(bill)) + calendar.DAY + calendar.LOCAL_OFFSET

    def closing_date(self, bill: int) -> date:
        """The day on which a bill closes."""
        return calendar.day_in(bill, self.closing_day)

    def due_date(self, bill: int) -> date:
        """The day on which a bill must be paid."""
        return calendar.next_business_day(self.closing_date(bill) + timedelta(8))

    def bill_id(self, bill: int) -> str:
        """The id of a bill."""
        return self.statement.ids.encode(Kind.BILL, self.statement.item, self.statement.account, bill)


class Purchase(NamedTuple):
    """A draft of a card movement; `part` of `parts` when it is an instalment of a purchase made on `bought`."""

    draft: Draft
    shop: Shop | None = None
    bought: date | None = None
    part: int = 1
    parts: int = 1
    total: int = 0
    gone_after: int | None = None


_VOLUME = ((12, 20), (5, 9), (2, 4))
# key, text, category, MCC, low, high (reais), day
_SUBSCRIPTIONS = (
    ("video", Shop("NETFLIX.COM", "Netflix", "09020000", 4899, "5911199", 39, 56), 9),
    ("music", Shop("SPOTIFY BR", "Spotify", "09030000", 5815, "6319400", 21, 32), 14),
    ("cloud", Shop("GOOGLE ONE", "Google", "09000000", 5817, "6311900", 9, 15), 17),
    ("gym", Shop("ACADEMIA CORPO & MENTE", "Academia Corpo & Mente", "07030000", 7997, "9313100", 99, 149), 4),
    ("news", Shop("FOLHA DA CIDADE", "Folha da Cidade", "09000000", 5994, "5812302", 19, 29), 24),
)
_DOLLAR = (49_000, 57_000)  # ten-thousandths of a real


def purchases(card: Card, month: int) -> list[Row]:
    """All rows that the purchases of a month give rise to, also those dated later; numbered in a fixed order."""
    drawn = [*_everyday(card, month), *_subscriptions(card, month), *_splits(card, month), *_abroad(card, month)]
    drawn += [*_oddities(card, month), *_yearly_fee(card, month)]
    draws = card.draws("card-rows", month)
    return [make_row(card, month, n, purchase, draws) for n, purchase in enumerate(drawn)]


def make_row(card: Card, month: int, n: int, purchase: Purchase, draws: Draws, *, on_bill: bool = True) -> Row:
    """The row of a card movement, with the bill it belongs to."""
    draft, statement = purchase.draft, card.statement
    midnight = calendar.utc_midnight(draft.day)
    seen = midnight + calendar.LOCAL_OFFSET + (draft.clock or (6 + draws.below(12)) * calendar.HOUR)
    at = seen if draft.clock is not None and card.style is CardStyle.NUMBERED else midnight + statement.padding
    visible, counts_from = _listed(card, purchase, at, seen)
    bill = card.bill_of(counts_from if purchase.part == 1 else seen)
    posted = visible + draws.below(3) * calendar.DAY
    closing = card.closing(bill) if on_bill and card.style is not CardStyle.DESCRIBED else None
    if card.style is CardStyle.DESCRIBED and purchase.part > 1:
        bill = card.bill_of(visible)
    if card.style is CardStyle.UPFRONT and on_bill:
        posted = card.closing(bill)
    shape = make_shape(statement, (month, n), draft, at, order=None, balance=None)
    shape = replace(shape, credit_card_metadata=_metadata(card, purchase, bill if on_bill else None, seen))
    gone = None if purchase.gone_after is None else visible + purchase.gone_after * calendar.DAY
    if gone is not None:
        posted, closing, bill, on_bill = gone + calendar.DAY, None, 0, False
    return Row(
        shape, at, visible, posted, draft.amount, draft.marks, counts_from, bill if on_bill else None, closing, gone
    )


def _listed(card: Card, purchase: Purchase, at: int, seen: int) -> tuple[int, int]:
    """`(visible, counts_from)` of a movement."""
    if purchase.part == 1 or card.style is CardStyle.NUMBERED or purchase.bought is None:
        visible = seen + purchase.draft.late * calendar.DAY
        return visible, max(at, visible)
    bought = calendar.utc_midnight(purchase.bought) + calendar.LOCAL_OFFSET + 12 * calendar.HOUR
    if card.style is CardStyle.UPFRONT:
        return bought, at
    opened = card.closing(card.bill_of(bought) + purchase.part - 2) + 9 * calendar.HOUR
    return opened, opened


def _metadata(card: Card, purchase: Purchase, bill: int | None, seen: int) -> CreditCardMetadata | None:
    draft, split = purchase.draft, purchase.parts > 1
    if card.style is CardStyle.DESCRIBED:
        return draft.card or (CreditCardMetadata(card_number=card.number) if split else None)
    if draft.card is not None:
        return replace(draft.card, bill_id=card.bill_id(bill)) if bill is not None else draft.card
    bought = purchase.bought or draft.day
    upfront = card.style is CardStyle.UPFRONT
    return CreditCardMetadata(
        installment_number=purchase.part if split else None,
        total_installments=purchase.parts if split else None,
        total_amount=money(purchase.total) if split and not upfront else None,
        purchase_date=calendar.wire(calendar.utc_midnight(bought) + card.statement.padding),
        payee_mcc=purchase.shop.mcc if purchase.shop else None,
        card_number=card.extra_number if purchase.shop and purchase.shop.mcc % 7 == 0 else card.number,
        bill_id=card.bill_id(bill) if bill is not None else None,
        bill_forecast_date=calendar.label(bill) if bill is not None and upfront else None,
        payment_type=("INSTALLMENT" if split else "SINGLE") if upfront else None,
        transaction_date_time=calendar.wire(seen) if upfront and draft.clock is not None else None,
    )


def _bought(card: Card, draws: Draws, day: date, shop: Shop, amount: int) -> Purchase:
    clock = None if card.style is CardStyle.DESCRIBED else 8 * calendar.HOUR + draws.below(15 * calendar.HOUR)
    merchant = None if draws.chance(25) else merchant_of(shop)
    category = None if draws.chance(10) else shop.category
    return Purchase(Draft(day, amount, shop.text, category, "OUTROS", clock, merchant=merchant), shop)


def _some_day(draws: Draws, month: int) -> date:
    return calendar.first_day(month) + timedelta(draws.below(calendar.days_in(month)))


def _everyday(card: Card, month: int) -> list[Purchase]:
    draws = card.draws("everyday", month)
    shops = BUSINESS if card.is_company else EVERYDAY
    drawn = []
    for _ in range(draws.between(*_VOLUME[min(card.nth, 2)])):
        shop = draws.pick(shops)
        drawn.append(_bought(card, draws, _some_day(draws, month), shop, draws.price(shop.low, shop.high)))
    for purchase in draws.sample(drawn, 2):
        purchase.draft.late = draws.between(2, 6)
    if draws.chance(15):
        refunded = draws.pick(drawn).draft
        refund = Draft(
            refunded.day + timedelta(draws.between(3, 15)), -refunded.amount, f"ESTORNO {refunded.text}", None
        )
        refund.operation, refund.category, refund.merchant = "ESTORNO", refunded.category, refunded.merchant
        drawn.append(Purchase(refund))
    return drawn


def _subscriptions(card: Card, month: int) -> list[Purchase]:
    if card.nth or card.is_company:
        return []
    drawn = []
    for key, shop, day in _SUBSCRIPTIONS:
        fixed, draws = card.draws("subscription", key), card.draws("subscription", key, month)
        price = fixed.between(shop.low, shop.high) * UNIT + 9000
        # one rise of 7 to 15 % a year, in a month of its own
        for _ in range(max(0, (month - 288 - fixed.below(12)) // 12 + 1)):
            price += share(price, fixed.between(70, 150))
        purchase = _bought(card, draws, calendar.day_in(month, day), shop, price)
        mark = Mark("recurring", f"{card.statement.content}/{key}", "subscription")
        purchase.draft.marks, purchase.draft.category = (mark,), shop.category
        drawn.append(purchase)
    return drawn


def split_amount(total: int, parts: int) -> list[int]:
    """Equal instalments in centavos; the first bears the rest."""
    each = total // parts // CENT * CENT
    return [total - each * (parts - 1), *[each] * (parts - 1)]


def _splits(card: Card, month: int) -> list[Purchase]:
    draws = card.draws("splits", month)
    drawn = []
    for n in range(sum(draws.chance(percent) for percent in ((55, 15), (45, 5), (60, 10))[min(card.nth, 2)])):
        shop, parts = draws.pick(SPLITTABLE), draws.pick((2, 3, 3, 4, 5, 6, 6, 8, 10, 10, 12))
        day, total = _some_day(draws, month), draws.price(shop.low, shop.high)
        category, clock = (
            draws.pick((shop.category, shop.category, None)),
            8 * calendar.HOUR + draws.below(13 * calendar.HOUR),
        )
        for part, amount in enumerate(split_amount(total, parts), 1):
            described = card.style is CardStyle.DESCRIBED
            on = day if described else calendar.day_in(month + part - 1, day.day)
            text = f"{shop.text} {part:02d}/{parts:02d}" if described else shop.text
            mark = Mark("installments", f"{card.statement.content}/{month}/{n}", f"{part}/{parts}/{total}")
            draft = Draft(
                on, amount, text, category, "OUTROS", None if described else clock, merchant=merchant_of(shop)
            )
            draft.marks = (mark,)
            drawn.append(Purchase(draft, shop, day, part, parts, total))
    return drawn


def _abroad(card: Card, month: int) -> list[Purchase]:
    draws = card.draws("abroad", month)
    if not draws.chance((45, 25, 0)[min(card.nth, 2)]):
        return []
    shop, rate = draws.pick(FOREIGN), draws.between(*_DOLLAR)
    dollars = draws.price(shop.low, shop.high)
    amount = dollars * rate // UNIT  # keeps four decimals
    purchase = _bought(card, draws, _some_day(draws, month), shop, amount)
    key = f"{card.statement.content}/{month}"
    purchase.draft.foreign, purchase.draft.marks = (dollars, "USD"), (Mark("iof", key, "purchase"),)
    tax = Draft(
        purchase.draft.day, share(amount, 35) + CENT, f"IOF COMPRA INTERNACIONAL {shop.name.upper()}", "15030000"
    )
    tax.operation, tax.marks = "TARIFA", (Mark("iof", key, "tax"), Mark("fees", "iof"))
    tax.card = CreditCardMetadata(card_number=card.number, fee_type="OTHER", fee_type_additional_info="IOF")
    return [purchase, Purchase(tax)]


def _oddities(card: Card, month: int) -> list[Purchase]:
    """Double charges, purchases that only look doubled, a dropped hold, cashback; on cards with a time of day."""
    draws = card.draws("odd", month)
    if card.style is CardStyle.DESCRIBED:
        return []
    drawn: list[Purchase] = []
    key = f"{card.statement.content}/{month}"
    if draws.chance(14):
        shop = draws.pick(EVERYDAY[1:5])
        first = _bought(card, draws, _some_day(draws, month), shop, draws.price(shop.low + 30, shop.high))
        drawn += _twice(first, draws.between(15, 110) * 1000, Mark("duplicates", key))
    if draws.chance(45):
        shop = draws.pick(REPEATED)
        first = _bought(card, draws, _some_day(draws, month), shop, (shop.low * 10 + 2) * UNIT // 10)
        drawn += _twice(first, 9 * calendar.HOUR, Mark("decoys", f"duplicates/repeated_fare/{key}"))
    if draws.chance(18):
        first = _bought(card, draws, _some_day(draws, month), EVERYDAY[-1], draws.price(24, 118))
        drawn += _twice(first, 3 * calendar.HOUR, Mark("decoys", f"duplicates/second_ticket/{key}"))
    if draws.chance(22):
        hold = _bought(card, draws, _some_day(draws, month), EVERYDAY[5], 150 * UNIT)
        hold.draft.text = f"PRÉ-AUTORIZAÇÃO {hold.draft.text}"
        drawn.append(hold._replace(gone_after=draws.between(2, 4)))
    if draws.chance(12):
        cashback = Draft(_some_day(draws, month), -draws.price(4, 38), "CASHBACK 💜", None, "CASHBACK")
        drawn.append(Purchase(cashback))
    return drawn


def _twice(first: Purchase, gap: int, mark: Mark) -> list[Purchase]:
    """The purchase in the morning, and again `gap` later, alike in all but the time."""
    from dataclasses import replace as changed

    morning = changed(
        first.draft, clock=9 * calendar.HOUR + (first.draft.clock or 0) % (3 * calendar.HOUR), marks=(mark,)
    )
    again = changed(morning, clock=(morning.clock or 0) + gap)
    return [first._replace(draft=morning), first._replace(draft=again)]


def _yearly_fee(card: Card, month: int) -> list[Purchase]:
    fixed = card.draws("annual-fee")
    if month % 12 != fixed.below(12):
        return []
    draft = Draft(calendar.day_in(month, 11), fixed.price(180, 620), "ANUIDADE CARTÃO", "16030000", "TARIFA")
    draft.card, draft.marks = (
        CreditCardMetadata(card_number=card.number, fee_type="ANNUAL_FEE"),
        (Mark("fees", "annual"),),
    )
    return [Purchase(draft)]
