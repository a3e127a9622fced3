"""`make faults` names tests that are there."""

import pytest

from tests.faults import CASES, Case
from tests.sabotage import ROOT


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_case_names_a_test_of_today(case: Case) -> None:
    path, _, function = case.test.partition("::")
    function, _, parameter = function.removesuffix("]").partition("[")

    source = (ROOT / path).read_text()

    assert f"def {function}(" in source
    assert f'"{parameter}"' in source or not parameter


def test_no_name_stands_for_two_cases() -> None:
    assert len({case.name for case in CASES}) == len({case.test for case in CASES}) == len(CASES)
