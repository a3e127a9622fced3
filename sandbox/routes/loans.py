"""Loans of an item."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from sandbox.http import PathId, WorldDep
from sandbox.wire import Json, not_found, page_of

router = APIRouter(tags=["Loan"])


@router.get("/loans")
async def list_loans(world: WorldDep, item_id: Annotated[UUID, Query(alias="itemId")]) -> Json:
    return Json(page_of(world.ledger.loans(str(item_id))))


@router.get("/loans/{id}")
async def get_loan(world: WorldDep, loan_id: PathId) -> Json:
    if loan := world.ledger.loan(loan_id.lower()):
        return Json(loan)
    raise not_found("loan")
