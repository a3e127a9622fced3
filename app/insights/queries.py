"""SQL of what clients read of insights: sums of the ledger, each by one statement, and what is derived from it."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    DateTime,
    Select,
    bindparam,
    cast,
    extract,
    func,
    or_,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from app.accounts.models import Account
from app.balances.models import AccountBalance
from app.bills.models import Bill
from app.counterparties.models import Counterparty
from app.installments.models import Installment, InstallmentPlan
from app.recurring.models import RecurringSeries
from app.transactions.counting import COUNTS_AS
from app.transactions.filters import TransactionFilter
from app.transactions.models import Transaction
from app.transactions.queries import matching, set_by, values_of, where

_LONGEST_MONTH: Final = 31
_BILLS_LOOK_BACK: Final = timedelta(days=62)
_counts_as = COUNTS_AS.label("counts_as")


class MonthSum(NamedTuple):
    """What of a month counts as one thing, in one currency and direction."""

    currency_code: str
    month: date
    counts_as: str
    direction: str
    rows: int
    amount: Decimal


async def sums_by_month(session: AsyncSession, owner_id: UUID, rows: TransactionFilter) -> Sequence[MonthSum]:
    """Return the sums of the rows under a filter, by month and what they count as."""
    found = await session.execute(_sums_by_month(set_by(rows)), values_of(owner_id, rows))
    return [MonthSum(*row) for row in found]


@lru_cache(maxsize=128)  # composing one of these statements takes up to a millisecond
def _sums_by_month(conditions: tuple[str, ...]) -> Select[*tuple[Any, ...]]:
    key = (Transaction.currency_code, Transaction.date, _counts_as, Transaction.direction)
    sums = (func.count().label("rows"), func.sum(Transaction.amount).label("amount"))
    by_day = (
        select(*key, *sums).where(*where(conditions)).group_by(*key).subquery("by_day").c
    )  # a day is told from a month fast
    month = _month_of(by_day.date).label("month")  # of some hundred days, not of each row
    group = (by_day.currency_code, month, by_day.counts_as, by_day.direction)
    return select(*group, cast(func.sum(by_day.rows), BigInteger), func.sum(by_day.amount)).group_by(*group)


class SpendingSum(NamedTuple):
    """What was spent on a category, or with a counterparty, by month; the two cover the same rows."""

    is_of_category: bool
    currency_code: str
    category_id: str | None
    counterparty_id: UUID | None
    counterparty_name: str | None
    by_month: list[tuple[date, Decimal, int]]
    """First day of the month, sum and count of rows."""


async def spending(
    session: AsyncSession, owner_id: UUID, asked: TransactionFilter, *, month: date, until_day: int, largest: int
) -> Sequence[SpendingSum]:
    """Return the sums of the rows under a filter by category, and by counterparty: those of the month's `largest`.

    Of each month the days up to `until_day` are counted.
    """
    statement = _spending(set_by(asked), is_whole=until_day >= _LONGEST_MONTH)
    values = {**values_of(owner_id, asked), "month": month, "until_day": until_day, "largest": largest}
    found = await session.execute(statement, values)
    return [
        SpendingSum(of_category, code, category_id, party_id, name, list(zip(months, amounts, rows, strict=True)))
        for of_category, code, category_id, party_id, name, months, amounts, rows in found
    ]


@lru_cache(maxsize=128)
def _spending(conditions: tuple[str, ...], *, is_whole: bool) -> Select[*tuple[Any, ...]]:
    of, whom = Transaction.category_id, Transaction.counterparty_id
    month_of_row = _month_of(Transaction.date).label("month")
    sets = (tuple_(Transaction.currency_code, month_of_row, each) for each in (of, whom))
    by_month = (
        select(
            (func.grouping(of) == 0).label("is_of_category"),
            Transaction.currency_code,
            month_of_row,
            of,
            whom,
            func.count().label("rows"),
            func.sum(Transaction.amount).label("amount"),
        )
        .where(*where(conditions), *([] if is_whole else [extract("day", Transaction.date) <= bindparam("until_day")]))
        .group_by(func.grouping_sets(*sets))
        .subquery("by_month")
        .c
    )
    key = (by_month.is_of_category, by_month.currency_code, by_month.category_id, by_month.counterparty_id)
    present = func.sum(by_month.amount).filter(by_month.month == bindparam("month"))
    rank = func.row_number().over(partition_by=key[:2], order_by=(by_month.counterparty_id.is_(None), present))
    together = (func.array_agg(column).label(column.key) for column in (by_month.month, by_month.amount, by_month.rows))
    ranked = select(*key, *together, present.label("present"), rank.label("rank")).group_by(*key).subquery("ranked").c
    return (
        select(*(ranked[column.key] for column in key), Counterparty.name, ranked.month, ranked.amount, ranked.rows)
        .outerjoin(
            Counterparty, (Counterparty.owner_id == bindparam("owner_id")) & (Counterparty.id == ranked.counterparty_id)
        )
        .where(or_(ranked.is_of_category, ranked.present.is_not(None) & (ranked.rank <= bindparam("largest"))))
    )


def _month_of(day: ColumnElement[date] | InstrumentedAttribute[date]) -> ColumnElement[date]:
    return cast(func.date_trunc("month", cast(day, DateTime)), Date)


async def first_day(session: AsyncSession, owner_id: UUID, asked: TransactionFilter) -> date | None:
    """Return the day of the oldest row under a filter; None without any."""
    conditions, values = matching(owner_id, asked)
    statement = select(Transaction.date).where(*conditions).order_by(Transaction.date, Transaction.id).limit(1)
    return (await session.execute(statement, values)).scalar_one_or_none()


class BalanceOfDay(NamedTuple):
    """An account's balance on a day."""

    account_id: UUID
    is_card: bool
    currency_code: str
    day: date
    balance: Decimal


async def balances(
    session: AsyncSession,
    owner_id: UUID,
    *,
    first: date,
    last: date,
    account_id: UUID | None = None,
    connection_id: UUID | None = None,
) -> Sequence[BalanceOfDay]:
    """Return the balances of these days by account and day, and of each account the newest one before them."""
    mine = [AccountBalance.owner_id == owner_id, Account.owner_id == owner_id, Account.removed_at.is_(None)]
    if account_id is not None:
        mine.append(AccountBalance.account_id == account_id)
    if connection_id is not None:
        mine.append(Account.connection_id == connection_id)
    found = (
        select(
            AccountBalance.account_id,
            (Account.type == "CREDIT").label("is_card"),
            AccountBalance.currency_code,
            AccountBalance.day,
            AccountBalance.balance,
        )
        .join(Account, Account.id == AccountBalance.account_id)
        .where(*mine)
    )
    before = (
        found.where(AccountBalance.day < first)
        .order_by(AccountBalance.account_id, AccountBalance.day.desc())
        .ext(distinct_on(AccountBalance.account_id))
    )
    either = union_all(before, found.where(AccountBalance.day.between(first, last))).subquery("either")
    rows = await session.execute(select(either).order_by(either.c.account_id, either.c.day))
    return [BalanceOfDay(*row) for row in rows]


def _of_account(
    table: type[RecurringSeries] | type[InstallmentPlan],
    owner_id: UUID,
    account_id: UUID | None,
    connection_id: UUID | None,
) -> list[ColumnElement[bool]]:
    accounts = select(Account.id).where(Account.owner_id == owner_id, Account.removed_at.is_(None))
    if connection_id is not None:
        accounts = accounts.where(Account.connection_id == connection_id)
    if account_id is not None:
        accounts = accounts.where(Account.id == account_id)
    return [table.owner_id == owner_id, table.account_id.in_(accounts)]


async def live_series(
    session: AsyncSession,
    owner_id: UUID,
    *,
    today: date,
    account_id: UUID | None = None,
    connection_id: UUID | None = None,
) -> Sequence[RecurringSeries]:
    """Return the series that nobody rejected and whose next day was not long ago: a pace has not passed since."""
    statement = select(RecurringSeries).where(
        *_of_account(RecurringSeries, owner_id, account_id, connection_id),
        RecurringSeries.decision.is_distinct_from("rejected"),
        RecurringSeries.next_date + (RecurringSeries.next_date - RecurringSeries.last_date) >= today,
    )
    return (await session.execute(statement)).scalars().all()


class PlanPart(NamedTuple):
    """One instalment; positive."""

    date: date
    amount: Decimal
    transaction_id: UUID | None


async def open_plans(
    session: AsyncSession,
    owner_id: UUID,
    *,
    after: date,
    account_id: UUID | None = None,
    connection_id: UUID | None = None,
) -> Sequence[tuple[InstallmentPlan, list[PlanPart]]]:
    """Return the plans with a part after a day, each with all its parts in their order."""
    statement = (
        select(InstallmentPlan, Installment)
        .join(Installment, (Installment.owner_id == owner_id) & (Installment.plan_id == InstallmentPlan.id))
        .where(*_of_account(InstallmentPlan, owner_id, account_id, connection_id), InstallmentPlan.last_date > after)
        .order_by(InstallmentPlan.id, Installment.number)
    )
    found: dict[UUID, tuple[InstallmentPlan, list[PlanPart]]] = {}
    for plan, part in await session.execute(statement):
        found.setdefault(plan.id, (plan, []))[1].append(PlanPart(part.date, part.amount, part.transaction_id))
    return list(found.values())


async def checking_accounts(session: AsyncSession, owner_id: UUID) -> Sequence[Account]:
    """Return the bank accounts that are neither savings nor removed, with a known balance."""
    statement = select(Account).where(
        Account.owner_id == owner_id,
        Account.type == "BANK",
        Account.subtype.is_distinct_from("SAVINGS_ACCOUNT"),
        Account.removed_at.is_(None),
        Account.balance.is_not(None),
    )
    return (await session.execute(statement)).scalars().all()


class Card(NamedTuple):
    """A card and its latest bills, by due day."""

    account: Account
    bills: Sequence[Bill]


async def cards(
    session: AsyncSession,
    owner_id: UUID,
    *,
    today: date,
    account_id: UUID | None = None,
    connection_id: UUID | None = None,
) -> Sequence[Card]:
    """Return the cards, by id."""
    is_recent = (Bill.unlisted_at.is_(None)) & (Bill.due_date >= today - _BILLS_LOOK_BACK)
    statement = select(Account, Bill).outerjoin(
        Bill, (Bill.owner_id == owner_id) & (Bill.account_id == Account.id) & is_recent
    )
    statement = statement.where(Account.owner_id == owner_id, Account.type == "CREDIT", Account.removed_at.is_(None))
    if account_id is not None:
        statement = statement.where(Account.id == account_id)
    if connection_id is not None:
        statement = statement.where(Account.connection_id == connection_id)
    found: dict[UUID, Card] = {}
    bills: dict[UUID, list[Bill]] = {}
    for account, bill in await session.execute(statement.order_by(Account.id, Bill.due_date)):
        found[account.id] = Card(account, bills.setdefault(account.id, []))
        if bill is not None:
            bills[account.id].append(bill)
    return list(found.values())


class CardRow(NamedTuple):
    """What weighs on a card's bill: a listed row, or an instalment that the bank does not list yet."""

    account_id: UUID
    charged_on: date
    amount: Decimal
    currency_code: str
    transaction_id: UUID | None
    bill_pluggy_id: UUID | None


async def card_rows(
    session: AsyncSession, owner_id: UUID, account_ids: Sequence[UUID], *, since: date, before: date
) -> Sequence[CardRow]:
    """Return what is charged to cards in some days, payments of bills left out; an instalment on the day of its plan.

    Some banks date all instalments at the purchase: by its row alone each of them would weigh on the first bill.
    """
    charged = func.coalesce(Installment.date, Transaction.date)
    part = (Installment.owner_id == owner_id) & (Installment.transaction_id == Transaction.id)
    listed = (
        select(
            Transaction.account_id, charged, Transaction.amount, Transaction.currency_code,
            Transaction.id, Transaction.bill_pluggy_id,
        )
        .outerjoin(Installment, part)
        .where(
            Transaction.owner_id == owner_id, Transaction.removed_at.is_(None), Transaction.internal_kind.is_(None),
            Transaction.account_id.in_(account_ids), charged >= since, charged < before,
        )
    )  # fmt: skip
    plan = (InstallmentPlan.owner_id == owner_id) & (InstallmentPlan.id == Installment.plan_id)
    coming = (
        select(InstallmentPlan.account_id, Installment.date, -Installment.amount, InstallmentPlan.currency_code)
        .join(InstallmentPlan, plan)
        .where(
            Installment.owner_id == owner_id, Installment.transaction_id.is_(None),
            InstallmentPlan.account_id.in_(account_ids), Installment.date >= since, Installment.date < before,
        )
    )  # fmt: skip
    rows = [CardRow(*row) for row in await session.execute(listed)]
    return rows + [CardRow(*row, None, None) for row in await session.execute(coming)]
