"""Which added row is which removed one (R32)."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.transactions.identity import Trait, match


def trait(number: int, **fields: Any) -> Trait:
    base = Trait(UUID(int=number), None, date(2026, 3, 10), Decimal("-50.0000"), "OUT", None, "Mercado São João")
    return base._replace(**fields)


def pairs(removed: list[Trait], added: list[Trait]) -> list[tuple[int, int]]:
    """Rows removed of an older read, and added by a newer one unless they say else."""
    later = [row if row.added_read else row._replace(added_read=1) for row in added]
    return [(old.id.int, new.id.int) for old, new in match(removed, later).pairs]


def test_one_removed_and_one_added_row_alike_are_the_same_row() -> None:
    assert pairs([trait(1)], [trait(2, date=date(2026, 3, 12))]) == [(1, 2)]


def test_the_banks_own_id_beats_every_difference() -> None:
    assert pairs(
        [trait(1, provider_id="p"), trait(2)],
        [trait(3), trait(4, provider_id="p", amount=Decimal(-51), text="other")],
    ) == [(1, 4), (2, 3)]


def test_case_and_spacing_do_not_tell_rows_apart() -> None:
    assert pairs([trait(1)], [trait(2, text="MERCADO  são joão ")]) == [(1, 2)]


def test_rows_more_than_three_days_apart_stay_two() -> None:
    assert pairs([trait(1)], [trait(2, date=date(2026, 3, 14))]) == []


def test_another_amount_direction_instalment_or_text_is_another_row() -> None:
    for change in (
        {"amount": Decimal("-50.01")},
        {"direction": "IN"},
        {"installment_number": 2},
        {"text": "Mercado"},
    ):
        assert pairs([trait(1)], [trait(2, **change)]) == []


def test_a_row_that_was_there_beside_another_is_not_that_one_restated() -> None:
    """Told for each pair: what came and went with the newer one says nothing of the older one."""
    old, came_and_went = trait(1, added_read=1), trait(2, added_read=2, text="Mercado")

    assert pairs([old, came_and_went], [trait(3, added_read=2)]) == [(1, 3)]
    assert pairs([old], [trait(3, added_read=1)]) == []


def test_a_removed_row_with_two_candidates_is_left_alone_and_told() -> None:
    matches = match([trait(1)], [trait(2, added_read=1), trait(3, added_read=1)])

    assert matches.pairs == []
    assert [row.id.int for row in matches.ambiguous] == [1]


def test_two_removed_rows_that_want_one_added_row_are_left_alone() -> None:
    """Two coffees of a day: never attach a note to the wrong one."""
    matches = match([trait(1), trait(2)], [trait(3, added_read=1)])

    assert matches.pairs == []
    assert len(matches.ambiguous) == 2


def test_an_ambiguous_provider_id_falls_back_to_the_rows_likeness() -> None:
    removed = [trait(1, provider_id="p"), trait(2, provider_id="p", amount=Decimal(-7))]

    assert pairs(removed, [trait(3, provider_id="p")]) == [(1, 3)]
