"""Money, signs and days of single rows: golden cases."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import pytest

from app.money import money_text, to_money
from app.pluggy.ledger_models import Transaction
from app.pluggy.wire import decode_as
from app.transactions.bulk import TransactionRow
from app.transactions.mapping import PAYMENT, LedgerContext, to_row
from app.vault import Vault, VaultError, row_place

OWNER, ROW = UUID(int=1), UUID(int=2)
VAULT = Vault({"k1": bytes(32)})
BANK = LedgerContext(OWNER, is_card=False, currency_code="BRL")
CARD = LedgerContext(OWNER, is_card=True, currency_code="BRL")


def mapped(context: LedgerContext = BANK, **fields: Any) -> TransactionRow:
    return with_conflict(context, **fields)[0]


def with_conflict(context: LedgerContext = BANK, **fields: Any) -> tuple[TransactionRow, bool]:
    source = {"id": str(UUID(int=3)), "amount": "10", "date": "2026-03-04T12:00:00.000Z", "currencyCode": "BRL"}
    amount = fields.pop("amount", "10")
    text = msgspec.json.encode({**source, **fields, "amount": 0}).replace(b'"amount":0', b'"amount":' + amount.encode())
    result = to_row(decode_as(text, Transaction), ROW, b"hash", context, VAULT)
    return result.row, result.has_sign_conflict


@pytest.mark.parametrize(
    ("context", "amount", "kind", "expected"),
    [
        (BANK, "-12.34", "DEBIT", ("-12.3400", "OUT")),
        (BANK, "12.34", "CREDIT", ("12.3400", "IN")),
        (BANK, "-12.34", None, ("-12.3400", "OUT")),
        (BANK, "12.34", None, ("12.3400", "IN")),
        (CARD, "12.34", "DEBIT", ("-12.3400", "OUT")),
        (CARD, "-12.34", "CREDIT", ("12.3400", "IN")),
        (CARD, "12.34", None, ("-12.3400", "OUT")),
        (CARD, "-12.34", None, ("12.3400", "IN")),
        (BANK, "0", None, ("0.0000", "IN")),
        (CARD, "0", "DEBIT", ("0.0000", "OUT")),
    ],
)
def test_negative_is_money_out_on_cards_too(
    context: LedgerContext, amount: str, kind: str | None, expected: tuple[str, str]
) -> None:
    row, conflict = with_conflict(context, amount=amount, type=kind)

    assert (str(abs(row.amount) if row.amount == 0 else row.amount), row.direction) == expected
    assert not conflict


def test_type_wins_over_a_contrary_sign_and_the_conflict_is_told() -> None:
    row, conflict = with_conflict(BANK, amount="50", type="DEBIT")

    assert (row.amount, row.direction, row.amount_raw, conflict) == (Decimal(-50), "OUT", Decimal(50), True)


@pytest.mark.parametrize(
    ("instant", "day", "moment"),
    [
        ("2026-03-04T00:00:00.000Z", date(2026, 3, 4), None),  # padded with a UTC midnight
        ("2026-03-04T03:00:00.000Z", date(2026, 3, 4), None),  # padded with Sao Paulo's midnight
        ("2026-03-05T00:30:00.000Z", date(2026, 3, 4), datetime(2026, 3, 5, 0, 30, tzinfo=UTC)),  # 21:30 local
        ("2026-03-05T02:59:59.000Z", date(2026, 3, 4), datetime(2026, 3, 5, 2, 59, 59, tzinfo=UTC)),  # 23:59:59 local
        ("2026-03-05T00:00:00.001Z", date(2026, 3, 4), datetime(2026, 3, 5, 0, 0, 0, 1000, tzinfo=UTC)),
        ("2026-03-05T03:00:00.001Z", date(2026, 3, 5), datetime(2026, 3, 5, 3, 0, 0, 1000, tzinfo=UTC)),
        ("2018-12-02T02:00:00.000Z", date(2018, 12, 2), datetime(2018, 12, 2, 2, 0, tzinfo=UTC)),  # summer time then
    ],
)
def test_a_row_lies_on_the_banks_calendar_day(instant: str, day: date, moment: datetime | None) -> None:
    row = mapped(date=instant)

    assert (row.date, row.occurred_at) == (day, moment)


def test_a_foreign_purchase_counts_in_the_accounts_currency_and_keeps_the_other() -> None:
    row = mapped(CARD, amount="10.5", type="DEBIT", currencyCode="USD", amountInAccountCurrency=57.75)

    assert (row.amount, row.currency_code) == (Decimal("-57.7500"), "BRL")
    assert (row.original_amount, row.original_currency_code) == (Decimal("-10.5000"), "USD")


def test_a_foreign_row_without_conversion_keeps_its_own_currency() -> None:
    row = mapped(CARD, amount="10.5", type="DEBIT", currencyCode="USD")

    assert (row.amount, row.currency_code, row.original_amount) == (Decimal("-10.5000"), "USD", None)


@pytest.mark.parametrize(
    ("sent", "held"),
    [
        ("12345678901234.5678", "12345678901234.5678"),
        ("0.10", "0.1000"),
        ("1.00005", "1.0000"),
        ("1.00015", "1.0002"),
        ("-0.00005", "0.0000"),
    ],
)
def test_amounts_are_exact_and_rounded_half_to_even(sent: str, held: str) -> None:
    """R29"""
    assert abs(mapped(amount=sent).amount_raw) == Decimal(held)


UNUSABLE = ["1E+15", "-1000000000000000", "1e999999999", "NaN", "-Infinity", '"NaN"', '"sNaN"']


@pytest.mark.parametrize("amount", UNUSABLE)
def test_an_amount_that_no_column_holds_is_refused(amount: str) -> None:
    """R28, R29"""
    with pytest.raises(ValueError, match="out of range"):
        mapped(amount=amount)


@pytest.mark.parametrize("field", ["purchaseDate", "transactionDateTime"])
def test_what_is_no_instant_of_a_card_is_refused(field: str) -> None:
    """R28"""
    with pytest.raises(ValueError, match="Expected a date"):
        mapped(CARD, creditCardMetadata={field: "soon"})


@pytest.mark.parametrize("told", [each.strip('"') for each in UNUSABLE])
@pytest.mark.parametrize("field", ["balance", "amountInAccountCurrency", "totalAmount"])
def test_no_other_amount_of_a_row_may_be_one_that_no_column_holds(field: str, told: str) -> None:
    """R28, R29"""
    given = {"creditCardMetadata": {field: told}} if field == "totalAmount" else {field: told}

    with pytest.raises(ValueError, match="out of range"):
        mapped(CARD, **given)


@pytest.mark.parametrize(
    ("value", "text"),
    [("1", "1.00"), ("-1234.5", "-1234.50"), ("0.1230", "0.123"), ("0.1234", "0.1234"), ("-0.0001", "-0.0001")],
)
def test_money_is_written_with_two_to_four_decimals(value: str, text: str) -> None:
    assert money_text(to_money(Decimal(value))) == text


def test_the_counterparty_is_the_receiver_of_what_goes_out_and_the_payer_of_what_comes_in() -> None:
    payment = {"payer": {"name": "Ana"}, "receiver": {"name": "Bruno", "documentNumber": {"value": "761.092.776-73"}}}

    out, into = mapped(amount="-1", paymentData=payment), mapped(amount="1", paymentData=payment)

    assert (out.counterparty_name, into.counterparty_name) == ("Bruno", "Ana")
    assert out.counterparty_document_hash == VAULT.fingerprint("76109277673", purpose="document")


def test_documents_are_readable_in_their_own_row_only() -> None:
    """R64"""
    payment = {"receiver": {"documentNumber": {"value": "761.092.776-73"}}}

    row = mapped(amount="-1", paymentData=payment)

    assert row.payment is not None
    assert b"761" not in row.payment
    assert b"761.092.776-73" in VAULT.open(row.payment, place=row_place(PAYMENT, OWNER, ROW))
    with pytest.raises(VaultError):
        VAULT.open(row.payment, place=row_place(PAYMENT, OWNER, UUID(int=9)))


def test_an_instalment_keeps_its_place_and_its_cards_last_digits() -> None:
    card = {"installmentNumber": 3, "totalInstallments": 10, "cardNumber": "5555444433332222", "totalAmount": 99.9}

    row = mapped(CARD, creditCardMetadata=card)

    assert (row.installment_number, row.total_installments) == (3, 10)
    assert msgspec.json.decode(row.details or "")["card"] == {"last_digits": "2222", "total_amount": "99.90"}


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("2026-03-05T02:31:07.000Z", {"purchased_at": "2026-03-05T02:31:07Z"}),
        ("2026-03-05T03:00:00.000Z", {}),  # a padded midnight is no moment
        (None, {}),
    ],
)
def test_a_cards_padded_day_keeps_the_moment_that_the_bank_tells_beside_it(
    told: str | None, kept: dict[str, str]
) -> None:
    row = mapped(CARD, date="2026-03-04T03:00:00.000Z", creditCardMetadata={"transactionDateTime": told})

    assert (row.date, row.occurred_at) == (date(2026, 3, 4), None)
    assert msgspec.json.decode(row.details or "")["card"] == kept


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "1E15", "-1E15", "999999999999999.99995", "1E+999999"])
def test_what_a_column_of_money_cannot_hold_is_refused(amount: str) -> None:
    """R29: also what would only reach the limit by being rounded."""
    with pytest.raises(ValueError, match="out of range"):
        to_money(Decimal(amount))

    assert to_money(Decimal("999999999999999.99994")) == Decimal("999999999999999.9999")
