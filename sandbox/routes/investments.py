"""Investments with their transactions."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from sandbox.http import PageDep, PageSizeDep, PathId, WorldDep
from sandbox.wire import Json, not_found, page_of

router = APIRouter(tags=["Investment"])


@router.get("/investments")
async def list_investments(
    world: WorldDep,
    item_id: Annotated[UUID, Query(alias="itemId")],
    type_: Annotated[str | None, Query(alias="type")] = None,
    page: PageDep = 1,
    page_size: PageSizeDep = 500,
) -> Json:
    investments = [row for row in world.ledger.investments(str(item_id)) if type_ in (None, row.type)]
    return Json(page_of(investments, page=page, page_size=page_size))


@router.get("/investments/{id}")
async def get_investment(world: WorldDep, investment_id: PathId) -> Json:
    if investment := world.ledger.investment(investment_id.lower()):
        return Json(investment)
    raise not_found("investment")


@router.get("/investments/{id}/transactions")
async def list_investment_transactions(
    world: WorldDep, investment_id: PathId, page: PageDep = 1, page_size: PageSizeDep = 500
) -> Json:
    if world.ledger.investment(investment_id.lower()) is None:
        raise not_found("investment")
    rows = world.ledger.investment_transactions(investment_id.lower())
    return Json(page_of(rows, page=page, page_size=page_size))
