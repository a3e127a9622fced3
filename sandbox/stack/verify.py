"""The demo's proof: the service's ledger against the stand-in's truth, both asked over HTTP."""

from collections.abc import Callable, Iterable
from typing import Any

from sandbox.stack.api import Api, Json, connect_to
from sandbox.stack.compare import SHOWN_DIFFERENCES, Ledger, differences, row_of_bank, row_of_service


async def verify(service: Api, sandbox_url: str, connections: list[Json], say: Callable[[str], None]) -> int:
    """0 and a line that says `demo ok` when both are equal, else 1 and the first differences."""
    shown = await ledger_of_service(service)
    truth = await ledger_of_bank(sandbox_url, [str(connection["item_id"]) for connection in connections])
    found = differences(truth, shown)
    if found:
        say(f"\nThe ledger differs from the stand-in in {len(found)} places, the first of them:")
        for difference in found[:SHOWN_DIFFERENCES]:
            say(f"  {difference}")
        return 1
    count = sum(map(len, truth.values()))
    say(f"\ndemo ok: {len(truth)} accounts, {count} transactions, equal to the stand-in")
    return 0


async def ledger_of_service(service: Api) -> Ledger:
    """What the owner's accounts and transactions lists show."""
    accounts = {row["id"]: row["pluggy_id"] for row in await service.all_rows("accounts/")}
    ledger: dict[str, list[Any]] = {pluggy_id: [] for pluggy_id in accounts.values()}
    for row in await service.all_rows("transactions/"):
        ledger[accounts[row["account_id"]]].append(row_of_service(row))
    return ledger


async def ledger_of_bank(sandbox_url: str, item_ids: Iterable[str]) -> Ledger:
    """What `/_control/truth` says of these items."""
    async with connect_to(sandbox_url, {}) as bank:
        truths = [await bank.call("GET", "/_control/truth", itemId=item_id) for item_id in item_ids]
    return {
        account["id"]: [row_of_bank(row, account_type=account["type"]) for row in account["transactions"]]
        for truth in truths
        for item in truth["items"]
        for account in item["accounts"]
    }
