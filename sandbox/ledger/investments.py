"""Investments of an item, as of the last collection that refreshed them."""

from datetime import date, timedelta
from typing import Any, NamedTuple

from sandbox.ledger import calendar, people
from sandbox.ledger.documents import dotted
from sandbox.ledger.ids import Kind
from sandbox.ledger.item import Item
from sandbox.ledger.money import CENT, UNIT, money, share
from sandbox.ledger.product_models import Investment, InvestmentTransaction, Issuer


class Asset(NamedTuple):
    """A kind of investment: `yearly` is its growth per mille, `quota` what a quota cost in whole reais."""

    type: str
    subtype: str
    name: str
    rate_type: str | None
    rate: int | None
    yearly: int
    low: int
    high: int
    quota: int | None = None
    code: str | None = None
    isin: str | None = None
    tax_exempt: bool | None = None
    months: int | None = None


ASSETS = (
    Asset("FIXED_INCOME", "CDB", "CDB DI Liquidez Diária", "CDI", 102, 118, 3000, 26000, months=36),
    Asset("FIXED_INCOME", "LCI", "LCI Habitação 24 meses", "CDI", 92, 104, 5000, 18000, tax_exempt=True, months=24),
    Asset("FIXED_INCOME", "TREASURY", "Tesouro IPCA+ 2035", "IPCA", 6, 101, 1000, 9000, 3200, isin="BRSTNCNTB4U6"),
    Asset("MUTUAL_FUND", "MULTIMARKET_FUND", "Araucária Macro FIC FIM", None, None, 126, 2000, 15000, 412),
    Asset("EQUITY", "STOCK", "PETRÓLEO NACIONAL PN", None, None, 84, 800, 6000, 37, "PNAC4", "BRPNACACNPR6"),
    Asset("ETF", "ETF", "Índice Brasil ETF", None, None, 77, 900, 5000, 118, "IBRX11"),
    Asset("SECURITY", "RETIREMENT", "Previdência Horizonte VGBL", None, None, 95, 4000, 22000, 3),
)


def _held(item: Item) -> list[tuple[int, Asset]]:
    chosen = item.bank.customer.draws("assets").sample(range(len(ASSETS)), 4)
    return [(n, ASSETS[n]) for n in sorted({0, *chosen})]


def _bought(item: Item, n: int) -> tuple[date, int]:
    draws, asset = item.bank.customer.draws("asset", n), ASSETS[n]
    at = calendar.local_day(item.bank.opening.at)
    return calendar.next_business_day(at - timedelta(draws.between(220, 900))), draws.price(asset.low, asset.high)


def investments(item: Item) -> list[Investment]:
    """What the customer holds; empty before a collection of INVESTMENTS."""
    runs = item.runs("INVESTMENTS")
    return [_investment(item, n, asset) for n, asset in _held(item)] if runs.instants else []


def _grown(item: Item, n: int, day: date) -> int:
    bought, original = _bought(item, n)
    return original + share(original, ASSETS[n].yearly * max(0, (day - bought).days) // 365)


def _investment(item: Item, n: int, asset: Asset) -> Investment:
    runs, draws = item.runs("INVESTMENTS"), item.bank.customer.draws("asset-details", n)
    bought, _ = _bought(item, n)
    issuer, fixed = people.company(draws), asset.type == "FIXED_INCOME"
    return Investment(
        id=item.bank.ids.encode(Kind.INVESTMENT, item.bank.tag, n=n),
        item_id=item.bank.opening.item_id,
        type=asset.type,
        subtype=asset.subtype,
        name=asset.name,
        number=draws.digits(8) if n % 2 else None,
        code=asset.code or (dotted(issuer.document) if asset.type == "MUTUAL_FUND" else None),
        isin=asset.isin,
        issuer=issuer.name if fixed else None,
        issuer_cnpj=dotted(issuer.document) if fixed else None,
        issue_date=calendar.wire_midnight(bought) if fixed else None,
        purchase_date=calendar.wire_midnight(bought),
        due_date=calendar.wire_midnight(bought + timedelta(asset.months * 30)) if asset.months else None,
        date=runs.labels[-1],
        owner=item.bank.customer.owner.name,
        tax_exempt=asset.tax_exempt,
        institution=Issuer(name=issuer.name, number=issuer.document) if asset.type == "SECURITY" else None,
        status="ACTIVE",
        currency_code="BRL",
        created_at=runs.labels[0],
        updated_at=runs.labels[-1],
        **_worth(item, n, asset),
        **_rates(asset),
    )


def _worth(item: Item, n: int, asset: Asset) -> dict[str, Any]:
    original = _bought(item, n)[1]
    gross = _grown(item, n, calendar.local_day(item.runs("INVESTMENTS").instants[-1]))
    tax = 0 if asset.tax_exempt else share(gross - original, 175)
    quotas = original // asset.quota if asset.quota else None
    return {
        "balance": money(gross - tax),
        "amount": money(gross),
        "value": money(gross * UNIT // quotas) if quotas else None,
        "quantity": money(quotas) if quotas else None,
        "taxes": money(tax) if tax else None,
        "amount_profit": money(gross - original),
        "amount_withdrawal": money(gross - tax),
        "amount_original": money(original),
    }


def _rates(asset: Asset) -> dict[str, Any]:
    yearly = asset.yearly * UNIT // 10
    return {
        "rate": money(asset.rate * UNIT) if asset.rate else None,
        "rate_type": asset.rate_type,
        "fixed_annual_rate": money(6_1500) if asset.rate_type == "IPCA" else None,
        "annual_rate": money(yearly) if asset.quota else None,
        "last_month_rate": money(yearly // 12 // CENT * CENT) if asset.quota else None,
        "last_twelve_months_rate": money(yearly) if asset.quota else None,
    }


def investment_transactions(item: Item, n: int) -> list[InvestmentTransaction]:
    """The purchase and the movements since, newest first; empty before a collection of them."""
    runs = item.runs("INVESTMENTS", "INVESTMENTS_TRANSACTIONS")
    if not runs.instants or n not in dict(_held(item)):
        return []
    asset, last = ASSETS[n], calendar.local_day(runs.instants[-1])
    bought, original = _bought(item, n)
    moves = [(bought, "BUY", "CREDIT", original, "Aplicação")]
    if asset.type in ("EQUITY", "MUTUAL_FUND", "ETF"):
        for k in range(1, 12):
            day = calendar.next_business_day(bought + timedelta(91 * k))
            kind, text = (
                ("TAX", "Come-cotas") if asset.type == "MUTUAL_FUND" else ("INTEREST", "Juros s/ capital próprio")
            )
            moves.append((day, kind, "DEBIT", share(original, 9), text))
    return [_movement(item, n, k, asset, move) for k, move in reversed(list(enumerate(moves))) if move[0] <= last]


def _movement(item: Item, n: int, k: int, asset: Asset, move: tuple[date, str, str, int, str]) -> InvestmentTransaction:
    day, kind, movement, amount, text = move
    quantity = amount // asset.quota if asset.quota and kind == "BUY" else None
    return InvestmentTransaction(
        id=item.bank.ids.encode(Kind.INVESTMENT_TRANSACTION, item.bank.tag, month=n, n=k),
        type=kind,
        movement_type=movement,
        quantity=money(quantity) if quantity else None,
        value=money(asset.quota * UNIT) if asset.quota else None,
        amount=money(amount),
        net_amount=money(amount) if kind == "BUY" else None,
        agreed_rate=None,
        indexer_percentage=money(asset.rate * UNIT) if asset.rate_type == "CDI" and asset.rate else None,
        price_factor=None,
        date=calendar.wire_midnight(day),
        trade_date=calendar.wire_midnight(day) if kind == "BUY" else None,
        description=text,
        brokerage_number=f"{7000 + k}" if asset.type == "EQUITY" else None,
        expenses={"brokerageFee": money(4_9000), "settlementFee": money(2500)} if asset.type == "EQUITY" else None,
    )
