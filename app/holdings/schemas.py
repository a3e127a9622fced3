"""What the API shows of investments and loans."""

import datetime as dt
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field, PlainSerializer, WithJsonSchema

from app.freshness import Freshness
from app.money import number_text
from app.schemas import ApiModel, MoneyText

_INVESTMENT: dict[str, Any] = {
    "id": "01990a5e-8b20-7d41-9a77-1f2e3d4c5b6a",
    "pluggy_id": "5b1f6a3e-8c1d-4a70-9f42-0d6c7be1f6a9",
    "connection_id": "01990a5e-5a10-7e02-8f7c-3b9d0e4c1a55",
    "institution_name": "Banco do Brasil",
    "type": "FIXED_INCOME",
    "subtype": "CDB",
    "status": "ACTIVE",
    "name": "CDB DI Liquidez Diária",
    "number": "••••4821",
    "currency_code": "BRL",
    "balance": "10342.18",
    "amount": "10414.77",
    "amount_original": "10000.00",
    "amount_profit": "414.77",
    "amount_withdrawal": "10342.18",
    "taxes": "72.59",
    "taxes2": None,
    "quantity": None,
    "unit_value": None,
    "date": "2026-03-04",
    "due_date": "2028-09-12",
    "details": {"issuer": "Banco do Brasil S.A.", "rate": "102", "rate_type": "CDI", "purchase_date": "2025-09-12"},
    "unlisted_at": None,
    "freshness": {
        "as_of": "2026-03-04T11:03:02Z",
        "next_expected_at": "2026-03-04T22:20:00Z",
        "is_stale": False,
        "warnings": [],
    },
}

NumberText = Annotated[
    Decimal,
    PlainSerializer(number_text, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^-?\d+(\.\d+)?$", "examples": ["3.25"]}, mode="serialization"),
]
"""A quantity, unit price or rate in an answer: an exact decimal string."""

StoredNumber = Annotated[str, WithJsonSchema({"type": "string", "pattern": r"^-?\d+(\.\d+)?$", "examples": ["102"]})]
"""The same, stored as its text."""


class InvestmentDetails(ApiModel):
    """Rates are percentages; null is unknown, or of another kind of investment."""

    code: str | None = None
    isin: str | None = None
    issuer: str | None = None
    issuer_cnpj: str | None = None
    institution_name: str | None = None
    rate: StoredNumber | None = None
    rate_type: str | None = None
    rate_periodicity: str | None = None
    fixed_annual_rate: StoredNumber | None = None
    annual_rate: StoredNumber | None = None
    last_month_rate: StoredNumber | None = None
    last_twelve_months_rate: StoredNumber | None = None
    issue_date: dt.date | None = None
    purchase_date: dt.date | None = None
    grace_period_date: dt.date | None = None
    tax_exempt: bool | None = None


class InvestmentRead(ApiModel):
    """A position. `type`, `subtype` and `status` are Pluggy's words, and open enums."""

    model_config = ConfigDict(json_schema_extra={"examples": [_INVESTMENT]})

    id: UUID
    pluggy_id: UUID
    connection_id: UUID
    institution_name: Annotated[str, Field(description="The connected institution; the holder may be another.")]
    type: str
    subtype: str | None
    status: str | None
    name: str
    number: Annotated[str | None, Field(description="All but the last four characters hidden.")]
    currency_code: str
    balance: Annotated[MoneyText | None, Field(description="Net of taxes.")]
    amount: Annotated[MoneyText | None, Field(description="Gross.")]
    amount_original: MoneyText | None
    amount_profit: MoneyText | None
    amount_withdrawal: Annotated[MoneyText | None, Field(description="What can be withdrawn.")]
    taxes: Annotated[MoneyText | None, Field(description="Income tax.")]
    taxes2: Annotated[MoneyText | None, Field(description="IOF.")]
    quantity: NumberText | None
    unit_value: NumberText | None
    date: Annotated[dt.date | None, Field(description="The day the figures are of.")]
    due_date: dt.date | None
    details: InvestmentDetails
    unlisted_at: Annotated[dt.datetime | None, Field(description="Since when the bank no longer lists it.")]
    freshness: Freshness


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
    disbursement_dates: list[dt.date] = []
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
    contract_date: dt.date | None
    first_installment_due_date: dt.date | None
    due_date: dt.date | None
    settlement_date: dt.date | None
    total_installments: int | None
    paid_installments: int | None
    due_installments: int | None
    past_due_installments: int | None
    details: LoanDetails
    unlisted_at: Annotated[dt.datetime | None, Field(description="Since when the bank no longer lists it.")]
    freshness: Freshness
