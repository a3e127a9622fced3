"""Where Pluggy delivers."""

from fastapi import Request, Response, status

from app.dependencies import ResourcesDep
from app.http_errors import PayloadTooLarge, ServiceUnavailable
from app.problems import problem_responses
from app.routing import make_router, public
from app.webhooks import flow
from app.webhooks.errors import MalformedWebhook, WebhookNotProven

router = make_router("webhooks")


@router.post(
    "/webhooks/pluggy/",
    status_code=status.HTTP_202_ACCEPTED,
    dependencies=[public("Pluggy proves itself by a secret header or a signature of the raw body (R57)", rate=None)],
    summary="Receive an event of Pluggy",
    response_class=Response,
    responses=problem_responses(MalformedWebhook, WebhookNotProven, PayloadTooLarge, ServiceUnavailable),
)
async def receive_pluggy_webhook(request: Request, resources: ResourcesDep) -> Response:
    """Store one event durably, then answer 202; its effect follows. Duplicates and unknown events get 202 too.

    Proof: the header that `POST /webhooks` of Pluggy was given, or its HMAC-SHA512 of the raw body.
    """
    address = request.client.host if request.client else None
    await flow.receive(resources, request.headers.items(), await request.body(), address=address)
    return Response(status_code=status.HTTP_202_ACCEPTED)
