"""What each event leads to. A delivery is a hint to read the API again, never data (R21)."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.oauth import service as oauth
from app.sync import service as sync
from app.sync.models import SyncTrigger
from app.webhooks.events import Delivery

Handler = Callable[[AsyncSession, UUID, UUID, Delivery], Awaitable[None]]
"""Takes the owner and the connection behind the event's item."""


async def read_again(session: AsyncSession, owner_id: UUID, connection_id: UUID, _: Delivery) -> None:
    """Queue a run: it reads the item's state first, and the data when there is some. A burst becomes few runs.

    Whoever watches the item while its person is at the bank looks at once.
    """
    await sync.request_sync(session, owner_id, connection_id, trigger=SyncTrigger.WEBHOOK)
    await oauth.look_soon(session, owner_id, connection_id)


async def ask_by_id(session: AsyncSession, owner_id: UUID, connection_id: UUID, delivery: Delivery) -> None:
    """Note the rows that were updated or deleted, and queue a run: it asks Pluggy for each of them (R24)."""
    await read_again(session, owner_id, connection_id, delivery)
    if delivery.account_id is not None:
        await sync.note_hints(session, owner_id, connection_id, delivery.account_id, delivery.transaction_ids)


HANDLERS: dict[str, Handler] = {
    "item/created": read_again,
    "item/updated": read_again,
    "item/error": read_again,
    "item/deleted": read_again,
    "item/waiting_user_input": read_again,
    "item/waiting_user_action": read_again,
    "transactions/created": read_again,
    "transactions/updated": ask_by_id,
    "transactions/deleted": ask_by_id,
}
"""Events that are not here are stored and have no effect: progress of a run that ends in one of these, payments."""
