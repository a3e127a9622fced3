"""What the next bill of each card already comes to."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Final, NamedTuple
from uuid import UUID

from pydantic import ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import Account
from app.bills.cycles import Cycle, open_cycles
from app.insights import queries
from app.insights.figures import Figure, figure, these
from app.insights.periods import Whose
from app.insights.queries import Card, CardRow
from app.schemas import ApiModel, MoneyText
from app.transactions.filters import MOST_IDS


class Projection(NamedTuple):
    """One month of a card: `rows` in the card's currency are on its bill, as far as they are known."""

    account: Account
    cycle: Cycle
    rows: Sequence[CardRow]

    @property
    def amount(self) -> Decimal:
        """What they come to; negative is owed."""
        return _total(self.rows)


async def projections(
    session: AsyncSession,
    owner_id: UUID,
    *,
    today: date,
    account_id: UUID | None = None,
    connection_id: UUID | None = None,
) -> list[tuple[Card, list[Projection]]]:
    """Return the cards, each with its months since its last bill; none where its closing day is unknown."""
    cards = await queries.cards(session, owner_id, today=today, account_id=account_id, connection_id=connection_id)
    cycles = {card.account.id: _cycles(card, today) for card in cards}
    every = [cycle for of_card in cycles.values() for cycle in of_card]
    rows: Sequence[CardRow] = ()
    if every:
        since, before = min(each.opened_on for each in every), max(each.closes_on for each in every)
        rows = await queries.card_rows(session, owner_id, list(cycles), since=since, before=before)
    return [(card, [_projection(card.account, cycle, rows) for cycle in cycles[card.account.id]]) for card in cards]


def _cycles(card: Card, today: date) -> list[Cycle]:
    told = card.account.details
    closes, due = (
        date.fromisoformat(told[name]) if told.get(name) else None
        for name in ("balance_close_date", "balance_due_date")
    )
    return open_cycles(card.bills, closes=closes, due=due, today=today)


def _projection(account: Account, cycle: Cycle, rows: Iterable[CardRow]) -> Projection:
    bills = {None, cycle.bill.pluggy_id} if cycle.bill else {None}
    return Projection(
        account,
        cycle,
        [
            row
            for row in rows
            if (row.account_id, row.currency_code) == (account.id, account.currency_code)
            and cycle.opened_on <= row.charged_on < cycle.closes_on
            and row.bill_pluggy_id in bills
        ],
    )


class OpenBillRead(ApiModel):
    """The bill that is open on a card. Negative is owed. All is null where the bank tells nothing of its days."""

    account_id: UUID
    name: str
    currency_code: str
    opened_on: Annotated[date | None, Field(description="The day on which the bill before closed.")]
    closes_on: Annotated[date | None, Field(description="As far as the days of earlier bills, or the account, tell.")]
    due_on: date | None
    bill_id: Annotated[UUID | None, Field(description="Of the bank's own bill, where it lists open ones.")]
    committed_amount: Annotated[MoneyText | None, Field(description="`listed` and `unlisted_installments` together.")]
    listed: Annotated[Figure | None, Field(description=f"What the bank lists; the newest {MOST_IDS} rows are linked.")]
    unlisted_installments: Annotated[
        MoneyText | None, Field(description="Instalments of known purchases that fall due with it, not listed yet.")
    ]


_OPEN_BILL: Final[dict[str, Any]] = {
    "account_id": "01990a5e-6f4b-7c11-9d3e-0c6f5b1a2d77",
    "name": "Platinum",
    "currency_code": "BRL",
    "opened_on": "2026-03-03",
    "closes_on": "2026-04-03",
    "due_on": "2026-04-10",
    "bill_id": None,
    "committed_amount": "-512.40",
    "listed": {
        "amount": "-412.40",
        "count": 1,
        "transactions_url": "/api/banking/transactions/?ids=01990a61-22c8-7d05-b1a4-6f0e7c9d3b12",
    },
    "unlisted_installments": "-100.00",
}


class OpenBillsRead(ApiModel):
    """The open bill of each card."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"as_of": "2026-03-20", "cards": [_OPEN_BILL]}]})

    as_of: date
    cards: list[OpenBillRead]


async def open_bills(session: AsyncSession, owner_id: UUID, asked: Whose, *, today: date) -> OpenBillsRead:
    """Return what the open bill of each card comes to."""
    found = await projections(
        session, owner_id, today=today, account_id=asked.account_id, connection_id=asked.connection_id
    )
    cards = [_shown(card.account, months[-1] if months else None) for card, months in found]
    return OpenBillsRead.model_construct(as_of=today, cards=cards)


def _shown(account: Account, month: Projection | None) -> OpenBillRead:
    listed = sorted((row for row in month.rows if row.transaction_id), key=_newest_last) if month else []
    cycle = month.cycle if month else None
    return OpenBillRead.model_construct(
        account_id=account.id,
        name=account.alias or account.name,
        currency_code=account.currency_code,
        opened_on=cycle and cycle.opened_on,
        closes_on=cycle and cycle.closes_on,
        due_on=cycle and cycle.due_on,
        bill_id=cycle.bill.id if cycle and cycle.bill else None,
        committed_amount=month.amount if month else None,
        listed=figure(_total(listed), len(listed), these(row.transaction_id for row in listed if row.transaction_id))
        if month
        else None,
        unlisted_installments=_total(row for row in month.rows if row.transaction_id is None) if month else None,
    )


def _newest_last(row: CardRow) -> tuple[date, UUID | None]:
    return row.charged_on, row.transaction_id


def _total(rows: Iterable[CardRow]) -> Decimal:
    return sum((row.amount for row in rows), Decimal(0))
