"""Small movements that fill a checking account up to a wanted number of rows."""

from datetime import timedelta

from sandbox.ledger import calendar
from sandbox.ledger.customer import Customer
from sandbox.ledger.payments import pix
from sandbox.ledger.rows import Draft

MOST_ROWS = 5_000


def filler(customer: Customer, month: int, present: int) -> list[Draft]:
    """What brings a month from its `present` rows to that number times the multiplier, the history to 5,000 at most."""
    profile = customer.profile
    wanted = min(present * profile.multiplier, MOST_ROWS // (profile.history_months + 1))
    draws, start, days = customer.draws("filler", month), calendar.first_day(month), calendar.days_in(month)
    known = [customer.person("filler", n) for n in range(40)] if wanted > present else []
    drafts = []
    for n in range(wanted - present):
        amount = draws.price(1, 30) * (1 if n % 2 else -1)
        day = start + timedelta(draws.below(days))
        drafts.append(pix(draws, day, amount, owner=customer.owner, other=draws.pick(known)))
    return drafts
