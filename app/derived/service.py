"""Deriving all meaning from what changed in an owner's ledger."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from itertools import zip_longest
from typing import Final, NamedTuple
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app import owed
from app.changes import ChangeNumber, current_change, hold_changes
from app.charges import service as charges
from app.counterparties import service as counterparties
from app.derived import repository
from app.installments import service as installments
from app.jobs import Kind
from app.links import service as links
from app.recurring import service as recurring
from app.transactions.movements import movements_by_id
from app.vault import Vault

log = structlog.get_logger()

VERSION: Final = 1
"""Raise it when rules change: each owner's whole ledger is derived once more, at the end of its next run."""

AT_ONCE: Final = 2_000
"""Up to so many changed rows are derived in the transaction that changed them, a third of a second; more are derived
so many at a time."""

Step = Callable[[AsyncSession, ChangeNumber], Awaitable[None]]


class Changes(NamedTuple):
    """What is to be derived: all after `since`, up to the owner's counter at `through`.

    `starts` are the ids with which each part of its rows begins, not one for each row of a long history.
    """

    since: int
    through: int
    starts: Sequence[UUID]


async def pending(session: AsyncSession, owner_id: UUID) -> Changes | None:
    """Return what changed since meaning was last derived; None when nothing did."""
    since = await repository.mark(session, owner_id, version=VERSION)
    through = await current_change(session, owner_id)
    starts = await repository.starts_of_changed(session, owner_id, since=since, part=AT_ONCE)
    return Changes(since, through, starts) if starts else None


def steps(owner_id: UUID, changes: Changes, vault: Vault) -> Iterator[Step]:
    """Yield what is to be done, in order: each reads, then takes the change number, then writes where it differs.

    Done again, a step writes nothing.
    """

    async def read_part(session: AsyncSession, number: ChangeNumber, *, start: UUID, end: UUID | None) -> None:
        ids = await repository.changed(session, owner_id, since=changes.since, start=start, end=end)
        found = await movements_by_id(session, owner_id, ids)
        rows = [found[row_id] for row_id in ids if row_id in found]  # in their order: the first names a counterparty
        await charges.classify(session, owner_id, rows, number=number)
        await counterparties.assign(session, owner_id, rows, number=number, vault=vault)

    async def follow_removed(session: AsyncSession, number: ChangeNumber) -> None:
        await charges.follow_removed(session, owner_id, since=changes.since, number=number)

    async def find_links(session: AsyncSession, number: ChangeNumber) -> None:
        await links.find_links(session, owner_id, since=changes.since, number=number, vault=vault)

    async def follow_plans(session: AsyncSession, number: ChangeNumber) -> None:
        await installments.follow(session, owner_id, since=changes.since, number=number)

    async def follow_series(session: AsyncSession, number: ChangeNumber) -> None:
        await recurring.follow(session, owner_id, since=changes.since, number=number)

    for start, end in zip_longest(changes.starts, changes.starts[1:]):
        yield partial(read_part, start=start, end=end)
    yield from (follow_removed, find_links, follow_plans, follow_series)


async def derive(session: AsyncSession, owner_id: UUID, changes: Changes, vault: Vault) -> None:
    """Bring counterparties, charges, links, instalment plans and series up to the ledger, in this transaction.

    The caller holds the owner's counter, and read `changes` after that. All writes take one change number together.
    """
    number = ChangeNumber(session, owner_id)
    for step in steps(owner_id, changes, vault):
        await step(session, number)
    await put_mark(session, owner_id, number.taken or changes.through)


def seen_through(changes: Changes, taken: Sequence[int | None]) -> int:
    """Return up to which change all is derived, after steps that took these numbers, each in its own transaction.

    Beyond a number that none of them took lies somebody else's change, which a step may not have seen.
    """
    through = changes.through
    for number in taken:
        through += number == through + 1
    return through


async def put_mark(session: AsyncSession, owner_id: UUID, through: int) -> None:
    """Note that everything up to a change number is derived."""
    await repository.put_mark(session, owner_id, through, version=VERSION)


async def derive_or_owe(session: AsyncSession, owner_id: UUID, vault: Vault) -> bool:
    """Derive what little changed; owe what is much, and what failed. Return whether all is derived.

    A failure undoes the meaning alone, so that it never costs anybody a sync (R28). Nothing changed, nothing is locked
    or written.
    """
    changes = await pending(session, owner_id)
    if changes is None:
        return True
    if len(changes.starts) == 1:
        try:
            async with session.begin_nested():
                await hold_changes(session, owner_id)
                if (changes := await pending(session, owner_id)) is not None:
                    await derive(session, owner_id, changes, vault)
        except Exception:
            log.exception("derivation_failed")
        else:
            return True
    await owed.add_once(session, Kind.DERIVATION, owner_id, owner_id)
    return False
