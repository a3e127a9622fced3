"""Operators after a change of ENCRYPTION_KEYS: everything sealed gets the current key, so that the old one can go."""

from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.mapping import ACCOUNT_NUMBER, NUMBER
from app.audit.service import record_act
from app.counterparties.service import DOCUMENT as COUNTERPARTY_DOCUMENT
from app.database import in_transaction, transaction
from app.operations.report import Report, table
from app.owners.models import Owner
from app.resources import Resources
from app.tables import metadata
from app.transactions.mapping import PAYMENT
from app.vault import Vault, VaultError, row_place
from app.webhook_endpoints.service import SECRET

BATCH: Final = 500


class Sealed(NamedTuple):
    """A sealed column; `place` is what its values are bound to beside their row, `digest` the hash kept beside it."""

    table: str
    column: str
    place: str
    digest: tuple[str, str] | None = None


SEALED: Final = (
    Sealed("accounts", "number", NUMBER, digest=("number_hash", ACCOUNT_NUMBER)),
    Sealed("transactions", "payment", PAYMENT),
    Sealed("counterparties", "document", COUNTERPARTY_DOCUMENT, digest=("document_hash", "document")),
    Sealed("webhook_endpoints", "secret", SECRET),
    Sealed("webhook_endpoints", "previous_secret", SECRET),
)
EXPIRES: Final = frozenset({("idempotency_keys", "body")})
"""Sealed too, and gone after a day."""


_FOLLOW: Final = text(
    """
    UPDATE transactions AS row SET counterparty_document_hash = other.document_hash
    FROM counterparties AS other
    WHERE row.owner_id = :owner_id AND other.owner_id = :owner_id AND other.id = row.counterparty_id
      AND row.counterparty_document_hash IS NOT NULL AND other.document_hash IS NOT NULL
      AND row.counterparty_document_hash <> other.document_hash
    """
)


async def reseal(resources: Resources, *, actor: str) -> Report:
    """Seal anew, under the first of ENCRYPTION_KEYS, whatever is sealed under another; safe to repeat."""
    done = dict.fromkeys(SEALED, 0)
    lost = dict.fromkeys(SEALED, 0)
    last: UUID | None = UUID(int=0)
    while last is not None:
        owner_ids = await _owners_after(resources, last)
        for owner_id in owner_ids:
            for sealed in SEALED:
                opened, closed = await _reseal_column(resources, owner_id, sealed)
                done[sealed] += opened
                lost[sealed] += closed
            await _follow(resources, owner_id)
        last = owner_ids[-1] if owner_ids else None
    async with transaction(resources.sessions, None) as session:
        await record_act(session, "keys.resealed", actor=actor, owner_id=None)
    rows = [(f"{each.table}.{each.column}", done[each], lost[each]) for each in SEALED]
    return Report(table(("COLUMN", "SEALED ANEW", "NOT OPENED"), rows), is_well=not any(lost.values()))


async def _owners_after(resources: Resources, last: UUID) -> Sequence[UUID]:
    async with transaction(resources.sessions, None) as session:
        return (await session.scalars(select(Owner.id).where(Owner.id > last).order_by(Owner.id).limit(BATCH))).all()


async def _reseal_column(resources: Resources, owner_id: UUID, sealed: Sealed) -> tuple[int, int]:
    """Return how many values of one owner were sealed anew, and how many no key opens."""
    done = lost = 0
    last: UUID | None = UUID(int=0)
    while last is not None:
        after = last

        async def reseal_some(session: AsyncSession, after: UUID = after) -> tuple[int, int, UUID | None]:
            return await _reseal_batch(session, resources.vault, owner_id, sealed, after=after)

        opened, closed, last = await in_transaction(resources.sessions, owner_id, reseal_some)
        done, lost = done + opened, lost + closed
    return done, lost


async def _follow(resources: Resources, owner_id: UUID) -> None:
    """Have an owner's transactions name their counterparties by the hashes that these have now."""

    async def follow(session: AsyncSession) -> None:
        await session.execute(_FOLLOW, {"owner_id": owner_id})

    await in_transaction(resources.sessions, owner_id, follow)


async def _reseal_batch(
    session: AsyncSession, vault: Vault, owner_id: UUID, sealed: Sealed, *, after: UUID
) -> tuple[int, int, UUID | None]:
    held = metadata.tables[sealed.table]
    column, is_owners = held.c[sealed.column], held.c.owner_id == owner_id
    mark = vault.header
    is_old = func.substring(column, 1, len(mark)) != mark
    wanted = select(held.c.id, column).where(is_owners, held.c.id > after, is_old).order_by(held.c.id).limit(BATCH)
    found = (await session.execute(wanted)).all()
    lost = 0
    for row_id, old in found:
        place = row_place(sealed.place, owner_id, row_id)
        try:
            value = vault.open(old, place=place)
        except VaultError:
            lost += 1
            continue
        anew = {sealed.column: vault.seal(value, place=place)}
        digest = {}
        if sealed.digest is not None:
            name, purpose = sealed.digest
            digest[name] = vault.fingerprint(value.decode(), purpose=purpose)
        # whoever has written a newer value meanwhile has sealed it under the current key
        is_same = (is_owners, held.c.id == row_id, column == old)
        try:
            async with session.begin_nested():
                await session.execute(update(held).where(*is_same).values(anew | digest))
        except IntegrityError:  # met again under the current key already: that row has the hash
            await session.execute(update(held).where(*is_same).values(anew))
    return len(found) - lost, lost, found[-1].id if len(found) == BATCH else None
