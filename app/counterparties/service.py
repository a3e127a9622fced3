"""Use cases of counterparties, each inside the caller's transaction."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.changes import ChangeNumber
from app.counterparties import repository
from app.counterparties.documents import plain_document, type_of
from app.counterparties.errors import CounterpartyNotFound
from app.counterparties.identity import Identity, identity_of
from app.counterparties.models import Counterparty
from app.counterparties.names import plain
from app.counterparties.schemas import CounterpartyTotal
from app.ids import new_ids
from app.pluggy.ledger_models import PaymentData
from app.transactions import meaning
from app.transactions.mapping import document_of, open_payment
from app.transactions.movements import Movement
from app.vault import Vault, row_place

DOCUMENT = "counterparties.document"


async def assign(
    session: AsyncSession, owner_id: UUID, rows: Sequence[Movement], *, number: ChangeNumber, vault: Vault
) -> None:
    """Say of each transaction whom it was with; counterparties that are new are added.

    A document decides. A name alone is the one known counterparty of that name, else one without a document.
    """
    identities = {row.id: _hashed(identity, vault) for row in rows if (identity := identity_of(row)) is not None}
    registry = _Registry(
        await repository.known(
            session,
            owner_id,
            hashes={each.document_hash for each in identities.values() if each.document_hash},
            names={each.normalized for each in identities.values()},
        )
    )
    missing: dict[bytes | str, tuple[UUID, Identity]] = {}
    for row_id, each in identities.items():
        if (key := registry.missing(each)) is not None:
            missing.setdefault(key, (row_id, each))  # named as it is first met
    if missing:
        added = await _add(session, owner_id, list(missing.values()), number=number, vault=vault)
        registry.learn(added)
    parties = {row.id: registry.find(identities[row.id]) if row.id in identities else None for row in rows}
    await meaning.give_counterparties(session, owner_id, parties, number)


def _hashed(identity: Identity, vault: Vault) -> Identity:
    document = plain_document(identity.merchant_document)
    if document is None or identity.document_hash is not None:
        return identity
    return identity._replace(document_hash=vault.fingerprint(document, purpose="document"), merchant_document=document)


class _Registry:
    """The counterparties that may be meant."""

    def __init__(self, known: Sequence[Counterparty]) -> None:
        self._by_hash: dict[bytes, UUID] = {}
        self._by_name: dict[str, UUID] = {}
        self._documented: dict[str, set[UUID]] = {}
        for each in known:
            self._note(each.id, each.normalized_name, each.document_hash)

    def learn(self, rows: Sequence[dict[str, Any]]) -> None:
        """Take in counterparties just added."""
        for row in rows:
            self._note(row["id"], row["normalized_name"], row["document_hash"])

    def _note(self, row_id: UUID, normalized: str, document_hash: bytes | None) -> None:
        if document_hash is None:
            self._by_name[normalized] = row_id
        else:
            self._by_hash[document_hash] = row_id
            self._documented.setdefault(normalized, set()).add(row_id)

    def find(self, identity: Identity) -> UUID | None:
        """Return who is meant."""
        if identity.document_hash is not None:
            return self._by_hash.get(identity.document_hash)
        documented = self._documented.get(identity.normalized, set())
        return next(iter(documented)) if len(documented) == 1 else self._by_name.get(identity.normalized)

    def missing(self, identity: Identity) -> bytes | str | None:
        """Return the key under which somebody unknown is to be added."""
        if self.find(identity) is not None:
            return None
        return identity.document_hash or identity.normalized


async def _add(
    session: AsyncSession,
    owner_id: UUID,
    missing: Sequence[tuple[UUID, Identity]],
    *,
    number: ChangeNumber,
    vault: Vault,
) -> list[dict[str, Any]]:
    wanted = [row_id for row_id, each in missing if each.document_hash and not each.merchant_document]
    payments = await repository.sealed_payments(session, owner_id, wanted)
    taken = await number.take()
    rows = []
    for new_id, (row_id, identity) in zip(new_ids(len(missing)), missing, strict=True):
        document = identity.merchant_document
        if row_id in payments:
            document = _document_in(open_payment(vault, payments[row_id], owner_id, row_id), identity, vault)
        sealed = document and vault.seal(document.encode(), place=row_place(DOCUMENT, owner_id, new_id))
        rows.append(
            {
                "owner_id": owner_id,
                "id": new_id,
                "name": identity.name,
                "normalized_name": identity.normalized,
                "document_type": type_of(document) if document else None,
                "document": sealed,
                "document_hash": identity.document_hash,
                "change_number": taken,
            }
        )
    await repository.add(session, rows)
    return rows


def _document_in(payment: PaymentData, identity: Identity, vault: Vault) -> str | None:
    """Return the payment's document that has the identity's hash."""
    for party in (payment.payer, payment.receiver):
        document = document_of(party)
        if document and identity.document_hash in vault.fingerprints(document, purpose="document"):
            return document
    return None


async def get(session: AsyncSession, owner_id: UUID, counterparty_id: UUID) -> Counterparty:
    """Return the counterparty. Raises CounterpartyNotFound."""
    found = await repository.find(session, owner_id, counterparty_id)
    if found is None:
        raise CounterpartyNotFound(counterparty_id)
    return found


async def list_page(
    session: AsyncSession, owner_id: UUID, *, search: str | None, after: tuple[str, UUID] | None, limit: int
) -> Sequence[Counterparty]:
    """Return counterparties by name, strictly after the key; `search` is compared without accents and case."""
    wanted = plain(search) if search else None
    return await repository.list_page(session, owner_id, search=wanted, after=after, limit=limit)


async def totals(session: AsyncSession, owner_id: UUID, counterparty_id: UUID) -> list[CounterpartyTotal]:
    """Return what went to and came from the counterparty, one a currency."""
    rows = await repository.totals(session, owner_id, counterparty_id)
    names = CounterpartyTotal.model_fields
    return [CounterpartyTotal(**dict(zip(names, row, strict=True))) for row in rows]


def open_document(row: Counterparty, vault: Vault) -> str | None:
    """Return the counterparty's whole document."""
    if row.document is None:
        return None
    return vault.open(row.document, place=row_place(DOCUMENT, row.owner_id, row.id)).decode()
