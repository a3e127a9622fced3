"""Deriving all meaning from what changed in an owner's ledger, inside the caller's transaction."""

from typing import Final
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app import owed
from app.changes import ChangeNumber, current_change, hold_changes
from app.charges import repository as charge_rows
from app.charges import service as charges
from app.counterparties import service as counterparties
from app.derived import repository
from app.installments import service as installments
from app.jobs import Kind
from app.links import service as links
from app.recurring import service as recurring
from app.transactions.models import Transaction
from app.transactions.movements import stream_movements
from app.vault import Vault

log = structlog.get_logger()

VERSION: Final = 1
"""Raise it when rules change: each owner's whole ledger is derived once more, at the end of its next run."""


async def derive(session: AsyncSession, owner_id: UUID, vault: Vault) -> None:
    """Bring counterparties, charges, links, instalment plans and series up to the ledger, at the cost of what changed.

    Nothing changed, nothing is locked or written. Otherwise nobody else changes the owner's data until the commit, so
    that two runs never find the same thing twice; all writes take one change number together.
    """
    if not await repository.has_changed(
        session, owner_id, since=await repository.mark(session, owner_id, version=VERSION)
    ):
        return
    await hold_changes(session, owner_id)
    since = await repository.mark(session, owner_id, version=VERSION)
    number = ChangeNumber(session, owner_id)
    async for rows in stream_movements(session, owner_id, Transaction.change_number > since):
        await charges.classify(session, owner_id, rows)
        await counterparties.assign(session, owner_id, rows, number=number, vault=vault)
    await charge_rows.drop_removed(session, owner_id, since=since)
    await links.find_links(session, owner_id, since=since, number=number, vault=vault)
    await installments.follow(session, owner_id, since=since, number=number)
    await recurring.follow(session, owner_id, since=since, number=number)
    through = number.taken or await current_change(session, owner_id)
    await repository.put_mark(session, owner_id, through, version=VERSION)


async def derive_or_owe(session: AsyncSession, owner_id: UUID, vault: Vault) -> None:
    """Do the same; should it fail, undo it alone and owe it, so that meaning never costs anybody a sync (R28)."""
    try:
        async with session.begin_nested():
            await derive(session, owner_id, vault)
    except Exception:
        log.exception("derivation_failed")
        await owed.add_once(session, Kind.DERIVATION, owner_id, owner_id)
