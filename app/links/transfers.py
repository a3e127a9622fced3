"""Money that moves between accounts of one owner: transfers, and payments of card bills. Pure.

Equal amounts prove nothing: on one day the owner may send a sum to one stranger and get as much from another. A
transfer is found when both rows name the same payer and the same receiver, and is none when they name others.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from app.counterparties.names import normalized_name, plain
from app.links.models import LinkKind, LinkState
from app.links.proposals import Proposal, days_apart, money, near_pairs, seconds_apart
from app.transactions.movements import Movement

_BOOKED = (-1, 4)
"""Days from outflow to inflow: a night apart when banks date differently, a TED of Friday before a holiday."""

_PAID = (-2, 6)
"""Days from the bank's side of a card payment to the card's: slips settle a business day later, or two."""

_OWN_CATEGORY = "04"
_OWN_TEXT = re.compile(
    r"\b(?:contas? propria|mesma titularidade|mesmo titular|entre (?:minhas )?contas|propria titularidade)\b"
)
_TRANSFERS = ("PIX", "TED", "TEV", "DOC", "TRANSF")
_CARD_CATEGORY = "0510"
_CARD_OPERATION = "PAGAMENTO_FATURA"
_BANK_SIDE = re.compile(r"\bfatura\b|\b(?:pagamento|pagto|pgto|pag)\b.*\bcart(?:ao|oes)\b")
_CARD_SIDE = re.compile(r"^(?:pagamento|pagto|pgto|pag)\b(?!.*\b(?:estorno|devolvido|cancelado)\b)")
_LAST_DIGITS = re.compile(r"(?:final|\*)\s*(\d{4})\b")


class Parties(NamedTuple):
    """Who paid whom, as one row tells it: documents in their plain form, account numbers as digits; None is untold."""

    payer: str | None
    receiver: str | None
    payer_account: str | None = None
    receiver_account: str | None = None


UNTOLD = Parties(None, None)


def candidate_transfers(rows: Sequence[Movement]) -> list[tuple[Movement, Movement]]:
    """Return the pairs of an outflow and an equal inflow of another bank account, near enough to be one transfer."""
    bank = [row for row in rows if not row.is_card and row.amount]
    earliest, latest = _BOOKED
    outs, ins = (row for row in bank if row.is_out), (row for row in bank if not row.is_out)
    pairs = near_pairs(outs, ins, key=money, earliest=earliest, latest=latest)
    return [(out, inn) for out, inn in pairs if out.account_id != inn.account_id]


def propose_transfers(
    pairs: Iterable[tuple[Movement, Movement]],
    parties: Mapping[UUID, Parties],
    numbers: Mapping[UUID, str],
) -> Iterator[Proposal]:
    """Yield the pairs that are a transfer between own accounts, or may be one.

    `parties` is by transaction, `numbers` has the digits of own accounts' numbers by account.
    """
    for out, inn in pairs:
        evidence = _evidence(out, inn, parties.get(out.id, UNTOLD), parties.get(inn.id, UNTOLD), numbers)
        if evidence is None:
            continue
        proofs = sum(evidence[name] for name in ("same_document", "same_account_number", "own_text"))
        if not proofs and not _is_plausible(out, inn):
            continue
        rank = (-proofs, abs(evidence["days_apart"]), seconds_apart(out, inn))
        state = LinkState.FOUND if proofs else LinkState.SUGGESTED
        yield Proposal(LinkKind.OWN_ACCOUNT_TRANSFER, out, inn, state, rank, evidence)


def _evidence(
    out: Movement, inn: Movement, sent: Parties, received: Parties, numbers: Mapping[UUID, str]
) -> dict[str, Any] | None:
    """Return what speaks for the pair; None when the two rows name different people."""
    sides = ((sent.payer, received.payer), (sent.receiver, received.receiver))
    told = [one == other for one, other in sides if one and other]
    if not all(told):
        return None
    to_own = _is_number_of(sent.receiver_account, numbers.get(inn.account_id))
    from_own = _is_number_of(received.payer_account, numbers.get(out.account_id))
    return {
        "days_apart": days_apart(out, inn),
        "operation_types": [out.operation_type, inn.operation_type],
        "same_document": len(told) == len(sides),
        "same_account_number": to_own or from_own,
        "own_text": _says_own(out) and _says_own(inn),
    }


def _is_number_of(named: str | None, own: str | None) -> bool:
    """Tell whether a number that a row names is that of an account; banks put the branch before it, or leave it out."""
    return bool(named and own and min(len(named), len(own)) >= 5 and (own.endswith(named) or named.endswith(own)))


def _says_own(row: Movement) -> bool:
    return (row.category_id or "").startswith(_OWN_CATEGORY) or bool(_OWN_TEXT.search(plain(row.description)))


def _is_plausible(out: Movement, inn: Movement) -> bool:
    """Tell whether a pair without proof is worth a question: nobody is named, or both rows name one and the same."""
    names = {normalized_name(row.counterparty_name) for row in (out, inn) if row.counterparty_name}
    documents = {row.document_hash for row in (out, inn) if row.document_hash}
    if len(names) > 1 or len(documents) > 1 or abs(days_apart(out, inn)) > 1:
        return False
    return all(_is_transfer(row) for row in (out, inn))


def _is_transfer(row: Movement) -> bool:
    said = (row.operation_type or plain(row.description)).upper()
    return _says_own(row) or said.startswith(_TRANSFERS)


def propose_card_payments(rows: Sequence[Movement]) -> Iterator[Proposal]:
    """Yield the outflows of bank accounts that pay a card, with the payment that the card shows."""
    outs = (row for row in rows if not row.is_card and row.is_out)
    ins = (row for row in rows if pays_card(row) and row.is_card)
    earliest, latest = _PAID
    for out, inn in near_pairs(outs, ins, key=money, earliest=earliest, latest=latest):
        is_said = pays_card(out)
        digits = _LAST_DIGITS.search(plain(out.description))
        known = inn.card.get("last_digits")
        same_card = bool(digits and known and digits[1] == known)
        evidence = {
            "days_apart": days_apart(out, inn),
            "operation_types": [out.operation_type, inn.operation_type],
            "bank_says_card_payment": is_said,
            "same_card_digits": same_card,
        }
        rank = (-is_said, -same_card, abs(days_apart(out, inn)))
        if is_said or _could_pay(out):
            state = LinkState.FOUND if is_said else LinkState.SUGGESTED
            yield Proposal(LinkKind.CARD_PAYMENT, out, inn, state, rank, evidence)


def pays_card(row: Movement) -> bool:
    """Tell whether a row says that it pays a card's bill: at the bank the outflow, on the card the inflow."""
    if row.is_card == row.is_out:
        return False
    if row.operation_type == _CARD_OPERATION or (row.category_id or "").startswith(_CARD_CATEGORY):
        return True
    return bool((_CARD_SIDE if row.is_card else _BANK_SIDE).search(plain(row.description)))


def _could_pay(out: Movement) -> bool:
    """Tell whether an outflow that does not speak of a card may pay one: by slip or PIX to the bank that issued it."""
    said = (out.operation_type or plain(out.description)).upper()
    return said.startswith(("BOLETO", "PIX", "PAGAMENTO"))
