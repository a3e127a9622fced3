"""The client's figures, the mapping to rows included."""

from collections.abc import Sequence
from uuid import uuid4

from app.ids import new_ids
from app.pluggy.ledger_models import Transaction
from app.transactions.mapping import LedgerContext, to_row
from app.vault import Vault
from benchmarks import client
from benchmarks.lab import Lab


async def run(_: Lab) -> dict[str, float]:
    """Return what `client.run` does when each page also becomes rows, personal values sealed."""
    vault = Vault({"bench": bytes(32)})
    context = LedgerContext(uuid4(), is_card=False, currency_code="BRL")

    def map_page(transactions: Sequence[Transaction]) -> object:
        ids = new_ids(len(transactions))
        return [to_row(source, row_id, b"", context, vault) for source, row_id in zip(transactions, ids, strict=True)]

    return await client.run(map_page)
