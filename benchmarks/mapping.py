"""The client's figures, the mapping to rows included."""

import gc
from collections.abc import Sequence
from uuid import uuid4

from app.ids import new_ids
from app.pluggy.ledger_models import Transaction
from app.transactions.mapping import LedgerContext, to_row
from app.vault import Vault
from benchmarks import client
from benchmarks.lab import Lab


async def run(_: Lab) -> dict[str, float]:
    """Return what `client.run` does when each page also becomes rows, personal values sealed; `…_unmapped` without."""
    gc.collect()
    gc.freeze()  # as every process of the service does after its start
    mapped = await client.run(_mapper(Vault({"bench": bytes(32)})))
    unmapped = await client.run()
    gc.unfreeze()
    return {**mapped, "page_cpu_vs_json_unmapped": unmapped["page_cpu_vs_json"]}


def _mapper(vault: Vault) -> client.MapPage:
    context = LedgerContext(uuid4(), is_card=False, currency_code="BRL")

    def map_page(transactions: Sequence[Transaction]) -> object:
        ids = new_ids(len(transactions))
        return [to_row(source, row_id, b"", context, vault) for source, row_id in zip(transactions, ids, strict=True)]

    return map_page
