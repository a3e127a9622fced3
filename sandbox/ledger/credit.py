"""A card account: its rows, its bills, and what is owed."""

from sandbox.ledger import bills, calendar
from sandbox.ledger import purchases as buying
from sandbox.ledger.cache import RowCache
from sandbox.ledger.card import Card, CardStyle
from sandbox.ledger.profile import AccountSpec
from sandbox.ledger.rows import Row


class CreditAccount:
    """A card account; amounts are positive when owed."""

    reach = 12  # months after a purchase in which its instalments may be dated, or listed, or billed

    def __init__(self, spec: AccountSpec, card: Card, cache: RowCache) -> None:
        self.spec, self.card, self.statement = spec, card, card.statement
        self._cache = cache
        self._totals: dict[int, int] = {}
        # How a bank writes instalments decides how far from its date a row may be listed: see CardStyle.
        self.lag = self.reach if card.style is CardStyle.DESCRIBED else 1
        self.lead = self.reach if card.style is CardStyle.UPFRONT else 0

    def dated(self, month: int) -> list[Row]:
        """The rows dated in a month, by `(at, id)`."""
        return self._cache.kept((self.statement.account_id, month), lambda: self._gather(month))

    def _gather(self, month: int) -> list[Row]:
        start, end = (calendar.utc_midnight(calendar.first_day(each)) for each in (month, month + 1))
        rows = [*self._reaching(month), *self.finance(month)]
        return sorted((row for row in rows if start <= row.at < end), key=lambda row: (row.at, row.shape.id))

    def source(self, month: int) -> list[Row]:
        """The rows that a month gives rise to, also those dated later."""
        return [*self.purchases(month), *self.splits(month), *self.finance(month)]

    def purchases(self, month: int) -> list[Row]:
        """The rows of a month's purchases but the split ones."""
        key = (self.statement.account_id, month, "purchases")
        return self._cache.kept(key, lambda: buying.purchases(self.card, month))

    def splits(self, month: int) -> list[Row]:
        """The rows of a month's purchases in instalments."""
        key = (self.statement.account_id, month, "splits")
        return self._cache.kept(key, lambda: buying.splits(self.card, month))

    def _reaching(self, month: int) -> list[Row]:
        """All purchase rows that can be dated in a month or stand on its bill."""
        rows = [row for each in range(month - buying.SETTLED_IN, month + 1) for row in self.purchases(each)]
        return rows + [row for each in range(month - self.reach - 1, month + 1) for row in self.splits(each)]

    def finance(self, month: int) -> list[Row]:
        """The rows of a month's payments and late charges."""
        key = (self.statement.account_id, month, "finance")
        return self._cache.kept(key, lambda: bills.finance(self.card, month, self.total))

    def bill_rows(self, bill: int) -> list[Row]:
        """The rows on a bill: exactly those that make up its total."""
        rows = (*self._reaching(bill), *self.finance(bill - 1), *self.finance(bill))
        return [row for row in rows if row.bill == bill]

    def total(self, bill: int) -> int:
        """What a bill comes to when it closes."""
        known = self._totals.get(bill)
        if known is None:
            known = sum(row.units for row in self._reaching(bill) if row.bill == bill)
            known += sum(charge.amount for charge in bills.charges(self.card, bill, self.total))
            self._totals[bill] = known
        return known

    def paid(self, bill: int) -> list[tuple[bills.Payment, Row]]:
        """The payments of a bill with their rows on the card."""
        marked = {row.marks[0].key: row for month in range(bill, bill + 3) for row in self.finance(month) if row.marks}
        return [
            (payment, marked[bills.payment_key(self.card, payment)])
            for payment in bills.payments(self.card, bill, self.total(bill))
        ]

    def balance(self, at: int) -> int:
        """What is owed at an instant: the open bill so far, holds, and what is unpaid of the last closed bills."""
        held = sum(row.units for row in self._recent(at) if row.gone is not None and row.visible <= at < row.gone)
        return self._settled(at) + held

    def committed(self, at: int) -> int:
        """The instalments still to come of purchases made by an instant."""
        month = calendar.month_of(calendar.local_day(at))
        rows = [row for each in range(month - self.reach, month + 1) for row in self.splits(each)]
        made = {row.marks[0].key for row in rows if row.visible <= at}
        return sum(row.units for row in rows if row.counts_from > at and row.marks[0].key in made)

    def opening(self, floor: int) -> int:
        """What was owed before the first row of a history that begins at `floor`."""
        return self._settled(floor - 1)

    def _settled(self, at: int) -> int:
        open_bill = self.card.bill_of(at)
        owed = sum(row.units for row in self.bill_rows(open_bill) if row.counts_from <= at)
        for bill in range(open_bill - 3, open_bill):
            owed += self.total(bill)
            owed -= sum(payment.amount for payment, row in self.paid(bill) if row.counts_from <= at)
        return owed

    def _recent(self, at: int) -> list[Row]:
        month = calendar.month_of(calendar.local_day(at))
        return [*self.purchases(month - 1), *self.purchases(month)]
