"""The exact ledger an observer of the API should hold now.

`truth()` gives `{"items": [...], "facts": {...}}`; every amount is text with four decimals. Facts: see
`sandbox.ledger.facts`.
- items: `{"id", "institution", "holder", "accounts"}`;
- account: `{"id", "type", "subtype", "currencyCode", "balance", "openingBalance", "transactions", "bills"}`. `balance`
  is `openingBalance` plus the POSTED rows; on a CREDIT account also the PENDING ones dated up to the account's
  `updatedAt`. There amounts are positive when owed, as on the wire;
- transactions, newest `(date, id)` first: `{"id", "date", "amount", "amountInAccountCurrency", "currencyCode", "type",
  "status", "description", "categoryId", "createdAt", "updatedAt", "billId"}`;
- bills, newest first: `{"id", "dueDate", "totalAmount", "paidAmount", "transactionIds"}`; the total is the sum of
  those rows.
"""

from typing import Any

from sandbox.ledger import accounts, billing
from sandbox.ledger.facts import facts
from sandbox.ledger.item import Item
from sandbox.ledger.models import Transaction
from sandbox.ledger.money import text, units
from sandbox.ledger.shown import Entry


def truth(items: list[Item]) -> dict[str, Any]:
    """The state of `items` as the API shows it, with the facts that their rows hold."""
    rows = {
        (item.bank.opening.item_id, index): list(item.view(index).entries())
        for item in items
        for index in item.listed()
    }
    listed = [_item(item, {index: rows[item.bank.opening.item_id, index] for index in item.listed()}) for item in items]
    places = {item.bank.opening.item_id: item.bank for item in items}
    marked = ((places[item_id].account_id(index), entry) for (item_id, index), each in rows.items() for entry in each)
    return {"items": listed, "facts": facts(marked)}


def _item(item: Item, rows: dict[int, list[Entry]]) -> dict[str, Any]:
    opening = item.bank.opening
    return {
        "id": opening.item_id,
        "institution": opening.institution,
        "holder": opening.holder,
        "accounts": [_account(item, index, entries) for index, entries in rows.items()],
    }


def _account(item: Item, index: int, entries: list[Entry]) -> dict[str, Any]:
    shown = accounts.account(item, index)
    if shown is None:
        raise LookupError("an account is listed before its first collection")
    bills = [
        {
            "id": bill.id,
            "dueDate": bill.due_date[:10],
            "totalAmount": text(units(bill.total_amount)),
            "paidAmount": text(sum(units(payment.amount) for payment in bill.payments)),
            "transactionIds": sorted(entry.id for entry in on_bill),
        }
        for bill, on_bill in billing.listed(item, index)
    ]
    return {
        "id": shown.id,
        "type": shown.type,
        "subtype": shown.subtype,
        "currencyCode": shown.currency_code,
        "balance": text(units(shown.balance)),
        "openingBalance": text(item.bank.accounts[index].opening(item.floor(item.view(index).runs))),
        "transactions": [transaction(entry.shape) for entry in entries],
        "bills": bills,
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
