"""HTTP of connections."""

from datetime import datetime
from typing import Annotated, NamedTuple
from uuid import UUID

from fastapi import Depends, Header, Response, status

from app.clock import utc_now
from app.connections import flow, refusals, removal, repair, service
from app.connections.errors import (
    ConnectionBeingDeleted,
    ConnectionNotFound,
    DeletionNotFound,
    ItemNotFound,
    RedirectNotAllowed,
    SandboxItemRefused,
)
from app.connections.models import Deletion
from app.connections.repair import Answer, Repair
from app.connections.schemas import (
    AuthorizationRead,
    ConnectionRead,
    ConnectionRow,
    ConnectTokenRead,
    ConnectTokenRequest,
    CredentialsRequest,
    DeletionRead,
    FromItemRequest,
    MfaRequest,
    RepairRead,
    plain,
)
from app.connections.view import View, shown, shown_row
from app.database import transaction
from app.dependencies import OwnerDep, PageDep, ResourcesDep, SessionDep
from app.etags import WITH_ETAG, etag_of
from app.http_errors import PluggyAuthFailed, PluggyHasRefused, PluggyIsUnavailable
from app.oauth.errors import ItemNotMade
from app.pagination import InvalidCursor
from app.problems import preferred_language, problem_responses
from app.rates import Rate
from app.resources import Resources
from app.routing import make_router, requires
from app.schemas import Results

router = make_router("connections")

_READ = requires("connections:read")
_WRITE = requires("connections:write")
_ASK_PLUGGY = requires("connections:write", rate=Rate.COSTLY)
_GIVE_TOKEN = requires("connections:write", rate=Rate.COSTLY, repeats_because="the answer holds a token")
_PASS_CREDENTIALS = requires("connections:write", rate=Rate.COSTLY, repeats_because="it takes credentials")
_PLUGGY = (PluggyIsUnavailable, PluggyAuthFailed, PluggyHasRefused)
_VISIT = (
    ItemNotMade,
    refusals.ItemGone,
    refusals.AlreadyUpdating,
    refusals.VisitedTooRecently,
    refusals.LoginBackoff,
    refusals.ConnectionSuspended,
    refusals.CredentialsNeeded,
    refusals.OtherAccountUsed,
    refusals.UpdatesNotPossible,
    refusals.InstitutionOffline,
    refusals.MfaAlreadyUsed,
)


class Place(NamedTuple):
    """Where a page of the list ends."""

    created_at: datetime
    id: UUID


async def get_view(
    resources: ResourcesDep,
    accept_language: Annotated[str, Header(max_length=500, description="Language of `user_message`.")] = "",
) -> View:
    """Return for whom connections are shown."""
    return View(resources.settings.sync, preferred_language(accept_language), utc_now())


ViewDep = Annotated[View, Depends(get_view)]


@router.post(
    "/connections/create_connect_token/",
    dependencies=[_GIVE_TOKEN],
    summary="Get a token for the widget",
    responses=problem_responses(ConnectionNotFound, RedirectNotAllowed, ItemNotMade, refusals.ItemGone, *_PLUGGY),
)
async def create_connect_token(
    owner: OwnerDep, resources: ResourcesDep, body: ConnectTokenRequest | None = None
) -> ConnectTokenRead:
    """Return a token for one opening of Pluggy Connect, good for 30 minutes, and the page that opens it.

    Items made with it belong to the caller: hand the item's id to `create_from_item`. A login that is connected
    already is refused by the widget (`ITEM_USER_ALREADY_EXISTS`, with the item): hand that item over instead.
    """
    asked = body or ConnectTokenRequest()
    token = await flow.create_connect_token(
        resources,
        owner.id,
        connection_id=asked.connection_id,
        products=asked.products,
        oauth_redirect_uri=asked.oauth_redirect_uri,
    )
    return ConnectTokenRead.model_validate(token)


@router.post(
    "/connections/create_from_item/",
    dependencies=[_ASK_PLUGGY],
    status_code=status.HTTP_201_CREATED,
    summary="Connect the item that the widget made",
    responses={
        200: {"model": ConnectionRead, "description": "The caller has this connection already."},
        **problem_responses(ItemNotFound, SandboxItemRefused, ConnectionBeingDeleted, *_PLUGGY),
    },
)
async def create_from_item(
    body: FromItemRequest, owner: OwnerDep, resources: ResourcesDep, view: ViewDep, response: Response
) -> ConnectionRead:
    """Make the caller's connection of an item and queue its first sync.

    The item must have been made with a connect token of the caller: Pluggy is asked, the caller is not believed.
    """
    connection, is_new = await flow.create_from_item(resources, owner.id, body.item_id)
    if not is_new:
        response.status_code = status.HTTP_200_OK
    return await _read(resources, owner.id, connection.id, view)


@router.get(
    "/connections/", dependencies=[_READ], summary="List connections", responses=problem_responses(InvalidCursor)
)
async def list_connections(
    owner: OwnerDep, session: SessionDep, page: PageDep, view: ViewDep
) -> Results[ConnectionRow]:
    """Return the caller's connections, newest first."""
    binding = ("connections", owner.id)
    after = page.place(Place, binding=binding)
    found = await service.list_page(session, owner.id, after=after, limit=page.limit + 1)
    rows, cursor = page.cut(found, lambda row: Place(row.created_at, row.id), binding=binding)
    return Results(results=[shown_row(row, view) for row in rows], next_cursor=cursor)


@router.get(
    "/connections/{connection_id}/",
    dependencies=[_READ],
    summary="Get a connection",
    responses={**WITH_ETAG, **problem_responses(ConnectionNotFound)},
)
async def get_connection(
    connection_id: UUID, owner: OwnerDep, session: SessionDep, view: ViewDep, response: Response
) -> ConnectionRead:
    """Return one connection with its state as last read, and what the person must do next.

    To wait for a bank: ask every 5 seconds until `is_ready`, `is_failed`, or `poll_status` is `timed_out`. A timed out
    connection is not lost: it goes on when the person does.
    """
    overview = await service.overview(session, owner.id, connection_id)
    response.headers["ETag"] = etag_of(overview.connection.change_number)
    return shown(overview, view)


@router.post(
    "/connections/{connection_id}/update_credentials/",
    dependencies=[_PASS_CREDENTIALS],
    summary="Repair a connection's login",
    responses={
        202: {"model": RepairRead, "description": "The bank is being visited; follow the connection."},
        **problem_responses(ConnectionNotFound, *_VISIT, *_PLUGGY),
    },
)
async def update_credentials(
    connection_id: UUID,
    owner: OwnerDep,
    resources: ResourcesDep,
    view: ViewDep,
    response: Response,
    body: CredentialsRequest | None = None,
) -> RepairRead:
    """Send a new login to the bank, or get what the person gives it in.

    With `parameters`: the bank is visited with them (202). Empty: a connect token in update mode, or, at banks with
    their own authorisation pages, a new authorisation. Credentials pass through; they are neither stored nor logged.
    """
    parameters = plain(body.parameters) if body is not None else None
    outcome = await repair.update_credentials(resources, owner.id, connection_id, parameters)
    if parameters is not None:
        response.status_code = status.HTTP_202_ACCEPTED
    return _shown_repair(outcome, await _read(resources, owner.id, connection_id, view))


@router.post(
    "/connections/{connection_id}/update_mfa/",
    dependencies=[_PASS_CREDENTIALS],
    status_code=status.HTTP_202_ACCEPTED,
    summary="Answer what the bank asks for",
    responses=problem_responses(ConnectionNotFound, refusals.MfaNotAwaited, refusals.MfaExpired, *_VISIT, *_PLUGGY),
)
async def update_mfa(
    connection_id: UUID, body: MfaRequest, owner: OwnerDep, resources: ResourcesDep, view: ViewDep
) -> ConnectionRead:
    """Give the bank the code, choice or text of `action_required.prompt`; the visit then goes on.

    The server looks up what the value is called. At banks that want a new code at every visit, it begins one. Codes
    pass through; they are neither stored nor logged.
    """
    value = None if body.value is None else body.value.get_secret_value()
    await repair.update_mfa(resources, owner.id, connection_id, Answer(value, plain(body.parameters)))
    return await _read(resources, owner.id, connection_id, view)


@router.delete(
    "/connections/{connection_id}/",
    dependencies=[_WRITE],
    status_code=status.HTTP_202_ACCEPTED,
    summary="Delete a connection",
    responses=problem_responses(ConnectionNotFound),
)
async def delete_connection(
    connection_id: UUID, owner: OwnerDep, session: SessionDep, response: Response
) -> DeletionRead:
    """Forget the connection's data at once and have Pluggy delete the item, which revokes the consent."""
    deletion = await removal.start_deletion(session, owner.id, connection_id)
    response.headers["Location"] = f"/api/banking/deletions/{deletion.id}/"
    return _shown_deletion(deletion)


@router.get(
    "/deletions/{deletion_id}/",
    dependencies=[_READ],
    summary="Follow a deletion",
    responses=problem_responses(DeletionNotFound),
)
async def get_deletion(deletion_id: UUID, owner: OwnerDep, session: SessionDep) -> DeletionRead:
    """Return how far a deletion has come."""
    return _shown_deletion(await removal.get_deletion(session, owner.id, deletion_id))


async def _read(resources: Resources, owner_id: UUID, connection_id: UUID, view: View) -> ConnectionRead:
    async with transaction(resources.sessions, owner_id) as session:
        return shown(await service.overview(session, owner_id, connection_id), view)


def _shown_repair(outcome: Repair, connection: ConnectionRead) -> RepairRead:
    token, authorization = outcome.connect_token, outcome.authorization
    return RepairRead(
        connection=connection,
        connect_token=None if token is None else ConnectTokenRead.model_validate(token),
        authorization=None if authorization is None else AuthorizationRead.model_validate(authorization),
    )


def _shown_deletion(deletion: Deletion) -> DeletionRead:
    return DeletionRead(
        id=deletion.id,
        connection_id=deletion.connection_id,
        status="pending" if deletion.finished_at is None else "finished",
        created_at=deletion.created_at,
        finished_at=deletion.finished_at,
    )
