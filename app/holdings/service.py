"""Use cases of investments and loans, each inside the caller's transaction."""

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.changes import next_change
from app.holdings import investments, loans, repository
from app.holdings.models import Holding, Investment, Loan
from app.holdings.repository import Elsewhere, OfConnection, list_page
from app.mirror import Source, stamp
from app.mirror import mirror as bring_up

__all__ = ["OfConnection", "list_page", "mirror"]


_Identify = Callable[[Mapping[str, Any]], Hashable]
_IDENTITY: Final[Mapping[type[Holding], _Identify]] = {
    Investment: investments.identity,
    Loan: loans.identity,
}


async def mirror(
    session: AsyncSession,
    kind: type[Holding],
    owner_id: UUID,
    connection_id: UUID,
    sources: Sequence[Source],
    *,
    is_whole: bool,
) -> None:
    """Bring the connection's holdings of that kind up to date; equal ones are not written.

    One that comes back under a new item keeps its row, and so its id (R33).
    """
    elsewhere = await repository.find_elsewhere(session, kind, owner_id, connection_id)
    if elsewhere:
        twins = _twins(_IDENTITY[kind], sources, elsewhere)
        await _take_over(session, kind, owner_id, connection_id, twins)
        sources = [each for each in sources if each.pluggy_id not in twins or not twins[each.pluggy_id].is_newer]
    await bring_up(session, kind, {"owner_id": owner_id, "connection_id": connection_id}, sources, is_whole=is_whole)


def _twins(identify: _Identify, sources: Sequence[Source], elsewhere: Sequence[Elsewhere]) -> dict[UUID, Elsewhere]:
    """Return the row elsewhere that is the same as a source, by Pluggy's id; only what is one of its kind is."""
    listed = Counter(identify(source.columns) for source in sources)
    held = Counter(identify(vars(each.row)) for each in elsewhere)
    alone = {identity: each for each in elsewhere if held[identity := identify(vars(each.row))] == 1}
    pairs = [(source.pluggy_id, identify(source.columns)) for source in sources]
    return {key: alone[identity] for key, identity in pairs if listed[identity] == 1 and identity in alone}


async def _take_over(
    session: AsyncSession, kind: type[Holding], owner_id: UUID, connection_id: UUID, twins: Mapping[UUID, Elsewhere]
) -> None:
    """Make the rows of former connections the connection's own, under Pluggy's new ids."""
    known = await repository.known(session, kind, owner_id, connection_id)
    moved = [(key, each.row) for key, each in twins.items() if not each.is_newer and key not in known]
    if not moved:
        return
    number = await next_change(session, owner_id)  # first: asking for it would flush half-made rows
    for key, row in moved:
        row.connection_id, row.pluggy_id = connection_id, key
        stamp(row, number)
