"""The bank's reality from behind: the truth, and edits that the API shows after the next collection, or at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Query, Request

from sandbox.events import emit_transaction_events
from sandbox.http import Body, PathId, WorldDep, split
from sandbox.ledger import Edited
from sandbox.wire import ApiError, Json, not_found
from sandbox.world import World

router = APIRouter(tags=["Ledger"])
_decoder = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)
_ANY_BODY = {"requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}, "required": True}}


class Ids(Body):
    ids: list[str]


async def _exact_body(request: Request) -> dict[str, Any]:
    """The body with its numbers as exact decimals."""
    try:
        return _decoder.decode(await request.body())
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ApiError(400, f"body is not a JSON object: {error}") from error


ExactBody = Annotated[dict[str, Any], Depends(_exact_body)]
ApplyNow = Annotated[bool, Query(alias="applyNow", description="Show it at once, not after the next collection")]


@contextmanager
def _refusing() -> Iterator[None]:
    """What the ledger cannot find is 404, what makes no transaction 400."""
    try:
        yield
    except LookupError as error:
        raise ApiError(404, str(error.args[0]) if error.args else "not found") from error
    except (ValueError, TypeError, ArithmeticError) as error:
        raise ApiError(400, str(error)) from error


def _answer(world: World, edited: Edited) -> Json:
    """The ids concerned; what shows at once is told to the subscribers as a run would tell it."""
    for account_id, changes in edited.accounts.items():
        account = world.ledger.account(account_id)
        item = world.items.get(account.item_id) if account else None
        if item is not None:
            emit_transaction_events(world, item, account_id, changes, at=world.now())
    return Json({"ids": edited.ids, "shown": bool(edited.accounts)})


@router.get("/truth")
async def get_truth(world: WorldDep, item_ids: Annotated[list[str] | None, Query(alias="itemId")] = None) -> Json:
    """The exact ledger an observer of these items, or of all, should hold now, with the facts planted in its rows.

    Amounts are decimal strings. Facts across items, such as transfers, need both items.
    """
    try:
        return Json(world.ledger.truth(*split(item_ids)))
    except KeyError:
        raise not_found("item") from None


@router.post("/accounts/{id}/transactions", openapi_extra=_ANY_BODY)
async def add_rows(world: WorldDep, account_id: PathId, body: ExactBody, apply_now: ApplyNow = False) -> Json:
    """`{"rows": [{date, description, amount, ...}]}`: rows of your own, fields named as in the API."""
    rows = body.get("rows")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ApiError(400, "rows must be an array of objects")
    with _refusing():
        return _answer(world, world.ledger.add_rows(account_id, rows, at=world.now(), apply_now=apply_now))


@router.patch("/transactions/{id}", openapi_extra=_ANY_BODY)
async def change_row(world: WorldDep, transaction_id: PathId, body: ExactBody, apply_now: ApplyNow = False) -> Json:
    """Change fields of a row in place: its id stays."""
    with _refusing():
        return _answer(world, world.ledger.change_row(transaction_id, at=world.now(), apply_now=apply_now, **body))


@router.post("/transactions/{id}/restate", openapi_extra=_ANY_BODY)
async def restate_row(world: WorldDep, transaction_id: PathId, body: ExactBody, apply_now: ApplyNow = False) -> Json:
    """Delete the row and create its successor under a new id, with nothing to link the two; answers the new id."""
    with _refusing():
        return _answer(world, world.ledger.restate(transaction_id, at=world.now(), apply_now=apply_now, **body))


@router.post("/transactions/remove")
async def remove_rows(world: WorldDep, body: Ids, apply_now: ApplyNow = False) -> Json:
    with _refusing():
        return _answer(world, world.ledger.remove_rows(body.ids, at=world.now(), apply_now=apply_now))


@router.post("/transactions/restore")
async def restore_rows(world: WorldDep, body: Ids, apply_now: ApplyNow = False) -> Json:
    """Bring removed rows back under their old ids, as banks sometimes do."""
    with _refusing():
        return _answer(world, world.ledger.restore_rows(body.ids, at=world.now(), apply_now=apply_now))


@router.post("/accounts/{id}/close-bill")
async def close_bill(world: WorldDep, account_id: PathId) -> Json:
    """Close the card's open bill now; the next collection shows it. Answers its id."""
    with _refusing():
        return Json({"billId": world.ledger.close_bill(account_id, at=world.now())})
