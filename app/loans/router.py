"""HTTP of loans."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Query

from app.clock import utc_now
from app.connections.models import BankConnection
from app.dependencies import OwnerDep, PageDep, ResourcesDep, SessionDep
from app.freshness import freshness_of
from app.loans import service
from app.loans.models import Loan
from app.loans.schemas import LoanRead
from app.pagination import InvalidCursor
from app.problems import problem_responses
from app.routing import make_router, requires
from app.schemas import Results

router = make_router("loans")


@router.get(
    "/loans/",
    dependencies=[requires("accounts:read")],
    summary="List loans",
    responses=problem_responses(InvalidCursor),
)
async def list_loans(
    owner: OwnerDep,
    session: SessionDep,
    resources: ResourcesDep,
    page: PageDep,
    connection_id: Annotated[
        UUID | None, Query(description="Of this connection; none when it is not the caller's.")
    ] = None,
) -> Results[LoanRead]:
    """Return the caller's credit contracts, in the order in which they were first read."""
    binding = ("loans", owner.id, connection_id)
    after = page.place(tuple[datetime, UUID], binding=binding)
    found = await service.list_page(session, owner.id, connection_id=connection_id, after=after, limit=page.limit + 1)
    rows, cursor = page.cut(found, lambda each: (each.row.created_at, each.row.id), binding=binding)
    interval = timedelta(hours=resources.settings.sync.auto_sync_interval_hours)
    return Results(results=[_shown(each.row, each.connection, interval) for each in rows], next_cursor=cursor)


def _shown(row: Loan, connection: BankConnection, interval: timedelta) -> LoanRead:
    columns = {name: getattr(row, name) for name in LoanRead.model_fields if hasattr(row, name)}
    return LoanRead.model_validate(
        {
            **columns,
            "institution_name": connection.institution_name,
            "contract_number": row.contract_number_masked,
            "freshness": freshness_of(connection, interval=interval, now=utc_now()),
        }
    )
