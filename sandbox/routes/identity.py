"""Who the holder of an item is."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query

from sandbox.http import WorldDep
from sandbox.wire import Json, not_found

router = APIRouter(tags=["Identity"])


@router.get("/identity")
async def get_item_identity(world: WorldDep, item_id: Annotated[UUID, Query(alias="itemId")]) -> Json:
    """One object, not a page."""
    if identity := world.ledger.identity(str(item_id)):
        return Json(identity)
    raise not_found("identity")


@router.get("/identity/{id}")
async def get_identity(world: WorldDep, identity_id: Annotated[UUID, Path(alias="id")]) -> Json:
    if identity := world.ledger.identity_by_id(str(identity_id)):
        return Json(identity)
    raise not_found("identity")
