"""Operators at the owed work: what is dead or late, and another try for it (R9)."""

from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.service import record_act
from app.database import transaction
from app.jobs import Kind, ring_on_commit
from app.operations.report import Report, table
from app.owed import OwedWork
from app.resources import Resources
from app.webhooks import reconciliation
from app.webhooks import service as webhooks

_DEAD = text("due_at = 'infinity'")
_SUMMARY = text(
    """
    SELECT kind, count(*) AS owed, count(*) FILTER (WHERE due_at = 'infinity') AS dead,
           count(*) FILTER (WHERE due_at <= now()) AS due,
           CAST(extract(epoch FROM now() - min(due_at) FILTER (WHERE due_at <= now())) AS bigint) AS late_seconds
    FROM owed_work GROUP BY kind ORDER BY kind
    """
)


async def list_work(resources: Resources, *, limit: int) -> Report:
    """What is owed by kind, then the dead rows: they are due never until somebody redrives them."""
    async with transaction(resources.sessions, None) as session:
        summary = (await session.execute(_SUMMARY)).all()
        dead = await _dead(session, limit=limit)
    rows = [(row.kind, row.ref_id, row.owner_id, row.attempts, row.last_error) for row in dead]
    return Report(
        [
            *table(
                ("KIND", "OWED", "DUE", "LATE BY S", "DEAD"),
                [(r.kind, r.owed, r.due, r.late_seconds, r.dead) for r in summary],
            ),
            "",
            "Dead, until redriven:",
            *table(("KIND", "REF", "OWNER", "ATTEMPTS", "LAST ERROR"), rows),
        ],
        is_well=not dead,
    )


async def redrive(resources: Resources, kind: Kind | None, ref_id: UUID | None, *, actor: str) -> Report:
    """Give dead rows their attempts back and make them due now: one, those of a kind, or all.

    Connections of syncs and events among them are read whole besides (R9).
    """
    async with transaction(resources.sessions, None) as session:
        rows = await _dead(session, kind=kind, ref_id=ref_id)
        for row in rows:
            row.due_at, row.attempts, row.lease_until = func.now(), 0, None
            await record_act(
                session,
                "work.redriven",
                actor=actor,
                owner_id=row.owner_id,
                subject_id=row.ref_id,
                details={"kind": row.kind},
            )
            ring_on_commit(session, Kind(row.kind), row.owner_id, row.ref_id)
            await session.flush()
            await webhooks.reread_subject(session, row.kind, row.owner_id, row.ref_id)
    return Report([f"{len(rows)} piece(s) of work will be tried again."], is_well=bool(rows))


async def reconcile(resources: Resources, *, actor: str) -> Report:
    """Have every connection read once, spread over at most an hour: after a restored backup or a long outage (R31)."""
    async with transaction(resources.sessions, None) as session:
        await reconciliation.owe_all(session)
        await record_act(session, "work.reconciled", actor=actor, owner_id=None)
    return Report(["Every connection will be read once, within an hour; banks are not visited."])


async def _dead(
    session: AsyncSession, *, kind: Kind | None = None, ref_id: UUID | None = None, limit: int = 10_000
) -> list[OwedWork]:
    statement = select(OwedWork).where(_DEAD).order_by(OwedWork.created_at).limit(limit)
    if kind is not None:
        statement = statement.where(OwedWork.kind == kind)
    if ref_id is not None:
        statement = statement.where(OwedWork.ref_id == ref_id)
    return list((await session.execute(statement)).scalars())
