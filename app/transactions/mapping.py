"""Pluggy's transaction to our row: signs, calendar days, rounding, and what must be sealed.

Pages of rows come through here: what repeats from row to row is remembered, and nothing is built twice.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property, lru_cache
from uuid import UUID

import msgspec

from app.categories.classifier import classify, text_to_classify
from app.clock import day_and_moment
from app.money import money_text, to_money
from app.pluggy.ledger_models import CreditCardMetadata, Merchant, Participant, PaymentData, Transaction
from app.pluggy.wire import read_instant
from app.transactions.bulk import TransactionRow
from app.vault import Vault, owner_place, row_place

MAPPING_VERSION = b"2"
"""Part of every content hash: raise it and each row is decoded and mapped once more."""

PAYMENT = "transactions.payment"
_encode = msgspec.json.Encoder(decimal_format="string").encode
_DIRECTIONS = {"DEBIT": "OUT", "CREDIT": "IN"}


@dataclass(frozen=True)
class LedgerContext:
    """What a row takes from its account."""

    owner_id: UUID
    is_card: bool
    currency_code: str

    @cached_property
    def payment_place(self) -> bytes:
        """Where its rows' payments are sealed, but for the row."""
        return owner_place(PAYMENT, self.owner_id)


class Mapped(msgspec.Struct, frozen=True, gc=False):
    """A row, and whether Pluggy's `type` contradicts the sign of its amount."""

    row: TransactionRow
    has_sign_conflict: bool


class CardDetails(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What a card tells of a purchase, as `details.card` keeps it."""

    total_amount: str | None = None
    purchase_date: date | None = None
    purchased_at: str | None = None
    merchant_category_code: str | None = None
    last_digits: str | None = None
    bill_forecast_month: str | None = None
    payment_type: str | None = None
    fee_type: str | None = None
    other_credits_type: str | None = None


class MerchantDetails(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """The shop, as `details.merchant` keeps it."""

    name: str | None = None
    business_name: str | None = None
    cnpj: str | None = None
    cnae: str | None = None
    category: str | None = None


class Details(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """The column `details`."""

    card: CardDetails | None = None
    merchant: MerchantDetails | None = None


def content_hasher(vault: Vault) -> Callable[[bytes | msgspec.Raw], bytes]:
    """Return the keyed hash of a transaction's verbatim JSON, 16 bytes."""
    begin = hashlib.sha256(vault.content_key + MAPPING_VERSION.rjust(32)).copy  # one block, read once for all rows

    def content_hash(raw: bytes | msgspec.Raw) -> bytes:
        state = begin()
        state.update(raw)
        return state.digest()[:16]

    return content_hash


def direction_of(kind: str | None, amount: Decimal, *, is_card: bool) -> tuple[str, bool]:
    """Return IN or OUT and whether `type` and sign disagree; `type` wins when it is DEBIT or CREDIT."""
    by_type = _DIRECTIONS.get(kind or "")
    if not amount:
        return by_type or "IN", False
    by_sign = "OUT" if amount.is_signed() != is_card else "IN"
    return by_type or by_sign, by_type is not None and by_type != by_sign


def to_row(source: Transaction, row_id: UUID, content_hash: bytes, context: LedgerContext, vault: Vault) -> Mapped:
    """Return the row of one transaction. Raises ValueError for an amount that can't be held."""
    is_card, account_currency = context.is_card, context.currency_code
    raw = to_money(source.amount)
    direction, has_sign_conflict = direction_of(source.type, raw, is_card=is_card)
    in_account = source.amount_in_account_currency
    size = abs(raw if in_account is None else to_money(in_account))
    currency = source.currency_code or account_currency
    is_foreign = in_account is not None and currency != account_currency
    day, moment = day_and_moment(source.date)
    card, payment = source.credit_card_metadata, source.payment_data
    other = None if payment is None else payment.receiver if direction == "OUT" else payment.payer
    document = document_of(other)
    row = TransactionRow(  # by position, in the order of its fields: naming 29 of them costs more than making the row
        row_id,
        source.id,
        source.provider_id,
        day,
        moment,
        -size if direction == "OUT" else size,
        account_currency if in_account is not None else currency,
        (-abs(raw) if direction == "OUT" else abs(raw)) if is_foreign else None,
        currency if is_foreign else None,
        direction,
        source.type,
        raw,
        source.status or "POSTED",
        source.description or source.description_raw or "",
        source.description_raw,
        None if source.balance is None else to_money(source.balance),
        source.category_id,
        source.category,
        None if source.category_id else _built_in_category(source),
        source.operation_type,
        other.name if other else None,
        vault.fingerprint(document, purpose="document") if document else None,
        vault.seal(_encode(payment), place=context.payment_place + row_id.bytes) if payment is not None else None,
        card.installment_number if card else None,
        card.total_installments if card else None,
        _uuid(card.bill_id) if card else None,
        _details(card, source.merchant),
        source.created_at,
        content_hash,
    )
    return Mapped(row, has_sign_conflict)


def _built_in_category(source: Transaction) -> str | None:
    card, merchant = source.credit_card_metadata, source.merchant
    verdict = classify(
        None if card is None or card.payee_mcc is None else str(card.payee_mcc),
        text_to_classify(source.description, merchant.name if merchant else None),
        source.operation_type,
    )
    return verdict and verdict.category_id


def document_of(participant: Participant | None) -> str | None:
    """Return the digits (and letters: CNPJs have them since 2026) of a CPF or CNPJ."""
    if participant is None or participant.document_number is None:
        return None
    value = participant.document_number.value or ""
    return (value if value.isalnum() else "".join(filter(str.isalnum, value))).upper() or None


def open_payment(vault: Vault, payment: bytes, owner_id: UUID, row_id: UUID) -> PaymentData:
    """Return a row's payment as Pluggy told it."""
    return msgspec.json.decode(vault.open(payment, place=row_place(PAYMENT, owner_id, row_id)), type=PaymentData)


def reseal_payment(vault: Vault, payment: bytes, owner_id: UUID, from_id: UUID, to_id: UUID) -> bytes:
    """Return a row's sealed payment, sealed anew for another row of the owner."""
    plain = vault.open(payment, place=row_place(PAYMENT, owner_id, from_id))
    return vault.seal(plain, place=row_place(PAYMENT, owner_id, to_id))


def _details(card: CreditCardMetadata | None, merchant: Merchant | None) -> str | None:
    if card is None and merchant is None:
        return None
    details = Details(_card_details(card) if card else None, _merchant_details(merchant) if merchant else None)
    return _encode(details).decode()


def _card_details(card: CreditCardMetadata) -> CardDetails:
    return CardDetails(  # by position, in the order of its fields
        None if card.total_amount is None else money_text(to_money(card.total_amount)),
        day_and_moment(read_instant(card.purchase_date))[0] if card.purchase_date else None,
        _moment_text(card.transaction_date_time) if card.transaction_date_time else None,
        None if card.payee_mcc is None else str(card.payee_mcc),
        card.card_number[-4:] if card.card_number else None,
        card.bill_forecast_date,
        card.payment_type,
        card.fee_type,
        card.other_credits_type,
    )


def _moment_text(instant: str) -> str | None:
    moment = day_and_moment(read_instant(instant))[1]
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")


def _merchant_details(merchant: Merchant) -> MerchantDetails:
    return MerchantDetails(merchant.name, merchant.business_name, merchant.cnpj, merchant.cnae, merchant.category)


@lru_cache(maxsize=1024)
def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
