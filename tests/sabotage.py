"""`make sabotage`: what the tests are worth. Ten sabotages of the engine, one at a time, each must be caught.

Each is an exact text of the source and what it becomes, applied to a throw-away copy of the tree. A sabotage is caught
when the test named beside it passes without it and fails with it. One line each, then `N caught, N missed`.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parent.parent
_LEFT_OUT: Final = shutil.ignore_patterns(".git", ".venv", ".data", ".tools", ".*_cache", ".hypothesis", "__pycache__")
_FAILED: Final = 1  # pytest's: some test failed; anything else says nothing about the sabotage
_LEDGER: Final = "tests/sync/test_ledger_changes.py::"
_MIDDLE: Final = "tests/sync/test_mid_sync.py::"


class Sabotage(NamedTuple):
    """One deliberate bug, and who must notice it."""

    name: str
    path: str
    text: str
    becomes: str
    test: str


SABOTAGES: Final = (
    Sabotage(
        "skip the fence",
        "app/connections/service.py",
        "if not await repository.holds_fence(session, owner_id, connection_id, fence):",
        "if await repository.holds_fence(session, owner_id, connection_id, fence) is None:",
        _LEDGER + "test_a_run_under_way_when_its_account_moves_to_a_new_item_writes_no_more",
    ),
    Sabotage(
        "drop the tombstone",
        "app/transactions/repository.py",
        ".values(removed_at=func.now(), read_number=read_number, change_number=change_number, updated_at=func.now())",
        ".values(read_number=read_number, change_number=change_number, updated_at=func.now())",
        _LEDGER + "test_a_row_that_pluggy_deleted_becomes_a_tombstone",
    ),
    Sabotage(
        "let money pass through a float",
        "app/money.py",
        "rounded = _round(value, _PLACES)",
        "rounded = _round(Decimal(float(value)), _PLACES)",
        "tests/transactions/test_mapping.py::test_amounts_are_exact_and_rounded_half_to_even",
    ),
    Sabotage(
        "take the watermark from the rows' dates",
        "app/transactions/ingest.py",
        "max((row.pluggy_created_at for row in draft.rows if row.pluggy_created_at), default=None)",
        "max((datetime.fromisoformat(f'{row.date}T00:00+00:00') for row in draft.rows), default=None)",
        _LEDGER + "test_a_row_dated_ahead_hides_none_that_the_bank_books_later",
    ),
    Sabotage(
        "ignore what Pluggy says was deleted",
        "app/webhooks/handlers.py",
        '"transactions/deleted": Effect.LOOK | Effect.READ | Effect.ASK_BY_ID',
        '"transactions/deleted": Effect.LOOK | Effect.READ',
        _MIDDLE + "test_a_storm_of_duplicated_and_shuffled_webhooks_changes_nothing_but_what_happened",
    ),
    Sabotage(
        "believe an empty answer",
        "app/sync/removal.py",
        'if not account.seen:\n            await self._flag(account, "empty_answer"',
        'if account.seen is None:\n            await self._flag(account, "empty_answer"',
        _LEDGER + "test_an_account_that_lists_no_row_any_more_keeps_all_of_its_rows",
    ),
    Sabotage(
        "remove without asking whether the consent still holds",
        "app/sync/removal.py",
        'return None if consent.is_valid else f"the consent is {consent.reason}"',
        "return None",
        _MIDDLE + "test_a_consent_revoked_while_rows_vanish_wipes_nothing_until_the_person_connects_anew",
    ),
    Sabotage(
        "take a restated row for a new one",
        "app/transactions/restatement.py",
        "if not removed:",
        "if removed or not removed:",
        _LEDGER + "test_a_restated_row_keeps_its_id_and_what_the_person_wrote",
    ),
    Sabotage(
        "let an older read overwrite a newer one",
        "app/transactions/bulk.py",
        "WHERE stored.read_number < EXCLUDED.read_number\n",
        "WHERE stored.read_number <> EXCLUDED.read_number\n",
        "tests/transactions/test_bulk.py::test_only_a_newer_read_overwrites_a_row_or_revives_a_tombstone",
    ),
    Sabotage(
        "take an account that comes back for another one",
        "app/accounts/service.py",
        "if not elsewhere:",
        "if elsewhere or not elsewhere:",
        _LEDGER + "test_a_bank_account_that_returns_under_a_new_item_keeps_its_history",
    ),
)


def apply(sabotage: Sabotage, root: Path) -> None:
    """Write the sabotage into the tree at `root`. Raises LookupError when it is outdated."""
    path = root / sabotage.path
    source = path.read_text()
    if source.count(sabotage.text) != 1:
        found = source.count(sabotage.text)
        raise LookupError(f"{sabotage.name}: its text stands {found} times in {sabotage.path}, not once")
    path.write_text(source.replace(sabotage.text, sabotage.becomes))


def run_tests(root: Path, *tests: str) -> "subprocess.CompletedProcess[str]":
    """Run tests of the tree at `root`; the exit status is pytest's."""
    command = [sys.executable, "-m", "pytest", "-x", "-p", "no:cacheprovider", *tests]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)


def copy(directory: str, name: str) -> Path:
    """A throw-away copy of the tree."""
    tree = Path(directory) / name
    shutil.copytree(ROOT, tree, ignore=_LEFT_OUT)
    return tree


def is_caught(sabotage: Sabotage, directory: str) -> bool:
    """Whether the sabotage's test fails in a copy with that sabotage in it."""
    tree = copy(directory, sabotage.name)
    apply(sabotage, tree)
    return run_tests(tree, sabotage.test).returncode == _FAILED


def main() -> int:
    """Try every sabotage, two at a time; the exit status is 0 when each was caught."""
    missed = 0
    with tempfile.TemporaryDirectory(prefix="banking-sabotage-") as directory, ThreadPoolExecutor(2) as pool:
        tests = dict.fromkeys(sabotage.test for sabotage in SABOTAGES)
        sound = pool.submit(run_tests, copy(directory, "sound"), *tests)
        verdicts = [pool.submit(is_caught, sabotage, directory) for sabotage in SABOTAGES]
        told = sound.result()
        if told.returncode != 0:
            pool.shutdown(cancel_futures=True)
            print(
                f"{told.stdout[-5_000:]}{told.stderr[-5_000:]}\nThe tests fail without any sabotage: mend them first."
            )
            return 2
        for sabotage, verdict in zip(SABOTAGES, verdicts, strict=True):
            missed += not verdict.result()
            print(f"{'caught' if verdict.result() else 'MISSED'}  {sabotage.name}  ({sabotage.test})", flush=True)
    print(f"{len(SABOTAGES) - missed} caught, {missed} missed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
