"""Where Pluggy delivers."""

from typing import Annotated

from fastapi import Depends, Request, Response, status

from app.dependencies import ResourcesDep
from app.http import client_address
from app.http_errors import PayloadTooLarge, ServiceUnavailable
from app.problems import problem_responses
from app.routing import make_router, public
from app.webhooks import flow
from app.webhooks.errors import MalformedWebhook, WebhookNotProven
from app.webhooks.inbox import Inbox

router = make_router("webhooks")


async def get_inbox(request: Request) -> Inbox:
    """Return the process's inbox."""
    inbox: Inbox = request.app.state.inbox
    return inbox


@router.post(
    "/webhooks/pluggy/",
    status_code=status.HTTP_202_ACCEPTED,
    dependencies=[public("Pluggy proves itself by a secret header or a signature of the raw body (R57)", rate=None)],
    summary="Receive an event of Pluggy",
    response_class=Response,
    responses=problem_responses(MalformedWebhook, WebhookNotProven, PayloadTooLarge, ServiceUnavailable),
)
async def receive_pluggy_webhook(
    request: Request, resources: ResourcesDep, inbox: Annotated[Inbox, Depends(get_inbox)]
) -> Response:
    """Store one event durably, then answer 202; its effect follows. Duplicates and unknown events get 202 too.

    Proof: the header that `POST /webhooks` of Pluggy was given, or its HMAC-SHA512 of the raw body.
    """
    settings = resources.settings
    address = client_address(request, settings.service.trusted_proxies)
    await flow.receive(inbox, settings.pluggy, request.headers.items(), await request.body(), address=address)
    return Response(status_code=status.HTTP_202_ACCEPTED)
