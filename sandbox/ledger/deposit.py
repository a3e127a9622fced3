"""A checking or savings account."""

from collections.abc import Sequence

from sandbox.ledger import bills, calendar, company, household, padding, transfers
from sandbox.ledger.cache import RowCache
from sandbox.ledger.credit import CreditAccount
from sandbox.ledger.customer import Customer
from sandbox.ledger.profile import AccountKind, AccountSpec
from sandbox.ledger.rows import Draft, Row, Statement, assemble


class DepositAccount:
    """A bank account; the first checking account pays the bills of `cards`.

    Every month starts at a balance drawn for it and ends at that of the next: what is left over goes into a deposit
    certificate. So a month needs no other month.
    """

    lag = 0  # months after its date in which a row may still be listed or billed
    lead = 0  # months before its date in which a row may be listed

    def __init__(
        self,
        customer: Customer,
        spec: AccountSpec,
        statement: Statement,
        cards: Sequence[CreditAccount],
        cache: RowCache,
    ) -> None:
        self.spec, self.statement = spec, statement
        self._customer, self._cards, self._cache = customer, cards, cache

    def dated(self, month: int) -> list[Row]:
        """The rows dated in a month, by `(at, id)`."""
        key = (self.statement.account_id, month)
        return self._cache.kept(key, lambda: sorted(self.source(month), key=lambda row: (row.at, row.shape.id)))

    def source(self, month: int) -> list[Row]:
        """The rows of a month, in the order of their numbers."""
        return assemble(self.statement, month, self._drafts(month), self.start(month))

    def start(self, month: int) -> int:
        """The balance at the start of a month, all earlier rows settled."""
        if self.spec.kind is AccountKind.SAVINGS:
            return transfers.savings_month(self._customer, month).start
        draws = self._customer.draws("start", self.spec.nth, month)
        if self.spec.nth:
            return draws.price(80, 900)
        return draws.price(9_000, 48_000) if self._customer.is_company else draws.price(900, 6_800)

    def balance(self, at: int) -> int:
        """What is settled by an instant."""
        month = calendar.month_of(calendar.local_day(at))
        settled = sum(row.units for row in self.dated(month) if row.posted <= at)
        late = sum(row.units for row in self.dated(month - 1) if row.posted > at)
        return self.start(month) + settled - late

    def opening(self, floor: int) -> int:
        """The balance before the first row of a history that begins at `floor`."""
        month = calendar.month_of(calendar.utc_day(floor))
        hidden = sum(row.units for row in self.dated(month) if row.counts_from < floor)
        shown = sum(row.units for row in self.dated(month - 1) if row.counts_from >= floor)
        return self.start(month) + hidden - shown

    def _drafts(self, month: int) -> list[Draft]:
        customer, nth = self._customer, self.spec.nth
        if self.spec.kind is AccountKind.SAVINGS:
            return transfers.savings(customer, month)
        drafts = transfers.second_checking(customer, nth, month) if nth else self._main(month)
        gap = self.start(month + 1) - self.start(month) - sum(draft.amount for draft in drafts)
        return [*drafts, *transfers.sweep(customer, nth, month, gap)]

    def _main(self, month: int) -> list[Draft]:
        customer = self._customer
        life = company.checking if customer.is_company else household.checking
        drafts = [*life(customer, month), *transfers.own_legs(customer, month), *transfers.strangers(customer, month)]
        for spec in customer.profile.accounts():
            if spec.kind is AccountKind.SAVINGS:
                drafts += transfers.savings_legs(customer, month, sign=-1)
            elif spec.kind is AccountKind.CHECKING and spec.nth:
                drafts += transfers.second_legs(customer, spec.nth, month, sign=-1)
        for account in self._cards:
            drafts += bills.paid_from_account(account.card, month, account.total)
        return [*drafts, *padding.filler(customer, month, len(drafts))]
