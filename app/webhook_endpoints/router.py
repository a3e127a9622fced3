"""HTTP of webhook endpoints."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status

from app.dependencies import OwnerDep, PageDep, ResourcesDep, SessionDep
from app.etags import WITH_ETAG, IfMatchDep, PreconditionFailed, etag_of
from app.http_errors import InvalidRequest
from app.pagination import InvalidCursor
from app.problems import problem_responses
from app.rates import Rate
from app.routing import make_router, requires
from app.schemas import Results
from app.webhook_endpoints import flow, service
from app.webhook_endpoints.errors import (
    TooManyWebhookEndpoints,
    WebhookDeliveryNotFound,
    WebhookEndpointDisabled,
    WebhookEndpointNotFound,
)
from app.webhook_endpoints.schemas import (
    AttemptRead,
    DeliveryState,
    RedeliveryRequest,
    ReplayRead,
    ReplayRequest,
    WebhookDeliveryDetailRead,
    WebhookDeliveryRead,
    WebhookEndpointRead,
    WebhookEndpointRequest,
    WebhookEndpointUpdate,
    WebhookEndpointWithSecret,
)
from app.webhook_endpoints.shown import shown, shown_answer, shown_delivery, shown_in_detail, with_secret

router = make_router("webhook endpoints")

_MANAGE = requires("webhooks:write")
_SHOW_SECRET = requires("webhooks:write", repeats_because="the answer holds a secret that is shown once")
_ONE = "/webhook_endpoints/{webhook_endpoint_id}/"


@router.get(
    "/webhook_endpoints/",
    dependencies=[_MANAGE],
    summary="List webhook endpoints",
    responses=problem_responses(InvalidCursor),
)
async def list_webhook_endpoints(owner: OwnerDep, session: SessionDep, page: PageDep) -> Results[WebhookEndpointRead]:
    """Return the caller's endpoints, newest first, disabled ones too."""
    binding = ("webhook_endpoints", owner.id)
    before = page.place(tuple[UUID], binding=binding)
    found = await service.list_page(session, owner.id, before=before[0] if before else None, limit=page.limit + 1)
    rows, cursor = page.cut(found, lambda row: (row.id,), binding=binding)
    return Results(results=[shown(row) for row in rows], next_cursor=cursor)


@router.post(
    "/webhook_endpoints/",
    dependencies=[_SHOW_SECRET],
    status_code=status.HTTP_201_CREATED,
    summary="Make a webhook endpoint",
    responses=problem_responses(TooManyWebhookEndpoints, InvalidRequest),
)
async def create_webhook_endpoint(
    asked: WebhookEndpointRequest, owner: OwnerDep, session: SessionDep, resources: ResourcesDep, response: Response
) -> WebhookEndpointWithSecret:
    """Have events sent to an address from now on, and show the secret that signs them, this once.

    Each event is a POST of the envelope that `events/` lists, signed by Standard Webhooks (`webhook-id`,
    `webhook-timestamp`, `webhook-signature`). Answer 2xx within 15 seconds, then work. Anything else is tried again
    after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h and 10 h; events may come twice and out of order.
    """
    endpoint, secret = await service.create(
        session,
        resources.vault,
        owner.id,
        url=asked.url,
        description=asked.description,
        event_types=asked.event_types,
        allow_loopback=flow.allows_loopback(resources.settings),
        actor=owner.actor,
    )
    response.headers["Location"] = f"/api/banking/webhook_endpoints/{endpoint.id}/"
    return with_secret(endpoint, secret)


@router.get(
    _ONE,
    dependencies=[_MANAGE],
    summary="Get a webhook endpoint",
    responses={**WITH_ETAG, **problem_responses(WebhookEndpointNotFound)},
)
async def get_webhook_endpoint(
    webhook_endpoint_id: UUID, owner: OwnerDep, session: SessionDep, response: Response
) -> WebhookEndpointRead:
    """Return one endpoint, without its secret."""
    endpoint = await service.get(session, owner.id, webhook_endpoint_id)
    response.headers["ETag"] = etag_of(endpoint.change_number)
    return shown(endpoint)


@router.patch(
    _ONE,
    dependencies=[_MANAGE],
    summary="Change, disable or enable a webhook endpoint",
    responses={**WITH_ETAG, **problem_responses(WebhookEndpointNotFound, PreconditionFailed, InvalidRequest)},
)
async def update_webhook_endpoint(
    webhook_endpoint_id: UUID,
    changes: WebhookEndpointUpdate,
    owner: OwnerDep,
    session: SessionDep,
    resources: ResourcesDep,
    if_match: IfMatchDep,
    response: Response,
) -> WebhookEndpointRead:
    """Change an endpoint. Disabled, it is sent nothing, and what was on its way is cancelled.

    Enabled again, it gets what happens from then on; `replay/` sends what it missed.
    """
    endpoint = await service.get(session, owner.id, webhook_endpoint_id, is_locked=True)
    if_match.check(endpoint.change_number)
    changed = await service.update(
        session,
        endpoint,
        changes.model_dump(exclude_unset=True),
        allow_loopback=flow.allows_loopback(resources.settings),
    )
    response.headers["ETag"] = etag_of(changed.change_number)
    return shown(changed)


@router.delete(
    _ONE,
    dependencies=[_MANAGE],
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Delete a webhook endpoint",
    responses=problem_responses(WebhookEndpointNotFound),
)
async def delete_webhook_endpoint(webhook_endpoint_id: UUID, owner: OwnerDep, session: SessionDep) -> None:
    """Send nothing more there, and forget what was sent."""
    await service.delete(session, owner.id, webhook_endpoint_id, actor=owner.actor)


@router.post(
    _ONE + "rotate_secret/",
    dependencies=[_SHOW_SECRET],
    summary="Rotate the secret of a webhook endpoint",
    responses=problem_responses(WebhookEndpointNotFound),
)
async def rotate_webhook_secret(
    webhook_endpoint_id: UUID, owner: OwnerDep, session: SessionDep, resources: ResourcesDep
) -> WebhookEndpointWithSecret:
    """Give the endpoint a new secret. For 24 hours each delivery bears two signatures, by the new and the old one."""
    endpoint = await service.get(session, owner.id, webhook_endpoint_id, is_locked=True)
    return with_secret(*await service.rotate_secret(session, resources.vault, endpoint, actor=owner.actor))


@router.post(
    _ONE + "test/",
    dependencies=[requires("webhooks:write", rate=Rate.COSTLY)],
    summary="Try a webhook endpoint",
    responses=problem_responses(WebhookEndpointNotFound),
)
async def test_webhook_endpoint(webhook_endpoint_id: UUID, owner: OwnerDep, resources: ResourcesDep) -> AttemptRead:
    """Send one signed event of the type `webhook_endpoint.test` now and return what became of it, good or bad.

    Its `sequence` is 0: it is not among the events. It is not tried again.
    """
    return shown_answer(*await flow.ping(resources, owner.id, webhook_endpoint_id))


@router.get(
    _ONE + "deliveries/",
    dependencies=[_MANAGE],
    summary="List deliveries",
    responses=problem_responses(WebhookEndpointNotFound, InvalidCursor),
)
async def list_webhook_deliveries(
    webhook_endpoint_id: UUID,
    owner: OwnerDep,
    session: SessionDep,
    page: PageDep,
    state: Annotated[DeliveryState | None, Query(alias="status", description="Only deliveries in this state.")] = None,
) -> Results[WebhookDeliveryRead]:
    """Return what was and is to be sent to the endpoint, newest first."""
    binding = ("webhook_deliveries", owner.id, webhook_endpoint_id, state)
    before = page.place(tuple[UUID], binding=binding)
    found = await service.list_deliveries(
        session,
        owner.id,
        webhook_endpoint_id,
        status=state,
        before=before[0] if before else None,
        limit=page.limit + 1,
    )
    rows, cursor = page.cut(found, lambda row: (row.delivery.id,), binding=binding)
    return Results(results=[shown_delivery(row) for row in rows], next_cursor=cursor)


@router.get(
    _ONE + "deliveries/{delivery_id}/",
    dependencies=[_MANAGE],
    summary="Get a delivery",
    responses=problem_responses(WebhookEndpointNotFound, WebhookDeliveryNotFound),
)
async def get_webhook_delivery(
    webhook_endpoint_id: UUID, delivery_id: UUID, owner: OwnerDep, session: SessionDep
) -> WebhookDeliveryDetailRead:
    """Return one delivery with its attempts: status, latency and how each answer began."""
    return shown_in_detail(await service.get_delivery(session, owner.id, webhook_endpoint_id, delivery_id))


@router.post(
    _ONE + "redeliver/",
    dependencies=[_MANAGE],
    status_code=status.HTTP_202_ACCEPTED,
    summary="Deliver one event again",
    responses=problem_responses(WebhookEndpointNotFound, WebhookDeliveryNotFound, WebhookEndpointDisabled),
)
async def redeliver_webhook(
    webhook_endpoint_id: UUID, asked: RedeliveryRequest, owner: OwnerDep, session: SessionDep
) -> WebhookDeliveryDetailRead:
    """Send an event once more now, under the same `webhook-id`, whatever became of it before."""
    found = await service.redeliver(session, owner.id, webhook_endpoint_id, asked.delivery_id)
    return shown_in_detail(found)


@router.post(
    _ONE + "replay/",
    dependencies=[requires("webhooks:write", rate=Rate.COSTLY)],
    status_code=status.HTTP_202_ACCEPTED,
    summary="Deliver again what happened since",
    responses=problem_responses(WebhookEndpointNotFound, WebhookEndpointDisabled),
)
async def replay_webhooks(
    webhook_endpoint_id: UUID, asked: ReplayRequest, owner: OwnerDep, session: SessionDep
) -> ReplayRead:
    """Send what happened since and did not arrive, oldest first, at most 1,000 events at once.

    That includes what happened while the endpoint was disabled or did not exist.
    """
    replay = await service.replay(
        session, owner.id, webhook_endpoint_id, since=asked.since, is_whole=asked.include_delivered
    )
    return ReplayRead(events=replay.owed, up_to=replay.up_to, has_more=replay.has_more)
