"""What comes again, and what only seems to."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from random import Random
from uuid import uuid4

import pytest

from app.business_days import business_days, next_business_day
from app.installments.plans import add_months
from app.recurring.detection import find_series
from app.transactions.movements import Movement
from tests.movements import CARD, movement

START = date(2025, 1, 5)


def monthly(count: int, amount: str = "-1800.00", text: str = "Pix enviado - Ana", **given: object) -> list[Movement]:
    return [movement(amount, next_business_day(add_months(START, month)), text, **given) for month in range(count)]


def test_a_rent_moved_to_business_days_is_one_series_with_its_next_day() -> None:
    rows = monthly(9)

    (found,) = find_series(rows)

    assert [row.id for row in found.rows] == [row.id for row in rows]
    assert (found.cadence, found.day_rule, found.varies) == ("monthly", "day:5:next", False)
    assert found.next_date == next_business_day(date(2025, 10, 5))


def test_a_salary_of_the_fifth_business_day_is_known_by_it() -> None:
    rows = [movement("5200.00", business_days(2025, month)[4], "Crédito de salário") for month in range(1, 8)]

    (found,) = find_series(rows)

    assert (found.day_rule, found.next_date) == ("business_day:5", business_days(2025, 8)[4])


def test_of_two_rules_that_explain_a_year_alike_the_one_that_explains_more_before_it_counts() -> None:
    """From September 2027 on the fifth business day is for a year the seventh, moved to a business day."""
    days = [business_days(2026 + month // 12, month % 12 + 1)[4] for month in range(8, 32)]

    (found,) = find_series([movement("5200.00", day, "Crédito de salário") for day in days])

    assert (days[-1], found.day_rule) == (date(2028, 8, 7), "business_day:5")


@pytest.mark.parametrize(
    "text",
    [
        "IOF s/ operações de crédito", "Juros cheque especial", "Multa por atraso", "Tarifa saque rede externa",
        "TARIFA TED", "Tarifa liquidação de cobrança",
    ],
)  # fmt: skip
def test_what_follows_from_how_an_account_is_used_is_no_series_however_regular(text: str) -> None:
    """Found by a window of the stand-in's data in which an overdraft's tax was alike in three months."""
    assert find_series(monthly(6, "-3.90", text)) == []


def test_a_monthly_package_of_the_bank_is_one() -> None:
    assert len(find_series(monthly(6, "-29.90", "Tarifa pacote de serviços"))) == 1


def test_a_rise_is_a_price_change_of_the_same_series() -> None:
    rows = monthly(6, "-39.90", "NETFLIX.COM", account_id=CARD)
    rows += [row._replace(id=uuid4(), date=add_months(row.date, 6), amount=Decimal("-44.90")) for row in rows]

    (found,) = find_series(rows)

    ((row_id, day, before, after),) = found.price_changes
    assert (row_id, day) == (rows[6].id, rows[6].date)
    assert (before, after) == (Decimal("39.90"), Decimal("44.90"))


def test_a_bill_that_differs_each_month_varies_and_has_no_price() -> None:
    rows = [
        movement(f"-{140 + 37 * (month % 5)}.{month:02d}", add_months(date(2025, 1, 12), month), "Luz & Força")
        for month in range(10)
    ]

    (found,) = find_series(rows)

    assert found.varies
    assert found.price_changes == ()


def test_two_charges_of_one_payee_on_one_day_are_two_series_by_their_texts() -> None:
    document, party = b"receita", uuid4()
    given = {"document_hash": document, "counterparty_id": party}
    rows = monthly(6, "-900.00", "DARF INSS", **given) + monthly(6, "-310.00", "DAS Simples", **given)

    found = find_series(rows)

    assert sorted(len(series.rows) for series in found) == [6, 6]


def test_a_bank_that_rewords_its_texts_does_not_break_a_series() -> None:
    given = {"document_hash": b"landlord", "counterparty_id": uuid4()}
    rows = [
        row._replace(description="PIX ENV ANA" if at % 2 else row.description)
        for at, row in enumerate(monthly(8, **given))
    ]

    (found,) = find_series(rows)

    assert len(found.rows) == 8


def test_a_month_left_out_is_forgiven() -> None:
    rows = monthly(10)

    (found,) = find_series(rows[:4] + rows[5:])

    assert len(found.rows) == 9


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("Saque Banco24Horas", {}),
        ("Aplicação CDB DI", {}),
        ("MAGAZINE ANA", {"installment_number": 1, "total_installments": 9}),
    ],
)
def test_cash_investments_and_instalments_are_no_series(text: str, given: dict[str, int]) -> None:
    assert find_series(monthly(9, "-200.00", text, **given)) == []


@pytest.mark.parametrize("seed", range(20))
def test_everyday_payments_to_one_payee_are_no_series(seed: int) -> None:
    random = Random(seed)
    rows = [
        movement(f"-{random.randint(900, 34000) / 100:.2f}", START + timedelta(random.randrange(730)), "Pix - Bia")
        for _ in range(random.randint(6, 60))
    ]

    assert find_series(rows) == []


def test_a_fee_of_one_price_charged_at_random_is_no_series() -> None:
    random = Random(7)
    rows = [movement("-35.00", START + timedelta(random.randrange(365)), "Tarifa cobrança") for _ in range(40)]

    assert find_series(rows) == []


def test_a_weekly_charge_has_its_own_pace() -> None:
    rows = [movement("-25.00", START + timedelta(7 * week), "FAXINA APP") for week in range(10)]

    (found,) = find_series(rows)

    assert (found.cadence, found.next_date) == ("weekly", rows[-1].date + timedelta(7))
    assert all((after.date - before.date).days == 7 for before, after in pairwise(found.rows))
