"""HTTP of sync runs."""

from collections import defaultdict
from uuid import UUID

from fastapi import Response, status

from app.connections import refusals
from app.connections.errors import ConnectionNotFound
from app.dependencies import OwnerDep, PageDep, ResourcesDep, SessionDep
from app.http_errors import PluggyAuthFailed, PluggyIsUnavailable
from app.oauth.errors import ItemNotMade
from app.pagination import InvalidCursor
from app.problems import problem_responses
from app.rates import Rate
from app.refresh import flow
from app.refresh.errors import PersonNeeded
from app.routing import make_router, requires
from app.schemas import Results
from app.sync import service
from app.sync.errors import SyncRunNotFound
from app.sync.models import SyncRunAccount
from app.sync.schemas import RefreshRead, SyncRequest, SyncRequestedRead, SyncRunRead, shown

router = make_router("sync")

_REFUSALS = (
    refusals.ItemGone,
    refusals.LoginBackoff,
    refusals.ConnectionSuspended,
    refusals.CredentialsNeeded,
    refusals.OtherAccountUsed,
)


@router.post(
    "/connections/{connection_id}/sync/",
    dependencies=[requires("connections:write", rate=Rate.COSTLY)],
    status_code=status.HTTP_202_ACCEPTED,
    summary="Bring the ledger up to date",
    responses=problem_responses(
        ConnectionNotFound, ItemNotMade, PersonNeeded, *_REFUSALS, PluggyIsUnavailable, PluggyAuthFailed
    ),
)
async def request_sync(
    connection_id: UUID, owner: OwnerDep, resources: ResourcesDep, response: Response, body: SyncRequest | None = None
) -> SyncRequestedRead:
    """Ask for a reading of the connection; calls made while one is queued share it. Follow it at `syncs/{id}/`.

    Before, Pluggy is asked to visit the bank where that is wished and allowed; the run waits for that visit. Pluggy
    visits some banks once an hour or a day at most, and its own schedule goes on meanwhile: `too_soon` is no error.
    """
    run, refresh = await flow.sync_now(
        resources, owner.id, connection_id, wish=(body or SyncRequest()).refresh, is_person=owner.kind == "person"
    )
    response.headers["Location"] = f"/api/banking/syncs/{run.id}/"
    return SyncRequestedRead(
        **shown(run, []).model_dump(),
        refresh=RefreshRead(status=refresh.status, next_allowed_at=refresh.next_allowed_at),
    )


@router.get(
    "/connections/{connection_id}/syncs/",
    dependencies=[requires("connections:read")],
    summary="List a connection's sync runs",
    responses=problem_responses(ConnectionNotFound, InvalidCursor),
)
async def list_syncs(connection_id: UUID, owner: OwnerDep, session: SessionDep, page: PageDep) -> Results[SyncRunRead]:
    """Return the connection's runs, newest first."""
    binding = ("syncs", owner.id, connection_id)
    before = page.place(UUID, binding=binding)
    found = await service.list_runs(session, owner.id, connection_id, before=before, limit=page.limit + 1)
    runs, cursor = page.cut(found, lambda run: run.id, binding=binding)
    parts = defaultdict[UUID, list[SyncRunAccount]](list)
    for part in await service.parts_of(session, owner.id, [run.id for run in runs]):
        parts[part.run_id].append(part)
    return Results(results=[shown(run, parts[run.id]) for run in runs], next_cursor=cursor)


@router.get(
    "/syncs/{run_id}/",
    dependencies=[requires("connections:read")],
    summary="Follow a sync run",
    responses=problem_responses(SyncRunNotFound),
)
async def get_sync(run_id: UUID, owner: OwnerDep, session: SessionDep) -> SyncRunRead:
    """Return how far a run has come, or how it ended."""
    run = await service.get(session, owner.id, run_id)
    return shown(run, await service.parts_of(session, owner.id, [run_id]))
