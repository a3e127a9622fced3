"""The sabotages are still sabotages of today's source, and are written down."""

import ast
from pathlib import Path

import pytest

from tests.sabotage import ROOT, SABOTAGES, Sabotage, apply


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda sabotage: sabotage.name)
def test_each_sabotage_applies_to_todays_source_and_names_a_test_and_a_line_of_the_document(
    sabotage: Sabotage, tmp_path: Path
) -> None:
    """R79"""
    copy = tmp_path / sabotage.path
    copy.parent.mkdir(parents=True)
    copy.write_text((ROOT / sabotage.path).read_text())

    apply(sabotage, tmp_path)

    ast.parse(copy.read_text())
    path, _, function = sabotage.test.partition("::")
    assert f"def {function}(" in (ROOT / path).read_text()
    assert f"| {sabotage.name} |" in (ROOT / "docs/sabotage.md").read_text()


def test_there_are_ten() -> None:
    assert len({sabotage.name for sabotage in SABOTAGES}) == 10


def test_a_sabotage_whose_text_is_gone_says_so(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text("nothing of the kind")

    with pytest.raises(LookupError, match="stands 0 times"):
        apply(Sabotage("a name", "module.py", "some text", "other text", "a::test"), tmp_path)
