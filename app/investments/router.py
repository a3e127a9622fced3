"""HTTP of investments."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Query

from app.clock import utc_now
from app.connections.models import BankConnection
from app.dependencies import OwnerDep, PageDep, ResourcesDep, SessionDep
from app.freshness import freshness_of
from app.investments import service
from app.investments.models import Investment
from app.investments.schemas import InvestmentRead
from app.pagination import InvalidCursor
from app.problems import problem_responses
from app.routing import make_router, requires
from app.schemas import Results

router = make_router("investments")


@router.get(
    "/investments/",
    dependencies=[requires("accounts:read")],
    summary="List investments",
    responses=problem_responses(InvalidCursor),
)
async def list_investments(
    owner: OwnerDep,
    session: SessionDep,
    resources: ResourcesDep,
    page: PageDep,
    connection_id: Annotated[
        UUID | None, Query(description="Of this connection; none when it is not the caller's.")
    ] = None,
) -> Results[InvestmentRead]:
    """Return the caller's positions, in the order in which they were first read."""
    binding = ("investments", owner.id, connection_id)
    after = page.place(tuple[datetime, UUID], binding=binding)
    found = await service.list_page(session, owner.id, connection_id=connection_id, after=after, limit=page.limit + 1)
    rows, cursor = page.cut(found, lambda each: (each.row.created_at, each.row.id), binding=binding)
    interval = timedelta(hours=resources.settings.sync.auto_sync_interval_hours)
    return Results(results=[_shown(each.row, each.connection, interval) for each in rows], next_cursor=cursor)


def _shown(row: Investment, connection: BankConnection, interval: timedelta) -> InvestmentRead:
    columns = {name: getattr(row, name) for name in InvestmentRead.model_fields if hasattr(row, name)}
    return InvestmentRead.model_validate(
        {
            **columns,
            "institution_name": connection.institution_name,
            "number": row.number_masked,
            "freshness": freshness_of(connection, interval=interval, now=utc_now()),
        }
    )
