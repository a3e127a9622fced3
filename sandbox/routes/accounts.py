"""Accounts with their live balance and statements."""

from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from fastapi import APIRouter, Query, Response

from sandbox.http import CallerDep, PathId, WorldDep
from sandbox.items import find_item
from sandbox.ledger.models import Account
from sandbox.lifetime import holds_consent
from sandbox.statements import read_statement, statements_of
from sandbox.wire import ApiError, Json, not_found, page_of
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


@router.get("/accounts/{id}/balance")
async def get_live_balance(world: WorldDep, account_id: PathId) -> Json:
    """What the bank holds now, without a visit of the item; it needs a valid consent and a bank that answers."""
    account = get_account_of(world, account_id)
    item = world.item(account.item_id)
    if world.health_of(world.connector(item.connector_id)) == "OFFLINE":
        message = "The financial institution is temporarily unavailable to provide the balance. Please try again later."
        raise ApiError(502, message, "BALANCE_CONNECTOR_UNAVAILABLE")
    if not holds_consent(world, item):
        message = (
            "The financial institution denied access to the account balance."
            " The consent may be expired or missing the required permission."
        )
        raise ApiError(403, message, "BALANCE_CONSENT_ERROR")
    balance = world.ledger.live_balance(account.id, world.now())
    if balance is None:
        message = "The account balance was not found at the financial institution."
        raise ApiError(404, message, "BALANCE_NOT_FOUND")
    return Json(balance)


@router.get("/accounts/{id}/statements")
async def list_statements(world: WorldDep, account_id: PathId) -> Json:
    """One statement for each of the last months; the links work for 30 minutes."""
    return Json(page_of(statements_of(world, get_account_of(world, account_id))))


@router.get("/statements/{account_id}/{month}", include_in_schema=False)
async def download_statement(
    world: WorldDep, account_id: str, month: str, expires: str = "", signature: str = ""
) -> Response:
    """The file behind a statement's signed link."""
    return Response(read_statement(world, account_id, month, expires, signature), media_type="text/csv")
