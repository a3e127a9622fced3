"""Who is on the other side of a transaction. Pure."""

import re
from typing import NamedTuple

from app.counterparties.names import normalized_name
from app.transactions.movements import Movement

_SHOPPING = re.compile(r"^\s*(?:compra(?: no)? (?:debito|débito|cart[aã]o)\s*-?\s*)", re.IGNORECASE)
_PART = re.compile(r"[\s(\-]*(?:\bparc(?:ela)?\.?\s*)?\d{1,2}\s*/\s*\d{1,2}\)?\s*$", re.IGNORECASE)
_DEBIT_CARD = "CARTAO"


class Identity(NamedTuple):
    """A name, its form to compare by, and a document: the hash of the payment's party, or the merchant's in plain."""

    name: str
    normalized: str
    document_hash: bytes | None = None
    merchant_document: str | None = None


def identity_of(row: Movement) -> Identity | None:
    """Return whom the transaction was with; None when nothing names anybody, as for the bank's own fees.

    The payment's party comes first, then the merchant, then the text of a purchase by card.
    """
    if row.document_hash is not None:
        return _identity(row.counterparty_name or row.description, document_hash=row.document_hash)
    if row.merchant.get("cnpj"):
        name = row.merchant.get("name") or row.merchant.get("business_name") or row.description
        return _identity(name, merchant_document=row.merchant["cnpj"])
    name = row.counterparty_name or row.merchant.get("name") or row.merchant.get("business_name")
    if name:
        return _identity(name)
    text = _SHOPPING.sub("", row.description)
    if row.is_out and (text != row.description or row.operation_type == _DEBIT_CARD or _is_purchase(row)):
        return _identity(_PART.sub("", text).strip())
    return None


def _is_purchase(row: Movement) -> bool:
    """Tell whether a card's row is a purchase: no fee, and with what only purchases have."""
    if not row.is_card or row.card.get("fee_type"):
        return False
    return bool(row.card.get("merchant_category_code") or row.operation_type == "OUTROS" or row.installment_number)


def _identity(
    name: str, *, document_hash: bytes | None = None, merchant_document: str | None = None
) -> Identity | None:
    normalized = normalized_name(name)
    return Identity(name.strip(), normalized, document_hash, merchant_document) if normalized else None
