"""Pluggy's transaction to our row: signs, calendar days, rounding, and what must be sealed."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from app.clock import exact_moment, local_day
from app.money import money_text, to_money
from app.pluggy.ledger_models import CreditCardMetadata, Merchant, Participant, Transaction
from app.transactions.bulk import TransactionRow
from app.vault import Vault, row_place

MAPPING_VERSION = b"2"
"""Part of every content hash: raise it and each row is decoded and mapped once more."""

PAYMENT = "transactions.payment"
_encode = msgspec.json.Encoder(decimal_format="string").encode


class LedgerContext(NamedTuple):
    """What a row takes from its account."""

    owner_id: UUID
    is_card: bool
    currency_code: str


class Mapped(NamedTuple):
    """A row, and whether Pluggy's `type` contradicts the sign of its amount."""

    row: TransactionRow
    has_sign_conflict: bool


def content_hasher(vault: Vault) -> Callable[[bytes], bytes]:
    """Return the keyed hash of a transaction's verbatim JSON, 16 bytes."""
    prepared = hashlib.blake2b(digest_size=16, key=vault.content_key, person=MAPPING_VERSION)

    def content_hash(raw: bytes) -> bytes:
        state = prepared.copy()
        state.update(raw)
        return state.digest()

    return content_hash


def direction_of(kind: str | None, amount: Decimal, *, is_card: bool) -> tuple[str, bool]:
    """Return IN or OUT and whether `type` and sign disagree; `type` wins when it is DEBIT or CREDIT."""
    by_type = {"DEBIT": "OUT", "CREDIT": "IN"}.get(kind or "")
    if amount == 0:
        return by_type or "IN", False
    by_sign = "OUT" if (amount < 0) != is_card else "IN"
    return by_type or by_sign, by_type is not None and by_type != by_sign


def to_row(source: Transaction, row_id: UUID, content_hash: bytes, context: LedgerContext, vault: Vault) -> Mapped:
    """Return the row of one transaction. Raises ValueError for an amount that can't be held."""
    raw = to_money(source.amount)
    direction, has_sign_conflict = direction_of(source.type, raw, is_card=context.is_card)
    in_account = source.amount_in_account_currency
    size = abs(raw if in_account is None else to_money(in_account))
    currency = source.currency_code or context.currency_code
    is_foreign = in_account is not None and currency != context.currency_code
    other = _counterparty(source, direction)
    document = _document(other)
    card = source.credit_card_metadata
    row = TransactionRow(
        id=row_id,
        pluggy_id=source.id,
        provider_id=source.provider_id,
        date=local_day(source.date),
        occurred_at=exact_moment(source.date),
        amount=-size if direction == "OUT" else size,
        currency_code=context.currency_code if in_account is not None else currency,
        original_amount=(-abs(raw) if direction == "OUT" else abs(raw)) if is_foreign else None,
        original_currency_code=currency if is_foreign else None,
        direction=direction,
        type=source.type,
        amount_raw=raw,
        status=source.status or "POSTED",
        description=source.description or source.description_raw or "",
        description_raw=source.description_raw,
        running_balance=None if source.balance is None else to_money(source.balance),
        pluggy_category_id=source.category_id,
        pluggy_category=source.category,
        operation_type=source.operation_type,
        counterparty_name=other.name if other else None,
        counterparty_document_hash=vault.fingerprint(document, purpose="document") if document else None,
        payment=_sealed_payment(source, row_id, context.owner_id, vault),
        installment_number=card.installment_number if card else None,
        total_installments=card.total_installments if card else None,
        bill_pluggy_id=_uuid(card.bill_id) if card else None,
        details=_details(card, source.merchant),
        pluggy_created_at=source.created_at,
        content_hash=content_hash,
    )
    return Mapped(row, has_sign_conflict)


def _counterparty(source: Transaction, direction: str) -> Participant | None:
    payment = source.payment_data
    if payment is None:
        return None
    return payment.receiver if direction == "OUT" else payment.payer


def _document(participant: Participant | None) -> str | None:
    """Return the digits (and letters: CNPJs have them since 2026) of a CPF or CNPJ."""
    if participant is None or participant.document_number is None:
        return None
    return "".join(filter(str.isalnum, participant.document_number.value or "")).upper() or None


def _sealed_payment(source: Transaction, row_id: UUID, owner_id: UUID, vault: Vault) -> bytes | None:
    if source.payment_data is None:
        return None
    return vault.seal(_encode(source.payment_data), place=row_place(PAYMENT, owner_id, row_id))


def reseal_payment(vault: Vault, payment: bytes, owner_id: UUID, from_id: UUID, to_id: UUID) -> bytes:
    """Return a row's sealed payment, sealed anew for another row of the owner."""
    plain = vault.open(payment, place=row_place(PAYMENT, owner_id, from_id))
    return vault.seal(plain, place=row_place(PAYMENT, owner_id, to_id))


def _details(card: CreditCardMetadata | None, merchant: Merchant | None) -> str | None:
    details: dict[str, Any] = {}
    if card is not None:
        details["card"] = _present(
            total_amount=money_text(to_money(card.total_amount)) if card.total_amount is not None else None,
            purchase_date=local_day(card.purchase_date).isoformat() if card.purchase_date else None,
            purchased_at=_moment_text(card.transaction_date_time),
            merchant_category_code=None if card.payee_mcc is None else str(card.payee_mcc),
            last_digits=card.card_number[-4:] if card.card_number else None,
            bill_forecast_month=card.bill_forecast_date,
            payment_type=card.payment_type,
            fee_type=card.fee_type,
            other_credits_type=card.other_credits_type,
        )
    if merchant is not None:
        details["merchant"] = _present(
            name=merchant.name,
            business_name=merchant.business_name,
            cnpj=merchant.cnpj,
            cnae=merchant.cnae,
            category=merchant.category,
        )
    return _encode(details).decode() if details else None


def _moment_text(instant: datetime | None) -> str | None:
    moment = exact_moment(instant) if instant is not None else None
    return moment.isoformat().replace("+00:00", "Z") if moment is not None else None


def _present(**values: str | None) -> dict[str, str]:
    return {name: value for name, value in values.items() if value is not None}


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
