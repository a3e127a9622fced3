"""Cursors: opaque, authenticated, good for one list only."""

from datetime import UTC, date, datetime
from typing import NamedTuple
from uuid import UUID

import pytest

from app.pagination import InvalidCursor, Page, make_cursor, read_cursor
from app.vault import Vault

OLD, NEW = {"old": b"o" * 32}, {"new": b"n" * 32}
VAULT = Vault(OLD)


class Place(NamedTuple):
    day: date
    row_id: UUID


class Moment(NamedTuple):
    at: datetime
    number: int


PLACE = Place(date(2026, 1, 31), UUID(int=7))
BINDING = ("transactions", UUID(int=1), {"account_id": UUID(int=2), "from": date(2026, 1, 1)})


def test_a_cursor_gives_back_its_place() -> None:
    cursor = make_cursor(VAULT, PLACE, binding=BINDING)

    assert read_cursor(VAULT, cursor, Place, binding=BINDING) == PLACE


@pytest.mark.parametrize(
    "binding",
    [
        ("accounts", *BINDING[1:]),
        (BINDING[0], UUID(int=99), BINDING[2]),
        (*BINDING[:2], {"account_id": UUID(int=3), "from": date(2026, 1, 1)}),
        (*BINDING[:2], {}),
    ],
    ids=["another list", "another owner", "another filter", "no filter"],
)
def test_a_cursor_of_anything_else_is_refused(binding: object) -> None:
    """R53: a cursor of one owner is nothing to another."""
    cursor = make_cursor(VAULT, PLACE, binding=BINDING)

    with pytest.raises(InvalidCursor) as refused:
        read_cursor(VAULT, cursor, Place, binding=binding)

    assert (refused.value.status, refused.value.code) == (422, "invalid_cursor")


def test_an_altered_cursor_is_refused_wherever_it_was_altered() -> None:
    cursor = make_cursor(VAULT, PLACE, binding=BINDING)

    for at in range(len(cursor) - 1):  # the last character may hold unused bits
        altered = cursor[:at] + ("A" if cursor[at] != "A" else "B") + cursor[at + 1 :]
        with pytest.raises(InvalidCursor):
            read_cursor(VAULT, altered, Place, binding=BINDING)


@pytest.mark.parametrize("cursor", ["", "x", "é", "....", "A" * 1000, "%00"])
def test_rubbish_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidCursor):
        read_cursor(VAULT, cursor, Place, binding=BINDING)


def test_a_cursor_outlives_the_change_of_the_key() -> None:
    """R73: two live values."""
    cursor = make_cursor(VAULT, PLACE, binding=BINDING)

    assert read_cursor(Vault({**NEW, **OLD}), cursor, Place, binding=BINDING) == PLACE
    with pytest.raises(InvalidCursor):
        read_cursor(Vault(NEW), cursor, Place, binding=BINDING)


def test_pages_follow_each_other_without_gap_or_repetition() -> None:
    everything = [Moment(datetime(2026, 1, 1, tzinfo=UTC), number) for number in range(11)]
    seen: list[Moment] = []
    cursor, pages = None, 0

    while True:
        page = Page(limit=5, cursor=cursor, vault=VAULT)
        after = page.place(Moment, binding="all")
        rows = [row for row in everything if after is None or row > after][: page.limit + 1]
        kept, cursor = page.cut(rows, lambda row: row, binding="all")
        seen.extend(kept)
        pages += 1
        if cursor is None:
            break

    assert (seen, pages) == (everything, 3)


def test_a_full_last_page_has_no_cursor() -> None:
    page = Page(limit=5, cursor=None, vault=VAULT)

    assert page.cut([1, 2, 3, 4, 5], lambda row: row, binding="all") == ([1, 2, 3, 4, 5], None)
