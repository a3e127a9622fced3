"""The exact ledger an observer of the API should hold now, and the facts planted in it.

`truth()` gives `{"items": [...], "facts": {...}}`; every amount is a string with four decimals.
- items: `{"id", "institution", "holder", "accounts"}`; account: `{"id", "type", "subtype", "currencyCode", "balance",
  "openingBalance", "transactions", "bills"}`. On a BANK account `balance` is `openingBalance` plus the POSTED rows.
- transactions, newest `(date, id)` first: `{"id", "date", "amount", "amountInAccountCurrency", "currencyCode", "type",
  "status", "description", "categoryId", "createdAt", "updatedAt", "billId"}`.
"""

from typing import Any

from sandbox.ledger import accounts
from sandbox.ledger.item import Item
from sandbox.ledger.models import Transaction
from sandbox.ledger.money import text, units


def truth(items: list[Item]) -> dict[str, Any]:
    """The state of `items` as the API shows it."""
    return {"items": [_item(item) for item in items], "facts": {}}


def _item(item: Item) -> dict[str, Any]:
    opening = item.bank.opening
    listed = [_account(item, index) for index in item.listed()]
    return {"id": opening.item_id, "institution": opening.institution, "holder": opening.holder, "accounts": listed}


def _account(item: Item, index: int) -> dict[str, Any]:
    shown = accounts.account(item, index)
    assert shown is not None, "listed accounts are on show"  # noqa: S101
    rows = [transaction(entry.shape) for entry in item.view(index).entries()]
    return {
        "id": shown.id,
        "type": shown.type,
        "subtype": shown.subtype,
        "currencyCode": shown.currency_code,
        "balance": text(units(shown.balance)),
        "openingBalance": text(item.bank.accounts[index].opening(item.floor(item.view(index).runs))),
        "transactions": rows,
        "bills": [],
    }


def transaction(shape: Transaction) -> dict[str, Any]:
    """One row of the truth."""
    foreign, card = shape.amount_in_account_currency, shape.credit_card_metadata
    return {
        "id": shape.id,
        "date": shape.date,
        "amount": text(units(shape.amount)),
        "amountInAccountCurrency": None if foreign is None else text(units(foreign)),
        "currencyCode": shape.currency_code,
        "type": shape.type,
        "status": shape.status,
        "description": shape.description,
        "categoryId": shape.category_id,
        "createdAt": shape.created_at,
        "updatedAt": shape.updated_at,
        "billId": card.bill_id if card else None,
    }
