"""What the stand-in's truth says about money, worked out by rules of its own: nothing here is shared with the service
or with the stand-in."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, NamedTuple

BRASILIA = timezone(timedelta(hours=-3))


class BankRow(NamedTuple):
    """A row as a person reads it off the bank's truth."""

    id: str
    account_id: str
    day: date
    amount: Decimal
    currency: str
    category: str | None
    is_of_card: bool
    text: str
    bill_id: str | None

    @property
    def month(self) -> str:
        return f"{self.day:%Y-%m}"


def bank_rows(truth: dict[str, Any]) -> Iterator[BankRow]:
    """Every row of every account, money out below zero."""
    for item in truth["items"]:
        for account in item["accounts"]:
            for row in account["transactions"]:
                yield _row(row, account)


def _row(row: dict[str, Any], account: dict[str, Any]) -> BankRow:
    in_account = row["amountInAccountCurrency"]
    value = Decimal(row["amount"] if in_account is None else in_account)
    if row["type"] == "DEBIT":
        value = -abs(value)
    elif row["type"] == "CREDIT":
        value = abs(value)
    elif account["type"] == "CREDIT":
        value = -value
    return BankRow(
        id=row["id"],
        account_id=account["id"],
        day=_day(row["date"]),
        amount=value,
        currency=account["currencyCode"] if in_account is not None else row["currencyCode"],
        category=row["categoryId"],
        is_of_card=account["type"] == "CREDIT",
        text=row["description"],
        bill_id=row["billId"],
    )


def _day(text: str) -> date:
    instant = datetime.fromisoformat(text)
    if text.endswith("T00:00:00.000Z"):
        return instant.date()
    return instant.astimezone(BRASILIA).date()


def kinds(truth: dict[str, Any]) -> dict[str, str]:
    """Which rows are neither income nor spending, by id."""
    facts = truth["facts"]
    kind: dict[str, str] = {}
    for pair in facts["transfers"]:
        kind[pair["debitId"]] = kind[pair["creditId"]] = "own_account_transfer"
    for lone in facts["unpaired_transfers"]:
        kind[lone["transactionId"]] = "own_account_transfer"
    for pair in facts["card_payments"]:
        kind[pair["debitId"]] = kind[pair["creditId"]] = "card_payment"
    for row in bank_rows(truth):  # a card that was paid from a bank whose side is not on show was paid all the same
        if row.is_of_card and row.amount > 0 and row.category == "05100000":
            kind[row.id] = "card_payment"
    for sweep in facts["investment_sweeps"]:
        kind[sweep["transactionId"]] = "investment"
    return kind


def counted(truth: dict[str, Any], until: date) -> dict[str, list[BankRow]]:
    """All rows up to a day by what they count as."""
    kind = kinds(truth)
    found: dict[str, list[BankRow]] = defaultdict(list)
    for row in bank_rows(truth):
        if row.day <= until:
            found[kind.get(row.id) or ("income" if row.amount > 0 else "spending")].append(row)
    return found


def total(rows: Iterable[BankRow]) -> Decimal:
    return sum((row.amount for row in rows), Decimal(0))
