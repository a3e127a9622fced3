"""Money moving between accounts of one holder: inside an item, and between the holder's two banks."""

from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

from sandbox.ledger import calendar, people
from sandbox.ledger.customer import Customer
from sandbox.ledger.draws import Draws
from sandbox.ledger.money import CENT, share
from sandbox.ledger.payments import clock, fee, pix, transfer, whole
from sandbox.ledger.people import Party
from sandbox.ledger.rows import Draft, Mark

_DECADE = 120


class OwnTransfer(NamedTuple):
    """One transfer between the holder's two banks; `sender` is 0 or 1."""

    n: int
    day: date
    amount: int
    sender: int
    instant: bool
    clock: int


def between_banks(customer: Customer, month: int) -> list[OwnTransfer]:
    """The transfers of a month between the holder's first and second bank, the same seen from either."""
    draws = Draws(customer.key, "own", customer.holder, month)
    days = calendar.business_days(month)
    transfers = []
    for n in range(draws.between(1, 3)):
        day = draws.pick(days[:-1])
        amount, sender = draws.price(180, 2400), draws.below(2)
        transfers.append(OwnTransfer(n, day, amount, sender, draws.chance(70), clock(draws, day)))
    return transfers


def own_legs(customer: Customer, month: int) -> list[Draft]:
    """This bank's side of the transfers between the holder's banks; banks after the second take no part."""
    holder, slot, owner = customer.holder, customer.slot, customer.owner
    legs = []
    for own in between_banks(customer, month) if slot < 2 else ():
        amount = -own.amount if own.sender == slot else own.amount
        other = people.holder_at(owner, 1 - slot, customer.key)
        mark = Mark("transfers", f"{holder}/{month}/{own.n}", "debit" if amount < 0 else "credit")
        if own.instant:
            draws = Draws(customer.key, "own-leg", holder, month, own.n, slot)
            # the receiving bank books it some seconds later
            at = own.clock + (0 if amount < 0 else draws.between(1, 40) * 1000)
            draft = pix(draws, own.day, amount, owner=owner, other=other, marks=(mark,))
            draft.clock, draft.category = at, "04030000"
        else:
            text = f"TED {'enviada' if amount < 0 else 'recebida'} - {owner.name}"
            draft = transfer(own.day, amount, owner=owner, other=other, method="TED", text=text, category="04040000")
            draft.marks = (mark,)
        legs.append(draft)
    return legs


def strangers(customer: Customer, month: int) -> list[Draft]:
    """Decoys: on one day the first bank sends an amount to one stranger and the second gets as much from another."""
    if customer.slot > 1:
        return []
    shared = Draws(customer.key, "strangers", customer.holder, month)
    day, amount = shared.pick(calendar.business_days(month)[:-1]), whole(shared.between(3, 40) * 10)
    key = f"transfers/equal_amounts/{customer.holder}/{month}"
    draws = Draws(customer.key, "stranger", customer.holder, month, customer.slot)
    signed = amount if customer.slot else -amount
    return [pix(draws, day, signed, owner=customer.owner, other=people.person(draws), marks=(Mark("decoys", key),))]


class SavingsMonth(NamedTuple):
    """What enters and leaves the savings account in a month; `start` is the balance before it.

    `gift` comes from a stranger on the day on which the checking account sends as much to another.
    """

    start: int
    deposit: int
    withdrawal: int
    interest: int
    gift: int

    @property
    def end(self) -> int:
        """The balance after it."""
        return self.start + self.deposit + self.interest + self.gift - self.withdrawal


@lru_cache(maxsize=50_000)
def savings_month(customer: Customer, month: int) -> SavingsMonth:
    """The savings account in a month: what the month before left, and what comes and goes.

    Every ten years it begins anew, so that a balance is a short sum.
    """
    fixed = customer.draws("savings")
    start, deposit = fixed.price(2000, 18000), whole(fixed.between(3, 14) * 50)
    if month % _DECADE:
        start = savings_month(customer, month - 1).end
    draws = customer.draws("savings", month)
    withdrawal = whole(draws.between(2, 9) * 100) if draws.chance(30) else 0
    interest = start * (50 + draws.below(12)) // 10_000 // CENT * CENT
    gift = whole(draws.between(5, 30) * 10) if draws.chance(35) else 0
    return SavingsMonth(start, deposit, withdrawal, interest, gift)


def _inside(day: date, amount: int, owner: Party, key: str) -> Draft:
    text = f"Transferência {'para' if amount < 0 else 'de'} conta própria"
    draft = transfer(day, amount, owner=owner, other=owner, method="TEV", text=text, category="04000000")
    draft.marks = (Mark("transfers", key, "debit" if amount < 0 else "credit"),)
    return draft


def savings_legs(customer: Customer, month: int, *, sign: int) -> list[Draft]:
    """Transfers with the savings account: `sign` is -1 for the checking account's side, 1 for the savings side."""
    plan = savings_month(customer, month)
    day = calendar.business_days(month)
    key = f"{customer.content}/savings/{month}"
    drafts = [_inside(day[6], sign * plan.deposit, customer.owner, f"{key}/deposit")]
    if plan.withdrawal:
        drafts.append(_inside(day[15], -sign * plan.withdrawal, customer.owner, f"{key}/withdrawal"))
    if plan.gift:
        draws = customer.draws("gift", month, sign)
        mark = Mark("decoys", f"transfers/equal_amounts/{key}")
        stranger = people.person(draws)
        drafts.append(pix(draws, day[11], sign * plan.gift, owner=customer.owner, other=stranger, marks=(mark,)))
    return drafts


def savings(customer: Customer, month: int) -> list[Draft]:
    """The movements of a month in the savings account."""
    plan = savings_month(customer, month)
    interest = Draft(
        calendar.day_in(month, 1),
        plan.interest,
        "Rendimento poupança",
        "03060000",
        "RENDIMENTO_APLIC_FINANCEIRA",
        marks=(
            Mark("recurring", f"{customer.content}/yield", "yield"),
            Mark("decoys", f"fees/interest_received/{customer.content}"),
        ),
    )
    renewal = savings_month(customer, month + 1).start - plan.end
    return [interest, *savings_legs(customer, month, sign=1), *sweep(customer, 99, month, renewal)]


def second_legs(customer: Customer, nth: int, month: int, *, sign: int) -> list[Draft]:
    """The monthly transfer from the first to another checking account of the item."""
    amount = whole(customer.draws("second", nth).between(4, 20) * 50)
    day = calendar.business_days(month)[8]
    return [_inside(day, sign * amount, customer.owner, f"{customer.content}/second/{nth}/{month}")]


def second_checking(customer: Customer, nth: int, month: int) -> list[Draft]:
    """The movements of a month in a further checking account."""
    draws = customer.draws("second-life", nth, month)
    days, start = calendar.days_in(month), calendar.first_day(month)
    drafts = second_legs(customer, nth, month, sign=1)
    for _ in range(draws.between(3, 7)):
        day = start + timedelta(draws.below(days))
        drafts.append(pix(draws, day, -draws.price(10, 140), owner=customer.owner, other=people.person(draws)))
    if draws.chance(30):
        drafts.append(fee(calendar.business_days(month)[2], share(whole(20), 745), "Tarifa emissão de extrato"))
    return drafts


def sweep(customer: Customer, nth: int, month: int, amount: int) -> list[Draft]:
    """The month's leftover goes into a deposit certificate, a shortfall comes out of it; this closes the month."""
    if not amount:
        return []
    text = "Aplicação CDB DI" if amount < 0 else "Resgate CDB DI"
    mark = Mark("investment_sweeps", f"{customer.content}/{nth}")
    day = calendar.business_days(month)[-1]
    return [Draft(day, amount, text, "03020000", "RESGATE_APLICACAO_FINANCEIRA", marks=(mark,))]
