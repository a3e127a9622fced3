"""What kind of customer an item belongs to, and which accounts that gives it."""

from dataclasses import dataclass
from enum import StrEnum


class AccountKind(StrEnum):
    CHECKING = "checking"
    SAVINGS = "savings"
    CARD = "card"


@dataclass(frozen=True, slots=True)
class AccountSpec:
    """One account of an item: `index` is its place in the item, `nth` among those of its kind."""

    index: int
    kind: AccountKind
    nth: int


@dataclass(frozen=True)
class Profile:
    """`multiplier` adds small movements to the first checking account, up to 5,000 rows in the history.

    `history_months` is how far back the first collection sees. The real API gives up to 12; the default is longer, so
    that insights have seasons to compare. `open_finance` decides whether rows carry the bank's own ids and operation
    types; None leaves it to the institution.
    """

    name: str = "household"
    checking_accounts: int = 1
    multiplier: int = 1
    savings_accounts: int | None = None
    cards: int | None = None
    history_months: int = 24
    joint: bool = False
    open_finance: bool | None = None

    @property
    def is_company(self) -> bool:
        """Whether the holder is a company."""
        return self.name == "company"

    def accounts(self) -> tuple[AccountSpec, ...]:
        """The accounts in the order in which the API lists them."""
        defaults = (0, 1) if self.is_company else (1, 3)
        counts = (
            (AccountKind.CHECKING, self.checking_accounts),
            (AccountKind.SAVINGS, defaults[0] if self.savings_accounts is None else self.savings_accounts),
            (AccountKind.CARD, defaults[1] if self.cards is None else self.cards),
        )
        kinds = [(kind, nth) for kind, count in counts for nth in range(count)]
        return tuple(AccountSpec(index, kind, nth) for index, (kind, nth) in enumerate(kinds[:16]))
