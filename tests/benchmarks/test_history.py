"""The histories that benchmarks read are what a bank could have sent."""

import json
from datetime import timedelta
from uuid import UUID

from app.pluggy.pages import decode_transactions
from benchmarks.history import PAGE_ROWS, make_history, make_pages, make_row
from benchmarks.tenant import read_page

ACCOUNT = UUID("5f3b1c9e-0000-4000-8000-000000000001")


def test_a_page_is_as_long_as_a_real_one_and_wholly_readable() -> None:
    body = make_pages(make_history(ACCOUNT, PAGE_ROWS))[0]

    transactions, bad = decode_transactions(read_page(body).results)

    assert 380_000 < len(body) < 500_000
    assert (len(transactions), bad) == (PAGE_ROWS, [])


def test_a_history_is_of_two_years_newest_first_and_no_row_is_there_twice() -> None:
    rows = [json.loads(row) for row in make_history(ACCOUNT, 2_000)]

    days = [row["date"] for row in rows]
    assert days == sorted(days, reverse=True)
    assert days[-1][:4] == "2024"
    assert len({row["id"] for row in rows}) == len(rows)


def test_a_restated_row_keeps_its_id_and_differs_in_its_description_alone() -> None:
    first, again = (json.loads(make_row(ACCOUNT, 7, step=timedelta(hours=7), note=note)) for note in ("", " ajustado"))

    assert {name for name in first if first[name] != again[name]} == {"description"}
