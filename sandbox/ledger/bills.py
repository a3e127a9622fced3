"""How card bills are paid, and what paying late costs."""

from collections.abc import Callable
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple

from sandbox.ledger import calendar
from sandbox.ledger.card import Card, Purchase, make_row
from sandbox.ledger.models import CreditCardMetadata
from sandbox.ledger.money import CENT, share
from sandbox.ledger.rows import Draft, Mark, Row

FINANCE = 1 << 19  # payments and charges are numbered from here, apart from purchases
_MODES = ("DEBIT_ACCOUNT", "PIX", "BANK_SLIP")

Total = Callable[[int], int]


class Habit(StrEnum):
    """How a bill gets paid."""

    FULL = "full"
    LATE = "late"
    SPLIT = "split"


class Payment(NamedTuple):
    """One payment of a bill: `day` at the bank account, `credited` on the card."""

    bill: int
    n: int
    day: date
    credited: date
    amount: int
    mode: str


class Charge(NamedTuple):
    """One charge for having paid the bill before too late; it stands on `bill`."""

    bill: int
    n: int
    day: date
    kind: str
    text: str
    amount: int


def habit(card: Card, bill: int) -> Habit:
    """In at most one bill of six, never in two in a row, the payment is late or in two parts."""
    draws = card.draws("habit", bill // 6)
    if bill % 6 != draws.between(1, 4) or not draws.chance(60):
        return Habit.FULL
    return draws.pick((Habit.LATE, Habit.SPLIT))


def payments(card: Card, bill: int, total: int) -> list[Payment]:
    """How a bill is paid; a bill with nothing to pay is not."""
    if total <= 0:
        return []
    due, mode = card.due_date(bill), _MODES[card.draws("mode").below(3)]
    kind = habit(card, bill)
    if kind is Habit.FULL:
        parts = [(due, total)]
    elif kind is Habit.LATE:
        parts = [(calendar.next_business_day(due + timedelta(5)), total)]
    else:
        first = share(total, 400)
        parts = [(due, first), (calendar.next_business_day(due + timedelta(5)), total - first)]
    slip = timedelta(mode == "BANK_SLIP")
    return [
        Payment(bill, n, day, calendar.next_business_day(day + slip), amount, mode)
        for n, (day, amount) in enumerate(parts)
    ]


def charges(card: Card, bill: int, total: Total) -> list[Charge]:
    """What stands on a bill because the one before was not paid in time; `total` gives bills' totals."""
    if habit(card, bill - 1) is Habit.FULL:
        return []
    owed, day = max(0, total(bill - 1)), card.due_date(bill - 1) + timedelta(7)
    table = (
        ("LATE_PAYMENT_FEE", "MULTA POR ATRASO", 20),
        ("LATE_PAYMENT_INTEREST", "JUROS DE MORA", 9),
        ("LATE_PAYMENT_REMUNERATIVE_INTEREST", "JUROS REMUNERATÓRIOS", 17),
        ("IOF", "IOF ATRASO", 4),
    )
    return [Charge(bill, n, day, kind, text, share(owed, mille) + CENT) for n, (kind, text, mille) in enumerate(table)]


def finance(card: Card, month: int, total: Total) -> list[Row]:
    """The card's rows for payments and charges dated in a month."""
    drawn: list[tuple[Purchase, bool]] = []
    for bill in (month - 1, month, month + 1):
        charged = (each for each in charges(card, bill, total) if calendar.month_of(each.day) == month)
        drawn += [(_charge_row(card, charge), True) for charge in charged]
    for bill in (month - 1, month):
        paid = (each for each in payments(card, bill, total(bill)) if calendar.month_of(each.credited) == month)
        drawn += [(_payment_row(card, payment), False) for payment in paid]
    draws = card.draws("finance-rows", month)
    return [
        make_row(card, month, FINANCE + n, purchase, draws, on_bill=on_bill)
        for n, (purchase, on_bill) in enumerate(drawn)
    ]


def _charge_row(card: Card, charge: Charge) -> Purchase:
    category = "15030000" if charge.kind == "IOF" else "02010000"
    draft = Draft(charge.day, charge.amount, charge.text, category, "TARIFA")
    draft.card = CreditCardMetadata(card_number=card.number, fee_type="OTHER", fee_type_additional_info=charge.text)
    draft.marks = (Mark("fees", charge.kind.lower()),)
    return Purchase(draft)


def _payment_row(card: Card, payment: Payment) -> Purchase:
    draft = Draft(payment.credited, -payment.amount, "Pagamento recebido", "05100000", "PAGAMENTO_FATURA")
    draft.marks = (Mark("card_payments", payment_key(card, payment), "card"),)
    return Purchase(draft)


def payment_key(card: Card, payment: Payment) -> str:
    """What pairs the two sides of a card payment."""
    return f"{card.statement.content}/{payment.bill}/{payment.n}"


def paid_from_account(card: Card, month: int, total: Total) -> list[Draft]:
    """The checking account's side of the card's payments in a month."""
    drafts = []
    for bill in (month - 1, month):
        for payment in payments(card, bill, total(bill)):
            if calendar.month_of(payment.day) == month:
                text = f"Pagamento fatura cartão final {card.number}"
                draft = Draft(payment.day, -payment.amount, text, "05100000", "PAGAMENTO_FATURA")
                draft.marks = (Mark("card_payments", payment_key(card, payment), "bank"),)
                drafts.append(draft)
    return drafts
