"""The owner's counter of changes: what makes feeds complete and ordered."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.owners.models import Owner

_RAISE = "UPDATE owners SET change_number = change_number + 1 WHERE id = $1 RETURNING change_number"


async def next_change(session: AsyncSession, owner_id: UUID) -> int:
    """Return the next number of this owner's changes, for every row this transaction writes.

    The counter's row stays locked until the commit, so no number ever becomes visible after a larger one. Lock order:
    connection, this counter, rows.
    """
    connection = await session.connection()  # a statement sent past the ORM costs a quarter: every page needs one
    return int((await connection.exec_driver_sql(_RAISE, (owner_id,))).scalar_one())


async def current_change(session: AsyncSession, owner_id: UUID) -> int:
    """Return the number of the owner's latest change."""
    return (await session.execute(select(Owner.change_number).where(Owner.id == owner_id))).scalar_one()


async def hold_changes(session: AsyncSession, owner_id: UUID) -> None:
    """Let nobody else change this owner's data until the transaction ends; the same lock as `next_change`."""
    await session.execute(select(Owner.id).where(Owner.id == owner_id).with_for_update(key_share=True))


class ChangedMeanwhile(Exception):
    """Somebody changed the owner's data after it was read: what was to be written may be wrong, read again."""


class ChangeNumber:
    """One number for all that a piece of work writes, taken at its first write: work that writes nothing takes none.

    With `after`, work may read without holding anybody up: the number is taken only if it is the next one after that.
    """

    def __init__(
        self, session: AsyncSession, owner_id: UUID, taken: int | None = None, *, after: int | None = None
    ) -> None:
        self._session = session
        self._owner_id = owner_id
        self._after = after
        self.taken = taken

    async def take(self) -> int:
        """Return the number. Raises ChangedMeanwhile."""
        if self.taken is None:
            number = await next_change(self._session, self._owner_id)
            if self._after is not None and number != self._after + 1:
                raise ChangedMeanwhile
            self.taken = number
        return self.taken
