"""The benchmarks' bank leaves no row out, however a reading is cut."""

import json
from uuid import UUID

from benchmarks.bank import Bank

ITEM, ACCOUNT = "7d8e0f6a-0000-4000-8000-000000000002", "5f3b1c9e-0000-4000-8000-000000000001"
ROWS = 1_300


def read(bank: Bank, query: str) -> list[str]:
    """The ids of every page from the first to the last."""
    ids, after = list[str](), ""
    while True:
        page = json.loads(bank.answer(f"/v2/transactions?accountId={ACCOUNT}{query}{after}"))
        ids += [row["id"] for row in page["results"]]
        if page["next"] is None:
            return ids
        after = "&" + page["next"].partition("?")[2]


def test_pages_follow_each_other_to_the_end() -> None:
    ids = read(Bank(ITEM, ACCOUNT, ROWS), "")

    assert len(set(ids)) == len(ids) == ROWS


def test_adjoining_spans_of_days_together_hold_every_row_once() -> None:
    bank = Bank(ITEM, ACCOUNT, ROWS)

    newer = read(bank, "&dateFrom=2025-07-01")
    older = read(bank, "&dateTo=2025-06-30")

    assert newer
    assert older
    assert newer + older == read(bank, "")


def test_a_list_that_the_bank_knows_nothing_of_is_empty() -> None:
    answer = json.loads(Bank(ITEM, ACCOUNT, 1).answer(f"/consents?itemId={ITEM}"))

    assert (UUID(json.loads(Bank(ITEM, ACCOUNT, 1).answer(f"/items/{ITEM}"))["id"]), answer["results"]) == (
        UUID(ITEM),
        [],
    )
