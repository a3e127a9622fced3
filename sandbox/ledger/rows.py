"""From a draft of a movement to the row that a bank keeps, with the instants at which it changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from typing import NamedTuple

from msgspec import Struct

from sandbox.ledger import calendar, categories
from sandbox.ledger.draws import Draws
from sandbox.ledger.ids import Ids, Kind
from sandbox.ledger.models import CreditCardMetadata, Merchant, PaymentData, Transaction
from sandbox.ledger.money import money


class Mark(NamedTuple):
    """A planted fact that a row belongs to: its kind, the group's key, and the row's part in it."""

    fact: str
    key: str
    part: str = ""


@dataclass(slots=True)
class Draft:
    """A movement as a generator thinks of it; `amount` has the sign of the wire, in ten-thousandths of reais.

    `clock` is the local time in milliseconds, or None where the bank gives only the day. The bank shows the row
    `ahead` days before its date (then PENDING until it), or `late` days after it, and settles it `settling` days later.
    """

    day: date
    amount: int
    text: str
    category: str | None
    operation: str | None = None
    clock: int | None = None
    payment: PaymentData | None = None
    merchant: Merchant | None = None
    card: CreditCardMetadata | None = None
    foreign: tuple[int, str] | None = None
    marks: tuple[Mark, ...] = ()
    ahead: int = 0
    late: int = 0
    settling: int = 0


class Row(Struct, frozen=True, gc=False):
    """A row of the bank: `shape` is how the API shows it once everything about it has happened.

    Instants in milliseconds: `at` is the row's date, `visible` when the bank first lists it, `posted` when it settles,
    `counts_from` when it has both happened and been listed, `closing` when the API names its bill, `gone` when the bank
    drops it. `units` is the amount in the account's currency, `bill` the month in which the row's card bill closes.
    """

    shape: Transaction
    at: int
    visible: int
    posted: int
    units: int
    marks: tuple[Mark, ...]
    counts_from: int
    bill: int | None = None
    closing: int | None = None
    gone: int | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """How one account is written: where its ids come from and what its bank leaves out."""

    ids: Ids
    key: bytes
    content: str  # what the bank's own account is called: the same for every item that shows it
    item: int
    account: int
    account_id: str
    padding: int  # milliseconds after 00:00Z that stand for "no time given": 0 or three hours
    is_credit: bool
    running_balance: bool
    open_finance: bool  # such banks give their own ids and operation types
    orders: bool

    def draws(self, *parts: object) -> Draws:
        """Draws for something of this account, the same under every item that shows it."""
        return Draws(self.key, self.content, *parts)


def instants(statement: Statement, draft: Draft, draws: Draws) -> tuple[int, int, int]:
    """`(at, visible, posted)` of a draft."""
    midnight = calendar.utc_midnight(draft.day)
    if draft.clock is None:
        at = midnight + statement.padding
        seen = midnight + calendar.LOCAL_OFFSET + (6 + draws.below(12)) * calendar.HOUR
    else:
        at = seen = midnight + calendar.LOCAL_OFFSET + draft.clock
    visible = seen + (draft.late - draft.ahead) * calendar.DAY
    posted = max(visible, seen if draft.ahead else visible) + draft.settling * calendar.DAY
    return at, visible, posted


def assemble(statement: Statement, month: int, drafts: Sequence[Draft], start: int) -> list[Row]:
    """The rows of one month, oldest first; `start` is the balance before it."""
    draws = statement.draws("assemble", month)
    timed = [(*instants(statement, draft, draws), draft) for draft in drafts]
    timed.sort(key=lambda entry: entry[0])
    rows, balance, position, day = [], start, 0, None
    for n, (at, visible, posted, draft) in enumerate(timed):
        position = position + 1 if draft.day == day else 1
        day = draft.day
        balance += draft.amount
        shape = make_shape(
            statement,
            (month, n),
            draft,
            at,
            order=position if statement.orders else None,
            balance=balance if statement.running_balance else None,
        )
        rows.append(Row(shape, at, visible, posted, draft.amount, draft.marks, max(at, visible)))
    return rows


def _provider_id(statement: Statement, month: int, n: int) -> str:
    """The bank's own id: the same under every item that shows the account."""
    digest = blake2b(f"{statement.content}/{month}/{n}".encode(), key=statement.key, digest_size=16)
    return digest.hexdigest().upper()


def make_shape(
    statement: Statement, address: tuple[int, int], draft: Draft, at: int, *, order: int | None, balance: int | None
) -> Transaction:
    """The settled form of a draft; `address` is `(month, n)`, and dates of ingestion are filled in by the view."""
    month, n = address
    incoming = (draft.amount < 0) if statement.is_credit else (draft.amount >= 0)
    amount, currency = draft.foreign or (draft.amount, "BRL")
    return Transaction(
        id=statement.ids.encode(Kind.TRANSACTION, statement.item, statement.account, month, n),
        account_id=statement.account_id,
        date=calendar.wire(at),
        description=draft.text,
        description_raw=None if n % 9 == 4 else draft.text.upper(),
        amount=money(amount),
        amount_in_account_currency=money(draft.amount) if draft.foreign else None,
        currency_code=currency,
        type="CREDIT" if incoming else "DEBIT",
        balance=None if balance is None else money(balance),
        status="POSTED",
        category=categories.name_of(draft.category),
        category_id=draft.category,
        provider_code=f"{month * 7919 + n * 31:06d}"[-6:] if n % 3 == 0 else None,
        provider_id=_provider_id(statement, month, n) if statement.open_finance else None,
        operation_type=draft.operation if statement.open_finance else None,
        operation_type_additional_info=None,
        order=order,
        payment_data=draft.payment,
        credit_card_metadata=draft.card,
        merchant=draft.merchant,
        created_at="",
        updated_at="",
    )
