"""What follows from a purchase: its refund, its IOF, and the same purchase booked once more. Pure."""

import re
from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

from app.counterparties.names import plain, text_key
from app.links.models import LinkKind, LinkState
from app.links.proposals import Proposal, days_apart, near_pairs, seconds_apart
from app.transactions.movements import Movement

_REFUND = re.compile(r"\b(?:estorno|estornado|devolucao|devolvido|reembolso|cancelamento|refund|chargeback)\b(?: de)?")
_REFUNDED_WITHIN = 120
_ASKED_WITHIN = 30

_IOF = re.compile(r"^(?:cobranca )?iof\b")
_IOF_WITHIN = (-3, 3)
_IOF_RATES = tuple(Decimal(rate) for rate in ("0.035", "0.0338", "0.0438", "0.0538", "0.0638", "0.011"))
"""On purchases abroad: today's and those of the years before, then that on currency in cash."""

_CENTS = Decimal("0.02")
_TAX_RANGE = (Decimal("0.003"), Decimal("0.07"))

_DOUBLED_WITHIN = timedelta(minutes=2)
_FARES = frozenset({"4111", "4112", "4131", "4784"})
"""Merchant codes of trains, buses and tolls: two people pass one gate within seconds."""


def propose_refunds(rows: Sequence[Movement]) -> Iterator[Proposal]:
    """Yield what came back to the account that had paid it, with the payment: the latest that fits."""
    refunds = [row for row in rows if not row.is_out and row.amount and is_refund(row)]
    outs = (row for row in rows if row.is_out)
    pairs = near_pairs(outs, refunds, key=_account_and_money, earliest=0, latest=_REFUNDED_WITHIN)
    for bought, refund in pairs:
        same_text = text_key(bought.description) in text_key(_REFUND.sub(" ", plain(refund.description)))
        same_document = bought.document_hash is not None and bought.document_hash == refund.document_hash
        apart = days_apart(bought, refund)
        if not (same_text or same_document) and apart > _ASKED_WITHIN:
            continue
        state = LinkState.FOUND if same_text or same_document else LinkState.SUGGESTED
        evidence = {"days_apart": apart, "same_text": same_text, "same_document": same_document}
        yield Proposal(LinkKind.REFUND, bought, refund, state, (-same_document, -same_text, apart), evidence)


def is_refund(row: Movement) -> bool:
    """Tell whether a row says that it gives money back."""
    return row.operation_type == "ESTORNO" or bool(_REFUND.search(plain(row.description)))


def _account_and_money(row: Movement) -> Hashable:
    return row.account_id, row.currency_code, abs(row.amount)


def propose_iof(rows: Sequence[Movement]) -> Iterator[Proposal]:
    """Yield the tax rows of cards with the purchase abroad that each taxes."""
    taxes = [row for row in rows if row.is_card and row.is_out and _IOF.match(plain(row.description))]
    abroad = [row for row in rows if row.is_card and row.is_out and row.original_currency_code is not None]
    earliest, latest = _IOF_WITHIN
    low, high = _TAX_RANGE
    for bought, tax in near_pairs(abroad, taxes, key=lambda row: row.account_id, earliest=earliest, latest=latest):
        rate = tax.amount / bought.amount
        if not low <= rate <= high:
            continue
        is_exact = any(abs(tax.amount - bought.amount * known) <= _CENTS for known in _IOF_RATES)
        shop = plain(bought.merchant.get("name") or bought.description).split(" ")[0]
        names_shop = shop in plain(tax.description).split(" ")
        apart = days_apart(bought, tax)
        evidence = {"days_apart": apart, "rate": str(rate.quantize(Decimal("0.0001"))), "names_shop": names_shop}
        state = LinkState.FOUND if is_exact or names_shop else LinkState.SUGGESTED
        yield Proposal(LinkKind.IOF, bought, tax, state, (-is_exact, -names_shop, abs(apart)), evidence)


def propose_duplicates(rows: Sequence[Movement]) -> Iterator[Proposal]:
    """Yield payments that were booked twice within two minutes, alike in all else; only a person can tell for sure.

    Where the bank gives no time of day nothing is proposed: people do buy the same thing twice a day.
    """
    alike: defaultdict[Hashable, list[Movement]] = defaultdict(list)
    for row in rows:
        if row.is_out and row.moment is not None and row.card.get("merchant_category_code") not in _FARES:
            alike[_likeness(row)].append(row)
    for group in alike.values():
        group.sort(key=lambda row: (row.moment, row.id))
        for first, again in pairwise(group):
            seconds = seconds_apart(first, again)
            if seconds <= _DOUBLED_WITHIN.total_seconds():
                evidence = {"seconds_apart": seconds}
                yield Proposal(LinkKind.DUPLICATE, first, again, LinkState.SUGGESTED, (seconds,), evidence)


def _likeness(row: Movement) -> Hashable:
    return (
        row.account_id, row.currency_code, row.amount, row.document_hash, plain(row.description),
        row.installment_number, row.card.get("last_digits"),
    )  # fmt: skip
