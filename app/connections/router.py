"""HTTP of connections."""

from datetime import datetime
from uuid import UUID

from fastapi import Response, status

from app.connections import flow, service
from app.connections.errors import (
    ConnectionBeingDeleted,
    ConnectionNotFound,
    DeletionNotFound,
    ItemNotFound,
    RedirectNotAllowed,
    SandboxItemRefused,
)
from app.connections.models import BankConnection, Deletion
from app.connections.schemas import (
    ConnectionRead,
    ConnectTokenRead,
    ConnectTokenRequest,
    DeletionRead,
    FromItemRequest,
    InstitutionRead,
)
from app.dependencies import OwnerDep, PageDep, ResourcesDep, SessionDep
from app.http_errors import PluggyAuthFailed, PluggyIsUnavailable
from app.pagination import InvalidCursor
from app.problems import problem_responses
from app.routing import make_router, requires
from app.schemas import Results

router = make_router("connections")

_READ = requires("connections:read")
_WRITE = requires("connections:write")
_PLUGGY = (PluggyIsUnavailable, PluggyAuthFailed)


@router.post(
    "/connections/create_connect_token/",
    dependencies=[_WRITE],
    summary="Get a token for the widget",
    responses=problem_responses(ConnectionNotFound, RedirectNotAllowed, *_PLUGGY),
)
async def create_connect_token(
    owner: OwnerDep, resources: ResourcesDep, body: ConnectTokenRequest | None = None
) -> ConnectTokenRead:
    """Return a token for one opening of Pluggy Connect, good for 30 minutes, and the page that opens it.

    Items made with it belong to the caller: hand the item's id to `create_from_item`.
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
    dependencies=[_WRITE],
    status_code=status.HTTP_201_CREATED,
    summary="Connect the item that the widget made",
    responses={
        200: {"model": ConnectionRead, "description": "The caller has this connection already."},
        **problem_responses(ItemNotFound, SandboxItemRefused, ConnectionBeingDeleted, *_PLUGGY),
    },
)
async def create_from_item(
    body: FromItemRequest, owner: OwnerDep, resources: ResourcesDep, response: Response
) -> ConnectionRead:
    """Make the caller's connection of an item and queue its first sync.

    The item must have been made with a connect token of the caller: Pluggy is asked, the caller is not believed.
    """
    connection, is_new = await flow.create_from_item(resources, owner.id, body.item_id)
    if not is_new:
        response.status_code = status.HTTP_200_OK
    return shown(connection)


@router.get(
    "/connections/", dependencies=[_READ], summary="List connections", responses=problem_responses(InvalidCursor)
)
async def list_connections(owner: OwnerDep, session: SessionDep, page: PageDep) -> Results[ConnectionRead]:
    """Return the caller's connections, newest first."""
    binding = ("connections", owner.id)
    after = page.place(tuple[datetime, UUID], binding=binding)
    found = await service.list_page(session, owner.id, after=after, limit=page.limit + 1)
    rows, cursor = page.cut(found, lambda row: (row.created_at, row.id), binding=binding)
    return Results(results=[shown(row) for row in rows], next_cursor=cursor)


@router.get(
    "/connections/{connection_id}/",
    dependencies=[_READ],
    summary="Get a connection",
    responses=problem_responses(ConnectionNotFound),
)
async def get_connection(connection_id: UUID, owner: OwnerDep, session: SessionDep) -> ConnectionRead:
    """Return one connection with its state as last read."""
    return shown(await service.get(session, owner.id, connection_id))


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
    deletion = await service.start_deletion(session, owner.id, connection_id)
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
    return _shown_deletion(await service.get_deletion(session, owner.id, deletion_id))


def shown(connection: BankConnection) -> ConnectionRead:
    """Return what a client sees of a connection."""
    return ConnectionRead(
        id=connection.id,
        item_id=connection.item_id,
        institution=InstitutionRead(
            connector_id=connection.connector_id,
            name=connection.institution_name,
            image_url=connection.institution_image_url,
            is_open_finance=connection.is_open_finance,
            is_sandbox=connection.is_sandbox,
        ),
        products=connection.products,
        status=connection.status,
        execution_status=connection.execution_status,
        error_code=connection.error_code,
        last_read_at=connection.last_read_at,
        item_updated_at=connection.item_updated_at,
        next_sync_at=connection.next_sync_at,
        consent_expires_at=connection.consent_expires_at,
        created_at=connection.created_at,
        updated_at=connection.updated_at,
    )


def _shown_deletion(deletion: Deletion) -> DeletionRead:
    return DeletionRead(
        id=deletion.id,
        connection_id=deletion.connection_id,
        status="pending" if deletion.finished_at is None else "finished",
        created_at=deletion.created_at,
        finished_at=deletion.finished_at,
    )
