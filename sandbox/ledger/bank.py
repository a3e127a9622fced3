"""The bank's reality behind one item: a pure function of seed, holder, institution and month."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import NamedTuple

from sandbox.ledger import calendar, household, people, transfers
from sandbox.ledger.draws import Draws
from sandbox.ledger.household import Home
from sandbox.ledger.ids import Ids, Kind
from sandbox.ledger.people import Party
from sandbox.ledger.profile import AccountKind, AccountSpec, Profile
from sandbox.ledger.rows import Draft, Row, Statement, assemble

CARD_REACH = 13  # months over which a purchase can still change: twelve instalments and a bill


class RowCache:
    """Generated months, the least recently used dropped beyond `capacity` rows."""

    def __init__(self, capacity: int = 120_000) -> None:
        self._capacity = capacity
        self._held = 0
        self._months: OrderedDict[tuple[object, ...], list[Row]] = OrderedDict()

    def get(self, key: tuple[object, ...]) -> list[Row] | None:
        """The rows kept under a key."""
        rows = self._months.get(key)
        if rows is not None:
            self._months.move_to_end(key)
        return rows

    def put(self, key: tuple[object, ...], rows: list[Row]) -> None:
        """Keep rows, at the cost of older ones."""
        self._months[key] = rows
        self._held += len(rows) + 1
        while self._held > self._capacity and len(self._months) > 1:
            self._held -= len(self._months.popitem(last=False)[1]) + 1

    def clear(self) -> None:
        """Forget everything."""
        self._months.clear()
        self._held = 0


@dataclass(frozen=True)
class Opening:
    """What an item was opened for; `slot` numbers the holder's institutions in the order of their first opening."""

    item_id: str
    profile: Profile
    holder: str
    institution: str
    slot: int
    at: int


class Style(NamedTuple):
    """How an institution writes its data."""

    padding: int
    running_balance: bool
    provider_ids: bool
    orders: bool

    @classmethod
    def of(cls, key: bytes, institution: str) -> "Style":
        """The same for every customer of an institution."""
        draws = Draws(key, "style", institution)
        return cls(draws.below(2) * calendar.LOCAL_OFFSET, draws.chance(60), draws.chance(60), draws.chance(60))


class Bank:
    """All accounts of one item, as their bank knows them."""

    def __init__(self, key: bytes, ids: Ids, opening: Opening, cache: RowCache) -> None:
        self.key, self.ids, self.opening = key, ids, opening
        self.tag = ids.item_tag(opening.item_id)
        self.owner: Party = people.holder_at(
            people.holder(key, opening.holder, is_company=opening.profile.is_company), opening.slot, key
        )
        self.specs: tuple[AccountSpec, ...] = opening.profile.accounts()
        self.account_ids = [ids.encode(Kind.ACCOUNT, self.tag, spec.index) for spec in self.specs]
        self._cache = cache
        self._last: dict[tuple[int, int], int] = {}
        self._content = f"{opening.holder}/{opening.institution}/{opening.profile.name}"
        self._style = Style.of(key, opening.institution)

    def rows(self, index: int, month: int) -> list[Row]:
        """The rows dated in a month of an account, oldest first; ties in the order of their ids."""
        cache_key = (self.tag, index, month)
        rows = self._cache.get(cache_key)
        if rows is None:
            rows = sorted(self.source(index, month), key=lambda row: (row.at, row.shape.id))
            self._cache.put(cache_key, rows)
        return rows

    def source(self, index: int, month: int) -> list[Row]:
        """The rows that a month gives rise to, in the order of their ids' numbers."""
        spec = self.specs[index]
        start = self.start(index, month)
        drafts = self._drafts(spec, month)
        return assemble(self._statement(spec), month, drafts, start)

    def find(self, index: int, month: int, n: int) -> Row | None:
        """The row that a month gave rise to under a number."""
        if not 0 <= index < len(self.specs):
            return None
        row_id = self.ids.encode(Kind.TRANSACTION, self.tag, index, month, n)
        return next((row for row in self.source(index, month) if row.shape.id == row_id), None)

    def quiet_since(self, index: int, month: int, instant: int) -> bool:
        """Whether no row dated in the month changed after an instant; old months are answered without generating."""
        reach = CARD_REACH if self.specs[index].kind is AccountKind.CARD else 1
        if calendar.utc_midnight(calendar.first_day(month + 1 + reach)) + 15 * calendar.DAY <= instant:
            return True
        last = self._last.get((index, month))
        if last is None:
            rows = self.rows(index, month)
            last = max((max(row.posted, row.closing or 0, row.gone or 0) for row in rows), default=0)
            self._last[index, month] = last
        return last <= instant

    def start(self, index: int, month: int) -> int:
        """The balance of a bank account at the start of a month, all earlier rows settled."""
        spec = self.specs[index]
        if spec.kind is AccountKind.SAVINGS:
            return transfers.savings_months(self._home(spec), month).start
        draws = self._home(spec).draws("start", spec.nth, month)
        return draws.price(900, 6800) if spec.nth == 0 else draws.price(80, 900)

    def balance(self, index: int, at: int) -> int:
        """The balance of a bank account at an instant: what is settled by then."""
        month = calendar.month_of(calendar.local_day(at))
        settled = sum(row.units for row in self.rows(index, month) if row.posted <= at)
        late = sum(row.units for row in self.rows(index, month - 1) if row.posted > at)
        return self.start(index, month) + settled - late

    def opening_balance(self, index: int, floor: int) -> int:
        """The balance before the first row that a history beginning at `floor` shows."""
        month = calendar.month_of(calendar.utc_day(floor))
        hidden = sum(row.units for row in self.rows(index, month) if row.counts_from < floor)
        shown = sum(row.units for row in self.rows(index, month - 1) if row.counts_from >= floor)
        return self.start(index, month) + hidden - shown

    def draws(self, *parts: object) -> Draws:
        """Draws for something of this customer at this institution."""
        return Draws(self.key, self._content, *parts)

    def _home(self, spec: AccountSpec) -> Home:
        return Home(self.key, self._content, self.owner, spec.nth)

    def _statement(self, spec: AccountSpec) -> Statement:
        style = self._style
        is_credit = spec.kind is AccountKind.CARD
        return Statement(
            ids=self.ids,
            key=self.key,
            content=f"{self._content}/{spec.kind}/{spec.nth}",
            item=self.tag,
            account=spec.index,
            account_id=self.account_ids[spec.index],
            padding=calendar.LOCAL_OFFSET - style.padding if is_credit else style.padding,
            is_credit=is_credit,
            running_balance=style.running_balance and not is_credit,
            provider_ids=style.provider_ids,
            orders=style.orders,
        )

    def _drafts(self, spec: AccountSpec, month: int) -> list[Draft]:
        home = self._home(spec)
        if spec.kind is AccountKind.SAVINGS:
            return transfers.savings(home, month)
        if spec.nth:
            drafts = transfers.second_checking(home, spec.nth, month)
        else:
            drafts = [*household.checking(home, month), *self._own(home, month)]
        gap = self.start(spec.index, month + 1) - self.start(spec.index, month) - sum(draft.amount for draft in drafts)
        return [*drafts, *transfers.sweep(month, gap, f"{self._content}/{spec.index}")]

    def _own(self, home: Home, month: int) -> list[Draft]:
        opening, owner = self.opening, self.owner
        drafts = transfers.own_legs(self.key, opening.holder, opening.slot, month, owner=owner)
        for spec in self.specs:
            if spec.kind is AccountKind.SAVINGS:
                drafts += transfers.savings_legs(home, month, sign=-1)
            elif spec.kind is AccountKind.CHECKING and spec.nth:
                drafts += transfers.second_legs(home, spec.nth, month, sign=-1)
        return drafts
