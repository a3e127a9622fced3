"""Pluggy's investment to our row."""

from collections.abc import Hashable, Mapping
from decimal import Decimal
from typing import Any

from app.accounts.mapping import mask
from app.clock import local_day_or_none
from app.mirror import Source
from app.money import money_or_none, number_text, to_quantity
from app.pluggy.holding_models import Investment

_MONEY = ("balance", "amount", "amount_original", "amount_profit", "amount_withdrawal", "taxes", "taxes2")
_DETAIL_DAYS = ("issue_date", "purchase_date", "grace_period_date")
_RATES = ("rate", "fixed_annual_rate", "annual_rate", "last_month_rate", "last_twelve_months_rate")

_IDENTITY = ("type", "subtype", "name", "number_masked", "currency_code", "due_date")
_IDENTITY_DETAILS = ("code", "isin", "issuer", "issue_date", "purchase_date")


def to_source(source: Investment) -> Source:
    """Return our columns. Raises ValueError for an amount that can't be held."""
    columns = {
        "type": source.type or "UNKNOWN",
        "subtype": source.subtype,
        "status": source.status,
        "name": source.name or source.code or "",
        "number_masked": mask(source.number),
        "currency_code": source.currency_code or "BRL",
        **{name: money_or_none(getattr(source, name)) for name in _MONEY},
        "quantity": _quantity(source.quantity),
        "unit_value": _quantity(source.value),
        "date": local_day_or_none(source.date),
        "due_date": local_day_or_none(source.due_date),
        "details": _details(source),
    }
    return Source(source.id, columns)


def identity(columns: Mapping[str, Any]) -> Hashable:
    """Return what tells the position from others, whatever Pluggy's id and today's figures."""
    details = columns["details"]
    return *(columns[name] for name in _IDENTITY), *(details.get(name) for name in _IDENTITY_DETAILS)


def _details(source: Investment) -> dict[str, Any]:
    institution = source.institution
    days = {name: local_day_or_none(getattr(source, name)) for name in _DETAIL_DAYS}
    details = {
        "code": source.code,
        "isin": source.isin,
        "issuer": source.issuer,
        "issuer_cnpj": source.issuer_cnpj,
        "institution_name": institution.name if institution else None,
        "rate_type": source.rate_type,
        "rate_periodicity": source.rate_periodicity,
        "tax_exempt": source.tax_exempt,
        **{name: number_text(getattr(source, name)) for name in _RATES},
        **{name: day.isoformat() if day else None for name, day in days.items()},
    }
    return {name: value for name, value in details.items() if value is not None}


def _quantity(value: Decimal | None) -> Decimal | None:
    return None if value is None else to_quantity(value)
