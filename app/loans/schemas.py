"""What the API shows of loans."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field

from app.freshness import Freshness
from app.investments.schemas import NumberText
from app.schemas import ApiModel, MoneyText

_LOAN: dict[str, Any] = {
    "id": "01990a5e-9c30-7e51-8b88-2a3b4c5d6e7f",
    "pluggy_id": "7c2e1b4d-5f6a-4b8c-9d0e-1f2a3b4c5d6e",
    "connection_id": "01990a5e-5a10-7e02-8f7c-3b9d0e4c1a55",
    "institution_name": "Banco do Brasil",
    "kind": "LOAN",
    "type": "CREDITO_PESSOAL_SEM_CONSIGNACAO",
    "product_name": "Crédito Pessoal",
    "contract_number": "••••••••9012",
    "currency_code": "BRL",
    "contract_amount": "18000.00",
    "outstanding_balance": "11320.44",
    "cet": "0.29",
    "contract_date": "2025-02-10",
    "first_installment_due_date": "2025-03-10",
    "due_date": "2028-02-10",
    "settlement_date": None,
    "total_installments": 36,
    "paid_installments": 12,
    "due_installments": 24,
    "past_due_installments": 0,
    "details": {
        "installment_periodicity": "MONTHLY",
        "amortization": "PRICE",
        "disbursement_dates": ["2025-02-10"],
        "interest_rates": [{"tax_type": "EFFECTIVE", "tax_periodicity": "MONTHLY", "pre_fixed_rate": "0.0189"}],
        "contracted_fees": [],
        "contracted_finance_charges": [],
        "warranties": [],
        "balloon_payments": [],
        "payments": [{"paid_date": "2026-02-10", "paid_amount": "689.12", "currency_code": "BRL"}],
    },
    "unlisted_at": None,
    "freshness": {
        "as_of": "2026-03-04T11:03:02Z",
        "next_expected_at": "2026-03-04T22:20:00Z",
        "is_stale": False,
        "warnings": [],
    },
}
Objects = Annotated[list[dict[str, Any]], Field(description="Open Finance's objects; numbers are decimal strings.")]


class LoanDetails(ApiModel):
    """What the contract says."""

    installment_periodicity: str | None = None
    amortization: str | None = None
    disbursement_dates: list[date] = []
    interest_rates: Objects = []
    contracted_fees: Objects = []
    contracted_finance_charges: Objects = []
    warranties: Objects = []
    balloon_payments: Objects = []
    payments: Objects = []


class LoanRead(ApiModel):
    """A credit contract. `kind` and `type` are Pluggy's words, and open enums."""

    model_config = ConfigDict(json_schema_extra={"examples": [_LOAN]})

    id: UUID
    pluggy_id: UUID
    connection_id: UUID
    institution_name: str
    kind: str | None
    type: str | None
    product_name: str
    contract_number: Annotated[str | None, Field(description="All but the last four characters hidden.")]
    currency_code: str
    contract_amount: MoneyText | None
    outstanding_balance: Annotated[MoneyText | None, Field(description="What would settle the debt.")]
    cet: Annotated[NumberText | None, Field(description="Total effective cost; 1 is 100 %.")]
    contract_date: date | None
    first_installment_due_date: date | None
    due_date: date | None
    settlement_date: date | None
    total_installments: int | None
    paid_installments: int | None
    due_installments: int | None
    past_due_installments: int | None
    details: LoanDetails
    unlisted_at: Annotated[datetime | None, Field(description="Since when the bank no longer lists it.")]
    freshness: Freshness
