"""The client's figures: a page of transactions read as far as rows ready to be written."""

import gc
from collections.abc import Sequence
from uuid import uuid4

from app.ids import new_ids
from app.pluggy.pages import TransactionSlice, decode_transactions
from app.transactions.mapping import LedgerContext, content_hasher, to_row
from app.vault import Vault
from benchmarks import client
from benchmarks.lab import Lab


async def run(_: Lab) -> dict[str, float]:
    """Return what a page costs hashed, decoded and mapped, personal values sealed; `…_unmapped` without mapping."""
    vault = Vault({"bench": bytes(32)})
    gc.collect()
    gc.freeze()  # as every process of the service does after its start
    mapped = await client.run(_worker(vault, is_mapped=True))
    unmapped = await client.run(_worker(vault, is_mapped=False))
    gc.unfreeze()
    return {**mapped, "page_cpu_vs_json_unmapped": unmapped["page_cpu_vs_json"]}


def _worker(vault: Vault, *, is_mapped: bool) -> client.UsePage:
    context = LedgerContext(uuid4(), is_card=False, currency_code="BRL")
    content_hash = content_hasher(vault)

    def use_page(slices: Sequence[TransactionSlice]) -> int:
        hashes = [content_hash(piece.raw) for piece in slices]
        transactions, bad = decode_transactions(slices)
        assert not bad
        if not is_mapped:
            return len(transactions)
        ids = new_ids(len(transactions))
        rows = [
            to_row(source, row_id, hashed, context, vault)
            for source, row_id, hashed in zip(transactions, ids, hashes, strict=True)
        ]
        return len(rows)

    return use_page
