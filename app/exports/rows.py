"""What an export writes: a transaction as the list shows it, and its account."""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from app.transactions.lines import TransactionLine


class ExportedAccount(NamedTuple):
    """An account as files name it."""

    id: UUID
    type: str
    subtype: str | None
    title: str
    currency_code: str
    balance: Decimal | None
    balance_at: datetime | None
    institution_name: str
    connector_id: int


class Row(NamedTuple):
    """A transaction with its account."""

    line: TransactionLine
    account: ExportedAccount
