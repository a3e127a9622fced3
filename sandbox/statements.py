"""Account statements: a CSV a month behind a link that is signed and dies after 30 minutes."""

import csv
import hashlib
import hmac
import io
import uuid
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from sandbox.clock import iso, parse_instant
from sandbox.ledger.models import Account
from sandbox.wire import ApiError
from sandbox.world import World

_MONTHS = 3
_LINK_MINUTES = 30


def statements_of(world: World, account: Account) -> list[dict[str, Any]]:
    """The finished months, newest first."""
    first = world.now().date().replace(day=1)
    months = []
    for _ in range(_MONTHS):
        first = (first - timedelta(days=1)).replace(day=1)
        months.append(first)
    expires = iso(world.now() + timedelta(minutes=_LINK_MINUTES)) or ""
    return [_statement(world, account.id, month, expires) for month in months]


def _statement(world: World, account_id: str, month: date, expires: str) -> dict[str, Any]:
    key = f"{month:%Y-%m}"
    query = urlencode({"expires": expires, "signature": _sign(world, account_id, key, expires)})
    return {
        "id": str(uuid.uuid5(uuid.UUID(account_id), key)),
        "monthYear": f"{month:%m-%Y}",
        "url": f"{world.config.base_url}/statements/{account_id}/{key}?{query}",
    }


def _sign(world: World, account_id: str, month: str, expires: str) -> str:
    text = f"statement|{account_id}|{month}|{expires}"
    return hmac.new(world.meta.signing_key.encode(), text.encode(), hashlib.sha256).hexdigest()


def read_statement(world: World, account_id: str, month: str, expires: str, signature: str) -> str:
    """The month's rows, oldest first. Raises 403 when the link is not ours or too old."""
    until = parse_instant(expires)
    genuine = hmac.compare_digest(signature.encode(), _sign(world, account_id, month, expires).encode())
    if not genuine or until is None or until <= world.now():
        raise ApiError(403, "Request has expired")
    first = datetime.strptime(month, "%Y-%m").date()  # noqa: DTZ007 -- a calendar month, signed by us
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    rows = world.ledger.transactions(account_id, date_from=first, date_to=last, limit=100_000)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("date", "description", "amount"))
    writer.writerows((row.date[:10], row.description, row.amount) for row in reversed(rows))
    return text.getvalue()
