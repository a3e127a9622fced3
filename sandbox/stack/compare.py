"""Whether the ledger that the service shows is the one that the bank has. Knows both only over HTTP."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

BANK_ZONE: Final = ZoneInfo("America/Sao_Paulo")
FOUR_DECIMALS: Final = Decimal("0.0001")
SHOWN_DIFFERENCES: Final = 10


class Row(NamedTuple):
    """One transaction as both sides must agree on it; negative is money out, on cards too."""

    pluggy_id: str
    day: date
    amount: Decimal


Ledger = Mapping[str, list[Row]]  # by Pluggy's id of the account


def differences(truth: Ledger, shown: Ledger) -> list[str]:
    """Every way in which `shown` departs from `truth`, in words; empty when they are equal."""
    found = [f"account {account}: missing" for account in truth.keys() - shown.keys()]
    found += [f"account {account}: not at the bank" for account in shown.keys() - truth.keys()]
    for account in sorted(truth.keys() & shown.keys()):
        found += [f"account {account}: {what}" for what in _row_differences(truth[account], shown[account])]
    return found


def _row_differences(truth: list[Row], shown: list[Row]) -> Iterable[str]:
    if len(truth) != len(shown):
        yield f"{len(shown)} transactions instead of {len(truth)}"
    wanted, total = sum((row.amount for row in truth), Decimal(0)), sum((row.amount for row in shown), Decimal(0))
    if wanted != total:
        yield f"sum {total} instead of {wanted}"
    for row, times in (Counter(truth) - Counter(shown)).items():
        yield f"lacks {_words(row)}{_times(times)}"
    for row, times in (Counter(shown) - Counter(truth)).items():
        yield f"has {_words(row)}{_times(times)}, which the bank has not"


def _words(row: Row) -> str:
    return f"{row.pluggy_id} of {row.day} over {row.amount}"


def _times(count: int) -> str:
    return f" ({count} times)" if count > 1 else ""


def row_of_bank(transaction: Mapping[str, Any], *, account_type: str) -> Row:
    """A transaction as the bank's API has it (numbers as Decimal), by the service's published rules."""
    in_account_currency = transaction.get("amountInAccountCurrency")
    raw = Decimal(transaction["amount"] if in_account_currency is None else in_account_currency)
    raw = raw.quantize(FOUR_DECIMALS, ROUND_HALF_EVEN)
    is_out = {"DEBIT": True, "CREDIT": False}.get(
        transaction.get("type") or "", (raw < 0) != (account_type == "CREDIT")
    )
    return Row(transaction["id"], _bank_day(transaction["date"]), -abs(raw) if is_out else abs(raw))


def row_of_service(transaction: Mapping[str, Any]) -> Row:
    """A transaction as the service shows it."""
    day, amount = date.fromisoformat(transaction["date"]), Decimal(transaction["amount"])
    return Row(transaction["pluggy_id"], day, amount.quantize(FOUR_DECIMALS))


def _bank_day(text: str) -> date:
    """Exactly midnight in UTC is a day without a time; any other instant falls on its day in Brazil."""
    instant = datetime.fromisoformat(text).astimezone(UTC)
    is_padded = (instant.hour, instant.minute, instant.second, instant.microsecond) == (0, 0, 0, 0)
    return instant.date() if is_padded else instant.astimezone(BANK_ZONE).date()
