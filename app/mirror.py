"""Mirrors of Pluggy's short lists (bills, investments, loans), brought up to date at the cost of what changed."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.changes import next_change
from app.database import Instant
from app.database import Sequence as Number
from app.ids import new_id


class Mirrored:
    """What every mirrored row has: an id of ours, and Pluggy's as an alias."""

    owner_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    pluggy_id: Mapped[UUID]
    unlisted_at: Mapped[Instant | None]
    """Since when Pluggy's list lacks the row; the row itself stays."""

    change_number: Mapped[Number]
    created_at: Mapped[Instant] = mapped_column(server_default=func.now())
    updated_at: Mapped[Instant] = mapped_column(server_default=func.now())


class Source(NamedTuple):
    """What Pluggy decides of a row."""

    pluggy_id: UUID
    columns: dict[str, Any]


_Row = TypeVar("_Row", bound=Mirrored)


async def mirror(
    session: AsyncSession,
    kind: type[_Row],
    place: Mapping[str, UUID],
    sources: Sequence[Source],
    *,
    is_whole: bool,
    known_by: str | None = None,
) -> list[_Row]:
    """Bring the rows at `place` (`owner_id` and the parent's id) up to `sources` and return those held before.

    Equal rows are not written; the others take one change number together. `known_by` names the column by which a
    row is the same under another id of Pluggy's, as after a reconnection. Only a list that `is_whole` says of a row
    that it is gone (R25), and an empty one never does (R26).
    """
    held = list(await session.scalars(select(kind).filter_by(**place)))
    pairs = _pairs(held, sources, known_by)
    news = [(row, source) for row, source in pairs if row is None or _differs(row, source)]
    met = {id(row) for row, _ in pairs if row is not None}
    gone = [row for row in held if id(row) not in met and row.unlisted_at is None] if is_whole and sources else []
    if not news and not gone:
        return held
    number = await next_change(session, place["owner_id"])  # first: asking for it would flush half-made rows
    for found, source in news:
        row, columns = found, {**source.columns, "pluggy_id": source.pluggy_id, "unlisted_at": None}
        if row is None:
            row, columns = kind(), {**columns, **place, "id": new_id()}
        for name, value in columns.items():
            setattr(row, name, value)
        stamp(row, number)
        session.add(row)
    for row in gone:
        row.unlisted_at = func.now()
        stamp(row, number)
    await session.flush()
    return held


def _pairs(held: Sequence[_Row], sources: Sequence[Source], known_by: str | None) -> list[tuple[_Row | None, Source]]:
    """Return each source, once by Pluggy's id, with its row."""
    by_id = {row.pluggy_id: row for row in held}
    given = {source.pluggy_id: source for source in sources}  # a row twice in the list: the last wins
    others: dict[Hashable, _Row] = {}
    if known_by is not None:
        others = {getattr(row, known_by): row for row in held if row.pluggy_id not in given}
    return [
        (by_id.get(source.pluggy_id) or others.pop(source.columns[known_by] if known_by else None, None), source)
        for source in given.values()
    ]


def _differs(row: Mirrored, source: Source) -> bool:
    if row.pluggy_id != source.pluggy_id or row.unlisted_at is not None:
        return True
    return any(getattr(row, name) != value for name, value in source.columns.items())


def stamp(row: Mirrored, number: int) -> None:
    """Note that the row is news."""
    row.change_number = number
    row.updated_at = func.now()
