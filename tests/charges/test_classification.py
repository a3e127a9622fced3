"""What the bank charges, and what only looks like it."""

from datetime import date

import pytest

from app.charges.classification import ChargeKind, charge_of
from tests.movements import BANK, CARD, movement

DAY = date(2026, 3, 4)


@pytest.mark.parametrize(
    ("text", "given", "kind"),
    [
        ("Tarifa pacote de serviços", {}, ChargeKind.FEE),
        ("TAR PACOTE ITAU", {}, ChargeKind.FEE),
        ("ANUIDADE CARTÃO", {"account_id": CARD, "card": {"fee_type": "ANNUAL_FEE"}}, ChargeKind.FEE),
        ("Juros cheque especial", {}, ChargeKind.INTEREST),
        ("JUROS DE MORA", {"account_id": CARD}, ChargeKind.INTEREST),
        ("MULTA POR ATRASO", {"account_id": CARD}, ChargeKind.FINE),
        ("IOF COMPRA INTERNACIONAL AMAZON", {"account_id": CARD}, ChargeKind.TAX),
        ("Cesta Exclusiva", {}, ChargeKind.FEE),
        ("DEB SERVICOS", {"operation_type": "TARIFA_SERVICOS_AVULSOS"}, ChargeKind.FEE),
        ("COBRANCA REF CONTRATO", {"category_id": "02020000"}, ChargeKind.INTEREST),
    ],
)
def test_what_the_bank_takes_is_a_charge(text: str, given: dict[str, object], kind: ChargeKind) -> None:
    assert charge_of(movement("-12.34", DAY, text, **given)) is kind


@pytest.mark.parametrize(
    ("amount", "text", "given"),
    [
        ("12.34", "Estorno de tarifa", {"category_id": "16010000"}),
        ("12.34", "Rendimento poupança", {"category_id": "03060000"}),
        ("-12.34", "IOFFICE COWORKING", {"account_id": CARD}),
        ("-12.34", "TARCISIO BARBEIRO", {"account_id": BANK}),
        ("-880.00", "Multa de trânsito", {"document_hash": b"detran"}),
        ("-880.00", "Receita Federal - DARF", {"category_id": "15000000"}),
        ("-300.00", "Débito automático Banco Crédito", {"category_id": "02030000"}),
    ],
)
def test_what_goes_to_somebody_else_or_comes_in_is_none(amount: str, text: str, given: dict[str, object]) -> None:
    assert charge_of(movement(amount, DAY, text, **given)) is None
