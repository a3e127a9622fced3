"""What each event leads to. A delivery is a hint to read the API again, never data (R21)."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.sync import service as sync
from app.sync.models import SyncTrigger

Handler = Callable[[AsyncSession, UUID, UUID], Awaitable[None]]
"""Takes the owner and the connection behind the event's item."""


async def read_again(session: AsyncSession, owner_id: UUID, connection_id: UUID) -> None:
    """Queue a run: it reads the item's state first, and the data when there is some. A burst becomes few runs."""
    await sync.request_sync(session, owner_id, connection_id, trigger=SyncTrigger.WEBHOOK)


HANDLERS: dict[str, Handler] = {
    "item/created": read_again,
    "item/updated": read_again,
    "item/error": read_again,
    "item/deleted": read_again,
    "item/waiting_user_input": read_again,
    "item/waiting_user_action": read_again,
    "transactions/created": read_again,
    "transactions/updated": read_again,
    "transactions/deleted": read_again,
}
"""Events that are not here are stored and have no effect: progress of a run that ends in one of these, payments."""
