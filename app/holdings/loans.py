"""Pluggy's loan to our row."""

import re
from collections.abc import Hashable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from app.accounts.mapping import mask
from app.clock import local_day, local_day_or_none
from app.mirror import Source
from app.money import money_or_none, number_text, to_quantity
from app.pluggy.holding_models import Loan, LoanInstallments, LoanPayments

_DAYS = ("contract_date", "first_installment_due_date", "due_date", "settlement_date")
_LISTS = ("interest_rates", "contracted_fees", "contracted_finance_charges", "warranties")

_IDENTITY = ("type", "product_name", "contract_number_masked", "currency_code", "contract_amount", "contract_date")


def to_source(source: Loan) -> Source:
    """Return our columns. Raises ValueError for an amount that can't be held."""
    installments = source.installments or LoanInstallments()
    payments = source.payments or LoanPayments()
    columns = {
        "kind": source.kind,
        "type": source.type,
        "product_name": source.product_name or source.type or "",
        "contract_number_masked": mask(source.contract_number),
        "currency_code": source.currency_code or "BRL",
        "contract_amount": money_or_none(source.contract_amount),
        "outstanding_balance": money_or_none(payments.contract_outstanding_balance),
        "cet": None if source.cet is None else to_quantity(source.cet),
        **{name: local_day_or_none(getattr(source, name)) for name in _DAYS},
        "total_installments": installments.total_number_of_installments,
        "paid_installments": installments.paid_installments,
        "due_installments": installments.due_installments,
        "past_due_installments": installments.past_due_installments,
        "details": {
            "installment_periodicity": source.installment_periodicity,
            "amortization": source.amortization_scheduled,
            "disbursement_dates": [local_day(each).isoformat() for each in source.disbursement_dates or ()],
            **{name: plain(getattr(source, name) or ()) for name in _LISTS},
            "balloon_payments": plain(installments.balloon_payments or ()),
            "payments": plain(payments.releases or ()),
        },
    }
    return Source(source.id, columns)


def identity(columns: Mapping[str, Any]) -> Hashable:
    """Return what tells the contract from others, whatever Pluggy's id and what is paid by now."""
    return tuple(columns[name] for name in _IDENTITY)


def plain(value: Any) -> Any:
    """Return JSON in the API's form: names in snake case, every number a decimal text."""
    if isinstance(value, Mapping):
        return {_snake(name): plain(each) for name, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(each) for each in value]
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return number_text(Decimal(value))
    return value


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
