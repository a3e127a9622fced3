"""A seed decides everything: neither order nor restart nor another item changes what a bank tells."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from sandbox.ledger import Profile
from tests.sandbox.ledger.ledgers import (
    COMPANY,
    HOUSEHOLD,
    START,
    encoded,
    everything,
    later,
    open_item,
    opened,
)


def _written(seed: str, profile: Profile, path: Path | None = None) -> bytes:
    with opened(path, seed=seed) as ledger:
        item = open_item(ledger, profile=profile)
        ledger.collect(item, later(20))
        parts: list[object] = [ledger.truth(), ledger.accounts(item), everything(ledger, item), ledger.identity(item)]
        parts += [ledger.investments(item), ledger.loans(item)]
        parts += [ledger.bills(account.id) for account in ledger.accounts(item)]
        return b"\n".join(map(encoded, parts))


@pytest.mark.parametrize("profile", [HOUSEHOLD, COMPANY])
def test_one_seed_gives_byte_equal_ledgers_and_another_seed_another(profile: Profile, tmp_path: Path) -> None:
    first = _written("one", profile)

    assert first == _written("one", profile, tmp_path / "ledger.db")
    assert first != _written("two", profile)


def test_the_order_in_which_items_are_opened_does_not_change_them() -> None:
    with opened() as ledger:
        open_item(ledger, "a", holder="ana")
        open_item(ledger, "b", holder="bia")
        forward = everything(ledger, "a")
    with opened() as ledger:
        open_item(ledger, "b", holder="bia")
        open_item(ledger, "a", holder="ana")

        assert everything(ledger, "a") == forward


def test_two_items_of_one_account_show_the_same_rows_under_different_ids() -> None:
    """R33: a bank account that returns under a new item can be recognised."""
    with opened() as ledger:
        open_item(ledger, "old")
        open_item(ledger, "new")
        old, new = (ledger.accounts(item)[0] for item in ("old", "new"))
        rows = [ledger.transactions(account.id, limit=10_000) for account in (old, new)]

    content = [sorted((row.date, row.amount, row.description, row.provider_id or "") for row in each) for each in rows]
    ids = [{row.id for row in each} for each in rows]

    assert (old.number, old.tax_number, old.balance) == (new.number, new.tax_number, new.balance)
    assert content[0] == content[1]
    assert ids[0].isdisjoint(ids[1])


def test_another_holder_or_bank_has_other_movements() -> None:
    with opened() as ledger:
        for item, holder, bank in (("a", "ana", "Um"), ("b", "bia", "Um"), ("c", "ana", "Dois")):
            open_item(ledger, item, holder=holder, institution=bank)
        rows = [
            {(row.date, row.amount) for row in ledger.transactions(ledger.accounts(item)[0].id, limit=10_000)}
            for item in ("a", "b", "c")
        ]

    assert len(rows[0] & rows[1]) < len(rows[0]) // 20
    assert len(rows[0] & rows[2]) < len(rows[0]) // 20


def test_a_month_asked_for_alone_equals_its_part_of_the_whole(tmp_path: Path) -> None:
    with opened(tmp_path / "ledger.db") as ledger:
        item = open_item(ledger)
        whole = {
            account.id: [row for row in ledger.transactions(account.id, limit=10_000) if row.date[:7] == "2025-07"]
            for account in ledger.accounts(item)
        }
    for account_id, rows in whole.items():
        with opened(tmp_path / "ledger.db") as ledger:  # nothing is generated yet
            assert ledger.transactions(account_id, date_from=date(2025, 7, 1), date_to=date(2025, 7, 31)) == rows
            assert rows


def test_a_restart_goes_on_where_it_stopped(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "ledger.db"
    with opened(path, seed="one") as ledger:
        item = open_item(ledger)
        account = ledger.accounts(item)[0].id
        rows = [{"date": "2026-03-17", "description": "Depósito à mão", "amount": "12.3456"}]
        ledger.add_rows(account, rows, at=later(1))
        first = ledger.transactions(account, limit=2)
        ledger.change_row(first[0].id, at=later(1), apply_now=True, description="mudou")
        ledger.collect(item, later(2))
        card = ledger.accounts(item)[2].id
        ledger.close_bill(card, at=later(3))
        before = (ledger.truth(), everything(ledger, item))

    with opened(path, seed="ignored, for the stored one wins") as ledger:
        assert ledger.seed == "one"
        assert (ledger.truth(), everything(ledger, item)) == before
        ledger.collect(item, later(4))


def test_reset_forgets_everything_and_changes_the_seed(tmp_path: Path) -> None:
    with opened(tmp_path / "ledger.db") as ledger:
        item = open_item(ledger)
        account = ledger.accounts(item)[0].id
        ledger.reset("two")

        assert ledger.accounts(item) == []
        assert ledger.account(account) is None
        assert ledger.truth()["items"] == []

        open_item(ledger)
        reset = everything(ledger, item)
    with opened(seed="two") as ledger:
        open_item(ledger)

        assert everything(ledger, item) == reset


def test_a_closed_item_shows_nothing_and_its_ids_are_unknown() -> None:
    with opened() as ledger:
        item = open_item(ledger)
        account = ledger.accounts(item)[0].id
        row = ledger.transactions(account, limit=1)[0].id

        ledger.close_item(item)

        assert ledger.accounts(item) == []
        assert ledger.account(account) is None
        assert ledger.transactions(account) == []
        assert ledger.transaction(row) is None
        with pytest.raises(KeyError):
            ledger.collect(item, START)


def test_a_clock_set_back_or_standing_still_undoes_no_collection() -> None:
    with opened() as ledger:
        item = open_item(ledger)
        before = everything(ledger, item)
        account = ledger.accounts(item)[0].id

        ledger.collect(item, datetime(2026, 3, 1, tzinfo=UTC))
        row = ledger.add_rows(account, [{"date": "2026-03-01", "description": "x", "amount": "1"}], at=START).ids[0]
        hidden = ledger.transaction(row)
        collected = ledger.collect(item, START)

        assert hidden is None
        assert collected.accounts[account].created == [row]
        assert everything(ledger, item).keys() == before.keys()
        assert everything(ledger, item)[account].keys() == before[account].keys() | {row}
