"""Merchants by CNPJ."""

from typing import Annotated

from fastapi import APIRouter, Query

from sandbox.http import WorldDep, split
from sandbox.wire import Json

router = APIRouter(tags=["Merchant"])


@router.get("/merchants")
async def find_merchants(world: WorldDep, cnpjs: Annotated[list[str] | None, Query()] = None) -> Json:
    """Those known, those unknown, and what is no CNPJ at all."""
    return Json(world.ledger.merchants(split(cnpjs)))
