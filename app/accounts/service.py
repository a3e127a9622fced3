"""Use cases of accounts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import queries, repository
from app.accounts.errors import AccountNotFound
from app.accounts.mapping import NUMBER, AccountColumns, seal_number
from app.accounts.models import Account
from app.accounts.queries import AccountOfConnection
from app.changes import next_change
from app.ids import new_id
from app.vault import Vault, row_place


async def get(session: AsyncSession, owner_id: UUID, account_id: UUID) -> tuple[Account, str]:
    """Return the account and the name of its institution. Raises AccountNotFound."""
    found = await repository.find(session, owner_id, account_id)
    if found is None:
        raise AccountNotFound(account_id)
    return found


async def mirror(
    session: AsyncSession, owner_id: UUID, connection_id: UUID, sources: Sequence[AccountColumns], *, vault: Vault
) -> dict[UUID, Account]:
    """Bring the connection's accounts up to date and return them by Pluggy's id; equal ones are not written."""
    held = {account.pluggy_id: account for account in await repository.of_connection(session, owner_id, connection_id)}
    differing = [source for source in sources if _differs(held.get(source.pluggy_id), source, vault)]
    if differing:
        number = await next_change(session, owner_id)
        for source in differing:
            account = held.get(source.pluggy_id)
            if account is None:
                account = Account(
                    owner_id=owner_id, id=new_id(), connection_id=connection_id, pluggy_id=source.pluggy_id
                )
                session.add(account)
                held[source.pluggy_id] = account
            _apply(account, source, vault)
            account.change_number = number
            account.updated_at = func.now()
        await session.flush()
    return {source.pluggy_id: held[source.pluggy_id] for source in sources}


def _differs(held: Account | None, source: AccountColumns, vault: Vault) -> bool:
    if held is None or held.removed_at is not None or not _has_number(held, source.number, vault):
        return True
    return any(getattr(held, name) != value for name, value in source.columns.items())


def _has_number(held: Account, number: str | None, vault: Vault) -> bool:
    if number is None:
        return held.number_hash is None
    return held.number_hash in vault.fingerprints(number, purpose="account_number")


def _apply(account: Account, source: AccountColumns, vault: Vault) -> None:
    for name, value in source.columns.items():
        setattr(account, name, value)
    account.removed_at = None
    account.number, account.number_hash = (
        (None, None) if source.number is None else seal_number(source.number, account.owner_id, account.id, vault)
    )


async def list_page(
    session: AsyncSession,
    owner_id: UUID,
    *,
    connection_id: UUID | None,
    account_type: str | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[AccountOfConnection]:
    """Return accounts with their connections, oldest first, strictly after the key (created_at, id)."""
    return await queries.list_page(
        session, owner_id, connection_id=connection_id, account_type=account_type, after=after, limit=limit
    )


async def get_with_connection(session: AsyncSession, owner_id: UUID, account_id: UUID) -> AccountOfConnection:
    """Return the account and the connection that brings it. Raises AccountNotFound."""
    found = await queries.find(session, owner_id, account_id)
    if found is None:
        raise AccountNotFound(account_id)
    return found


async def annotate(
    session: AsyncSession, owner_id: UUID, account_id: UUID, fields: dict[str, Any]
) -> AccountOfConnection:
    """Write `alias` or `hidden` and return the account; equal values are not written. Raises AccountNotFound."""
    found = await get_with_connection(session, owner_id, account_id)
    if all(getattr(found.account, name) == value for name, value in fields.items()):
        return found
    number = await next_change(session, owner_id)
    if not await queries.annotate(session, owner_id, account_id, fields, change_number=number):
        raise AccountNotFound(account_id)
    await session.refresh(found.account)
    return found


def open_number(account: Account, vault: Vault) -> str | None:
    """Return the account's whole number."""
    if account.number is None:
        return None
    return vault.open(account.number, place=row_place(NUMBER, account.owner_id, account.id)).decode()
