"""How a bill stands on a day. Pure."""

from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from app.bills.models import Bill
from app.business_days import next_business_day

CLOSES_BEFORE_DUE = timedelta(days=10)
"""When a bill without a closing day is held to close: banks leave 5 to 10 days to pay, and many don't name the day."""

DUE_SOON = timedelta(days=3)
_CENT = Decimal("0.01")


class BillStatus(StrEnum):
    """Where a bill stands."""

    OPEN = "open"
    CLOSED = "closed"
    PARTLY_PAID = "partly_paid"
    PAID = "paid"
    OVERDUE = "overdue"


def status_of(bill: Bill, today: date) -> BillStatus:
    """Return the bill's status on the bank's calendar day `today`.

    Until it closes it is open, whatever was paid ahead. After the last day to pay, what is unpaid is overdue unless at
    least the minimum was paid: the rest goes on as revolving credit. Without a list of payments none can be missed.
    """
    if today < (bill.closing_date or bill.due_date - CLOSES_BEFORE_DUE):
        return BillStatus.OPEN
    owed, paid = remaining_of(bill), bill.paid_amount
    if bill.is_paid_in_full or (owed is not None and owed < _CENT):
        return BillStatus.PAID
    if owed is None or paid is None:
        return BillStatus.CLOSED
    if today > last_day_to_pay(bill.due_date) and not (bill.minimum_payment and paid >= bill.minimum_payment):
        return BillStatus.OVERDUE
    return BillStatus.PARTLY_PAID if paid > 0 else BillStatus.CLOSED


def remaining_of(bill: Bill) -> Decimal | None:
    """Return what is still to be paid, never negative; null when the bank does not tell the total."""
    if bill.total_amount is None:
        return None
    return max(bill.total_amount - (bill.paid_amount or 0), Decimal(0))


def last_day_to_pay(due: date) -> date:
    """Return the due day, or the next on which banks settle: a bill due at a weekend is paid in time on Monday."""
    return next_business_day(due)


def news_of(bill: Bill, today: date) -> list[str]:
    """Return which events of the bill are true today, in the order in which they come true."""
    status = status_of(bill, today)
    if status is BillStatus.OPEN:
        return []
    if status is BillStatus.PAID:
        return ["closed", "paid"]
    is_soon = timedelta(0) <= bill.due_date - today <= DUE_SOON
    return ["closed", "due_soon"] if is_soon else ["closed"]
