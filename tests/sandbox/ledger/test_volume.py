"""More rows than a household has, and no more memory than is allowed."""

from sandbox.ledger import Profile
from sandbox.ledger.cache import RowCache
from tests.sandbox.ledger.ledgers import later, open_item, opened
from tests.sandbox.ledger.test_balances import check_balances


def test_the_multiplier_multiplies_rows_up_to_five_thousand() -> None:
    counts = {}
    with opened() as ledger:
        for multiplier in (1, 3, 1000):
            item = open_item(ledger, f"x{multiplier}", profile=Profile(multiplier=multiplier, cards=1))
            counts[multiplier] = ledger.count_transactions(ledger.accounts(item)[0].id)
            ledger.collect(item, later(9))
        check_balances(ledger)

    assert 2.8 < counts[3] / counts[1] < 3.2
    assert 4700 < counts[1000] <= 5000


def test_the_cache_holds_no_more_rows_than_it_may() -> None:
    with opened() as ledger:
        item = open_item(ledger)
        row = ledger.transactions(ledger.accounts(item)[0].id, limit=1)[0]
        source = ledger._items[item].bank.accounts[0].dated(312)
    cache = RowCache(capacity=1000)

    for month in range(200):
        cache.kept((month,), lambda: list(source))

    assert row
    assert cache._held <= 1000
    assert cache._held == sum(len(rows) + 1 for rows in cache._months.values())
    assert (199,) in cache._months
    assert (0,) not in cache._months


def test_a_small_cache_changes_nothing_but_time() -> None:
    with opened() as ledger:
        item = open_item(ledger)
        whole = [ledger.transactions(account.id, limit=10_000) for account in ledger.accounts(item)]
        ledger._cache._capacity = 60

        again = [ledger.transactions(account.id, limit=10_000) for account in ledger.accounts(item)]

    assert again == whole
