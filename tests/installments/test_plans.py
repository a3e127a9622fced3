"""Instalments, as banks write them in three ways."""

from datetime import date
from decimal import Decimal

import pytest

from app.installments.plans import add_months, find_plans
from app.transactions.movements import Movement
from tests.movements import BANK, CARD, movement

BOUGHT = date(2026, 1, 31)


def numbered(number: int, total: int = 3, amount: str = "-33.33", day: date | None = None, **given: object) -> Movement:
    card = {"purchase_date": BOUGHT.isoformat(), **given.pop("card", {})}  # type: ignore[dict-item]
    return movement(
        amount, day or add_months(BOUGHT, number - 1), "LOJA", account_id=CARD,
        installment_number=number, total_installments=total, card=card, **given,
    )  # fmt: skip


def test_numbered_rows_of_a_purchase_are_one_plan() -> None:
    rows = [numbered(1, amount="-33.34"), numbered(2), numbered(3)]

    (plan,) = find_plans(rows)

    assert [part.transaction_id for part in plan.parts] == [row.id for row in rows]
    assert [part.date for part in plan.parts] == [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31)]
    assert plan.total_amount == Decimal("100.00")


def test_parts_that_the_bank_does_not_list_yet_are_known_to_the_centavo() -> None:
    (plan,) = find_plans([numbered(1, amount="-33.34"), numbered(2)])

    assert plan.parts[2] == (3, date(2026, 3, 31), Decimal("33.33"), None)
    assert plan.total_amount == Decimal("100.00")


def test_a_first_part_never_seen_bears_what_the_others_leave_of_the_total() -> None:
    told = {"total_amount": "100.00"}

    (plan,) = find_plans([numbered(2, card=told), numbered(3, card=told)])

    assert plan.parts[0].amount == Decimal("33.34")


@pytest.mark.parametrize(
    ("told", "others"),
    [("100.00", "33.33"), ("100.01", "33.34"), (None, "33.34"), ("120.00", "33.34")],  # the last with interest
)
def test_parts_after_the_first_share_what_it_leaves_of_the_total(told: str | None, others: str) -> None:
    (plan,) = find_plans([numbered(1, amount="-33.34", card={"total_amount": told})])

    assert [part.amount for part in plan.parts] == [Decimal("33.34"), Decimal(others), Decimal(others)]


@pytest.mark.parametrize(
    "text", ["LOJAS RENASCER {:02d}/10", "LOJAS RENASCER PARC {:02d}/10", "LOJAS RENASCER ({} de 10)"]
)
def test_instalments_only_in_the_text_all_dated_at_the_purchase_are_charged_month_by_month(text: str) -> None:
    rows = [movement("-50.00", BOUGHT, text.format(number), account_id=CARD) for number in (3, 4, 5)]

    (plan,) = find_plans(rows)

    assert plan.description == "LOJAS RENASCER"
    assert [part.number for part in plan.parts if part.transaction_id] == [3, 4, 5]
    assert (plan.purchased_on, plan.parts[2].date) == (BOUGHT, date(2026, 3, 31))


def test_two_purchases_at_one_shop_in_as_many_parts_are_two_plans() -> None:
    one = [numbered(number) for number in (1, 2, 3)]
    other = [numbered(number, amount="-80.00") for number in (1, 2, 3)]

    plans = find_plans([*one, *other])

    assert sorted(plan.total_amount for plan in plans) == [Decimal("99.99"), Decimal("240.00")]


def test_rows_of_one_month_with_the_same_number_are_never_one_plan() -> None:
    rows = [numbered(1), numbered(1)]

    assert len(find_plans(rows)) == 2


@pytest.mark.parametrize(
    "row",
    [
        movement("-50.00", BOUGHT, "LOJA 03/10", account_id=BANK),
        movement("50.00", BOUGHT, "ESTORNO LOJA 03/10", account_id=CARD),
        movement("-50.00", BOUGHT, "LOJA 11/10", account_id=CARD),
        movement("-50.00", BOUGHT, "LOJA 1/1", account_id=CARD),
        movement("-50.00", BOUGHT, "IFD*BAR 24", account_id=CARD),
    ],
    ids=["a bank account", "a refund", "a day of October", "one part", "a house number"],
)
def test_what_is_no_instalment_makes_no_plan(row: Movement) -> None:
    assert find_plans([row]) == []
