"""Use cases of links, each inside the caller's transaction."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.mapping import NUMBER
from app.changes import ChangeNumber, hold_changes
from app.ids import new_ids
from app.links import repository
from app.links.errors import LinkNotFound, TransactionAlreadyLinked
from app.links.followers import propose_duplicates, propose_iof, propose_refunds
from app.links.models import LinkKind, LinkState, TransactionLink
from app.links.proposals import Proposal, choose
from app.links.transfers import Parties, candidate_transfers, pays_card, propose_card_payments, propose_transfers
from app.pluggy.ledger_models import Participant
from app.transactions import meaning
from app.transactions.mapping import document_of, open_payment
from app.transactions.movements import Movement, movements_by_id
from app.vault import Vault, row_place

_PROPOSE: Mapping[LinkKind, Callable[[Sequence[Movement]], Iterable[Proposal]]] = {
    LinkKind.CARD_PAYMENT: propose_card_payments,
    LinkKind.REFUND: propose_refunds,
    LinkKind.IOF: propose_iof,
    LinkKind.DUPLICATE: propose_duplicates,
}


class _Found(NamedTuple):
    """One kind of links: what there should be, what the machine holds, and which of that may be dropped."""

    chosen: Sequence[Proposal]
    machine: Mapping[tuple[UUID, UUID], TransactionLink]
    moving: Collection[UUID]


async def find_links(session: AsyncSession, owner_id: UUID, *, since: int, number: ChangeNumber, vault: Vault) -> None:
    """Bring the machine's links up to what changed after a change number, and the rows' `internal_kind` with them.

    What a person decided stands: a confirmed pair keeps its transactions, a rejected one is never proposed again.
    """
    touched = await repository.touched(session, owner_id, since=since)
    legs = {leg for link in touched for leg in (link.transaction_id, link.other_id)}
    legs |= await repository.internal_since(session, owner_id, since=since)
    accounts = await repository.accounts_of(session, owner_id)
    found: list[_Found] = []
    for kind in LinkKind:
        held = [link for link in touched if link.kind == kind]
        if held or _is_possible(kind, accounts):
            found.append(await _find_kind(session, owner_id, kind, accounts, held, since=since, vault=vault))
    for each in found:  # all is found before anything is written: the first write locks the owner's counter
        legs |= await _store(session, owner_id, each, number)
    legs |= await repository.card_inflows(session, owner_id, since=since)
    await settle_internal(session, owner_id, legs, number)


def _is_possible(kind: LinkKind, accounts: repository.Accounts) -> bool:
    if kind is LinkKind.OWN_ACCOUNT_TRANSFER:
        return len(accounts.banks) > 1
    if kind is LinkKind.CARD_PAYMENT:
        return bool(accounts.banks and accounts.cards)
    return bool(accounts.cards) or kind is not LinkKind.IOF


async def _find_kind(
    session: AsyncSession,
    owner_id: UUID,
    kind: LinkKind,
    accounts: repository.Accounts,
    touched: Sequence[TransactionLink],
    *,
    since: int,
    vault: Vault,
) -> _Found:
    candidates = set(await repository.candidates(session, owner_id, kind, accounts, since=since))
    rows = await movements_by_id(session, owner_id, {leg for pair in candidates for leg in pair})
    proposals = [
        each
        for each in await _propose(session, owner_id, kind, list(rows.values()), vault)
        if (each.first.id, each.other.id) in candidates
    ]
    ids = {leg for each in proposals for leg in (each.first.id, each.other.id)}
    others = [link for link in await repository.of_transactions(session, owner_id, ids) if link.kind == kind]
    known = {link.id: link for link in (*touched, *others)}
    machine = {key: link for key, link in _by_pair(known.values()).items() if link.state not in repository.DECIDED}
    decided = [link for link in known.values() if link.state in repository.DECIDED]
    moving = {link.id for link in touched}
    standing = [link for link in known.values() if link.state == LinkState.FOUND and link.id not in moving]
    return _Found(choose(_allowed(proposals, decided, standing)), machine, moving)


def _by_pair(links: Iterable[TransactionLink]) -> dict[tuple[UUID, UUID], TransactionLink]:
    return {(link.transaction_id, link.other_id): link for link in links}


def _allowed(
    proposals: Sequence[Proposal], decided: Sequence[TransactionLink], standing: Sequence[TransactionLink]
) -> list[Proposal]:
    """Leave out what a person decided, and what would take a transaction out of a link that stands."""
    settled = {(link.transaction_id, link.other_id) for link in decided}
    fixed = [link for link in decided if link.state == LinkState.CONFIRMED] + list(standing)
    taken = {leg for link in fixed for leg in (link.transaction_id, link.other_id)}
    return [
        each
        for each in proposals
        if (each.first.id, each.other.id) not in settled and not {each.first.id, each.other.id} & taken
    ]


async def _store(session: AsyncSession, owner_id: UUID, found: _Found, number: ChangeNumber) -> set[UUID]:
    """Return the transactions of the links that came, changed or went."""
    machine, moving = found.machine, found.moving
    wanted = {(each.first.id, each.other.id): each for each in found.chosen}
    taken = {leg for pair in wanted for leg in pair}
    gone = {
        pair: link
        for pair, link in machine.items()
        if pair not in wanted and (link.id in moving or (link.state == LinkState.SUGGESTED and taken & set(pair)))
    }
    news = {pair: each for pair, each in wanted.items() if pair not in machine}
    changed = {pair: each for pair, each in wanted.items() if pair in machine and _differs(machine[pair], each)}
    if gone:
        await number.take()
        await repository.drop(session, owner_id, [link.id for link in gone.values()])
    if news:
        taken_number = await number.take()
        rows = [
            {"owner_id": owner_id, "id": new_id, **_columns(each), "change_number": taken_number}
            for new_id, each in zip(new_ids(len(news)), news.values(), strict=True)
        ]
        await repository.add(session, rows)
    for pair, each in changed.items():
        columns = {**_columns(each), "change_number": await number.take()}
        await repository.change(session, owner_id, machine[pair].id, columns)
    return {leg for pair in (*gone, *news, *changed) for leg in pair}


def _columns(proposal: Proposal) -> dict[str, Any]:
    return {
        "kind": str(proposal.kind),
        "transaction_id": proposal.first.id,
        "other_id": proposal.other.id,
        "amount": proposal.amount,
        "currency_code": proposal.other.currency_code,
        "state": str(proposal.state),
        "evidence": proposal.evidence,
    }


def _differs(link: TransactionLink, proposal: Proposal) -> bool:
    return any(getattr(link, name) != value for name, value in _columns(proposal).items())


async def _propose(
    session: AsyncSession, owner_id: UUID, kind: LinkKind, rows: Sequence[Movement], vault: Vault
) -> list[Proposal]:
    if kind is not LinkKind.OWN_ACCOUNT_TRANSFER:
        return list(_PROPOSE[kind](rows))
    sealed = await repository.sealed_payments(session, owner_id, [row.id for row in rows])
    parties = {row_id: _parties(vault, payment, owner_id, row_id) for row_id, payment in sealed.items()}
    numbers = {
        account_id: _digits(vault.open(number, place=row_place(NUMBER, owner_id, account_id)).decode()) or ""
        for account_id, number in (await repository.account_numbers(session, owner_id)).items()
    }
    return list(propose_transfers(candidate_transfers(rows), parties, numbers))


def _parties(vault: Vault, payment: bytes, owner_id: UUID, row_id: UUID) -> Parties:
    told = open_payment(vault, payment, owner_id, row_id)
    return Parties(
        payer=document_of(told.payer),
        receiver=document_of(told.receiver),
        payer_account=_number_of(told.payer),
        receiver_account=_number_of(told.receiver),
    )


def _number_of(participant: Participant | None) -> str | None:
    return _digits(participant.account_number) if participant else None


def _digits(text: str | None) -> str | None:
    return "".join(filter(str.isdigit, text or "")) or None


async def settle_internal(
    session: AsyncSession, owner_id: UUID, transaction_ids: Collection[UUID], number: ChangeNumber
) -> None:
    """Say of these transactions whether they only moved the owner's money about.

    They do where a link stands whose other side is there too. A card's own row of a payment always does: what came in
    there is no income, whether or not the account that paid is known.
    """
    if not transaction_ids:
        return
    links = await repository.of_transactions(session, owner_id, transaction_ids)
    standing = [link for link in links if link.kind in repository.INTERNAL and link.state in repository.STANDING]
    legs = {leg for link in standing for leg in (link.transaction_id, link.other_id)}
    live = await movements_by_id(session, owner_id, legs | set(transaction_ids))
    kinds: dict[UUID, str | None] = {
        row_id: LinkKind.CARD_PAYMENT if live[row_id].is_card and pays_card(live[row_id]) else None
        for row_id in transaction_ids
        if row_id in live
    }
    for link in standing:
        if link.transaction_id in live and link.other_id in live:
            kinds |= dict.fromkeys({link.transaction_id, link.other_id} & kinds.keys(), link.kind)
    await meaning.give_internal_kinds(session, owner_id, kinds, number)


async def get(session: AsyncSession, owner_id: UUID, link_id: UUID) -> TransactionLink:
    """Return the link. Raises LinkNotFound."""
    found = await repository.find(session, owner_id, link_id)
    if found is None:
        raise LinkNotFound(link_id)
    return found


async def list_page(
    session: AsyncSession,
    owner_id: UUID,
    *,
    kind: LinkKind | None,
    state: LinkState | None,
    before: UUID | None,
    limit: int,
) -> Sequence[TransactionLink]:
    """Return links, the latest found first, strictly before the id."""
    return await repository.list_page(session, owner_id, kind=kind, state=state, before=before, limit=limit)


async def decide(session: AsyncSession, owner_id: UUID, link_id: UUID, state: LinkState) -> TransactionLink:
    """Confirm or reject the link for ever; said again, it changes nothing.

    Raises LinkNotFound, TransactionAlreadyLinked when one of the transactions stands confirmed in another link of the
    kind. What the machine had found for them beside it goes.
    """
    await hold_changes(session, owner_id)
    number = ChangeNumber(session, owner_id)
    link = await get(session, owner_id, link_id)
    if link.state == state:
        return link
    legs = {link.transaction_id, link.other_id}
    rivals = [
        each
        for each in await repository.of_transactions(session, owner_id, legs)
        if each.kind == link.kind and each.id != link.id and each.state != LinkState.REJECTED
    ]
    if state == LinkState.CONFIRMED and rivals:
        if any(each.state == LinkState.CONFIRMED for each in rivals):
            raise TransactionAlreadyLinked(link_id)
        legs |= {leg for each in rivals for leg in (each.transaction_id, each.other_id)}
        await repository.drop(session, owner_id, [each.id for each in rivals])
    link.state, link.decided_at, link.updated_at = str(state), func.now(), func.now()
    link.change_number = await number.take()
    await session.flush()
    await session.refresh(link)
    if link.kind in repository.INTERNAL:
        await settle_internal(session, owner_id, legs, number)
    return link


async def forget(session: AsyncSession, owner_id: UUID, connection_id: UUID, number: ChangeNumber) -> None:
    """Forget the links of a deleted connection's transactions, decided ones too (R35); the other sides stand alone."""
    links = await repository.of_connection(session, owner_id, connection_id)
    if links:
        await repository.drop(session, owner_id, [link.id for link in links])
        await settle_internal(
            session, owner_id, {leg for link in links for leg in (link.transaction_id, link.other_id)}, number
        )
