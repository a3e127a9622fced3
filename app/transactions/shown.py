"""Rows of the ledger as the single resources show them."""

from typing import Any

from app.freshness import Freshness
from app.transactions.mapping import PAYMENT
from app.transactions.models import Transaction, TransactionRevision
from app.transactions.payment import PaymentRead, masked
from app.transactions.queries import TransactionOfConnection
from app.transactions.schemas import (
    CardRead,
    CategoryRead,
    FieldChange,
    InstallmentRead,
    MerchantRead,
    RevisionRead,
    RunRevisionRead,
    TransactionDetailRead,
)
from app.vault import Vault, row_place

_PATHS = {
    "category_id": "category.id",
    "pluggy_category_id": "category.id",
    "pluggy_category": "category.name",
    "installment_number": "installment.number",
    "total_installments": "installment.total",
}
"""Columns that stand elsewhere in the API."""

_SAME = (
    "id", "pluggy_id", "account_id", "date", "occurred_at", "amount", "currency_code", "original_amount",
    "original_currency_code", "direction", "status", "description", "counterparty_name", "note", "tags", "ignored",
    "internal_kind",
    "counterparty_id", "category_source", "description_raw", "operation_type", "running_balance",
    "bill_pluggy_id", "created_at", "updated_at",
)  # fmt: skip


def shown(
    found: TransactionOfConnection, *, freshness: Freshness, vault: Vault, is_masked: bool
) -> TransactionDetailRead:
    """Return the whole transaction; documents and account numbers hidden when `is_masked`."""
    row, names = found.transaction, found.category_names
    details = row.details or {}
    return TransactionDetailRead(
        **{name: getattr(row, name) for name in _SAME},
        connection_id=found.connection.id,
        category=CategoryRead(id=row.category_id, **names._asdict()) if row.category_id and names else None,
        installment=(
            None
            if row.installment_number is None
            else InstallmentRead(number=row.installment_number, total=row.total_installments)
        ),
        card=CardRead.model_validate(details["card"]) if "card" in details else None,
        merchant=_merchant(details["merchant"], is_masked=is_masked) if "merchant" in details else None,
        payment=_payment(row, vault, is_masked=is_masked),
        freshness=freshness,
    )


def _merchant(details: dict[str, Any], *, is_masked: bool) -> MerchantRead:
    merchant = MerchantRead.model_validate(details)
    return merchant.model_copy(update={"cnpj": masked(merchant.cnpj)}) if is_masked else merchant


def _payment(row: Transaction, vault: Vault, *, is_masked: bool) -> PaymentRead | None:
    if row.payment is None:
        return None
    opened = vault.open(row.payment, place=row_place(PAYMENT, row.owner_id, row.id))
    payment = PaymentRead.model_validate_json(opened)
    return payment.masked() if is_masked else payment


def shown_revision(row: TransactionRevision) -> RevisionRead:
    """Return what changed, field by field under the names of the API."""
    return RevisionRead(
        id=row.id, kind=row.kind, run_id=row.run_id, changes=_field_changes(row), created_at=row.created_at
    )


def shown_run_revision(row: TransactionRevision) -> RunRevisionRead:
    """Return what a run changed in a transaction."""
    return RunRevisionRead(id=row.id, transaction_id=row.transaction_id, kind=row.kind, changes=_field_changes(row))


def _field_changes(row: TransactionRevision) -> list[FieldChange]:
    return [
        FieldChange(field=_PATHS.get(name, name), before=before, after=after)
        for name, (before, after) in row.changes.items()
    ]
