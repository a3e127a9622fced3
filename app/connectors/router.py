"""HTTP of connectors."""

from typing import Annotated

from fastapi import Path, Query

from app.connectors import catalogue, flow
from app.connectors.errors import ConnectorNotFound
from app.connectors.flow import Place, Wanted, place_of
from app.connectors.schemas import ConnectorList, ConnectorRead, shown, shown_row
from app.dependencies import PageDep, ResourcesDep
from app.http_errors import PluggyAuthFailed, PluggyIsUnavailable
from app.pagination import InvalidCursor
from app.problems import problem_responses
from app.routing import make_router, requires

router = make_router("connectors")

Country = Annotated[str | None, Query(pattern="^[A-Z]{2}$", description="ISO 3166, e.g. `BR`.")]
_PLUGGY = (PluggyIsUnavailable, PluggyAuthFailed)


@router.get(
    "/connectors/",
    dependencies=[requires("connections:read")],
    summary="List the banks that can be connected",
    responses=problem_responses(InvalidCursor, *_PLUGGY),
)
async def list_connectors(
    resources: ResourcesDep,
    page: PageDep,
    country: Country = None,
    oauth: Annotated[bool | None, Query(description="Those that authorise at the bank's own pages.")] = None,
    is_open_finance: Annotated[bool | None, Query(description="Those of the regulated Open Finance.")] = None,
    kind: Annotated[str | None, Query(alias="type", max_length=60, description="E.g. `PERSONAL_BANK`.")] = None,
    q: Annotated[str | None, Query(min_length=1, max_length=100, description="Part of the name.")] = None,
) -> ConnectorList:
    """Return institutions by name, with their health and capabilities; `q` minds neither accents nor case.

    The list is at most minutes old, older while Pluggy can't be reached (`as_of`). Sandbox institutions appear only in
    a service that runs with PLUGGY_USE_SANDBOX.
    """
    wanted = Wanted(country, oauth, is_open_finance, kind, q)
    binding = ("connectors", *wanted)
    after = page.place(Place, binding=binding)
    found, as_of = await flow.list_connectors(resources, wanted, after=after, limit=page.limit + 1)
    rows, cursor = page.cut(found, place_of, binding=binding)
    return ConnectorList(results=[shown_row(each) for each in rows], next_cursor=cursor, as_of=as_of)


@router.get(
    "/connectors/{connector_id}/",
    dependencies=[requires("connections:read")],
    summary="Get a bank with the fields it asks for",
    responses=problem_responses(ConnectorNotFound, *_PLUGGY),
)
async def get_connector(
    connector_id: Annotated[int, Path(ge=0, le=2**31 - 1)], resources: ResourcesDep
) -> ConnectorRead:
    """Return one institution: its credentials (what to ask the person for), incidents and health."""
    connector, as_of = await catalogue.get_connector(resources, connector_id)
    return shown(connector, as_of)
