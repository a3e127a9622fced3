"""Rows for tests: plain async functions that fill in whatever a test does not care about."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import Account
from app.connections.models import BankConnection
from app.ids import new_id
from app.transactions.models import Transaction, TransactionRevision

_Row = TypeVar("_Row")

_DECIDED = {"tags": "user_tags", "ignored": "user_ignored"}
NOON = datetime(2026, 3, 4, 15, tzinfo=UTC)


async def make_connection(session: AsyncSession, owner_id: UUID, **given: Any) -> BankConnection:
    """A sound connection, read a moment ago."""
    now = datetime.now(UTC)
    defaults = {
        "owner_id": owner_id,
        "id": new_id(),
        "item_id": uuid4(),
        "connector_id": 0,
        "institution_name": "Banco do Teste",
        "status": "UPDATED",
        "execution_status": "SUCCESS",
        "last_read_at": now,
        "next_sync_at": now + timedelta(hours=11),
        "change_number": 1,
    }
    return await _add(session, BankConnection, defaults, given)


async def make_account(session: AsyncSession, owner_id: UUID, connection_id: UUID, **given: Any) -> Account:
    """A checking account."""
    defaults = {
        "owner_id": owner_id,
        "id": new_id(),
        "connection_id": connection_id,
        "pluggy_id": uuid4(),
        "type": "BANK",
        "subtype": "CHECKING_ACCOUNT",
        "name": "Conta Corrente",
        "number_masked": "•••••678-9",
        "currency_code": "BRL",
        "balance": Decimal("1520.35"),
        "balance_at": NOON,
        "change_number": 1,
    }
    return await _add(session, Account, defaults, given)


async def make_transaction(session: AsyncSession, owner_id: UUID, account_id: UUID, **given: Any) -> Transaction:
    """A purchase; `direction` follows the sign of `amount`. `tags` and `ignored` are the person's."""
    amount = Decimal(given.get("amount", "-12.34"))
    given = {_DECIDED.get(name, name): value for name, value in given.items()}
    defaults = {
        "owner_id": owner_id,
        "id": new_id(),
        "account_id": account_id,
        "pluggy_id": uuid4(),
        "date": date(2026, 3, 4),
        "amount": amount,
        "currency_code": "BRL",
        "direction": "OUT" if amount < 0 else "IN",
        "amount_raw": abs(amount),
        "status": "POSTED",
        "description": "PADARIA PÃO NOSSO",
        "content_hash": b"\0" * 16,
        "read_number": 1,
        "added_read": 1,
        "change_number": 1,
        "created_number": 1,
    }
    return await _add(session, Transaction, defaults, {**given, "amount": amount})


async def make_revision(
    session: AsyncSession, owner_id: UUID, transaction_id: UUID, **given: Any
) -> TransactionRevision:
    """A change of the status, read by a run."""
    defaults = {
        "owner_id": owner_id,
        "id": new_id(),
        "transaction_id": transaction_id,
        "run_id": uuid4(),
        "kind": "modified",
        "changes": {"status": ["PENDING", "POSTED"]},
        "change_number": 1,
    }
    return await _add(session, TransactionRevision, defaults, given)


async def _add(session: AsyncSession, kind: type[_Row], defaults: dict[str, Any], given: dict[str, Any]) -> _Row:
    row = kind(**{**defaults, **given})
    session.add(row)
    await session.flush()
    await session.refresh(row)
    return row
