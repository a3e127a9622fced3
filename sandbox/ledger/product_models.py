"""Investments, loans and identity exactly as the API sends them."""

from decimal import Decimal
from typing import Any

from msgspec import field

from sandbox.ledger.models import Wire


class Issuer(Wire, frozen=True):
    name: str | None
    number: str | None


class Investment(Wire, frozen=True, kw_only=True):
    id: str
    item_id: str
    type: str
    subtype: str | None
    name: str
    number: str | None
    code: str | None
    isin: str | None
    balance: Decimal
    amount: Decimal | None
    value: Decimal | None
    quantity: Decimal | None
    taxes: Decimal | None
    taxes2: Decimal | None = None
    amount_profit: Decimal | None
    amount_withdrawal: Decimal | None
    amount_original: Decimal | None
    rate: Decimal | None
    rate_type: str | None
    rate_periodicity: str | None = None
    fixed_annual_rate: Decimal | None
    annual_rate: Decimal | None
    last_month_rate: Decimal | None
    last_twelve_months_rate: Decimal | None
    issuer: str | None
    issuer_cnpj: str | None = field(name="issuerCNPJ")
    issue_date: str | None
    purchase_date: str | None
    grace_period_date: str | None = None
    due_date: str | None
    date: str
    owner: str | None
    tax_exempt: bool | None
    debtor: dict[str, Any] | None = None
    coupon_payment: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None
    institution: Issuer | None
    status: str | None
    currency_code: str
    created_at: str
    updated_at: str
    transactions: None = None


class InvestmentTransaction(Wire, frozen=True):
    id: str
    type: str
    movement_type: str | None
    quantity: Decimal | None
    value: Decimal | None
    amount: Decimal | None
    net_amount: Decimal | None
    agreed_rate: Decimal | None
    indexer_percentage: Decimal | None
    price_factor: Decimal | None
    date: str
    trade_date: str | None
    description: str | None
    brokerage_number: str | None
    expenses: dict[str, Decimal] | None


class Loan(Wire, frozen=True, kw_only=True):
    id: str
    item_id: str
    product_name: str
    kind: str
    type: str | None
    contract_number: str | None
    ipoc_code: str | None
    date: str
    contract_date: str | None
    contract_amount: Decimal | None
    currency_code: str
    due_date: str | None
    first_installment_due_date: str | None
    disbursement_dates: list[str] | None
    settlement_date: str | None = None
    installment_periodicity: str | None = "MONTHLY"
    installment_periodicity_additional_info: str | None = None
    cet: Decimal | None = field(name="CET")
    amortization_scheduled: str | None = "PRICE"
    amortization_scheduled_additional_info: str | None = None
    cnpj_consignee: str | None = None
    interest_rates: list[dict[str, Any]]
    contracted_fees: list[dict[str, Any]] = []
    contracted_finance_charges: list[dict[str, Any]]
    warranties: list[dict[str, Any]] = []
    installments: dict[str, Any] | None
    payments: dict[str, Any] | None
    created_at: str
    updated_at: str


class Identity(Wire, frozen=True, kw_only=True):
    id: str
    item_id: str
    full_name: str | None
    company_name: str | None = None
    document: str | None
    document_type: str | None
    tax_number: str | None = None
    birth_date: str | None = None
    job_title: str | None = None
    investor_profile: str | None = None
    establishment_code: str | None = None
    establishment_name: str | None = None
    phone_numbers: list[dict[str, Any]]
    emails: list[dict[str, Any]]
    addresses: list[dict[str, Any]]
    relations: list[dict[str, Any]] = []
    qualifications: dict[str, Any] | None = None
    financial_relationships: dict[str, Any] | None = None
    social_name: str | None = None
    sex: str | None = None
    marital_status: dict[str, Any] | None = None
    nationality: dict[str, Any] | None = None
    other_documents: list[dict[str, Any]] | None = None
    passport: dict[str, Any] | None = None
    incorporation_date: str | None = None
    parties: list[dict[str, Any]] | None = None
    business_other_documents: list[dict[str, Any]] | None = None
    companies_cnpj: list[str] | None = None
    created_at: str
    updated_at: str
