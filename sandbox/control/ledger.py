"""The bank's reality from behind: the truth, and edits that the API shows after the next collection, or at once."""

from typing import Annotated

from fastapi import APIRouter, Query

from sandbox.http import WorldDep
from sandbox.wire import Json, not_found

router = APIRouter(tags=["Ledger"])


@router.get("/truth")
async def get_truth(world: WorldDep, item_id: Annotated[str | None, Query(alias="itemId")] = None) -> Json:
    """The exact ledger an observer of the API should hold now; amounts as decimal strings."""
    try:
        return Json(world.ledger.truth(item_id))
    except KeyError:
        raise not_found("item") from None
