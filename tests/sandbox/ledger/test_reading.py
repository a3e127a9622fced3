"""Pages, days and instants cut the same list without losing a row or doubling one."""

from datetime import UTC, date, datetime

from sandbox.ledger import Profile
from tests.sandbox.ledger.ledgers import START, later, open_item, opened


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_pages_by_key_give_every_row_once_newest_first() -> None:
    """R27: `(date, id)` is a total order, also where a hundred rows share a midnight."""
    with opened() as ledger:
        item = open_item(ledger)
        for account in ledger.accounts(item):
            whole = ledger.transactions(account.id, limit=100_000)
            paged, after = [], None
            while page := ledger.transactions(account.id, after=after, limit=37):
                paged += page
                after = (_instant(page[-1].date), page[-1].id)

            keys = [(row.date, row.id) for row in whole]
            assert keys == sorted(set(keys), reverse=True)
            assert paged == whole
            assert ledger.count_transactions(account.id) == len(whole)


def test_offsets_cut_the_same_list() -> None:
    with opened() as ledger:
        account = ledger.accounts(open_item(ledger))[0].id
        whole = ledger.transactions(account, limit=1000)

        assert ledger.transactions(account, offset=100, limit=50) == whole[100:150]
        assert ledger.transactions(account, offset=100_000) == []


def test_days_are_inclusive_on_both_ends_and_in_utc() -> None:
    with opened() as ledger:
        account = ledger.accounts(open_item(ledger))[0].id
        whole = ledger.transactions(account, limit=100_000)

        found = ledger.transactions(account, date_from=date(2025, 6, 30), date_to=date(2025, 7, 2), limit=1000)
        none = ledger.transactions(account, date_from=date(2025, 7, 2), date_to=date(2025, 6, 30))

    assert found == [row for row in whole if "2025-06-30" <= row.date[:10] <= "2025-07-02"]
    assert found
    assert none == []


def test_created_at_from_is_inclusive_and_misses_no_row() -> None:
    """R22: what a later collection brought is found by its ingestion, whatever its date."""
    with opened() as ledger:
        item = open_item(ledger)
        instants = [later(days) for days in (3, 9, 40)]
        for instant in instants:
            ledger.collect(item, instant)
        for account in ledger.accounts(item):
            whole = ledger.transactions(account.id, limit=100_000)
            for instant in (START, *instants, later(41)):
                label = instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")
                found = ledger.transactions(account.id, created_at_from=instant, limit=100_000)
                assert found == [row for row in whole if row.created_at >= label]
                assert ledger.count_transactions(account.id, created_at_from=instant) == len(found)


def test_rows_are_found_by_ids_and_only_in_their_account() -> None:
    with opened() as ledger:
        checking, savings, *_ = ledger.accounts(open_item(ledger))
        rows = ledger.transactions(checking.id, limit=40)[::7]

        by_ids = ledger.transactions(checking.id, ids=[row.id.upper() for row in rows])
        elsewhere = ledger.transactions(savings.id, ids=[row.id for row in rows])

        assert by_ids == rows
        assert elsewhere == []
        assert [ledger.transaction(row.id) for row in rows] == rows


def test_unknown_ids_read_as_nothing() -> None:
    unknown = "00000000-0000-4000-8000-000000000001"
    with opened() as ledger:
        item = open_item(ledger)
        account = ledger.accounts(item)[0].id

        assert ledger.account(unknown) is None
        assert ledger.account(ledger.transactions(account, limit=1)[0].id) is None
        assert ledger.transaction(account) is None
        assert ledger.transactions(unknown) == []
        assert ledger.bills(unknown) == []
        assert ledger.bill(unknown) is None
        assert ledger.investment(unknown) is None
        assert ledger.loan(unknown) is None
        assert ledger.identity("no item") is None
        assert ledger.live_balance(unknown, START) is None
        assert ledger.category("12345678") is None
        assert ledger.investment_transactions(unknown) == []


def test_rows_on_a_bill_are_found_by_its_id() -> None:
    with opened() as ledger:
        item = open_item(ledger)
        checked = 0
        for account in ledger.accounts(item):
            whole = ledger.transactions(account.id, limit=100_000)
            for bill in ledger.bills(account.id)[:3]:
                on_bill = ledger.transactions(account.id, bill_id=bill.id)
                expected = [row for row in whole if (card := row.credit_card_metadata) and card.bill_id == bill.id]
                assert on_bill == expected
                checked += len(on_bill)

    assert checked


def test_an_account_appears_with_the_first_collection_of_its_product() -> None:
    with opened() as ledger:
        ledger.open_item("i", profile=Profile(), holder="h", institution="b", at=START)
        assert ledger.accounts("i") == []

        ledger.collect("i", START, fail=["CREDIT_CARDS", "IDENTITY"])
        assert {account.type for account in ledger.accounts("i")} == {"BANK"}
        assert ledger.identity("i") is None

        ledger.collect("i", later(1), products=["CREDIT_CARDS", "TRANSACTIONS"])
        bank, card = ledger.accounts("i")[0], ledger.accounts("i")[-1]
        assert (bank.type, card.type) == ("BANK", "CREDIT")
        assert bank.updated_at < card.updated_at


def test_a_failed_product_keeps_what_it_showed() -> None:
    """A run that could not read the transactions changes none, and says so by reporting nothing."""
    with opened() as ledger:
        item = open_item(ledger)
        account = ledger.accounts(item)[0]
        before = ledger.transactions(account.id, limit=10_000)

        failed = ledger.collect(item, later(10), fail=["TRANSACTIONS"])
        during = ledger.transactions(account.id, limit=10_000)
        caught_up = ledger.collect(item, later(11))

        assert failed.accounts == {}
        assert during == before
        assert len(caught_up.accounts[account.id].created) > 5


def test_the_live_balance_runs_ahead_of_the_collected_one() -> None:
    with opened() as ledger:
        item = open_item(ledger)
        account = ledger.accounts(item)[0]

        now = ledger.live_balance(account.id, START)
        ahead = ledger.live_balance(account.id, later(12))
        ledger.collect(item, later(12))
        collected = ledger.account(account.id)

    assert now is not None
    assert ahead is not None
    assert collected is not None
    assert now.balance == account.balance
    assert ahead.balance == collected.balance != account.balance
    assert ahead.update_date_time == later(12).astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
