"""Ids of our own rows are what RFC 9562 calls version 7, in the order in which they were made."""

import time
from uuid import RFC_4122

import pytest

from app.ids import new_id, new_ids


@pytest.mark.parametrize("count", [0, 1, 2, 500, 5_000])
def test_ids_made_together_are_different_ascending_and_of_version_7(count: int) -> None:
    ids = new_ids(count)

    assert len(set(ids)) == count
    assert ids == sorted(ids)
    assert all(each.version == 7 and each.variant == RFC_4122 for each in ids)


def test_ids_bear_the_moment_in_which_they_were_made() -> None:
    before = time.time_ns() // 1_000_000

    made = [new_id(), *new_ids(2)]

    assert all(before <= each.int >> 80 <= time.time_ns() // 1_000_000 for each in made)
