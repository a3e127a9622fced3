"""Credit-card bills of an account."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from sandbox.http import PageDep, PageSizeDep, PathId, WorldDep
from sandbox.wire import Json, not_found, page_of

router = APIRouter(tags=["Bill"])


@router.get("/bills")
async def list_bills(
    world: WorldDep,
    account_id: Annotated[UUID, Query(alias="accountId")],
    page: PageDep = 1,
    page_size: PageSizeDep = 500,
) -> Json:
    return Json(page_of(world.ledger.bills(str(account_id)), page=page, page_size=page_size))


@router.get("/bills/{id}")
async def get_bill(world: WorldDep, bill_id: PathId) -> Json:
    if bill := world.ledger.bill(bill_id.lower()):
        return Json(bill)
    raise not_found("bill", "CREDIT_CARD_BILL_NOT_FOUND")
