"""Card purchases: everyday ones, instalments in three bank styles, subscriptions, purchases abroad, refunds."""

from dataclasses import replace
from datetime import date, timedelta

from sandbox.ledger import calendar
from sandbox.ledger.card import Card, CardStyle, Purchase, make_row
from sandbox.ledger.draws import Draws
from sandbox.ledger.household import rises
from sandbox.ledger.merchants import BUSINESS, EVERYDAY, FOREIGN, REPEATED, SPLITTABLE, Shop, merchant_of
from sandbox.ledger.models import CreditCardMetadata
from sandbox.ledger.money import CENT, UNIT, share
from sandbox.ledger.rows import Draft, Mark, Row

SPLITS = 1 << 18  # instalments are numbered from here, apart from other purchases
SETTLED_IN = 2  # a purchase that is not split is dated and billed at most so many months after its own

_VOLUME = ((12, 20), (5, 9), (2, 4))
# key, text, category, MCC, low, high (reais), day
_SUBSCRIPTIONS = (
    ("video", Shop("NETFLIX.COM", "Netflix", "09020000", 4899, "5911199", 39, 56), 9),
    ("music", Shop("SPOTIFY BR", "Spotify", "09030000", 5815, "6319400", 21, 32), 14),
    ("cloud", Shop("GOOGLE ONE", "Google", "09000000", 5817, "6311900", 9, 15), 17),
    ("gym", Shop("ACADEMIA CORPO & MENTE", "Academia Corpo & Mente", "07030000", 7997, "9313100", 99, 149), 4),
    ("news", Shop("FOLHA DA CIDADE", "Folha da Cidade", "09000000", 5994, "5812302", 19, 29), 24),
)
_DOLLAR = (49_000, 57_000)  # ten-thousandths of a real


def purchases(card: Card, month: int) -> list[Row]:
    """The rows of a month's purchases but the split ones."""
    drawn = [*_everyday(card, month), *_subscriptions(card, month), *_abroad(card, month)]
    drawn += [*_oddities(card, month), *_yearly_fee(card, month)]
    draws = card.draws("card-rows", month)
    return [make_row(card, month, n, purchase, draws) for n, purchase in enumerate(drawn)]


def splits(card: Card, month: int) -> list[Row]:
    """The rows of purchases made in a month and paid in instalments, dated and billed up to a year later."""
    draws = card.draws("split-rows", month)
    return [make_row(card, month, SPLITS + n, each, draws) for n, each in enumerate(_splits(card, month))]


def _bought(card: Card, draws: Draws, day: date, shop: Shop, amount: int) -> Purchase:
    clock = None if card.style is CardStyle.DESCRIBED else 8 * calendar.HOUR + draws.below(15 * calendar.HOUR)
    merchant = None if draws.chance(25) else merchant_of(shop)
    category = None if draws.chance(10) else shop.category
    return Purchase(Draft(day, amount, shop.text, category, "OUTROS", clock, merchant=merchant), shop)


def _some_day(draws: Draws, month: int) -> date:
    return calendar.first_day(month) + timedelta(draws.below(calendar.days_in(month)))


def _everyday(card: Card, month: int) -> list[Purchase]:
    draws = card.draws("everyday", month)
    shops = BUSINESS if card.is_company else EVERYDAY
    drawn = []
    for _ in range(draws.between(*_VOLUME[min(card.nth, 2)])):
        shop = draws.pick(shops)
        drawn.append(_bought(card, draws, _some_day(draws, month), shop, draws.price(shop.low, shop.high)))
    for purchase in draws.sample(drawn, 2):
        purchase.draft.late = draws.between(2, 6)
    if draws.chance(15):
        refunded = draws.pick(drawn).draft
        refund = Draft(
            refunded.day + timedelta(draws.between(3, 15)), -refunded.amount, f"ESTORNO {refunded.text}", None
        )
        refund.operation, refund.category, refund.merchant = "ESTORNO", refunded.category, refunded.merchant
        drawn.append(Purchase(refund))
    return drawn


def _subscriptions(card: Card, month: int) -> list[Purchase]:
    if card.nth or card.is_company:
        return []
    drawn = []
    for key, shop, day in _SUBSCRIPTIONS:
        fixed, draws = card.draws("subscription", key), card.draws("subscription", key, month)
        price = fixed.between(shop.low, shop.high) * UNIT + 9000
        # 7 to 15 % every other year, in a month of its own
        for _ in range(rises(month, fixed.below(12)) // 2):
            price += share(price, fixed.between(70, 150))
        purchase = _bought(card, draws, calendar.day_in(month, day), shop, price)
        mark = Mark("recurring", f"{card.statement.content}/{key}", "subscription")
        purchase.draft.marks, purchase.draft.category = (mark,), shop.category
        drawn.append(purchase)
    return drawn


def split_amount(total: int, parts: int) -> list[int]:
    """Equal instalments in centavos; the first bears the rest."""
    each = total // parts // CENT * CENT
    return [total - each * (parts - 1), *[each] * (parts - 1)]


def _splits(card: Card, month: int) -> list[Purchase]:
    draws = card.draws("splits", month)
    drawn = []
    for n in range(sum(draws.chance(percent) for percent in ((55, 15), (45, 5), (60, 10))[min(card.nth, 2)])):
        shop, parts = draws.pick(SPLITTABLE), draws.pick((2, 3, 3, 4, 5, 6, 6, 8, 10, 10, 12))
        day, total = _some_day(draws, month), draws.price(shop.low, shop.high)
        category, clock = (
            draws.pick((shop.category, shop.category, None)),
            8 * calendar.HOUR + draws.below(13 * calendar.HOUR),
        )
        for part, amount in enumerate(split_amount(total, parts), 1):
            described = card.style is CardStyle.DESCRIBED
            on = day if described else calendar.day_in(month + part - 1, day.day)
            text = f"{shop.text} {part:02d}/{parts:02d}" if described else shop.text
            mark = Mark("installments", f"{card.statement.content}/{month}/{n}", f"{part}/{parts}/{total}")
            draft = Draft(
                on, amount, text, category, "OUTROS", None if described else clock, merchant=merchant_of(shop)
            )
            draft.marks = (mark,)
            drawn.append(Purchase(draft, shop, day, part, parts, total))
    return drawn


def _abroad(card: Card, month: int) -> list[Purchase]:
    draws = card.draws("abroad", month)
    if not draws.chance((45, 25, 0)[min(card.nth, 2)]):
        return []
    shop, rate = draws.pick(FOREIGN), draws.between(*_DOLLAR)
    dollars = draws.price(shop.low, shop.high)
    amount = dollars * rate // UNIT  # keeps four decimals
    purchase = _bought(card, draws, _some_day(draws, month), shop, amount)
    key = f"{card.statement.content}/{month}"
    purchase.draft.foreign, purchase.draft.marks = (dollars, "USD"), (Mark("iof", key, "purchase"),)
    tax = Draft(
        purchase.draft.day, share(amount, 35) + CENT, f"IOF COMPRA INTERNACIONAL {shop.name.upper()}", "15030000"
    )
    tax.operation, tax.marks = "TARIFA", (Mark("iof", key, "tax"), Mark("fees", "iof"))
    tax.card = CreditCardMetadata(card_number=card.number, fee_type="OTHER", fee_type_additional_info="IOF")
    return [purchase, Purchase(tax)]


def _oddities(card: Card, month: int) -> list[Purchase]:
    """Double charges, purchases that only look doubled, a dropped hold, cashback; on cards with a time of day."""
    draws = card.draws("odd", month)
    if card.style is CardStyle.DESCRIBED:
        return []
    drawn: list[Purchase] = []
    key = f"{card.statement.content}/{month}"
    if draws.chance(14):
        shop = draws.pick(EVERYDAY[1:5])
        first = _bought(card, draws, _some_day(draws, month), shop, draws.price(shop.low + 30, shop.high))
        drawn += _twice(first, draws.between(15, 110) * 1000, Mark("duplicates", key))
    if draws.chance(45):
        shop = draws.pick(REPEATED)
        first = _bought(card, draws, _some_day(draws, month), shop, (shop.low * 10 + 2) * UNIT // 10)
        drawn += _twice(first, 9 * calendar.HOUR, Mark("decoys", f"duplicates/repeated_fare/{key}"))
    if draws.chance(18):
        first = _bought(card, draws, _some_day(draws, month), EVERYDAY[-1], draws.price(24, 118))
        drawn += _twice(first, 3 * calendar.HOUR, Mark("decoys", f"duplicates/second_ticket/{key}"))
    if draws.chance(22):
        hold = _bought(card, draws, _some_day(draws, month), EVERYDAY[5], 150 * UNIT)
        hold.draft.text = f"PRÉ-AUTORIZAÇÃO {hold.draft.text}"
        drawn.append(hold._replace(gone_after=draws.between(2, 4)))
    if draws.chance(12):
        cashback = Draft(_some_day(draws, month), -draws.price(4, 38), "CASHBACK 💜", None, "CASHBACK")
        drawn.append(Purchase(cashback))
    return drawn


def _twice(first: Purchase, gap: int, mark: Mark) -> list[Purchase]:
    """The purchase in the morning, and again `gap` later, alike in all but the time."""
    morning = replace(
        first.draft, clock=9 * calendar.HOUR + (first.draft.clock or 0) % (3 * calendar.HOUR), marks=(mark,)
    )
    again = replace(morning, clock=(morning.clock or 0) + gap)
    return [first._replace(draft=morning), first._replace(draft=again)]


def _yearly_fee(card: Card, month: int) -> list[Purchase]:
    fixed = card.draws("annual-fee")
    if month % 12 != fixed.below(12):
        return []
    draft = Draft(calendar.day_in(month, 11), fixed.price(180, 620), "ANUIDADE CARTÃO", "16030000", "TARIFA")
    draft.card, draft.marks = (
        CreditCardMetadata(card_number=card.number, fee_type="ANNUAL_FEE"),
        (Mark("fees", "annual"),),
    )
    return [Purchase(draft)]
