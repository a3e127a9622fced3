"""Check digits of CPF, CNPJ and boleto against known numbers."""

from datetime import date

import pytest

from sandbox.ledger import Profile
from sandbox.ledger.documents import bank_slip, complete_cnpj, is_cnpj, is_cpf, make_cnpj, make_cpf, utility_slip
from sandbox.ledger.draws import Draws, seed_key
from tests.sandbox.ledger.ledgers import COMPANY, HOUSEHOLD, decoded, open_item, opened
from tests.sandbox.ledger.slips import check_bank_slip, check_utility_slip, digits_of

KEY = seed_key("documents")


@pytest.mark.parametrize("cpf", ["52998224725", "76109277673", "23824264030", "05117767055", "00250273799"])
def test_known_cpfs_are_valid(cpf: str) -> None:
    assert is_cpf(cpf)


@pytest.mark.parametrize("cnpj", ["11222333000181", "00000000000191", "12ABC34501DE35"])
def test_known_cnpjs_are_valid_the_alphanumeric_one_too(cnpj: str) -> None:
    assert is_cnpj(cnpj)
    assert complete_cnpj(cnpj[:12]) == cnpj


@pytest.mark.parametrize("text", ["52998224724", "11111111111", "5299822472", "", "ABCDEFGHIJK"])
def test_wrong_cpfs_are_refused(text: str) -> None:
    assert not is_cpf(text)


@pytest.mark.parametrize(
    "text", ["11222333000180", "00000000000000", "12abc34501de35", "12ABC34501DEA5", "1122233300018"]
)
def test_wrong_cnpjs_are_refused(text: str) -> None:
    assert not is_cnpj(text)


def test_drawn_documents_are_valid() -> None:
    draws = Draws(KEY, "many")

    assert all(is_cpf(make_cpf(draws)) for _ in range(300))
    assert all(is_cnpj(make_cnpj(draws, alphanumeric=n % 2 == 0)) for n in range(300))


@pytest.mark.parametrize(
    ("due", "factor"),
    [(date(2025, 2, 21), "9999"), (date(2025, 2, 22), "1000"), (date(2026, 3, 18), "1389"), (date(2000, 7, 3), "1000")],
)
def test_a_bank_slip_carries_bank_due_factor_amount_and_check_digits(due: date, factor: str) -> None:
    line, barcode = bank_slip(Draws(KEY, due), "341", due, 12_345)

    check_bank_slip(line, barcode)
    assert barcode.startswith("3419")
    assert barcode[5:9] == factor
    assert barcode[9:19] == "0000012345"


def test_a_utility_slip_has_valid_blocks() -> None:
    line, barcode = utility_slip(Draws(KEY, "utility"), 3, 98_765)

    check_utility_slip(line, barcode)
    assert barcode[:3] == "836"
    assert barcode[4:15] == "00000098765"


@pytest.mark.parametrize("profile", [HOUSEHOLD, COMPANY])
def test_every_document_and_slip_of_a_ledger_is_valid(profile: Profile) -> None:
    with opened(seed="documents") as ledger:
        item = open_item(ledger, profile=profile)
        payments = [
            row["paymentData"]
            for account in ledger.accounts(item)
            for row in map(decoded, ledger.transactions(account.id, limit=100_000))
            if row["paymentData"]
        ]

    parties = [payment[side] for payment in payments for side in ("payer", "receiver")]
    documents = [digits_of(party["documentNumber"]["value"]) for party in parties]
    slips = [payment["boletoMetadata"] for payment in payments if payment["boletoMetadata"]]

    assert all(is_cpf(text) or is_cnpj(text) for text in documents)
    assert any(not text.isdecimal() for text in documents), "some CNPJs are of the new kind"
    assert {len(slip["digitableLine"]) for slip in slips} == {47, 48}
    for slip in slips:
        check = check_bank_slip if len(slip["digitableLine"]) == 47 else check_utility_slip
        check(slip["digitableLine"], slip["barcode"])
