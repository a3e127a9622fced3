"""Ledgers to test on, and a second, naive way to add them up."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from sandbox.ledger import Ledger, Profile

START = datetime(2026, 3, 18, 15, 30, tzinfo=UTC)
HOUSEHOLD, COMPANY = Profile(), Profile("company")


@contextmanager
def opened(path: Path | None = None, *, seed: str = "one") -> Iterator[Ledger]:
    """A ledger that is closed afterwards."""
    ledger = Ledger(path, seed=seed)
    try:
        yield ledger
    finally:
        ledger.close()


def open_item(
    ledger: Ledger,
    item_id: str = "item-1",
    *,
    profile: Profile = HOUSEHOLD,
    holder: str = "user-ok",
    institution: str = "Banco Um",
    at: datetime = START,
) -> str:
    """An item that was collected once."""
    ledger.open_item(item_id, profile=profile, holder=holder, institution=institution, at=at)
    ledger.collect(item_id, at)
    return item_id


def later(days: float) -> datetime:
    """An instant after the first collection."""
    return START + timedelta(days)


def encoded(entity: object) -> bytes:
    """The bytes that go over the wire."""
    return msgspec.json.Encoder(decimal_format="number").encode(entity)


def decoded(entity: object) -> Any:
    """An entity as a client reads it."""
    return msgspec.json.decode(encoded(entity))


def everything(ledger: Ledger, item_id: str) -> dict[str, dict[str, bytes]]:
    """All transactions of an item as bytes: by account, then by id."""
    return {
        account.id: {row.id: encoded(row) for row in ledger.transactions(account.id, limit=100_000)}
        for account in ledger.accounts(item_id)
    }


def in_account_currency(row: dict[str, Any]) -> Decimal:
    """The amount of a row of the truth in its account's currency."""
    return Decimal(row["amountInAccountCurrency"] or row["amount"])


def movements(account: dict[str, Any], as_of: str) -> Decimal:
    """What an account of the truth should hold by its rows."""
    counted = (
        row
        for row in account["transactions"]
        if row["status"] == "POSTED" or (account["type"] == "CREDIT" and row["date"] <= as_of)
    )
    return Decimal(account["openingBalance"]) + sum(map(in_account_currency, counted), Decimal())
