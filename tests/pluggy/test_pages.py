"""Following a list: the next page on its way early, an end for endless lists (R27)."""

import asyncio

import pytest

from app.pluggy import pages
from app.pluggy.errors import PluggyEndlessList, PluggyListMoved, PluggyUnavailable
from app.pluggy.pages import Page, follow


class Script:
    """Pages by position; notes what was asked for and when it left."""

    def __init__(self, pages_by_position: dict[str | None, Page[str] | Exception]) -> None:
        self.pages = pages_by_position
        self.asked: list[str | None] = []
        self.cancelled: list[str | None] = []

    async def __call__(self, position: str | None, departed: asyncio.Event) -> Page[str]:
        self.asked.append(position)
        await asyncio.sleep(0.001)
        departed.set()
        try:
            await asyncio.sleep(0.005)
        except asyncio.CancelledError:
            self.cancelled.append(position)
            raise
        page = self.pages[position]
        if isinstance(page, Exception):
            raise page
        return page


def page(name: str, following: str | None, *, total: int | None = None) -> Page[str]:
    return Page(results=[name], bad_records=[], total=total, next=following)


async def test_pages_come_in_order_from_the_cursor_given() -> None:
    script = Script({"a": page("one", "b"), "b": page("two", None)})

    names = [one.results[0] async for one in follow(script, "a")]

    assert (names, script.asked) == (["one", "two"], ["a", "b"])


async def test_the_next_request_has_left_before_a_page_is_handed_out() -> None:
    script = Script({None: page("one", "b"), "b": page("two", None)})
    pages_read = follow(script, None)

    first = await anext(pages_read)

    assert (first.results, script.asked) == (["one"], [None, "b"])
    await pages_read.aclose()


async def test_a_request_that_cannot_leave_soon_does_not_hold_back_the_page_in_hand() -> None:
    class Held(Script):
        async def __call__(self, position: str | None, departed: asyncio.Event) -> Page[str]:
            if position == "b":
                await asyncio.sleep(30)  # the limiter waits for its next window
            return await super().__call__(position, departed)

    pages_read = follow(Held({None: page("one", "b")}), None)

    async with asyncio.timeout(5):
        first = await anext(pages_read)

    assert first.results == ["one"]
    await pages_read.aclose()


async def test_leaving_early_cancels_the_page_under_way() -> None:
    script = Script({None: page("one", "b"), "b": page("two", None)})
    pages_read = follow(script, None)
    await anext(pages_read)

    await pages_read.aclose()

    assert script.cancelled == ["b"]


async def test_a_failure_of_the_next_page_comes_after_the_page_in_hand() -> None:
    script = Script({None: page("one", "b"), "b": PluggyUnavailable("down")})
    seen = []

    with pytest.raises(PluggyUnavailable):
        async for one in follow(script, None):
            seen.append(one.results[0])  # noqa: PERF401 - the list must survive the error

    assert seen == ["one"]


@pytest.mark.parametrize("again", ["a", "b"])
async def test_a_repeated_cursor_ends_the_list_with_an_error(again: str) -> None:
    """R27"""
    script = Script({"a": page("one", "b"), "b": page("two", again)})
    seen = []

    with pytest.raises(PluggyEndlessList):
        async for one in follow(script, "a"):
            seen.append(one.results[0])  # noqa: PERF401 - the list must survive the error

    assert (seen, script.asked) == (["one", "two"], ["a", "b"])


async def test_a_list_ends_with_an_error_after_2_000_pages() -> None:
    """R27"""

    async def endless(position: str | None, departed: asyncio.Event) -> Page[str]:
        return page("x", str(int(position or 0) + 1))

    count = 0

    with pytest.raises(PluggyEndlessList):
        async for _ in follow(endless, None):
            count += 1

    assert count == pages.MAX_PAGES == 2_000


async def test_a_numbered_list_whose_total_moves_must_be_read_again() -> None:
    """R27"""
    script = Script({"1": page("one", "2", total=600), "2": page("two", None, total=599)})

    with pytest.raises(PluggyListMoved):
        _ = [one async for one in follow(script, "1")]
