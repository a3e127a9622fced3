"""HTTP of bills."""

from datetime import date
from typing import NamedTuple
from uuid import UUID

from app.accounts.errors import AccountNotFound
from app.bills import service
from app.bills.schemas import BillRead, shown
from app.clock import local_day, utc_now
from app.dependencies import OwnerDep, PageDep, SessionDep
from app.pagination import InvalidCursor
from app.problems import problem_responses
from app.routing import make_router, requires
from app.schemas import Results

router = make_router("accounts")


class Place(NamedTuple):
    """Where a page of the list ends."""

    due_date: date
    id: UUID


@router.get(
    "/accounts/{account_id}/bills/",
    dependencies=[requires("accounts:read")],
    summary="List a card's bills",
    responses=problem_responses(AccountNotFound, InvalidCursor),
)
async def list_bills(account_id: UUID, owner: OwnerDep, session: SessionDep, page: PageDep) -> Results[BillRead]:
    """Return the card's bills, the latest due first, each with its status today; a bank account has none."""
    binding = ("bills", owner.id, account_id)
    before = page.place(Place, binding=binding)
    found = await service.list_page(session, owner.id, account_id, before=before, limit=page.limit + 1)
    bills, cursor = page.cut(found, lambda bill: Place(bill.due_date, bill.id), binding=binding)
    today = local_day(utc_now())
    return Results(results=[shown(bill, today) for bill in bills], next_cursor=cursor)
