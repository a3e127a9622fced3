"""HTTP of authorisations."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status
from starlette.requests import Request
from starlette.responses import RedirectResponse

from app.connections import refusals
from app.connections import service as connections
from app.connections.errors import ConnectionNotFound, RedirectNotAllowed
from app.connections.router import ViewDep
from app.connections.schemas import ConnectionRead, plain
from app.connections.view import View, shown
from app.database import transaction
from app.dependencies import OwnerDep, ResourcesDep
from app.http_errors import PluggyAuthFailed, PluggyHasRefused, PluggyIsUnavailable
from app.oauth import flow
from app.oauth.errors import (
    AlreadyConnected,
    ConnectorNotOAuth,
    RedirectNeeded,
    ReturnNotAllowed,
    StateExpired,
    StateNotFound,
    StateUsed,
)
from app.oauth.landing import Arrival, land
from app.oauth.pages import Message, page
from app.oauth.redirects import CALLBACK_PATH
from app.oauth.schemas import BegunRead, ExchangeRequest, OAuthRequest
from app.problems import preferred_language, problem_responses
from app.rates import Rate
from app.resources import Resources
from app.routing import Route, make_router, public, requires

_BEGIN = requires("connections:write", rate=Rate.COSTLY, repeats_because="it takes credentials and gives a secret")
_EXCHANGE = requires("connections:write", rate=Rate.COSTLY, repeats_because="it takes a code")
_PLUGGY = (PluggyIsUnavailable, PluggyAuthFailed, PluggyHasRefused)


class _LandingRoute(Route):
    """Takes whatever query a bank's redirect brings: a browser is shown a page, never a problem about its address."""

    takes_any_query = True


router = make_router("connections")
landing_router = make_router("connections", prefix="")
landing_router.route_class = _LandingRoute


@router.post(
    "/connections/oauth/",
    dependencies=[_BEGIN],
    status_code=status.HTTP_201_CREATED,
    summary="Connect a bank by its own authorisation page",
    responses={
        202: {
            "model": BegunRead,
            "description": "The bank has not answered yet: the address appears as the connection's `action_required`.",
        },
        **problem_responses(
            RedirectNotAllowed,
            RedirectNeeded,
            ReturnNotAllowed,
            ConnectorNotOAuth,
            AlreadyConnected,
            refusals.InstitutionOffline,
            refusals.ConnectionLimitReached,
            refusals.WidgetNeeded,
            *_PLUGGY,
        ),
    },
)
async def start_oauth(
    body: OAuthRequest, owner: OwnerDep, resources: ResourcesDep, view: ViewDep, response: Response
) -> BegunRead:
    """Begin an Open Finance connection and return the bank's page, which the person opens in a browser.

    Waits up to 30 seconds for that address. Follow the connection until `is_ready`, `is_failed`, or `poll_status` is
    `timed_out`, which can still be repaired.
    """
    wish = flow.Wish(
        connector_id=body.connector_id,
        parameters=plain(body.parameters) or {},
        products=body.products,
        redirect_uri=body.redirect_uri,
        return_url=body.return_url,
    )
    begun = await flow.start(resources, owner.id, wish)
    if begun.authorization_url is None:
        response.status_code = status.HTTP_202_ACCEPTED
    response.headers["Location"] = f"/api/banking/connections/{begun.connection.id}/"
    return BegunRead(
        connection=await _read(resources, owner.id, begun.connection.id, view),
        item_id=begun.connection.item_id,
        status=begun.connection.status,
        authorization_url=begun.authorization_url,
        state=begun.state,
        expires_at=begun.expires_at,
    )


@router.post(
    "/connections/oauth/exchange/",
    dependencies=[_EXCHANGE],
    summary="Hand over what the bank's browser brought to the app",
    responses=problem_responses(StateNotFound, StateUsed, StateExpired, ConnectionNotFound),
)
async def exchange_oauth(
    body: ExchangeRequest, owner: OwnerDep, resources: ResourcesDep, view: ViewDep
) -> ConnectionRead:
    """Take up a landing at the app's own `redirect_uri`, as our callback does, and return the connection.

    The state is good for one use within ten minutes and for its owner only.
    """
    connection = await flow.exchange(resources, owner.id, body.state, body.item_id)
    return await _read(resources, owner.id, connection.id, view)


@landing_router.get(
    CALLBACK_PATH,
    dependencies=[public("a browser comes from the bank without a token; it learns nothing and decides nothing")],
    summary="Landing of the bank's browser",
    response_class=Response,
    responses={
        200: {"content": {"text/html": {}}, "description": "A page for the person, in pt-BR or by `Accept-Language`."},
        303: {"description": "On to the `return_url` that the connection was begun with."},
        400: {"content": {"text/html": {}}, "description": "A page: this address means nothing here."},
    },
)
async def land_oauth(
    request: Request,
    resources: ResourcesDep,
    state: Annotated[str | None, Query(description="What `oauth/` returned.")] = None,
    item_id: Annotated[str | None, Query(alias="itemId", description="The item, as Pluggy adds it.")] = None,
    code: Annotated[str | None, Query(description="Ignored.")] = None,  # noqa: ARG001 # documented, and none of ours
    error: Annotated[str | None, Query(description="The bank's refusal, if it says so here.")] = None,
) -> Response:
    """Receive the person back from the bank and send the browser on. What became of it is read from Pluggy."""
    landing = await land(resources, Arrival(state or None, _uuid(item_id)))
    if landing.return_url is not None:
        return RedirectResponse(landing.return_url, status.HTTP_303_SEE_OTHER)
    message = Message.UNKNOWN if not landing.is_known else Message.REFUSED if error else Message.RECEIVED
    return page(message, preferred_language(request.headers.get("accept-language", "")))


async def _read(resources: Resources, owner_id: UUID, connection_id: UUID, view: View) -> ConnectionRead:
    async with transaction(resources.sessions, owner_id) as session:
        return shown(await connections.overview(session, owner_id, connection_id), view)


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
