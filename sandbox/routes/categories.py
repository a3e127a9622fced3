"""The tree of categories, and the client's own rules."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from sandbox.http import Body, PathId, WorldDep
from sandbox.ledger.models import Category
from sandbox.records import CategoryRule
from sandbox.wire import Json, not_found, page_of
from sandbox.world import World

router = APIRouter(tags=["Category"])


class CreateRule(Body):
    description: str
    category_id: str
    transaction_type: Literal["DEBIT", "CREDIT"] | None = None
    account_type: Literal["CHECKING_ACCOUNT", "CREDIT_CARD"] | None = None
    match_type: Literal["exact", "contains", "startsWith", "endsWith"] = "exact"


def _category(world: World, category_id: str) -> Category:
    if category := world.ledger.category(category_id):
        return category
    raise not_found("category")


@router.get("/categories")
async def list_categories(world: WorldDep, parent_id: Annotated[str | None, Query(alias="parentId")] = None) -> Json:
    return Json(page_of([row for row in world.ledger.categories() if parent_id in (None, row.parent_id)]))


@router.get("/categories/rules")
async def list_rules(world: WorldDep) -> Json:
    return Json(page_of(list(world.rules)))


@router.post("/categories/rules")
async def create_rule(world: WorldDep, body: CreateRule) -> Json:
    """Kept and listed; this stand-in does not recategorise by it."""
    rule = CategoryRule(
        id=world.new_id("rule"),
        description=body.description,
        category_id=body.category_id,
        category=_category(world, body.category_id).description,
        client_id=world.config.client_id,
        transaction_type=body.transaction_type,
        account_type=body.account_type,
        match_type=body.match_type,
    )
    world.rules.put(rule.id, rule)
    return Json(rule)


@router.delete("/categories/rules/{id}", status_code=204)
async def delete_rule(world: WorldDep, rule_id: Annotated[UUID, Path(alias="id")]) -> Response:
    if world.rules.drop(str(rule_id)) is None:
        raise not_found("category rule")
    return Response(status_code=204)


@router.get("/categories/{id}")
async def get_category(world: WorldDep, category_id: PathId) -> Json:
    return Json(_category(world, category_id))
