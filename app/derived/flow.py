"""Deriving much at once without holding anybody up: step by step, in short transactions."""

from uuid import UUID

from app.changes import ChangedMeanwhile, ChangeNumber, current_change, hold_changes
from app.database import Sessions, transaction
from app.derived import service
from app.derived.service import Step
from app.vault import Vault

_FREE_TRIES = 2


async def derive(sessions: Sessions, owner_id: UUID, vault: Vault) -> None:
    """Bring all meaning up to the owner's ledger.

    The owner's counter is locked only while a step writes, so that whoever else writes waits for that alone. What is
    changed by others meanwhile is left to the next time.
    """
    async with transaction(sessions, owner_id) as session:
        changes = await service.pending(session, owner_id)
    if changes is None:
        return
    taken = [await _carry_out(sessions, owner_id, step) for step in service.steps(owner_id, changes, vault)]
    async with transaction(sessions, owner_id) as session:
        await service.put_mark(session, owner_id, service.seen_through(changes, taken))


async def _carry_out(sessions: Sessions, owner_id: UUID, step: Step) -> int | None:
    """Do the step in a transaction of its own; return the change number that it took, if it wrote anything.

    It reads freely, and begins anew when others changed something before it wrote; the last time it keeps them out.
    """
    for _ in range(_FREE_TRIES):
        try:
            async with transaction(sessions, owner_id) as session:
                number = ChangeNumber(session, owner_id, after=await current_change(session, owner_id))
                await step(session, number)
        except ChangedMeanwhile:
            continue
        return number.taken
    async with transaction(sessions, owner_id) as session:
        await hold_changes(session, owner_id)
        number = ChangeNumber(session, owner_id)
        await step(session, number)
    return number.taken
