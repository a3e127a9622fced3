"""What `make run` shows: a bank connected and synced through the public APIs alone, and the ledger that came of it."""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from shlex import quote
from typing import Final

from sandbox.stack.api import Api, Json, connect_to
from sandbox.stack.children import StackError
from sandbox.stack.compare import BANK_ZONE
from sandbox.stack.terminal import ChangingLine, day, money, shorten, table

CONNECTOR: Final = 2  # Pluggy Bank, user and password
LOGIN: Final = {"user": "user-ok", "password": "password-ok"}
# The one sandbox login serves every owner, and a start that was cut short before its Item got a connection.
ITEM: Final = {"connectorId": CONNECTOR, "parameters": LOGIN, "avoidDuplicates": False}
DEADLINE_SECONDS: Final = 120
NEWEST: Final = 12
TYPES: Final = {
    "CHECKING_ACCOUNT": "conta corrente",
    "SAVINGS_ACCOUNT": "poupança",
    "CREDIT_CARD": "cartão de crédito",
}


async def fill_ledger(service: Api, sandbox_url: str, say: Callable[[str], None]) -> list[Json]:
    """The owner's connections, read up to date; the first call connects a sandbox bank."""
    connections = await service.all_rows("connections/")
    if connections:
        for connection in connections:
            run = await service.call("POST", f"connections/{connection['id']}/sync/", {"refresh": False})
            await _follow(service, run["id"], say)
    else:
        connection = await _connect_bank(service, sandbox_url, say)
        runs = await service.call("GET", f"connections/{connection['id']}/syncs/")
        await _follow(service, runs["results"][0]["id"], say)
    return await service.all_rows("connections/")


async def _connect_bank(service: Api, sandbox_url: str, say: Callable[[str], None]) -> Json:
    """Play the widget's part: log in at the bank with a connect token, then hand the Item to the service."""
    token = (await service.call("POST", "connections/create_connect_token/", {}))["connect_token"]
    async with connect_to(sandbox_url, {"X-API-KEY": token}) as bank:
        item = await bank.call("POST", "/items", ITEM)
        say(f"  logging in at {item['connector']['name']} as {LOGIN['user']}")
        deadline = time.monotonic() + DEADLINE_SECONDS
        while item["status"] == "UPDATING" and time.monotonic() < deadline:
            await asyncio.sleep(0.2)
            item = await bank.call("GET", f"/items/{item['id']}")
    connection: Json = await service.call("POST", "connections/create_from_item/", {"item_id": item["id"]})
    say(f"  connected, item {item['id']}")
    return connection


async def _follow(service: Api, run_id: str, say: Callable[[str], None]) -> None:
    """Show a sync's progress until it is over; StackError unless it succeeded."""
    started = time.monotonic()
    line = ChangingLine(say)
    while True:
        run = await service.call("GET", f"syncs/{run_id}/")
        counts, seconds = run["counts"], time.monotonic() - started
        line.show(f"  sync {run['status']}, {counts['fetched']} transactions read")
        if run["finished_at"] is not None:
            break
        if seconds > DEADLINE_SECONDS:
            raise StackError(f"The sync {run_id} was not over after {DEADLINE_SECONDS} s.")
        await asyncio.sleep(0.1)
    line.clear()
    if run["status"] != "succeeded":
        raise StackError(f"The sync {run_id} ended as {run['status']}: {run['error_detail'] or run}")
    totals = ((counts[name], name) for name in ("inserted", "updated", "unchanged", "removed"))
    say(f"  synced in {seconds:.1f} s: " + ", ".join(f"{count} {name}" for count, name in totals))


async def show_ledger(service: Api, say: Callable[[str], None]) -> None:
    """Print the accounts, and below them the newest transactions that are not instalments to come."""
    accounts = await service.all_rows("accounts/")
    newest = await service.call(
        "GET", "transactions/", limit=NEWEST, date_to=datetime.now(BANK_ZONE).date().isoformat()
    )
    account_rows = [
        (
            shorten(account["institution_name"], 30),
            str(TYPES.get(account["subtype"], account["type"])),
            str(account["number"] or "-"),
            money(_decimal(account["balance"]), account["currency_code"]),
        )
        for account in accounts
    ]
    say("\n" + table(("bank", "type", "number", "balance"), account_rows, "<<<>"))
    transaction_rows = [
        (
            day(row["date"]),
            shorten(row["description"] or "-", 44),
            shorten(_category(row), 26),
            money(_decimal(row["amount"]), row["currency_code"]),
        )
        for row in newest["results"]
    ]
    say("\n" + table(("day", "description", "category", "amount"), transaction_rows, "<<<>"))


def show_addresses(facts: Json, bearer_file: Path, connections: list[Json], say: Callable[[str], None]) -> None:
    """Print where the documentation is, a bearer token, three lines to paste; `bearer_file` holds a header for curl."""
    root, header = f"{facts['api_url']}/api/banking", f"-H @{quote(str(bearer_file))}"
    say(f"\nDocumentation  {facts['docs_url']}")
    if facts["sandbox_url"]:
        say(f"Stand-in       {facts['sandbox_url']}")
    say(f"Bearer token   owner {facts['owner']}, 12 hours; another one: make token OWNER=name\n\n{facts['token']}\n")
    say(f"curl -s {header} {root}/accounts/")
    say(f"curl -s {header} '{root}/transactions/?limit=5'")
    post = f"{connections[0]['id']}/sync/" if connections else "create_connect_token/"
    say(f"curl -s {header} -X POST {root}/connections/{post}")


def _category(row: Json) -> str:
    return (row["category"] or {}).get("name") or "-"


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
