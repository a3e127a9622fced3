"""Accounts with their live balance and statements."""

from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from fastapi import APIRouter, Query

from sandbox.http import CallerDep, PathId, WorldDep
from sandbox.items import find_item
from sandbox.ledger.models import Account
from sandbox.wire import Json, not_found, page_of
from sandbox.world import World

router = APIRouter(tags=["Account"])
_REDUCED = ("id", "itemId", "type", "subtype", "number", "balance", "name", "currencyCode")


def get_account_of(world: World, account_id: str) -> Account:
    """Raises 404 ACCOUNT_NOT_FOUND."""
    if account := world.ledger.account(account_id.lower()):
        return account
    raise not_found("account")


@router.get("/accounts")
async def list_accounts(
    world: WorldDep,
    caller: CallerDep,
    item_id: Annotated[UUID, Query(alias="itemId")],
    type_: Annotated[Literal["BANK", "CREDIT"] | None, Query(alias="type")] = None,
) -> Json:
    """The item's accounts; an unknown item has none. A connect token sees the reduced view."""
    if world.items.get(str(item_id)) is None:
        return Json(page_of([]))
    find_item(world, caller, str(item_id))
    accounts = [account for account in world.ledger.accounts(str(item_id)) if type_ in (None, account.type)]
    return Json(page_of([_reduced(account) for account in accounts] if caller.is_widget else accounts))


def _reduced(account: Account) -> dict[str, Any]:
    view = {field.encode_name: getattr(account, field.name) for field in msgspec.structs.fields(account)}
    return {name: view[name] for name in _REDUCED}


@router.get("/accounts/{id}")
async def get_account(world: WorldDep, account_id: PathId) -> Json:
    return Json(get_account_of(world, account_id))
