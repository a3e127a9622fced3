"""The bank's reality behind one item: a pure function of seed, holder, institution and month."""

from typing import NamedTuple

from sandbox.ledger import calendar
from sandbox.ledger.cache import RowCache
from sandbox.ledger.card import Card, CardStyle
from sandbox.ledger.credit import CreditAccount
from sandbox.ledger.customer import Customer, Opening
from sandbox.ledger.deposit import DepositAccount
from sandbox.ledger.draws import Draws
from sandbox.ledger.ids import Ids, Kind
from sandbox.ledger.profile import AccountKind, AccountSpec
from sandbox.ledger.rows import Row, Statement


class Style(NamedTuple):
    """How an institution writes its data."""

    padding: int
    running_balance: bool
    open_finance: bool
    orders: bool
    instalments: int

    @classmethod
    def of(cls, key: bytes, institution: str) -> "Style":
        """The same for every customer of an institution."""
        draws = Draws(key, "style", institution)
        padding = draws.below(2) * calendar.LOCAL_OFFSET
        return cls(padding, draws.chance(60), draws.chance(60), draws.chance(60), draws.below(3))


class Bank:
    """All accounts of one item, as their bank knows them."""

    def __init__(self, key: bytes, ids: Ids, opening: Opening, cache: RowCache) -> None:
        self.opening, self.ids = opening, ids
        self.tag = ids.item_tag(opening.item_id)
        self.customer = Customer.of(key, opening)
        self._style = Style.of(key, opening.institution)
        specs = opening.profile.accounts()
        cards = [CreditAccount(spec, self._card(spec), cache) for spec in specs if spec.kind is AccountKind.CARD]
        deposits = [
            DepositAccount(self.customer, spec, self._statement(spec), cards, cache)
            for spec in specs
            if spec.kind is not AccountKind.CARD
        ]
        self.accounts: list[DepositAccount | CreditAccount] = [*deposits, *cards]
        self._last: dict[tuple[int, int], int] = {}

    def account_id(self, index: int) -> str:
        """The id of an account."""
        return self.accounts[index].statement.account_id

    def find(self, index: int, month: int, row_id: str) -> Row | None:
        """The row that a month of an account gave rise to under an id."""
        return next((row for row in self.accounts[index].source(month) if row.shape.id == row_id), None)

    def quiet_since(self, index: int, month: int, instant: int) -> bool:
        """Whether no row dated in the month changed after an instant; old months are answered without generating."""
        account = self.accounts[index]
        if calendar.utc_midnight(calendar.first_day(month + account.lag + 2)) <= instant:
            return True
        last = self._last.get((index, month))
        if last is None:
            rows = account.dated(month)
            last = max((max(row.posted, row.closing or 0, row.gone or 0) for row in rows), default=0)
            self._last[index, month] = last
        return last <= instant

    def _statement(self, spec: AccountSpec, *, padding: int | None = None) -> Statement:
        style, is_credit = self._style, spec.kind is AccountKind.CARD
        of_profile = self.opening.profile.open_finance
        return Statement(
            ids=self.ids,
            key=self.customer.key,
            content=f"{self.customer.content}/{spec.kind}/{spec.nth}",
            item=self.tag,
            account=spec.index,
            account_id=self.ids.encode(Kind.ACCOUNT, self.tag, spec.index),
            padding=style.padding if padding is None else padding,
            is_credit=is_credit,
            running_balance=style.running_balance and not is_credit,
            open_finance=style.open_finance if of_profile is None else of_profile,
            orders=style.orders,
        )

    def _card(self, spec: AccountSpec) -> Card:
        style = CardStyle((self._style.instalments + spec.nth) % 3)
        draws = self.customer.draws("card", spec.nth)
        # cards pad the other way round than the bank's accounts; future dates need the local midnight
        padding = calendar.LOCAL_OFFSET if style is CardStyle.UPFRONT else calendar.LOCAL_OFFSET - self._style.padding
        return Card(
            statement=self._statement(spec, padding=padding),
            style=style,
            nth=spec.nth,
            closing_day=(3, 12, 21)[spec.nth % 3],
            number=draws.digits(4),
            extra_number=draws.digits(4),
            is_company=self.customer.is_company,
        )
