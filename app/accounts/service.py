"""Use cases of accounts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import queries, repository
from app.accounts.errors import AccountNotFound
from app.accounts.mapping import ACCOUNT_NUMBER, NUMBER, AccountColumns, seal_number
from app.accounts.models import Account
from app.accounts.queries import AccountOfConnection, CurrencySum
from app.changes import next_change
from app.connections import repository as connections
from app.connections.models import BankConnection
from app.ids import new_id
from app.transactions import repository as transactions
from app.vault import Vault, row_place


async def get(session: AsyncSession, owner_id: UUID, account_id: UUID) -> tuple[Account, str]:
    """Return the account and the name of its institution. Raises AccountNotFound."""
    found = await repository.find(session, owner_id, account_id)
    if found is None:
        raise AccountNotFound(account_id)
    return found


class Mirrored(NamedTuple):
    """The connection's accounts on Pluggy's list, and what could not be told for certain."""

    listed: list[Account]
    warnings: list[dict[str, Any]]


async def mirror(
    session: AsyncSession,
    owner_id: UUID,
    connection: BankConnection,
    sources: Sequence[AccountColumns],
    *,
    now: datetime,
    vault: Vault,
) -> Mirrored:
    """Bring the connection's accounts up to date with Pluggy's list; equal ones are not written.

    A bank account that comes back under a new item keeps its row, and so its history and its id (R33). One that is
    no longer listed keeps everything and says since when.
    """
    held = {account.pluggy_id: account for account in await repository.of_connection(session, owner_id, connection.id)}
    mirroring = _Mirroring(session, owner_id, connection, now, vault)
    listed = []
    for source in sources:
        account = held.get(source.pluggy_id) or await mirroring.find_moved(source)
        if account is None and mirroring.is_newer_elsewhere:
            continue
        listed.append(await mirroring.write(account, source))
    await mirroring.note_unlisted(held, sources)
    await session.flush()
    return Mirrored(listed, mirroring.warnings)


class _Mirroring:
    """One comparison of Pluggy's list with ours; takes a change number when there is something to write."""

    def __init__(
        self, session: AsyncSession, owner_id: UUID, connection: BankConnection, now: datetime, vault: Vault
    ) -> None:
        self._session = session
        self._owner_id = owner_id
        self._connection = connection
        self._now = now
        self._vault = vault
        self._number: int | None = None
        self.warnings: list[dict[str, Any]] = []
        self.is_newer_elsewhere = False

    async def find_moved(self, source: AccountColumns) -> Account | None:
        """Return the account that this new one continues, taken over; None when there is none, or no certain one."""
        self.is_newer_elsewhere = False
        if source.number is None:
            return None
        elsewhere = await repository.find_elsewhere(
            self._session,
            self._owner_id,
            self._connection,
            number_hashes=self._vault.fingerprints(source.number, purpose=ACCOUNT_NUMBER),
            account_type=source.columns["type"],
            currency_code=source.columns["currency_code"],
        )
        if len(elsewhere) > 1:
            self._warn("ambiguous_account", source, "several accounts held have this number; none was continued")
            return None
        if not elsewhere:
            return None
        account, former = elsewhere[0]
        if former.created_at > self._connection.created_at:
            self.is_newer_elsewhere = True
            self._warn("account_moved", source, "a newer connection of the same bank holds this account")
            return None
        await connections.raise_fence(self._session, self._owner_id, former.id)  # ends a run that would double rows
        account.connection_id = self._connection.id
        account.pluggy_id = source.pluggy_id
        account.watermark_at = account.deep_read_at = None
        await transactions.orphan(self._session, self._owner_id, account.id)
        account.taken_over_at = self._now
        return account

    async def write(self, account: Account | None, source: AccountColumns) -> Account:
        """Return the account as Pluggy has it now, written if that is news."""
        if account is not None and not _differs(account, source, self._vault) and account.unlisted_at is None:
            return account
        number = await self._change_number()  # first: asking for it flushes what is pending
        if account is None:
            account = Account(
                owner_id=self._owner_id, id=new_id(), connection_id=self._connection.id, pluggy_id=source.pluggy_id
            )
            self._session.add(account)
        _apply(account, source, self._vault)
        account.unlisted_at = None
        account.change_number = number
        account.updated_at = self._now
        return account

    async def note_unlisted(self, held: dict[UUID, Account], sources: Sequence[AccountColumns]) -> None:
        """Note since when an account is missing from the list: a shrunken list is no proof that it is closed."""
        listed = {source.pluggy_id for source in sources}
        for account in held.values():
            if account.pluggy_id in listed or account.removed_at is not None:
                continue
            self.warnings.append({"code": "account_unlisted", "subject": str(account.id), "message": None})
            if account.unlisted_at is None:
                account.change_number = await self._change_number()
                account.unlisted_at = self._now

    async def _change_number(self) -> int:
        if self._number is None:
            self._number = await next_change(self._session, self._owner_id)
        return self._number

    def _warn(self, code: str, source: AccountColumns, message: str) -> None:
        self.warnings.append({"code": code, "subject": str(source.pluggy_id), "message": message})


def _differs(held: Account | None, source: AccountColumns, vault: Vault) -> bool:
    if held is None or held.removed_at is not None or not _has_number(held, source.number, vault):
        return True
    return any(getattr(held, name) != value for name, value in source.columns.items())


def _has_number(held: Account, number: str | None, vault: Vault) -> bool:
    if number is None:
        return held.number_hash is None
    return held.number_hash in vault.fingerprints(number, purpose=ACCOUNT_NUMBER)


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


async def summarise(session: AsyncSession, owner_id: UUID, *, with_hidden: bool) -> Sequence[CurrencySum]:
    """Return what the owner's accounts hold together, currency by currency."""
    return await queries.sum_by_currency(session, owner_id, with_hidden=with_hidden)


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
