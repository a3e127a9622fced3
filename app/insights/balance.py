"""How the money on accounts, and what is owed on cards, went from day to day."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Final, Self
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator
from sqlalchemy.ext.asyncio import AsyncSession

from app.insights import queries
from app.insights.errors import RangeTooLong
from app.insights.periods import Whose
from app.insights.queries import BalanceOfDay
from app.schemas import ApiModel, Day, MoneyText

MOST_DAYS: Final = 731
_DEFAULT: Final = timedelta(days=89)


class DayRange(Whose):
    """Some days, by default the last ninety."""

    date_from: Annotated[Day | None, Field(description="From this day on; by default 89 before the last.")] = None
    date_to: Annotated[Day | None, Field(description="Up to this day, today by default.")] = None

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.date_from is not None and self.date_to is not None and self.date_to < self.date_from:
            raise ValueError("date_to must not be before date_from.")
        return self

    def bounds(self, today: date) -> tuple[date, date]:
        """Return the first and the last day that are meant today; none ahead of it. Raises RangeTooLong."""
        last = min(self.date_to or today, today)
        first = self.date_from or max(last, date.min + _DEFAULT) - _DEFAULT
        if last - first >= timedelta(days=MOST_DAYS):
            raise RangeTooLong(f"At most {MOST_DAYS} days can be asked for at once.")
        return first, last


class BalanceDay(ApiModel):
    """What was known on a day. `net` is `bank` plus `cards`, which is negative when money is owed."""

    day: date
    bank: MoneyText
    cards: MoneyText
    net: MoneyText
    accounts: Annotated[
        int, Field(description="Of so many accounts the balance was known; where it grows, `net` may leap.")
    ]


class Balance(ApiModel):
    """The days from the first on which any balance in this currency was known."""

    currency_code: str
    days: list[BalanceDay]


class BalanceRead(ApiModel):
    """Balances by day, in each currency by itself."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "date_from": "2026-03-04",
                    "date_to": "2026-03-04",
                    "currencies": [
                        {
                            "currency_code": "BRL",
                            "days": [
                                {
                                    "day": "2026-03-04",
                                    "bank": "4310.22",
                                    "cards": "-1834.90",
                                    "net": "2475.32",
                                    "accounts": 3,
                                }
                            ],
                        }
                    ],
                }
            ]
        }
    )

    date_from: date
    date_to: date
    currencies: list[Balance]


async def balance(session: AsyncSession, owner_id: UUID, asked: DayRange, *, today: date) -> BalanceRead:
    """Return the balances of the days asked for, as the last visit to the bank up to each day found them.

    Raises RangeTooLong.
    """
    first, last = asked.bounds(today)
    found: Sequence[BalanceOfDay] = ()
    if first <= last:
        found = await queries.balances(
            session, owner_id, first=first, last=last, account_id=asked.account_id, connection_id=asked.connection_id
        )
    by_currency: dict[str, list[BalanceOfDay]] = defaultdict(list)
    for each in found:
        by_currency[each.currency_code].append(each)
    return BalanceRead.model_construct(
        date_from=first,
        date_to=last,
        currencies=[
            Balance.model_construct(currency_code=code, days=list(_days(by_currency[code], first, last)))
            for code in sorted(by_currency)
        ],
    )


def _days(known: Iterable[BalanceOfDay], first: date, last: date) -> Iterable[BalanceDay]:
    by_day: dict[date, list[BalanceOfDay]] = defaultdict(list)
    for each in known:
        by_day[max(each.day, first)].append(each)
    held: dict[UUID, BalanceOfDay] = {}
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        held |= {each.account_id: each for each in by_day.get(day, ())}
        if held:
            yield _day(day, held)


def _day(day: date, held: Mapping[UUID, BalanceOfDay]) -> BalanceDay:
    bank = sum((each.balance for each in held.values() if not each.is_card), Decimal(0))
    cards = sum((each.balance for each in held.values() if each.is_card), Decimal(0))
    return BalanceDay.model_construct(day=day, bank=bank, cards=cards, net=bank + cards, accounts=len(held))
