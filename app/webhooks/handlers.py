"""What each event leads to. A delivery is a hint to read the API again, never data (R21)."""

from collections.abc import Sequence
from datetime import timedelta
from enum import Flag, auto
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import repository as account_rows
from app.connections import service as connections
from app.connections.status import DELETED
from app.oauth import service as oauth
from app.sync import service as sync
from app.sync.models import SyncTrigger
from app.webhooks import repository
from app.webhooks.events import Delivery


class Effect(Flag):
    """What follows from an event of an item."""

    LOOK = auto()
    """Whoever watches the item while its person is at the bank looks at once."""

    READ = auto()
    """A run is queued: it reads the item's state first, then what is new by the accounts' watermarks."""

    ASK_BY_ID = auto()
    """The run asks for the rows that the event names: what is there is stored, what is gone is removed (R24)."""


EFFECTS: Final[dict[str, Effect]] = {
    "item/created": Effect.LOOK | Effect.READ,
    "item/updated": Effect.LOOK | Effect.READ,
    "item/deleted": Effect.LOOK | Effect.READ,  # the reading proves it; the history stays
    "item/error": Effect.LOOK | Effect.READ,
    "item/waiting_user_input": Effect.LOOK | Effect.READ,
    "item/waiting_user_action": Effect.LOOK | Effect.READ,
    "item/login_succeeded": Effect.LOOK,  # the visit goes on and ends in one of the others
    "transactions/created": Effect.LOOK | Effect.READ,
    "transactions/updated": Effect.LOOK | Effect.READ | Effect.ASK_BY_ID,
    "transactions/deleted": Effect.LOOK | Effect.READ | Effect.ASK_BY_ID,
}
CONNECTOR_STATUS: Final = "connector/status_updated"
"""Has the list of connectors read anew."""

PROBE: Final = "probe"
"""What `banking` delivers to see whether BACKEND_URL leads here."""

PAYMENT_TOPICS: Final = frozenset(
    {
        "automatic_pix_payment",
        "boleto",
        "payment_intent",
        "payment_refund",
        "payment_request",
        "scheduled_payment",
        "smart_transfer_payment",
        "smart_transfer_preauthorization",
    }
)
"""Stored, and of no effect: we move no money."""


def why_without_effect(event: str) -> str:
    """Return the note of an event that leads to nothing."""
    if event in EFFECTS:
        return "names no item"
    if event == PROBE:
        return "a probe of our own"
    return "payments are not mirrored" if event.partition("/")[0] in PAYMENT_TOPICS else "unknown event"


async def apply(
    session: AsyncSession, owner_id: UUID, connection_id: UUID, deliveries: Sequence[Delivery]
) -> timedelta | None:
    """Let events of one item have their effect, together; a delay when they must wait: they are too many.

    Raises ConnectionNotFound for a connection that is being deleted.
    """
    connection = await connections.get(session, owner_id, connection_id)
    is_gone = connection.status == DELETED
    wanted = [each for each in deliveries if not (is_gone and each.event == "item/deleted")]
    effects = [EFFECTS[each.event] for each in wanted]
    if any(Effect.LOOK in effect for effect in effects):
        await oauth.look_soon(session, owner_id, connection_id)
    if any(Effect.READ in effect for effect in effects):
        pause = await repository.pause_before_run(session, owner_id, connection_id)
        if pause is not None:
            return pause
        await sync.request_sync(session, owner_id, connection_id, trigger=SyncTrigger.WEBHOOK)
    named = [each for each in wanted if Effect.ASK_BY_ID in EFFECTS[each.event]]
    if named:
        await _note_rows(session, owner_id, connection_id, named)
    return None


async def _note_rows(session: AsyncSession, owner_id: UUID, connection_id: UUID, deliveries: list[Delivery]) -> None:
    """Note the named rows of accounts that we hold of this item; an account that is new is read whole anyway."""
    held = {account.pluggy_id for account in await account_rows.of_connection(session, owner_id, connection_id)}
    for delivery in deliveries:
        if delivery.account_id in held and delivery.account_id is not None:
            await sync.note_hints(session, owner_id, connection_id, delivery.account_id, delivery.transaction_ids)
