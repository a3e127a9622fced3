"""Accounts and live balances, from the bank's rows and the edits on show."""

from sandbox.ledger import calendar
from sandbox.ledger.credit import CreditAccount
from sandbox.ledger.deposit import DepositAccount
from sandbox.ledger.documents import dotted
from sandbox.ledger.item import Item
from sandbox.ledger.models import Account, BankData, CreditData, LiveBalance, Transaction
from sandbox.ledger.money import UNIT, money, share
from sandbox.ledger.people import person_name
from sandbox.ledger.profile import AccountKind
from sandbox.ledger.shown import show

_CARDS = (("MASTERCARD", "BLACK", 300_000), ("VISA", "PLATINUM", 42_000), ("ELO", "MAIS", 14_000))


def balance_of(item: Item, index: int) -> int:
    """The balance as of the account's last collection, with every edit that is on show."""
    return item.bank.accounts[index].balance(item.account_runs(index).instants[-1]) + edited_units(item, index)


def edited_units(item: Item, index: int) -> int:
    """By how much the edits on show move the balance away from the generated rows."""
    view = item.view(index)
    if not view.runs.instants or not view.edits.touched:
        return 0
    counts = item.is_card(index)
    now = view.runs.labels[-1]
    change = 0
    for entry in view.edits.entries(view.runs, view.floor):
        change += entry.units if _counts(entry.shape, card=counts, now=now) else 0
    for edited in view.edits.touched.values():
        shape = None if edited.added else show(edited.row, view.runs, view.floor)
        if shape is not None and _counts(shape, card=counts, now=now):
            change -= edited.row.units
    return change


def _counts(shape: Transaction, *, card: bool, now: str) -> bool:
    return shape.status == "POSTED" or (card and shape.date <= now)


def account(item: Item, index: int) -> Account | None:
    """The account as its last collection copied it, or None before the first."""
    runs = item.account_runs(index)
    if not runs.instants:
        return None
    of, owner = item.bank.accounts[index], item.bank.customer.owner
    balance = balance_of(item, index)
    bank_data = credit_data = marketing = None
    if isinstance(of, CreditAccount):
        brand, level, _ = _CARDS[min(of.spec.nth, 2)]
        subtype, number, name = "CREDIT_CARD", f"xxxx{of.card.number}", f"{brand.title()} {level.title()}"
        marketing = f"CARTÃO {brand} {level}"
        credit_data = _credit_data(of, balance, runs.instants[-1])
    else:
        subtype = "SAVINGS_ACCOUNT" if of.spec.kind is AccountKind.SAVINGS else "CHECKING_ACCOUNT"
        number = f"{owner.branch}/{owner.account}" if index == 0 else f"{owner.branch}/{index}{owner.account}"
        name = "Conta Poupança" if of.spec.kind is AccountKind.SAVINGS else "Conta Corrente"
        bank_data = _bank_data(item, of, balance, number)
    return Account(
        id=of.statement.account_id,
        item_id=item.bank.opening.item_id,
        type="CREDIT" if credit_data else "BANK",
        subtype=subtype,
        number=number,
        name=name if credit_data or of.spec.nth == 0 else f"{name} {of.spec.nth + 1}",
        marketing_name=marketing,
        owner=_owner_name(item),
        tax_number=dotted(owner.document) if index % 2 == 0 else owner.document,
        balance=money(balance),
        currency_code="BRL",
        bank_data=bank_data,
        credit_data=credit_data,
        created_at=runs.labels[0],
        updated_at=runs.labels[-1],
    )


def _bank_data(item: Item, of: DepositAccount, balance: int, number: str) -> BankData:
    limit = UNIT * 100 * item.bank.customer.draws("overdraft", of.spec.index).between(5, 60)
    first = of.spec.index == 0
    return BankData(
        transfer_number=f"{item.bank.customer.owner.compe}/{number}",
        closing_balance=money(balance),
        automatically_invested_balance=money(0) if first else None,
        overdraft_contracted_limit=money(limit) if first else None,
        overdraft_used_limit=money(min(limit, max(0, -balance))) if first else None,
        unarranged_overdraft_amount=money(max(0, -balance - limit)) if first else None,
    )


def _credit_data(of: CreditAccount, balance: int, at: int) -> CreditData:
    brand, level, reais = _CARDS[min(of.spec.nth, 2)]
    card, limit = of.card, reais * UNIT
    open_bill = card.bill_of(at)
    dated = card.style != 2  # such banks give no dates for the open bill
    return CreditData(
        level=level,
        brand=brand,
        brand_additional_info=None,
        balance_close_date=card.closing_date(open_bill).isoformat() if dated else None,
        balance_due_date=f"{card.due_date(open_bill).isoformat()}T00:00:00.000Z" if dated else None,
        available_credit_limit=money(max(0, limit - balance - of.committed(at))),
        credit_limit=money(limit),
        balance_foreign_currency=None if of.spec.nth else money(0),
        minimum_payment=money(share(of.total(open_bill - 1), 150)) if of.total(open_bill - 1) > 0 else None,
        is_limit_flexible=None if of.spec.nth else False,
        status="ACTIVE",
        holder_type="MAIN",
        additional_cards=[{"number": card.extra_number}] if of.spec.nth == 0 else None,
    )


def _owner_name(item: Item) -> str:
    customer = item.bank.customer
    return (
        f"{customer.owner.name} e {person_name(customer.draws('joint'))}"
        if customer.profile.joint
        else customer.owner.name
    )


def live_balance(item: Item, index: int, at: int) -> LiveBalance | None:
    """What the bank says right now, without a collection."""
    if not item.account_runs(index).instants:
        return None
    balance = money(item.bank.accounts[index].balance(at) + edited_units(item, index))
    return LiveBalance(
        balance=balance,
        currency_code="BRL",
        update_date_time=calendar.wire(at),
        blocked_balance=money(0),
        closing_balance=balance,
    )
