"""HTTP of investments and loans."""

from datetime import datetime, timedelta
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import Depends, Query

from app.clock import utc_now
from app.dependencies import OwnerDep, PageDep, ResourcesDep, SessionDep
from app.freshness import freshness_of
from app.holdings import service
from app.holdings.models import Holding, Investment, Loan
from app.holdings.schemas import InvestmentRead, LoanRead
from app.pagination import InvalidCursor
from app.problems import problem_responses
from app.routing import make_router, requires
from app.schemas import Results

investments = make_router("investments")
loans = make_router("loans")

_Shown = TypeVar("_Shown", InvestmentRead, LoanRead)


class HoldingList:
    """A page of what the caller holds of a kind, in the order in which it was first read."""

    def __init__(
        self,
        owner: OwnerDep,
        session: SessionDep,
        resources: ResourcesDep,
        page: PageDep,
        connection_id: Annotated[
            UUID | None, Query(description="Of this connection; none when it is not the caller's.")
        ] = None,
    ) -> None:
        self._owner_id, self._session, self._page, self._connection_id = owner.id, session, page, connection_id
        self._interval = timedelta(hours=resources.settings.sync.auto_sync_interval_hours)

    async def read(self, kind: type[Holding], schema: type[_Shown]) -> Results[_Shown]:
        """Return the page's rows as the API shows them. Raises InvalidCursor."""
        binding = (schema.__name__, self._owner_id, self._connection_id)
        after = self._page.place(tuple[datetime, UUID], binding=binding)
        found = await service.list_page(
            self._session,
            kind,
            self._owner_id,
            connection_id=self._connection_id,
            after=after,
            limit=self._page.limit + 1,
        )
        rows, cursor = self._page.cut(found, lambda each: (each.row.created_at, each.row.id), binding=binding)
        return Results(results=[self._show(each, schema) for each in rows], next_cursor=cursor)

    def _show(self, holding: service.OfConnection, schema: type[_Shown]) -> _Shown:
        columns = {column.removesuffix("_masked"): value for column, value in vars(holding.row).items()}
        freshness = freshness_of(holding.connection, interval=self._interval, now=utc_now())
        columns |= {"institution_name": holding.connection.institution_name, "freshness": freshness}
        return schema.model_validate({name: columns[name] for name in schema.model_fields})


ListDep = Annotated[HoldingList, Depends()]


@investments.get(
    "/investments/",
    dependencies=[requires("accounts:read")],
    summary="List investments",
    responses=problem_responses(InvalidCursor),
)
async def list_investments(holdings: ListDep) -> Results[InvestmentRead]:
    """Return the caller's positions, in the order in which they were first read."""
    return await holdings.read(Investment, InvestmentRead)


@loans.get(
    "/loans/",
    dependencies=[requires("accounts:read")],
    summary="List loans",
    responses=problem_responses(InvalidCursor),
)
async def list_loans(holdings: ListDep) -> Results[LoanRead]:
    """Return the caller's credit contracts, in the order in which they were first read."""
    return await holdings.read(Loan, LoanRead)
