"""Which pairs of rows belong together, by what speaks for it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from app.links.followers import propose_duplicates, propose_iof, propose_refunds
from app.links.models import LinkState
from app.links.proposals import Proposal, choose
from app.links.transfers import Parties, candidate_transfers, pays_card, propose_card_payments, propose_transfers
from app.transactions.movements import Movement
from tests.movements import CARD, OTHER_BANK, movement

DAY = date(2026, 3, 4)
NOON = datetime(2026, 3, 4, 15, tzinfo=UTC)
ME, STRANGER, FRIEND = "12345678909", "98765432100", "11144477735"


def transfers(
    rows: list[Movement], parties: dict[int, Parties], numbers: dict[Any, str] | None = None
) -> list[Proposal]:
    told = {rows[at].id: each for at, each in parties.items()}
    return choose(propose_transfers(candidate_transfers(rows), told, numbers or {}))


def pair(days: int = 0, **given: Any) -> list[Movement]:
    return [
        movement("-500.00", DAY, "Pix enviado", operation_type="PIX", **given),
        movement("500.00", DAY + timedelta(days), "Pix recebido", operation_type="PIX", account_id=OTHER_BANK, **given),
    ]


@pytest.mark.parametrize("days", [-1, 0, 1, 4])
def test_two_rows_that_name_the_same_payer_and_receiver_are_a_transfer(days: int) -> None:
    (found,) = transfers(pair(days), {0: Parties(ME, ME), 1: Parties(ME, ME)})

    assert (found.state, found.evidence["same_document"]) == (LinkState.FOUND, True)


def test_a_transfer_to_a_joint_account_of_another_holder_is_one_as_well() -> None:
    (found,) = transfers(pair(), {0: Parties(ME, FRIEND), 1: Parties(ME, FRIEND)})

    assert found.state is LinkState.FOUND


@pytest.mark.parametrize(
    ("sent", "received"),
    [
        (Parties(ME, STRANGER), Parties(FRIEND, ME)),
        (Parties(ME, FRIEND), Parties(FRIEND, ME)),
        (Parties(ME, ME), Parties(STRANGER, ME)),
        (Parties(None, STRANGER), Parties(None, ME)),
    ],
    ids=["two strangers", "there and back with one friend", "to an own bank not connected", "receivers differ"],
)
def test_equal_amounts_between_others_are_none(sent: Parties, received: Parties) -> None:
    assert transfers(pair(), {0: sent, 1: received}) == []


@pytest.mark.parametrize("days", [-2, 5])
def test_too_far_apart_is_none(days: int) -> None:
    assert transfers(pair(days), {0: Parties(ME, ME), 1: Parties(ME, ME)}) == []


def test_the_number_of_the_other_account_proves_a_transfer() -> None:
    rows = pair()

    (found,) = transfers(rows, {0: Parties(None, None, receiver_account="1234567")}, {OTHER_BANK: "00011234567"})

    assert (found.state, found.evidence["same_account_number"]) == (LinkState.FOUND, True)


def test_both_banks_saying_that_the_account_is_an_own_one_prove_it() -> None:
    rows = [row._replace(description="TEV mesma titularidade") for row in pair()]

    assert [each.state for each in transfers(rows, {})] == [LinkState.FOUND]


def test_a_pair_that_names_nobody_is_only_suggested() -> None:
    assert [each.state for each in transfers(pair(), {})] == [LinkState.SUGGESTED]


def test_a_pair_that_names_two_people_is_not_even_suggested() -> None:
    out, inn = pair()

    rows = [out._replace(counterparty_name="Bruno Lima"), inn._replace(counterparty_name="Carla Dias")]

    assert transfers(rows, {}) == []


def test_two_inflows_that_fit_one_outflow_alike_leave_a_doubt() -> None:
    out, inn = pair()
    again = inn._replace(id=movement("1", DAY).id)
    told = Parties(ME, ME)

    (found,) = transfers([out, inn, again], {0: told, 1: told, 2: told})

    assert (found.state, found.evidence["ambiguous"]) == (LinkState.SUGGESTED, True)


def test_two_transfers_of_one_amount_go_by_their_seconds() -> None:
    rows = [*pair(), *pair()]
    rows = [row._replace(occurred_at=NOON + timedelta(hours=at // 2, seconds=at % 2)) for at, row in enumerate(rows)]
    told = Parties(ME, ME)

    found = transfers(rows, dict.fromkeys(range(4), told))

    assert {(each.first.id, each.other.id) for each in found} == {(rows[0].id, rows[1].id), (rows[2].id, rows[3].id)}
    assert {each.state for each in found} == {LinkState.FOUND}


def payment(out_text: str = "Pagamento fatura cartão final 1234", days: int = 1) -> list[Movement]:
    return [
        movement("-900.00", DAY, out_text),
        movement("900.00", DAY + timedelta(days), "Pagamento recebido", account_id=CARD),
    ]


def test_a_bill_paid_from_the_bank_is_paired_with_the_cards_row() -> None:
    (found,) = choose(propose_card_payments(payment()))

    assert found.state is LinkState.FOUND


def test_a_slip_that_does_not_speak_of_a_card_is_only_suggested() -> None:
    assert [each.state for each in choose(propose_card_payments(payment("Boleto pago Banco X")))] == [
        LinkState.SUGGESTED
    ]


def test_a_refund_on_a_card_is_no_payment() -> None:
    assert not pays_card(movement("50.00", DAY, "ESTORNO UBER", account_id=CARD))
    assert pays_card(movement("50.00", DAY, "PAGTO EFETUADO", account_id=CARD))


def test_a_refund_finds_the_latest_purchase_that_it_names() -> None:
    rows = [
        movement("-40.00", DAY - timedelta(20), "UBER *TRIP", account_id=CARD),
        movement("-40.00", DAY - timedelta(3), "UBER *TRIP", account_id=CARD),
        movement("40.00", DAY, "ESTORNO UBER *TRIP", account_id=CARD),
    ]

    (found,) = choose(propose_refunds(rows))

    assert (found.first.id, found.state) == (rows[1].id, LinkState.FOUND)


def test_the_tax_on_a_purchase_abroad_belongs_to_the_one_whose_rate_fits() -> None:
    rows = [
        movement("-100.00", DAY, "AMAZON", account_id=CARD, original_currency_code="USD"),
        movement("-300.00", DAY, "STEAM", account_id=CARD, original_currency_code="USD"),
        movement("-10.50", DAY, "IOF COMPRA INTERNACIONAL", account_id=CARD),
    ]

    (found,) = choose(propose_iof(rows))

    assert (found.first.id, found.state) == (rows[1].id, LinkState.FOUND)


@pytest.mark.parametrize(
    ("seconds", "code", "count"),
    [(90, "5411", 1), (121, "5411", 0), (3 * 3600, "5411", 0), (30, "4111", 0)],
    ids=["within two minutes", "after them", "a second ticket", "two fares at a gate"],
)
def test_a_purchase_booked_twice_is_told_from_one_made_twice(seconds: int, code: str, count: int) -> None:
    first = movement("-80.00", DAY, "MERCADO", account_id=CARD, card={"merchant_category_code": code}, occurred_at=NOON)
    again = movement(
        "-80.00", DAY, "MERCADO", account_id=CARD, card=first.card, occurred_at=NOON + timedelta(seconds=seconds)
    )

    assert len(choose(propose_duplicates([first, again]))) == count


def test_without_a_time_of_day_nothing_is_held_to_be_doubled() -> None:
    rows = [movement("-80.00", DAY, "MERCADO", account_id=CARD) for _ in range(2)]

    assert choose(propose_duplicates(rows)) == []
