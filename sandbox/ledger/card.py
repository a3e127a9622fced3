"""A card account and how its bank writes a movement."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import IntEnum
from typing import NamedTuple

from msgspec.structs import replace

from sandbox.ledger import calendar
from sandbox.ledger.draws import Draws
from sandbox.ledger.ids import Kind
from sandbox.ledger.merchants import Shop
from sandbox.ledger.models import CreditCardMetadata
from sandbox.ledger.money import money
from sandbox.ledger.rows import Draft, Row, Statement, make_shape


class CardStyle(IntEnum):
    """How a bank writes instalments.

    DESCRIBED: only in the text ('03/10'), all dated at the purchase, each listed when its bill opens. NUMBERED: in the
    metadata, each dated and listed in its month. UPFRONT: all listed at the purchase, the coming ones PENDING with
    future dates; every row of such a card stays PENDING until its bill closes.
    """

    DESCRIBED = 0
    NUMBERED = 1
    UPFRONT = 2


@dataclass(frozen=True)
class Card:
    """One card account as its generators see it."""

    statement: Statement
    style: CardStyle
    nth: int
    closing_day: int
    number: str
    extra_number: str
    is_company: bool
    _bill_ids: dict[int, str] = field(default_factory=dict, repr=False, compare=False)

    def draws(self, *parts: object) -> Draws:
        """Draws for something of this card."""
        return self.statement.draws(*parts)

    def bill_of(self, instant: int) -> int:
        """The bill, named by the month in which it closes, that an instant falls in."""
        day = calendar.local_day(instant)
        return calendar.month_of(day) + (day.day > self.closing_day)

    def closing(self, bill: int) -> int:
        """The instant at which a bill closes: the end of the closing day in Brasília."""
        return calendar.utc_midnight(self.closing_date(bill)) + calendar.DAY + calendar.LOCAL_OFFSET

    def closing_date(self, bill: int) -> date:
        """The day on which a bill closes."""
        return calendar.day_in(bill, self.closing_day)

    def due_date(self, bill: int) -> date:
        """The day on which a bill must be paid."""
        return calendar.next_business_day(self.closing_date(bill) + timedelta(8))

    def bill_id(self, bill: int) -> str:
        """The id of a bill."""
        statement = self.statement
        if bill not in self._bill_ids:
            self._bill_ids[bill] = statement.ids.encode(Kind.BILL, statement.item, statement.account, bill)
        return self._bill_ids[bill]


class Purchase(NamedTuple):
    """A draft of a card movement; `part` of `parts` when it is an instalment of a purchase made on `bought`."""

    draft: Draft
    shop: Shop | None = None
    bought: date | None = None
    part: int = 1
    parts: int = 1
    total: int = 0
    gone_after: int | None = None


def make_row(card: Card, month: int, n: int, purchase: Purchase, draws: Draws, *, on_bill: bool = True) -> Row:
    """The row of a card movement, with the bill it belongs to; holds and payments belong to none."""
    draft, style = purchase.draft, card.style
    midnight = calendar.utc_midnight(draft.day)
    seen = midnight + calendar.LOCAL_OFFSET + (draft.clock or (6 + draws.below(12)) * calendar.HOUR)
    timed = draft.clock is not None and style is CardStyle.NUMBERED
    at = seen if timed else midnight + card.statement.padding
    visible, counts_from = _listed(card, purchase, at, seen)
    posted, gone = visible + draws.below(3) * calendar.DAY, None
    bill = closing = None
    if purchase.gone_after is not None:
        gone = visible + purchase.gone_after * calendar.DAY
        posted = gone + calendar.DAY
    elif on_bill:
        # a coming instalment belongs to the bill of its own date, whenever the bank lists it
        bill = card.bill_of(seen if style is CardStyle.UPFRONT and purchase.part > 1 else counts_from)
        closing = None if style is CardStyle.DESCRIBED else card.closing(bill)
        posted = card.closing(bill) if style is CardStyle.UPFRONT else posted
    draft.card = _metadata(card, purchase, bill, seen)
    shape = make_shape(card.statement, (month, n), draft, at, order=None, balance=None)
    return Row(shape, at, visible, posted, draft.amount, draft.marks, counts_from, bill, closing, gone)


def _listed(card: Card, purchase: Purchase, at: int, seen: int) -> tuple[int, int]:
    """`(visible, counts_from)` of a movement."""
    if purchase.part == 1 or card.style is CardStyle.NUMBERED or purchase.bought is None:
        visible = seen + purchase.draft.late * calendar.DAY
        return visible, max(at, visible)
    bought = calendar.utc_midnight(purchase.bought) + calendar.LOCAL_OFFSET + 12 * calendar.HOUR
    if card.style is CardStyle.UPFRONT:
        return bought, at
    opened = card.closing(card.bill_of(bought) + purchase.part - 2) + 9 * calendar.HOUR
    return opened, opened


def _metadata(card: Card, purchase: Purchase, bill: int | None, seen: int) -> CreditCardMetadata | None:
    draft, split = purchase.draft, purchase.parts > 1
    if card.style is CardStyle.DESCRIBED:
        return draft.card or (CreditCardMetadata(card_number=card.number) if split else None)
    if draft.card is not None:
        return replace(draft.card, bill_id=card.bill_id(bill)) if bill is not None else draft.card
    bought = purchase.bought or draft.day
    upfront = card.style is CardStyle.UPFRONT
    return CreditCardMetadata(
        installment_number=purchase.part if split else None,
        total_installments=purchase.parts if split else None,
        total_amount=money(purchase.total) if split and not upfront else None,
        purchase_date=calendar.wire(calendar.utc_midnight(bought) + card.statement.padding),
        payee_mcc=purchase.shop.mcc if purchase.shop else None,
        card_number=card.extra_number if purchase.shop and purchase.shop.mcc % 7 == 0 else card.number,
        bill_id=card.bill_id(bill) if bill is not None else None,
        bill_forecast_date=calendar.label(bill) if bill is not None and upfront else None,
        payment_type=("INSTALLMENT" if split else "SINGLE") if upfront else None,
        transaction_date_time=calendar.wire(seen) if upfront and draft.clock is not None else None,
    )
