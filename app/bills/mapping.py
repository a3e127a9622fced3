"""Pluggy's bill to our row."""

from decimal import Decimal
from typing import Any

from app.clock import local_day, local_day_or_none
from app.mirror import Source
from app.money import money_or_none, money_text_or_none, to_money
from app.pluggy.ledger_models import Bill, BillPayment, FinanceCharge

_IN_FULL = "FULL_PAYMENT"


def to_source(source: Bill) -> Source:
    """Return our columns. Raises ValueError for a bill that can't be held: no due date, an amount out of range."""
    if source.due_date is None:
        raise ValueError("a bill without a due date")
    currency = source.total_amount_currency_code or "BRL"
    payments = source.payments or ()
    paid = [to_money(each.amount) for each in payments if each.amount is not None and _is_in(each, currency)]
    columns = {
        "due_date": local_day(source.due_date),
        "closing_date": local_day_or_none(source.bill_closing_date),
        "total_amount": money_or_none(source.total_amount),
        "currency_code": currency,
        "minimum_payment": money_or_none(source.minimum_payment_amount),
        "paid_amount": None if source.payments is None else sum(paid, Decimal(0)),
        "is_paid_in_full": any(each.value_type == _IN_FULL for each in payments),
        "allows_installments": source.allows_installments,
        "finance_charges": [_charge(each) for each in source.finance_charges or ()],
        "payments": [_payment(each) for each in payments],
    }
    return Source(source.id, columns)


def _is_in(payment: BillPayment, currency: str) -> bool:
    return payment.currency_code in {None, currency}


def _charge(source: FinanceCharge) -> dict[str, Any]:
    return {
        "type": source.type,
        "amount": money_text_or_none(source.amount),
        "currency_code": source.currency_code,
        "additional_info": source.additional_info,
    }


def _payment(source: BillPayment) -> dict[str, Any]:
    return {
        "date": local_day(source.payment_date).isoformat() if source.payment_date else None,
        "amount": money_text_or_none(source.amount),
        "currency_code": source.currency_code,
        "value_type": source.value_type,
        "mode": source.payment_mode,
    }
