"""Which transactions are the bank's own charges. Pure."""

import re
from enum import StrEnum

from app.counterparties.names import plain
from app.transactions.movements import Movement


class ChargeKind(StrEnum):
    """What the bank takes money for."""

    FEE = "fee"
    INTEREST = "interest"
    FINE = "fine"
    TAX = "tax"


_BY_TEXT = (
    (ChargeKind.TAX, re.compile(r"^(?:cobranca )?iof\b")),
    (ChargeKind.FINE, re.compile(r"^multa\b")),
    (ChargeKind.INTEREST, re.compile(r"^(?:cobranca )?(?:juros?|encargos?|mora)\b")),
    (
        ChargeKind.FEE,
        re.compile(r"^(?:cobranca )?(?:tarifas?|tar|anuidade|cesta|mensalidade pacote|pacote (?:de )?servicos)\b"),
    ),
)
"""How statements begin: a shop called `Ioffice` is no tax, and a fine paid to a company is no charge of the bank's."""

_BY_CATEGORY = (
    ("1503", ChargeKind.TAX),
    ("16", ChargeKind.FEE),
    ("0201", ChargeKind.INTEREST),
    ("0202", ChargeKind.INTEREST),
)
"""Pluggy's tree: tax on financial operations, bank fees, overdraft costs, interests charged."""

_OPERATIONS = ("TARIFA", "ENCARGOS")


def charge_of(row: Movement) -> ChargeKind | None:
    """Return what kind of charge the transaction is; None for all that does not go to the bank itself.

    Money that comes in is none: interest received, a fee given back. Neither is what is paid to somebody with a
    document of their own: a fine inside a slip, a tax paid to the state.
    """
    if not row.is_out or row.document_hash is not None:
        return None
    text = plain(row.description)
    by_text = next((kind for kind, pattern in _BY_TEXT if pattern.match(text)), None)
    if by_text is not None:
        return by_text
    if row.card.get("fee_type") or (row.operation_type or "").startswith(_OPERATIONS):
        return ChargeKind.FEE
    category = row.category_id or ""
    return next((kind for prefix, kind in _BY_CATEGORY if category.startswith(prefix)), None)
