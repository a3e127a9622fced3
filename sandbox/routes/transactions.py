"""Transactions of an account: by cursor, by page (retired), by id; and the correction of a category."""

from datetime import date, datetime
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Path, Query

from sandbox.clock import parse_instant
from sandbox.http import Body, PageDep, PageSizeDep, PathId, WorldDep, split
from sandbox.wire import ApiError, Json, from_cursor, not_found, page_of, to_cursor

router = APIRouter(tags=["Transaction"])
_PAGE = 500
AccountId = Annotated[UUID, Query(alias="accountId")]
Ids = Annotated[list[str] | None, Query(description="At most 500, comma-separated or repeated")]


def _ids(values: list[str] | None) -> list[str] | None:
    ids = split(values)
    if len(ids) > _PAGE:
        message = "The ids parameter cannot have more than 500 transaction ids"
        raise ApiError(400, message, "IDS_PARAMETER_EXCEEDS_MAX_LENGTH")
    try:
        return [str(UUID(id_)) for id_ in ids] or None
    except ValueError:
        raise ApiError(400, "each value in ids must be a UUID") from None


def _day(name: str, text: str | None) -> date | None:
    """The day of a date or an instant: the time of day does not count."""
    instant = _instant(name, text)
    return instant.date() if instant else None


def _instant(name: str, text: str | None) -> datetime | None:
    if not text:
        return None
    if instant := parse_instant(text.replace(" ", "+")):  # a client that does not encode its plus sign
        return instant
    raise ApiError(400, f"{name} must be a valid ISO 8601 date string")


@router.get("/v2/transactions")
async def list_transactions(
    world: WorldDep,
    account_id: AccountId,
    ids: Ids = None,
    date_from: Annotated[str | None, Query(alias="dateFrom")] = None,
    date_to: Annotated[str | None, Query(alias="dateTo")] = None,
    created_at_from: Annotated[str | None, Query(alias="createdAtFrom")] = None,
    after: str | None = None,
) -> Json:
    """Up to 500 transactions, newest first; `next` is the query of the following page, null at the end."""
    if date_from and created_at_from:
        raise ApiError(400, "dateFrom and createdAtFrom cannot be used together")
    wanted, size = _ids(ids), world.settings.transactions_page_size
    rows = world.ledger.transactions(
        str(account_id),
        ids=wanted,
        date_from=_day("dateFrom", date_from),
        date_to=_day("dateTo", date_to),
        created_at_from=_instant("createdAtFrom", created_at_from),
        after=from_cursor(after) if after else None,
        limit=size + 1,
    )
    following = None
    if len(rows) > size:
        last = rows[size - 1]
        query = {
            "accountId": str(account_id),
            "ids": ",".join(wanted) if wanted else None,
            "dateFrom": date_from,
            "dateTo": date_to,
            "createdAtFrom": created_at_from,
            "after": to_cursor(last.date, last.id),
        }
        following = "?" + urlencode({name: value for name, value in query.items() if value})
    return Json({"results": rows[:size], "next": following})


class UpdateTransaction(Body):
    category_id: str


@router.get("/transactions", deprecated=True)
async def list_transactions_by_page(
    world: WorldDep,
    account_id: AccountId,
    ids: Ids = None,
    from_: Annotated[str | None, Query(alias="from")] = None,
    to: str | None = None,
    created_at_from: Annotated[str | None, Query(alias="createdAtFrom")] = None,
    bill_id: Annotated[str | None, Query(alias="billId")] = None,
    page: PageDep = 1,
    page_size: PageSizeDep = 500,
) -> Json:
    """The retired list: 410, or by setting the old numbered pages."""
    if world.settings.v1_transactions == "retired":
        raise ApiError(410, "This endpoint is no longer available, use GET /v2/transactions")
    wanted = _ids(ids)
    filters: dict[str, Any] = {
        "ids": wanted,
        "date_from": None if wanted else _day("from", from_),
        "date_to": None if wanted else _day("to", to),
        "created_at_from": _instant("createdAtFrom", created_at_from),
        "bill_id": bill_id,
    }
    total = world.ledger.count_transactions(str(account_id), **filters)
    rows = world.ledger.transactions(str(account_id), **filters, offset=(page - 1) * page_size, limit=page_size)
    return Json(page_of(rows, page=page, page_size=page_size, total=total))


@router.get("/transactions/{id}")
async def get_transaction(world: WorldDep, transaction_id: PathId) -> Json:
    if transaction := world.ledger.transaction(transaction_id.lower()):
        return Json(transaction)
    raise ApiError(404, "Transaction not found", "TRANSACTION_NOT_FOUND")


@router.patch("/transactions/{id}")
async def set_category(
    world: WorldDep, transaction_id: Annotated[UUID, Path(alias="id")], body: UpdateTransaction
) -> Json:
    """Correct the category; an unknown transaction is 404 without a code, as in the real API."""
    if world.ledger.category(body.category_id) is None:
        raise not_found("category")
    if transaction := world.ledger.set_category(str(transaction_id), body.category_id, at=world.now()):
        return Json(transaction)
    raise ApiError(404, "Transaction not found")
