"""Accounts and live balances, from the bank's rows and the edits on show."""

from sandbox.ledger import calendar
from sandbox.ledger.documents import dotted
from sandbox.ledger.item import Item
from sandbox.ledger.models import Account, BankData, LiveBalance, Transaction
from sandbox.ledger.money import UNIT, money, units
from sandbox.ledger.people import person_name
from sandbox.ledger.profile import AccountKind
from sandbox.ledger.shown import Runs, show

_NAMES = {AccountKind.CHECKING: "Conta Corrente", AccountKind.SAVINGS: "Conta Poupança"}
_SUBTYPES = {AccountKind.CHECKING: "CHECKING_ACCOUNT", AccountKind.SAVINGS: "SAVINGS_ACCOUNT"}


def balance_of(item: Item, index: int) -> int:
    """The balance as of the account's last collection, with every edit that is on show."""
    return item.bank.balance(index, item.account_runs(index).instants[-1]) + edited_units(item, index)


def edited_units(item: Item, index: int) -> int:
    """By how much the edits on show move the balance away from the generated rows."""
    view = item.view(index)
    if not view.runs.instants:
        return 0
    change = sum(units_of(entry.shape) for entry in view.edits.entries(view.runs, view.floor) if _counts(entry.shape))
    for edited in view.edits.touched.values():
        shape = None if edited.added else show(edited.row, view.runs, view.floor)
        if shape is not None and _counts(shape):
            change -= edited.row.units
    return change


def units_of(shape: Transaction) -> int:
    """The amount of a row in its account's currency."""
    foreign = shape.amount_in_account_currency
    return units(shape.amount if foreign is None else foreign)


def _counts(shape: Transaction) -> bool:
    return shape.status == "POSTED"


def account(item: Item, index: int) -> Account | None:
    """The account as its last collection copied it, or None before the first."""
    runs = item.account_runs(index)
    if not runs.instants:
        return None
    return _bank_account(item, index, runs)


def _bank_account(item: Item, index: int, runs: Runs) -> Account:
    spec, owner = item.bank.specs[index], item.bank.owner
    balance = balance_of(item, index)
    limit = UNIT * 100 * item.bank.draws("overdraft", index).between(5, 60)
    used = min(limit, max(0, -balance))
    number = f"{owner.branch}/{owner.account}" if index == 0 else f"{owner.branch}/{index}{owner.account}"
    return Account(
        id=item.bank.account_ids[index],
        item_id=item.bank.opening.item_id,
        type="BANK",
        subtype=_SUBTYPES[spec.kind],
        number=number,
        name=_NAMES[spec.kind] if spec.nth == 0 else f"{_NAMES[spec.kind]} {spec.nth + 1}",
        marketing_name="Conta Digital Prata" if index == 0 else None,
        owner=_owner_name(item),
        tax_number=dotted(owner.document),
        balance=money(balance),
        currency_code="BRL",
        bank_data=BankData(
            transfer_number=f"{owner.compe}/{number}",
            closing_balance=money(balance),
            automatically_invested_balance=None if spec.nth else money(0),
            overdraft_contracted_limit=money(limit),
            overdraft_used_limit=money(used),
            unarranged_overdraft_amount=money(max(0, -balance - limit)),
        ),
        credit_data=None,
        created_at=runs.labels[0],
        updated_at=runs.labels[-1],
    )


def _owner_name(item: Item) -> str:
    owner = item.bank.owner.name
    return f"{owner} e {person_name(item.bank.draws('joint'))}" if item.bank.opening.profile.joint else owner


def live_balance(item: Item, index: int, at: int) -> LiveBalance | None:
    """What the bank says right now, without a collection."""
    if not item.account_runs(index).instants:
        return None
    balance = item.bank.balance(index, at) + edited_units(item, index)
    return LiveBalance(
        balance=money(balance),
        currency_code="BRL",
        update_date_time=calendar.wire(at),
        blocked_balance=money(0),
        automatically_invested_balance=None,
        closing_balance=money(balance),
    )
