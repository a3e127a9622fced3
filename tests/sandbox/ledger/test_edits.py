"""Edits of the bank's reality, and which collection shows them."""

from datetime import datetime
from decimal import Decimal

import pytest

from sandbox.ledger import AccountChanges, Ledger, Profile
from tests.sandbox.ledger.ledgers import decoded, everything, later, open_item, opened
from tests.sandbox.ledger.test_balances import check_balances
from tests.sandbox.ledger.test_collections import check_changes

ROW = {"date": "2026-03-10", "description": "Doação", "amount": "-45.6789", "categoryId": "13000000"}


def _setup(ledger: Ledger) -> tuple[str, str]:
    item = open_item(ledger)
    return item, ledger.accounts(item)[0].id


def _collected(ledger: Ledger, item: str, at: datetime) -> None:
    before = everything(ledger, item)
    collected = ledger.collect(item, at)
    check_changes(before, everything(ledger, item), collected.accounts)
    check_balances(ledger)


def test_an_added_row_shows_after_the_next_collection() -> None:
    with opened() as ledger:
        item, account = _setup(ledger)
        before = ledger.account(account)

        edited = ledger.add_rows(account, [ROW], at=later(0.01))
        hidden = ledger.transaction(edited.ids[0])
        collected = ledger.collect(item, later(0.02))
        row = ledger.transaction(edited.ids[0])
        after = ledger.account(account)

    assert (edited.accounts, hidden) == ({}, None)
    assert edited.ids[0] in collected.accounts[account].created
    assert row is not None
    assert (row.amount, row.type, row.status, row.category) == (Decimal("-45.6789"), "DEBIT", "POSTED", "Donations")
    assert (row.date, row.account_id) == ("2026-03-10T00:00:00.000Z", account)
    assert before is not None
    assert after is not None


def test_an_edit_applied_at_once_reports_its_changes_and_the_next_collection_does_not() -> None:
    with opened() as ledger:
        item, account = _setup(ledger)
        before = everything(ledger, item)

        edited = ledger.add_rows(account, [ROW, ROW], at=later(0), apply_now=True)
        check_changes(
            before, everything(ledger, item), {key: edited.accounts.get(key, AccountChanges()) for key in before}
        )
        check_balances(ledger)
        collected = ledger.collect(item, later(0.001))

    assert sorted(edited.accounts[account].created) == sorted(edited.ids)
    assert len(set(edited.ids)) == 2
    assert not collected.accounts[account]


def test_an_added_row_takes_its_place_in_the_order() -> None:
    """R27: pages by key over edited and generated rows give each row once."""
    with opened() as ledger:
        _, account = _setup(ledger)
        ledger.add_rows(
            account, [ROW | {"date": f"2025-0{month}-15"} for month in range(1, 10)], at=later(0), apply_now=True
        )

        whole = ledger.transactions(account, limit=10_000)
        keys = [(row.date, row.id) for row in whole]
        half = ledger.transactions(
            account, after=(datetime.fromisoformat(whole[300].date), whole[300].id), limit=10_000
        )

    assert keys == sorted(set(keys), reverse=True)
    assert half == whole[301:]


def test_a_changed_row_keeps_its_id_and_creation() -> None:
    with opened() as ledger:
        item, account = _setup(ledger)
        row = ledger.transactions(account, limit=30)[-1]

        ledger.change_row(row.id, at=later(1), description="Corrigido", amount=Decimal("7.5"), category_id="10000000")
        _collected(ledger, item, later(2))
        changed = ledger.transaction(row.id)

    assert changed is not None
    assert (changed.description, changed.amount, changed.type) == ("Corrigido", Decimal("7.5"), "CREDIT")
    assert (changed.category, changed.created_at) == ("Groceries", row.created_at)
    assert changed.updated_at > row.updated_at


def test_a_restated_row_dies_and_rises_under_an_id_that_says_nothing() -> None:
    """R32: delete and create, with nothing to link the two."""
    with opened() as ledger:
        item, account = _setup(ledger)
        row = ledger.transactions(account, limit=30)[-1]

        edited = ledger.restate(row.id, at=later(1), description="Renomeado pelo banco")
        assert ledger.transaction(row.id) == row
        _collected(ledger, item, later(2))
        successor = ledger.transaction(edited.ids[0])

        assert ledger.transaction(row.id) is None
    assert successor is not None
    assert (successor.amount, successor.date) == (row.amount, row.date)
    assert successor.description == "Renomeado pelo banco"
    assert successor.created_at > row.created_at


def test_a_restated_row_stays_in_its_facts_and_on_its_bill() -> None:
    with opened() as ledger:
        item = open_item(ledger)
        plans = [plan for plan in ledger.truth()["facts"]["installments"] if len(plan["transactionIds"]) == 6]
        old = plans[0]["transactionIds"][2]

        new = ledger.restate(old, at=later(0), apply_now=True, description="OUTRO NOME").ids[0]
        again = ledger.restate(new, at=later(0), apply_now=True, description="MAIS UM").ids[0]
        plan = next(each for each in ledger.truth()["facts"]["installments"] if each["key"] == plans[0]["key"])
        bills = [bill for account in ledger.truth(item)["items"][0]["accounts"] for bill in account["bills"]]
        check_balances(ledger)

    assert plan["transactionIds"][2] == again
    assert sum(again in bill["transactionIds"] for bill in bills) == 1
    assert not any({old, new} & set(bill["transactionIds"]) for bill in bills)


def test_removed_rows_vanish_and_may_come_back_newly_ingested() -> None:
    """R23: a deleted transaction may return under its old id."""
    with opened() as ledger:
        item, account = _setup(ledger)
        rows = ledger.transactions(account, limit=40)[::9]
        ids = [row.id for row in rows]

        ledger.remove_rows(ids, at=later(1))
        _collected(ledger, item, later(2))
        gone = [ledger.transaction(each) for each in ids]
        ledger.restore_rows(ids[:1], at=later(3))
        _collected(ledger, item, later(4))
        back = ledger.transaction(ids[0])

    assert gone == [None] * len(ids)
    assert back is not None
    assert (back.amount, back.date) == (rows[0].amount, rows[0].date)
    assert back.created_at > rows[0].created_at


def test_a_category_is_set_at_once() -> None:
    with opened() as ledger:
        _, account = _setup(ledger)
        row = ledger.transactions(account, limit=1)[0]

        changed = ledger.set_category(row.id, "21010000", at=later(1))
        unset = ledger.set_category(row.id, None)

        assert ledger.set_category("00000000-0000-4000-8000-000000000001", "21010000") is None
        with pytest.raises(ValueError, match="no category"):
            ledger.set_category(row.id, "00000001")
    assert changed is not None
    assert (changed.category, changed.category_id) == ("Tickets", "21010000")
    assert changed.updated_at > row.updated_at
    assert unset is not None
    assert (unset.category, unset.category_id) == (None, None)


def test_a_bill_can_be_closed_early() -> None:
    with opened() as ledger:
        item = open_item(ledger)
        for account in ledger.accounts(item)[2:]:
            known = [bill.id for bill in ledger.bills(account.id)]

            bill_id = ledger.close_bill(account.id, at=later(1))
            assert ledger.bill(bill_id) is None
            _collected(ledger, item, later(1))
            closed = ledger.bill(bill_id)

            assert [bill.id for bill in ledger.bills(account.id)] == [bill_id, *known]
            assert closed is not None
            with pytest.raises(ValueError, match="before"):
                ledger.close_bill(account.id, at=later(1))
        _collected(ledger, item, later(2))
        for day in (12, 25, 40, 55):
            _collected(ledger, item, later(day))
        for account in ledger.truth()["items"][0]["accounts"]:
            on_bills = [each for bill in account["bills"] for each in bill["transactionIds"]]
            assert len(on_bills) == len(set(on_bills))


def test_edits_of_an_account_without_bills_or_rows_that_are_not_there_are_refused() -> None:
    unknown = "00000000-0000-4000-8000-000000000001"
    with opened() as ledger:
        _, account = _setup(ledger)
        for refused in (
            lambda: ledger.close_bill(account, at=later(1)),
            lambda: ledger.add_rows(unknown, [ROW], at=later(1)),
            lambda: ledger.change_row(unknown, at=later(1), description="x"),
            lambda: ledger.restate(unknown, at=later(1), description="x"),
            lambda: ledger.remove_rows([unknown], at=later(1)),
            lambda: ledger.restore_rows([ledger.transactions(account, limit=1)[0].id], at=later(1)),
        ):
            with pytest.raises(LookupError):
                refused()


@pytest.mark.parametrize(
    "row",
    [
        {"date": "2026-03-10", "description": "sem valor"},
        ROW | {"amount": 1.5},
        ROW | {"amount": "1.23456"},
        ROW | {"amount": "NaN"},
        ROW | {"amount": "muito"},
        ROW | {"date": "10/03/2026"},
        ROW | {"date": "2026-02-30"},
        ROW | {"categoryId": "00000001"},
        ROW | {"id": "00000000-0000-4000-8000-000000000001"},
        ROW | {"paymentData": "PIX"},
    ],
)
def test_fields_that_make_no_transaction_change_nothing(row: dict[str, object]) -> None:
    """R29: amounts are exact or refused."""
    with opened() as ledger:
        item, account = _setup(ledger)
        before = everything(ledger, item)

        with pytest.raises(ValueError, match=r".+"):
            ledger.add_rows(account, [ROW, row], at=later(0), apply_now=True)

        assert everything(ledger, item) == before


def test_nested_fields_and_both_spellings_are_accepted() -> None:
    payment = {"payer": None, "receiver": {"name": "José"}, "paymentMethod": "PIX"}
    with opened() as ledger:
        _, account = _setup(ledger)
        fields = {"payment_data": payment, "providerId": "E2E-1", "date": later(-1), "amount": 3, "description": "n"}

        edited = ledger.add_rows(account, [fields], at=later(0), apply_now=True)
        row = decoded(ledger.transaction(edited.ids[0]))

    assert row["paymentData"]["receiver"]["name"] == "José"
    assert (row["providerId"], row["amount"], row["date"]) == ("E2E-1", 3, "2026-03-17T15:30:00.000Z")


def test_edits_of_one_item_leave_the_other_alone() -> None:
    with opened() as ledger:
        _, account = _setup(ledger)
        other = open_item(ledger, "other", profile=Profile())
        before = everything(ledger, other)

        ledger.remove_rows([row.id for row in ledger.transactions(account, limit=50)], at=later(0), apply_now=True)

        assert everything(ledger, other) == before
