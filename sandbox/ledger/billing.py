"""Card bills as the API shows them: totals are the sums of the rows on show."""

from collections import defaultdict

from sandbox.ledger import bills, calendar
from sandbox.ledger.credit import CreditAccount
from sandbox.ledger.ids import Kind
from sandbox.ledger.item import Item
from sandbox.ledger.models import Bill, BillPayment, FinanceCharge
from sandbox.ledger.money import CENT, money, share
from sandbox.ledger.shown import Entry


def listed(item: Item, index: int) -> list[tuple[Bill, list[Entry]]]:
    """The closed bills on show with their rows, newest first; the first one was open when the history began."""
    account, view = item.bank.accounts[index], item.view(index)
    if not isinstance(account, CreditAccount) or not view.runs.instants:
        return []
    rows: dict[int, list[Entry]] = defaultdict(list)
    shown: dict[str, Entry] = {}
    for entry in view.entries():
        shown[entry.id] = entry
        if entry.row.bill is not None:
            rows[entry.row.bill].append(entry)
    first = account.card.bill_of(view.floor) + 1
    last = account.card.bill_of(view.runs.instants[-1])
    found = [(_bill(item, account, bill, rows[bill], shown), rows[bill]) for bill in range(first, last + 1)]
    return [(bill, entries) for bill, entries in reversed(found) if bill is not None]


def _bill(item: Item, account: CreditAccount, bill: int, rows: list[Entry], shown: dict[str, Entry]) -> Bill | None:
    card, view = account.card, item.view(account.spec.index)
    closing = view.edits.closing(card, bill)
    seen = view.runs.first(closing)
    if seen is None:
        return None
    total = sum(entry.units for entry in rows)
    paid = [(payment, shown[row.shape.id]) for payment, row in account.paid(bill) if row.shape.id in shown]
    updated = max([view.runs.labels[seen], *(entry.shape.created_at for _, entry in paid)])
    return Bill(
        id=card.bill_id(bill),
        account_id=account.statement.account_id,
        due_date=f"{card.due_date(bill).isoformat()}T00:00:00",
        bill_closing_date=f"{calendar.local_day(closing - 1).isoformat()}T00:00:00" if bill % 5 else None,
        total_amount=money(total),
        total_amount_currency_code="BRL",
        minimum_payment_amount=money(max(0, share(total, 150))) if bill % 7 else None,
        allows_installments=True if bill % 4 else None,
        finance_charges=[_charge(account, charge) for charge in bills.charges(card, bill, account.total)],
        payments=[_payment(account, payment, entry, total) for payment, entry in paid],
        created_at=view.runs.labels[seen],
        updated_at=updated,
    )


def _charge(account: CreditAccount, charge: bills.Charge) -> FinanceCharge:
    statement = account.statement
    return FinanceCharge(
        id=statement.ids.encode(Kind.CHARGE, statement.item, statement.account, charge.bill, charge.n),
        credit_card_bill_id=account.card.bill_id(charge.bill),
        type=charge.kind,
        amount=money(charge.amount),
        currency_code="BRL",
        additional_info=None,
    )


def _payment(account: CreditAccount, payment: bills.Payment, entry: Entry, total: int) -> BillPayment:
    statement = account.statement
    whole = -entry.units >= total - CENT
    return BillPayment(
        id=statement.ids.encode(Kind.PAYMENT, statement.item, statement.account, payment.bill, payment.n),
        value_type="FULL_PAYMENT" if whole else "OTHER_PAYMENT",
        payment_date=f"{payment.credited.isoformat()}T00:00:00",
        payment_mode=payment.mode if payment.bill % 6 else None,
        amount=money(-entry.units),
        currency_code="BRL",
    )
