"""Pluggy's account to our row: sign of a card's balance, masked number, limits."""

from typing import Any, NamedTuple
from uuid import UUID

from app.clock import local_day
from app.money import money_text_or_none, to_money
from app.pluggy.ledger_models import Account, BankData, CreditData
from app.vault import Vault, row_place

NUMBER = "accounts.number"
ACCOUNT_NUMBER = "account_number"
"""Purpose of the hash under which an account is found by its number."""


class AccountColumns(NamedTuple):
    """What Pluggy decides of an account; `number` is plain here and sealed when the row's id is known."""

    pluggy_id: UUID
    number: str | None
    columns: dict[str, Any]


def to_columns(source: Account) -> AccountColumns:
    """Return our columns. Raises ValueError for a balance that can't be held."""
    is_card = source.type == "CREDIT"
    raw = None if source.balance is None else to_money(source.balance)
    columns = {
        "type": source.type or "UNKNOWN",
        "subtype": source.subtype,
        "name": source.name or source.marketing_name or "",
        "marketing_name": source.marketing_name,
        "number_masked": mask(source.number),
        "currency_code": source.currency_code or "BRL",
        # Pluggy sends what is owed on a card without a sign or with a minus, depending on the institution.
        "balance": -abs(raw) if is_card and raw is not None else raw,
        "balance_raw": raw,
        "balance_at": source.updated_at,
        "details": _credit(source.credit_data) if source.credit_data else _bank(source.bank_data),
    }
    return AccountColumns(source.id, source.number, columns)


def mask(number: str | None) -> str | None:
    """Return the number with all but its last four characters hidden."""
    if not number:
        return None
    return "•" * min(max(len(number) - 4, 0), 8) + number[-4:]


def seal_number(number: str, owner_id: UUID, row_id: UUID, vault: Vault) -> tuple[bytes, bytes]:
    """Return the sealed number and the hash it is found by."""
    sealed = vault.seal(number.encode(), place=row_place(NUMBER, owner_id, row_id))
    return sealed, vault.fingerprint(number, purpose=ACCOUNT_NUMBER)


def _bank(source: BankData | None) -> dict[str, Any]:
    if source is None:
        return {}
    return _present(
        closing_balance=money_text_or_none(source.closing_balance),
        automatically_invested_balance=money_text_or_none(source.automatically_invested_balance),
        overdraft_contracted_limit=money_text_or_none(source.overdraft_contracted_limit),
        overdraft_used_limit=money_text_or_none(source.overdraft_used_limit),
        unarranged_overdraft_amount=money_text_or_none(source.unarranged_overdraft_amount),
    )


def _credit(source: CreditData) -> dict[str, Any]:
    return _present(
        brand=source.brand,
        level=source.level,
        status=source.status,
        holder_type=source.holder_type,
        credit_limit=money_text_or_none(source.credit_limit),
        available_credit_limit=money_text_or_none(source.available_credit_limit),
        minimum_payment=money_text_or_none(source.minimum_payment),
        is_limit_flexible=source.is_limit_flexible,
        balance_close_date=local_day(source.balance_close_date).isoformat() if source.balance_close_date else None,
        balance_due_date=local_day(source.balance_due_date).isoformat() if source.balance_due_date else None,
    )


def _present(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
