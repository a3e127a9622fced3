"""What a collection says has changed is what has changed."""

from pathlib import Path

import pytest

from sandbox.ledger import AccountChanges, Ledger, Profile
from tests.sandbox.ledger.ledgers import COMPANY, HOUSEHOLD, decoded, everything, later, open_item, opened

Snapshot = dict[str, dict[str, bytes]]


def check_changes(before: Snapshot, after: Snapshot, reported: dict[str, AccountChanges]) -> AccountChanges:
    """What a collection reports is exactly how the full lists differ; gives all of it in one."""
    total = AccountChanges()
    for account_id, rows in after.items():
        old, changes = before.get(account_id, {}), reported[account_id]
        assert sorted(changes.created) == sorted(rows.keys() - old.keys())
        assert sorted(changes.deleted) == sorted(old.keys() - rows.keys())
        assert sorted(changes.updated) == sorted(each for each in rows.keys() & old.keys() if rows[each] != old[each])
        total.created.extend(changes.created)
        total.updated.extend(changes.updated)
        total.deleted.extend(changes.deleted)
    return total


def _collect(ledger: Ledger, item: str, days: float) -> AccountChanges:
    before = everything(ledger, item)
    collected = ledger.collect(item, later(days))
    return check_changes(before, everything(ledger, item), collected.accounts)


@pytest.mark.parametrize("profile", [HOUSEHOLD, COMPANY])
def test_a_collection_reports_exactly_what_changed(profile: Profile) -> None:
    with opened() as ledger:
        item = open_item(ledger, profile=profile)
        seen = [_collect(ledger, item, day) for day in (0.5, 1, 2, 3, 4, 5, 8, 15, 16, 17, 30, 31, 64, 65, 100, 190)]

    assert any(changes.created for changes in seen)
    assert any(changes.updated for changes in seen)
    assert any(changes.deleted for changes in seen) or profile.is_company, "one of the household's cards drops a hold"


def test_a_collection_after_a_restart_reports_the_same(tmp_path: Path) -> None:
    with opened(tmp_path / "ledger.db") as ledger:
        item = open_item(ledger)
        before = everything(ledger, item)
    with opened(tmp_path / "ledger.db") as ledger:
        collected = ledger.collect(item, later(9))

        assert check_changes(before, everything(ledger, item), collected.accounts).created


def test_nothing_changes_when_nothing_happened() -> None:
    with opened() as ledger:
        item = open_item(ledger)
        again = ledger.collect(item, later(0))

    assert not any(again.accounts.values())


def test_old_months_are_not_generated_to_find_what_changed(tmp_path: Path) -> None:
    """A collection costs what is recent, not the history."""
    with opened(tmp_path / "ledger.db") as ledger:
        item = open_item(ledger, profile=Profile(cards=0))
    with opened(tmp_path / "ledger.db") as ledger:
        ledger.collect(item, later(1))

        months = {key[1] for key in ledger._cache._months}
        assert len(months) <= 4


def test_the_oldest_date_created_is_reported() -> None:
    with opened() as ledger:
        item = open_item(ledger)
        collected = ledger.collect(item, later(40))
        for account in ledger.accounts(item):
            changes = collected.accounts[account.id]
            rows = {row.id: row for row in ledger.transactions(account.id, limit=10_000)}
            assert changes.min_date == min((rows[each].date for each in changes.created), default=None)


def test_a_pending_row_posts_under_its_id_and_says_when() -> None:
    with opened() as ledger:
        item = open_item(ledger)
        pending = {
            row.id: row
            for account in ledger.accounts(item)
            for row in ledger.transactions(account.id, limit=10_000)
            if row.status == "PENDING" and row.date < "2026-04-01"
        }
        ledger.collect(item, later(45))
        posted = {each: ledger.transaction(each) for each in pending}

    assert len(pending) >= 5
    kept = [(pending[each], row) for each, row in posted.items() if row is not None]
    assert len(kept) >= len(pending) - 2, "at most some holds are dropped"
    for before, after in kept:
        assert (after.status, after.created_at) == ("POSTED", before.created_at)
        assert after.updated_at > before.updated_at
        assert (after.amount, after.date, after.description) == (before.amount, before.date, before.description)


def test_a_late_row_is_found_by_its_created_at() -> None:
    """R22: rows arrive days after their date, so a date filter would miss them."""
    with opened() as ledger:
        item = open_item(ledger)
        for day in range(1, 60):
            ledger.collect(item, later(day))
        late = [
            row
            for account in ledger.accounts(item)
            for row in ledger.transactions(account.id, created_at_from=later(1), limit=10_000)
            if int(row.created_at[8:10]) - int(row.date[8:10]) in range(3, 8) and row.created_at[:7] == row.date[:7]
        ]

    assert len(late) >= 3


def test_an_old_instalment_appears_when_its_bill_opens() -> None:
    """One bank dates every instalment at the purchase and lists it months later."""
    with opened() as ledger:
        item = open_item(ledger)
        for day in range(1, 70, 3):
            ledger.collect(item, later(day))
        old = [
            row
            for account in ledger.accounts(item)
            for row in ledger.transactions(account.id, created_at_from=later(1), limit=10_000)
            if row.date < "2026-02-15"
        ]

    assert old
    assert all(row.description[-3] == "/" for row in old)


def test_coming_instalments_are_pending_with_future_dates_until_their_bill_closes() -> None:
    with opened() as ledger:
        item = open_item(ledger)
        future = [
            row
            for account in ledger.accounts(item)
            for row in ledger.transactions(account.id, limit=10_000)
            if account.type == "CREDIT" and row.date > "2026-04-20"
        ]
        ledger.collect(item, later(400))
        ends = [ledger.transaction(row.id) for row in future]

    assert len(future) >= 5
    for row in map(decoded, future):
        card = row["creditCardMetadata"]
        assert (row["status"], card["billId"], card["paymentType"]) == ("PENDING", None, "INSTALLMENT")
        assert len(card["billForecastDate"]) == 7
    assert all(row is not None and row.status == "POSTED" for row in ends)
    assert all(decoded(row)["creditCardMetadata"]["billId"] for row in ends)


def test_scheduled_payments_are_pending_in_the_checking_account() -> None:
    with opened() as ledger:
        item = open_item(ledger)
        account = ledger.accounts(item)[0]
        scheduled = [row for row in ledger.transactions(account.id, limit=50) if row.date > "2026-03-18T15:30"]
        ledger.collect(item, later(20))
        done = [ledger.transaction(row.id) for row in scheduled]

    assert [row.status for row in scheduled] == ["PENDING"] * len(scheduled)
    assert scheduled
    assert all(row is not None and row.status == "POSTED" for row in done)


def test_the_first_collection_sees_as_far_back_as_the_profile_says() -> None:
    with opened() as ledger:
        for months, oldest in ((24, "2024-03"), (12, "2025-03")):
            item = open_item(ledger, f"{months} months", profile=Profile(history_months=months))
            checking = ledger.accounts(item)[0]
            assert ledger.transactions(checking.id, limit=10_000)[-1].date[:7] == oldest
