"""Owed work: what the service must still do, kept in PostgreSQL so that no restart and no Redis loses it (R1).

Whoever creates a run, an inbox event, a delivery, a poll or a deletion adds its owed row in the same transaction.
A row is claimed for a short lease; whoever claimed it finishes it, reschedules it (which gives the attempt back) or
fails it. A row whose attempts are used up is dead: it stays, due never, until an operator redrives it (R9).
"""

from collections.abc import Sequence as Rows
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, Text, bindparam, delete, func, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base, Instant
from app.jobs import Kind, ring_on_commit


class OwedWork(Base):
    """One piece of work owed. A control table: ids only, no row-level security."""

    __tablename__ = "owed_work"
    __table_args__ = (Index("ix_owed_work_kind_due_at", "kind", "due_at"), Index("ix_owed_work_due_at", "due_at"))

    kind: Mapped[str] = mapped_column(primary_key=True)
    ref_id: Mapped[UUID] = mapped_column(primary_key=True)
    owner_id: Mapped[UUID | None]
    due_at: Mapped[Instant] = mapped_column(server_default=func.now())
    """When it may be claimed; a claim moves it to the end of the lease, death to infinity."""

    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    lease_until: Mapped[Instant | None]
    """Set while claimed. Its value is the holder's proof: another claim changes it."""

    last_error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[Instant] = mapped_column(server_default=func.now())


_STANDING = UUID(int=0)


class WhenDead(StrEnum):
    """What happens to the subject of a dead row."""

    LOSE_RUN = "lose_run"
    REREAD = "reread"
    KEEP = "keep"


@dataclass(frozen=True)
class Policy:
    """How often and how far apart one kind is tried (the last spacing repeats), how long one try may take, how many
    one process carries out at once, and what becomes of the subject when all attempts are used up."""

    attempts: int
    spacing: tuple[timedelta, ...]
    lease: timedelta
    timeout: timedelta
    parallel: int
    when_dead: WhenDead = WhenDead.KEEP

    def delay(self, attempts: int) -> timedelta:
        """Return the wait after the given number of attempts."""
        return self.spacing[min(attempts, len(self.spacing)) - 1]


def _seconds(*values: float) -> tuple[timedelta, ...]:
    return tuple(timedelta(seconds=value) for value in values)


POLICIES: dict[Kind, Policy] = {
    Kind.SYNC: Policy(
        attempts=6,
        spacing=_seconds(5, 30, 120, 600),
        lease=timedelta(seconds=30),
        timeout=timedelta(hours=1),
        parallel=8,
        when_dead=WhenDead.LOSE_RUN,
    ),
    Kind.WEBHOOK: Policy(
        attempts=12,
        spacing=_seconds(2, 10, 60, 300, 1800),
        lease=timedelta(seconds=30),
        timeout=timedelta(minutes=1),
        parallel=16,
        when_dead=WhenDead.REREAD,
    ),
    Kind.SCHEDULE: Policy(
        attempts=1000,
        spacing=_seconds(60, 600),
        lease=timedelta(seconds=30),
        timeout=timedelta(minutes=1),
        parallel=16,
    ),
    Kind.DELETION: Policy(
        attempts=1000,
        spacing=_seconds(5, 30, 120, 600, 3600),
        lease=timedelta(seconds=45),
        timeout=timedelta(minutes=2),
        parallel=4,
    ),
    Kind.POLL: Policy(
        attempts=100,
        spacing=_seconds(2, 5, 30),
        lease=timedelta(seconds=30),
        timeout=timedelta(minutes=1),
        parallel=16,
    ),
    Kind.REPAIR: Policy(
        attempts=20,
        spacing=_seconds(60, 600, 3600),
        lease=timedelta(seconds=45),
        timeout=timedelta(minutes=2),
        parallel=2,
    ),
    Kind.DELIVERY: Policy(  # how attempts are spaced stands with the delivery: these are for faults of our own
        attempts=1000,
        spacing=_seconds(5, 30, 300),
        lease=timedelta(seconds=30),
        timeout=timedelta(seconds=45),
        parallel=32,
    ),
    Kind.DERIVATION: Policy(
        attempts=20,
        spacing=_seconds(10, 60, 600, 3600),
        lease=timedelta(seconds=30),
        timeout=timedelta(minutes=2),
        parallel=2,
    ),
    Kind.RECONCILE: Policy(
        attempts=20,
        spacing=_seconds(10, 60, 600),
        lease=timedelta(seconds=30),
        timeout=timedelta(minutes=1),
        parallel=4,
    ),
    Kind.WEBHOOK_CHECK: Policy(
        attempts=100_000,
        spacing=_seconds(30, 300, 1800),
        lease=timedelta(seconds=45),
        timeout=timedelta(minutes=2),
        parallel=1,
    ),
    Kind.RULES: Policy(
        attempts=20,
        spacing=_seconds(5, 60, 600),
        lease=timedelta(seconds=45),
        timeout=timedelta(hours=1),
        parallel=2,
    ),
    Kind.CATEGORY_TREE: Policy(
        attempts=100_000,
        spacing=_seconds(60, 600, 3600),
        lease=timedelta(seconds=45),
        timeout=timedelta(minutes=2),
        parallel=1,
    ),
    Kind.PRUNE: Policy(
        attempts=100_000,
        spacing=_seconds(60, 1800),
        lease=timedelta(seconds=45),
        timeout=timedelta(minutes=10),
        parallel=2,
    ),
}


@dataclass
class Owed:
    """A claimed row; `lease_until` is the proof of the claim."""

    kind: Kind
    ref_id: UUID
    owner_id: UUID | None
    attempts: int
    lease_until: datetime


def _same(owed: Owed) -> dict[str, object]:
    return {"kind": owed.kind, "ref_id": owed.ref_id, "held": owed.lease_until}


async def add(
    session: AsyncSession, kind: Kind, owner_id: UUID | None, ref_id: UUID, *, due_at: datetime | None = None
) -> None:
    """Owe work, due now or at `due_at`, and ring for it after the commit.

    Owed again while someone works on it, it is due once more afterwards: the holder's claim no longer finishes it.
    """
    row = {"kind": kind, "ref_id": ref_id, "owner_id": owner_id}
    statement = insert(OwedWork).values(row if due_at is None else {**row, "due_at": due_at})
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["kind", "ref_id"],
            set_={"due_at": statement.excluded.due_at, "lease_until": None, "attempts": 0, "last_error": None},
        )
    )
    if due_at is None:
        ring_on_commit(session, kind, owner_id, ref_id)


_CLAIM = """
WITH picked AS (
    SELECT kind, ref_id FROM owed_work
    WHERE kind = :kind AND due_at <= now() {only}
    ORDER BY due_at LIMIT :limit FOR UPDATE SKIP LOCKED
)
UPDATE owed_work AS owed
SET attempts = owed.attempts + 1, lease_until = now() + :lease, due_at = now() + :lease
FROM picked WHERE owed.kind = picked.kind AND owed.ref_id = picked.ref_id
RETURNING owed.ref_id, owed.owner_id, owed.attempts, owed.lease_until
"""
_CLAIM_DUE = text(_CLAIM.format(only=""))
_CLAIM_ONE = text(_CLAIM.format(only="AND ref_id = :ref_id"))
_DUE_KINDS = text(
    "SELECT kind FROM unnest(CAST(:kinds AS text[])) AS kind "
    "WHERE EXISTS (SELECT FROM owed_work WHERE owed_work.kind = kind.kind AND due_at <= now())"
)
_RENEW = text(
    "UPDATE owed_work SET lease_until = now() + :lease, due_at = now() + :lease "
    "WHERE kind = :kind AND ref_id = :ref_id AND lease_until = :held RETURNING lease_until"
)
_HASTEN = text(
    "UPDATE owed_work SET due_at = now() WHERE kind = :kind AND ref_id = :ref_id "
    "AND lease_until IS NULL AND due_at > now() AND due_at < 'infinity'"
)
_FINISH = text("DELETE FROM owed_work WHERE kind = :kind AND ref_id = :ref_id AND lease_until = :held")
_RESCHEDULE = text(
    "UPDATE owed_work SET due_at = now() + :delay, lease_until = NULL, attempts = attempts - 1 "
    "WHERE kind = :kind AND ref_id = :ref_id AND lease_until = :held"
)
_FAIL = text(
    "UPDATE owed_work SET lease_until = NULL, last_error = :error, "
    "due_at = CASE WHEN :dead THEN 'infinity'::timestamptz ELSE now() + :delay END "
    "WHERE kind = :kind AND ref_id = :ref_id AND lease_until = :held"
).bindparams(bindparam("error"), bindparam("dead"), bindparam("delay"))


async def due_kinds(session: AsyncSession) -> Rows[Kind]:
    """Return the kinds of which something is due: one look instead of one claim a kind."""
    return [Kind(kind) for kind in (await session.execute(_DUE_KINDS, {"kinds": list(Kind)})).scalars()]


async def claim(session: AsyncSession, kind: Kind, *, limit: int, only: UUID | None = None) -> Rows[Owed]:
    """Return up to `limit` due rows of the kind, oldest first, leased to the caller and counted as attempted (R12)."""
    values = {"kind": kind, "limit": min(limit, 100), "lease": POLICIES[kind].lease}
    if only is None:
        result = await session.execute(_CLAIM_DUE, values)
    else:
        result = await session.execute(_CLAIM_ONE, {**values, "ref_id": only})
    return [Owed(kind, row.ref_id, row.owner_id, row.attempts, row.lease_until) for row in result]


async def add_once(session: AsyncSession, kind: Kind, owner_id: UUID | None, ref_id: UUID) -> None:
    """Owe work unless it is owed already; make it due now if it waits, and ring after the commit."""
    statement = insert(OwedWork).values(kind=kind, ref_id=ref_id, owner_id=owner_id)
    await session.execute(statement.on_conflict_do_nothing())
    await hasten(session, kind, owner_id, ref_id)


async def add_standing(session: AsyncSession, kind: Kind, *, due_at: datetime) -> None:
    """Owe the kind's standing work, first due at `due_at`, unless it is owed already; its job puts it off for ever."""
    row = {"kind": kind, "ref_id": _STANDING, "owner_id": None, "due_at": due_at}
    await session.execute(insert(OwedWork).values(row).on_conflict_do_nothing())


async def hasten(session: AsyncSession, kind: Kind, owner_id: UUID | None, ref_id: UUID) -> None:
    """Make the row due now if it waits, and ring for it."""
    await session.execute(_HASTEN, {"kind": kind, "ref_id": ref_id})
    ring_on_commit(session, kind, owner_id, ref_id)


async def drop(session: AsyncSession, kind: Kind, ref_id: UUID) -> None:
    """Owe it no longer."""
    await session.execute(delete(OwedWork).where(OwedWork.kind == kind, OwedWork.ref_id == ref_id))


async def renew(session: AsyncSession, owed: Owed) -> bool:
    """Prolong the lease; False when it was lost to another holder."""
    result = await session.execute(_RENEW, {**_same(owed), "lease": POLICIES[owed.kind].lease})
    until = result.scalar_one_or_none()
    if until is not None:
        owed.lease_until = until
    return until is not None


async def finish(session: AsyncSession, owed: Owed) -> None:
    """Strike the row off; nothing happens when the lease was lost."""
    await session.execute(_FINISH, _same(owed))


async def reschedule(session: AsyncSession, owed: Owed, delay: timedelta) -> None:
    """Put the row off without counting the attempt: it waits for something, it did not go wrong."""
    await session.execute(_RESCHEDULE, {**_same(owed), "delay": delay})


async def fail(session: AsyncSession, owed: Owed, error: str) -> bool:
    """Count the attempt as failed and space the next one; True when the row is dead now."""
    policy = POLICIES[owed.kind]
    dead = owed.attempts >= policy.attempts
    values = {**_same(owed), "error": error[:500], "dead": dead, "delay": policy.delay(owed.attempts)}
    await session.execute(_FAIL, values)
    return dead
