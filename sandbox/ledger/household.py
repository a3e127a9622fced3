"""What happens in the checking and savings accounts of a Brazilian household."""

from dataclasses import replace
from datetime import date, timedelta
from typing import NamedTuple

from sandbox.ledger import calendar, people
from sandbox.ledger.customer import Customer
from sandbox.ledger.merchants import EVERYDAY
from sandbox.ledger.money import CENT, share
from sandbox.ledger.payments import boleto, debit_purchase, fee, pix, transfer, whole
from sandbox.ledger.rows import Draft, Mark


class Monthly(NamedTuple):
    """A charge that comes every month on a day: `vary` percent around its base, or rising `rise` per mille a year."""

    key: str
    kind: str
    payee: str
    day: int
    low: int
    high: int
    category: str
    method: str
    vary: int = 0
    rise: int = 0
    segment: int = 0


LOAN = Monthly("loan", "loan", "Banco Crédito Amigo", 11, 240, 780, "02030000", "debit")
MONTHLY = (
    LOAN,
    Monthly("rent", "rent", "", 5, 1400, 3800, "17010000", "pix", rise=48),
    Monthly(
        "condominium", "condominium", "Condomínio Edifício Jacarandá", 10, 480, 1150, "17000000", "boleto", rise=60
    ),
    Monthly("electricity", "utility", "Luz & Força Distribuidora", 12, 140, 320, "17020002", "debit", 30, segment=3),
    Monthly("water", "utility", "Saneamento Rio Claro", 15, 70, 160, "17020001", "slip", 25, segment=2),
    Monthly("gas", "utility", "Gás Encanado Sul", 18, 45, 110, "17020003", "debit", 35, segment=3),
    Monthly("internet", "subscription", "Fibra Veloz Telecom", 8, 99, 179, "07010000", "debit", rise=70, segment=4),
    Monthly("mobile", "subscription", "Móvel Brasil Celular", 20, 49, 139, "07010000", "debit", rise=55, segment=4),
    Monthly("school", "school", "Colégio Girassol Educação", 6, 890, 2400, "07020000", "boleto", rise=82),
    Monthly("health", "insurance", "Saúde Integral Operadora", 14, 420, 1300, "20030000", "boleto", rise=96),
    Monthly("allowance", "allowance", "", 22, 150, 300, "05070000", "scheduled"),
)


# what a holder also pays from a second bank
SECONDARY = (
    Monthly("club", "subscription", "Clube Náutico Beira-Rio", 9, 120, 260, "21000000", "boleto", rise=45),
    Monthly("storage", "utility", "Guarda Tudo Self Storage", 19, 90, 180, "07000000", "slip", 20, segment=9),
)


def yearly(base: int, rise: int, month: int, turn: int) -> int:
    """`base` after a rise of `rise` per mille at each yearly `turn` (month 0 to 11), counted from 2022."""
    for _ in range(rises(month, turn)):
        base += share(base, rise)
    return base


def rises(month: int, turn: int) -> int:
    """How often a price has risen at its yearly turn; after nine rises there is a new contract at the old price."""
    return ((month - 264 - turn) // 12 + 1) % 10


def amount_of(customer: Customer, charge: Monthly, month: int) -> int:
    """What a monthly charge costs in a month."""
    fixed = customer.draws("monthly", charge.key)
    base, turn = fixed.price(charge.low, charge.high), fixed.below(12)
    if charge.vary:
        return (
            share(base, 1000 + customer.draws("vary", charge.key, month).between(-10 * charge.vary, 10 * charge.vary))
            + CENT
        )
    return yearly(base, charge.rise, month, turn)


def charge(customer: Customer, charge: Monthly, month: int) -> Draft:
    """A monthly charge as it comes in a month."""
    draws, about = customer.draws("charge", charge.key, month), ("payee", charge.key)
    payee = customer.company(*about, name=charge.payee) if charge.payee else customer.person(*about)
    day = calendar.next_business_day(calendar.day_in(month, charge.day))
    amount = -amount_of(customer, charge, month)
    mark = Mark("recurring", f"{customer.content}/{charge.key}", charge.kind)
    marks = (mark, Mark("decoys", f"price_rises/varying_utility/{mark.key}")) if charge.vary else (mark,)
    if charge.method == "pix":
        draft = pix(draws, day, amount, owner=customer.owner, other=payee)
    elif charge.method == "scheduled":
        draft = pix(draws, day, amount, owner=customer.owner, other=payee)
        draft.ahead, draft.clock, draft.text = 9, None, f"Pix agendado - {payee.name}"
    else:
        slip = charge.segment if charge.method != "boleto" else 0
        draft = boleto(draws, day, amount, owner=customer.owner, other=payee, category=charge.category, segment=slip)
        if charge.method == "debit":
            draft.text = f"Débito automático {payee.name}"
            draft.operation = "DEBITO_AUTOMATICO"
    draft.category, draft.marks = charge.category, marks
    return draft


def _salary(customer: Customer, month: int) -> list[Draft]:
    fixed, employer = customer.draws("employer"), customer.company("employer")
    base, turn = fixed.price(9500, 17800), fixed.below(12)
    wage = yearly(base, 52, month, turn)
    mark = Mark("recurring", f"{customer.content}/salary", "salary")
    days = calendar.business_days(month)
    text, category = f"Crédito de salário {employer.name}", "01010000"
    paid = transfer(days[4], wage, owner=customer.owner, other=employer, method="TED", text=text, category=category)
    paid.marks = (mark,)
    drafts = [paid]
    for calendar_month, part in ((10, 500), (11, 420)):
        if month % 12 == calendar_month:
            half = share(wage, part)
            day = calendar.next_business_day(calendar.day_in(month, 20 if calendar_month == 11 else 28))
            bonus = transfer(
                day, half, owner=customer.owner, other=employer, method="TED", text="13º salário", category=category
            )
            drafts.append(bonus)
    return drafts


def _daily_life(customer: Customer, month: int) -> list[Draft]:
    draws = customer.draws("life", month)
    days = calendar.days_in(month)
    start = calendar.first_day(month)
    friends = [customer.person("friend", n) for n in range(9)]

    def some_day() -> date:
        return start + timedelta(draws.below(days))

    drafts = [debit_purchase(draws, some_day(), draws.pick(EVERYDAY)) for _ in range(draws.between(8, 15))]
    drafts += [
        pix(draws, some_day(), -draws.price(18, 340), owner=customer.owner, other=draws.pick(friends))
        for _ in range(draws.between(4, 8))
    ]
    drafts += [
        pix(draws, some_day(), draws.price(20, 420), owner=customer.owner, other=draws.pick(friends))
        for _ in range(draws.between(1, 4))
    ]
    if draws.chance(40):
        drafts.append(Draft(some_day(), -whole(draws.between(1, 8) * 50), "Saque Banco24Horas", None, "SAQUE"))
    for draft in draws.sample(drafts, 2):
        draft.late = draws.between(2, 6)
    return drafts


def _fees(customer: Customer, month: int) -> list[Draft]:
    draws, fixed = customer.draws("fees", month), customer.draws("package")
    package = yearly(fixed.price(29, 48), 61, month, fixed.below(12))
    mark = Mark("recurring", f"{customer.content}/package", "fee")
    days = calendar.business_days(month)
    drafts = [fee(days[0], package, "Tarifa pacote de serviços", marks=(mark,))]
    if draws.chance(25):
        drafts.append(fee(draws.pick(days), draws.price(4, 90), "Juros cheque especial", category="02010000"))
        drafts.append(fee(days[1], draws.price(1, 6), "IOF s/ operações de crédito", category="15030000"))
    if draws.chance(20):
        drafts.append(fee(draws.pick(days), 7_9000, "Tarifa saque rede externa", category="16020000"))
    return drafts


def _oddities(customer: Customer, month: int) -> list[Draft]:
    """A PIX sent twice by mistake, one that is rightly sent twice, and a fee that the bank gives back."""
    draws = customer.draws("odd", month)
    drafts: list[Draft] = []
    for percent, gap, mark in (
        (10, draws.between(15, 100) * 1000, Mark("duplicates", f"{customer.content}/{month}")),
        (14, 5 * calendar.HOUR, Mark("decoys", f"duplicates/second_pix/{customer.content}/{month}")),
    ):
        friend, amount = people.person(draws), -draws.price(40, 380)
        if not draws.chance(percent):
            continue
        day = draws.pick(calendar.business_days(month))
        first = pix(draws, day, amount, owner=customer.owner, other=friend, marks=(mark,))
        first.clock = 9 * calendar.HOUR + draws.below(4 * calendar.HOUR)
        drafts += [first, replace(first, clock=first.clock + gap)]
    if draws.chance(8):
        mark = Mark("decoys", f"fees/fee_given_back/{customer.content}/{month}")
        day = calendar.business_days(month)[9]
        drafts.append(Draft(day, draws.price(4, 30), "Estorno de tarifa", "16010000", "OUTROS", marks=(mark,)))
    return drafts


def checking(customer: Customer, month: int) -> list[Draft]:
    """The movements of a month in the main checking account, but for own transfers and card payments.

    Salary, rent and the like belong to the holder's first bank; at others there are a few charges and daily life.
    """
    charges = MONTHLY if customer.slot == 0 else SECONDARY
    drafts = [charge(customer, each, month) for each in charges]
    drafts += _salary(customer, month) if customer.slot == 0 else []
    return [*drafts, *_fees(customer, month), *_daily_life(customer, month), *_oddities(customer, month)]
