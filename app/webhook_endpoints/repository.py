"""Webhook endpoints and their deliveries in the database."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, any_, delete, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.events.models import Event
from app.ids import new_ids
from app.webhook_endpoints.models import DeliveryStatus, WebhookDelivery, WebhookEndpoint

_AGAIN = {
    "status": DeliveryStatus.PENDING,
    "attempts": 0,
    "next_attempt_at": func.now(),
    "finished_at": None,
}
"""What makes a delivery due once more, with its whole schedule."""


class Listed(NamedTuple):
    """A delivery with what it carries."""

    delivery: WebhookDelivery
    event_type: str
    sequence: int


async def add(session: AsyncSession, endpoint: WebhookEndpoint) -> WebhookEndpoint:
    """Insert an endpoint and return it as stored."""
    session.add(endpoint)
    await session.flush()
    await session.refresh(endpoint)
    return endpoint


async def count(session: AsyncSession, owner_id: UUID) -> int:
    """Return how many endpoints the owner has."""
    counted = select(func.count()).select_from(WebhookEndpoint).where(WebhookEndpoint.owner_id == owner_id)
    return await session.scalar(counted) or 0


async def find(
    session: AsyncSession, owner_id: UUID, endpoint_id: UUID, *, is_locked: bool = False
) -> WebhookEndpoint | None:
    """Return the owner's endpoint; locked, nobody else changes it until the transaction ends."""
    statement = select(WebhookEndpoint).where(WebhookEndpoint.owner_id == owner_id, WebhookEndpoint.id == endpoint_id)
    if is_locked:
        statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    return (await session.scalars(statement)).one_or_none()


async def list_page(
    session: AsyncSession, owner_id: UUID, *, before: UUID | None, limit: int
) -> Sequence[WebhookEndpoint]:
    """Return the owner's endpoints, newest first, made before the given one."""
    statement = select(WebhookEndpoint).where(WebhookEndpoint.owner_id == owner_id)
    if before is not None:
        statement = statement.where(WebhookEndpoint.id < before)
    return (await session.scalars(statement.order_by(WebhookEndpoint.id.desc()).limit(limit))).all()


async def remove(session: AsyncSession, endpoint: WebhookEndpoint) -> Sequence[UUID]:
    """Delete the endpoint with its deliveries; return the ids of those that were still to be made."""
    pending = (await session.scalars(select(WebhookDelivery.id).where(*_pending(endpoint)))).all()
    await session.execute(
        delete(WebhookEndpoint).where(WebhookEndpoint.owner_id == endpoint.owner_id, WebhookEndpoint.id == endpoint.id)
    )
    return pending


async def subscribed(session: AsyncSession, owner_id: UUID, event_type: str) -> Sequence[UUID]:
    """Return the endpoints that are sent events of the type; none of them is deleted before the transaction ends."""
    wanted = or_(
        func.cardinality(WebhookEndpoint.event_types) == 0, literal(event_type) == any_(WebhookEndpoint.event_types)
    )
    statement = select(WebhookEndpoint.id).where(
        WebhookEndpoint.owner_id == owner_id, WebhookEndpoint.disabled_at.is_(None), wanted
    )
    return (await session.scalars(statement.with_for_update(read=True, key_share=True))).all()


async def add_deliveries(session: AsyncSession, owner_id: UUID, pairs: Sequence[tuple[UUID, UUID]]) -> Sequence[UUID]:
    """Make each (endpoint, event) due, as a new row or as the one it has already; return the rows' ids."""
    rows = [
        {"owner_id": owner_id, "id": delivery_id, "endpoint_id": endpoint_id, "event_id": event_id}
        for delivery_id, (endpoint_id, event_id) in zip(new_ids(len(pairs)), pairs, strict=True)
    ]
    statement = insert(WebhookDelivery).values(rows)
    upsert = statement.on_conflict_do_update(index_elements=["owner_id", "event_id", "endpoint_id"], set_=_AGAIN)
    return (await session.scalars(upsert.returning(WebhookDelivery.id))).all()


async def list_replayable(
    session: AsyncSession, endpoint: WebhookEndpoint, *, since: datetime, is_whole: bool, limit: int
) -> Sequence[Row[UUID, datetime]]:
    """Return (event, created at) of what an endpoint would have been sent since, oldest first.

    What is on its way already is left out, and what arrived too unless `is_whole`.
    """
    is_this = (WebhookDelivery.owner_id == Event.owner_id) & (WebhookDelivery.event_id == Event.id)
    left_out = [DeliveryStatus.PENDING] if is_whole else [DeliveryStatus.PENDING, DeliveryStatus.SUCCEEDED]
    statement = (
        select(Event.id, Event.created_at)
        .outerjoin(WebhookDelivery, is_this & (WebhookDelivery.endpoint_id == endpoint.id))
        .where(
            Event.owner_id == endpoint.owner_id,
            Event.created_at >= since,
            or_(WebhookDelivery.status.is_(None), WebhookDelivery.status.not_in(left_out)),
        )
    )
    if endpoint.event_types:
        statement = statement.where(Event.type.in_(endpoint.event_types))
    return (await session.execute(statement.order_by(Event.sequence).limit(limit))).all()


async def find_delivery(session: AsyncSession, owner_id: UUID, delivery_id: UUID) -> WebhookDelivery | None:
    """Return the delivery as it stands now."""
    statement = select(WebhookDelivery).where(WebhookDelivery.owner_id == owner_id, WebhookDelivery.id == delivery_id)
    return (await session.scalars(statement.execution_options(populate_existing=True))).one_or_none()


async def find_event(session: AsyncSession, owner_id: UUID, event_id: UUID) -> Event:
    """Return the event of a delivery."""
    return (await session.scalars(select(Event).where(Event.owner_id == owner_id, Event.id == event_id))).one()


async def list_deliveries(
    session: AsyncSession,
    owner_id: UUID,
    endpoint_id: UUID,
    *,
    status: str | None = None,
    before: UUID | None = None,
    only: UUID | None = None,
    limit: int,
) -> list[Listed]:
    """Return the endpoint's deliveries, newest first, in one state or before one of them if given."""
    statement = (
        select(WebhookDelivery, Event.type, Event.sequence)
        .join(Event, (Event.owner_id == WebhookDelivery.owner_id) & (Event.id == WebhookDelivery.event_id))
        .where(WebhookDelivery.owner_id == owner_id, WebhookDelivery.endpoint_id == endpoint_id)
    )
    if status is not None:
        statement = statement.where(WebhookDelivery.status == status)
    if before is not None:
        statement = statement.where(WebhookDelivery.id < before)
    if only is not None:
        statement = statement.where(WebhookDelivery.id == only)
    found = await session.execute(statement.order_by(WebhookDelivery.id.desc()).limit(limit))
    return [Listed(*row) for row in found]


async def count_sending(session: AsyncSession, delivery: WebhookDelivery) -> int:
    """Return how many other attempts at the endpoint are under way."""
    statement = select(func.count()).where(
        *_pending_at(delivery.owner_id, delivery.endpoint_id),
        WebhookDelivery.sending_until > func.now(),
        WebhookDelivery.id != delivery.id,
    )
    return await session.scalar(statement) or 0


async def count_waiting(session: AsyncSession, delivery: WebhookDelivery) -> int:
    """Return how many deliveries to the endpoint are due."""
    statement = select(func.count()).where(
        *_pending_at(delivery.owner_id, delivery.endpoint_id), WebhookDelivery.next_attempt_at <= func.now()
    )
    return await session.scalar(statement) or 0


async def find_next(session: AsyncSession, delivery: WebhookDelivery) -> UUID | None:
    """Return the delivery to the same endpoint that has been due for longest and that nobody attempts."""
    is_idle = or_(WebhookDelivery.sending_until.is_(None), WebhookDelivery.sending_until <= func.now())
    statement = (
        select(WebhookDelivery.id)
        .where(
            *_pending_at(delivery.owner_id, delivery.endpoint_id),
            WebhookDelivery.next_attempt_at <= func.now(),
            WebhookDelivery.id != delivery.id,
            is_idle,
        )
        .order_by(WebhookDelivery.next_attempt_at)
        .limit(1)
    )
    return await session.scalar(statement)


async def cancel_pending(session: AsyncSession, endpoint: WebhookEndpoint) -> None:
    """Give up what is still to be sent to the endpoint."""
    columns: dict[str, Any] = {"status": DeliveryStatus.CANCELLED, "next_attempt_at": None, "finished_at": func.now()}
    await session.execute(update(WebhookDelivery).where(*_pending(endpoint)).values(columns))


def _pending(endpoint: WebhookEndpoint) -> tuple[Any, ...]:
    return _pending_at(endpoint.owner_id, endpoint.id)


def _pending_at(owner_id: UUID, endpoint_id: UUID) -> tuple[Any, ...]:
    return (
        WebhookDelivery.owner_id == owner_id,
        WebhookDelivery.endpoint_id == endpoint_id,
        WebhookDelivery.status == DeliveryStatus.PENDING,
    )
