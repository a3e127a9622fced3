"""What Pluggy sends about investments and loans. All numbers exact."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from app.pluggy.wire import Instant, Priced, Wire


class Institution(Wire, frozen=True):
    """Who holds an investment."""

    name: str | None = None
    number: str | None = None


class Investment(Priced, frozen=True):
    """A position: `balance` is net, `amount` gross; rates are percentages."""

    id: UUID
    item_id: UUID | None = None
    type: str | None = None
    subtype: str | None = None
    status: str | None = None
    name: str | None = None
    number: str | None = None
    code: str | None = None
    isin: str | None = None
    owner: str | None = None
    currency_code: str | None = None
    balance: Decimal | None = None
    amount: Decimal | None = None
    value: Decimal | None = None
    quantity: Decimal | None = None
    taxes: Decimal | None = None
    taxes2: Decimal | None = None
    amount_profit: Decimal | None = None
    amount_withdrawal: Decimal | None = None
    amount_original: Decimal | None = None
    rate: Decimal | None = None
    rate_type: str | None = None
    rate_periodicity: str | None = None
    fixed_annual_rate: Decimal | None = None
    annual_rate: Decimal | None = None
    last_month_rate: Decimal | None = None
    last_twelve_months_rate: Decimal | None = None
    price_factor: Decimal | None = None
    issuer: str | None = None
    issuer_cnpj: str | None = msgspec.field(default=None, name="issuerCNPJ")
    issue_date: Instant | None = None
    purchase_date: Instant | None = None
    grace_period_date: Instant | None = None
    due_date: Instant | None = None
    date: Instant | None = None
    tax_exempt: bool | None = None
    institution: Institution | None = None
    metadata: dict[str, Any] | None = None
    created_at: Instant | None = None
    updated_at: Instant | None = None


class InvestmentTransaction(Priced, frozen=True):
    """A movement of an investment. `amount` is null for TRANSFER."""

    id: UUID
    type: str | None = None
    movement_type: str | None = None
    quantity: Decimal | None = None
    value: Decimal | None = None
    amount: Decimal | None = None
    net_amount: Decimal | None = None
    agreed_rate: Decimal | None = None
    indexer_percentage: Decimal | None = None
    price_factor: Decimal | None = None
    date: Instant | None = None
    trade_date: Instant | None = None
    description: str | None = None
    brokerage_number: str | None = None
    expenses: dict[str, Decimal | None] | None = None


class LoanInstallments(Wire, frozen=True):
    """How far a loan is paid."""

    type_number_of_installments: str | None = None
    total_number_of_installments: int | None = None
    type_contract_remaining: str | None = None
    contract_remaining_number: int | None = None
    paid_installments: int | None = None
    due_installments: int | None = None
    past_due_installments: int | None = None
    balloon_payments: tuple[dict[str, Any], ...] | None = None


class LoanPayments(Priced, frozen=True):
    """What is still owed, and what was paid."""

    contract_outstanding_balance: Decimal | None = None
    releases: tuple[dict[str, Any], ...] | None = None


class Loan(Priced, frozen=True):
    """A credit contract."""

    id: UUID
    item_id: UUID | None = None
    product_name: str | None = None
    kind: str | None = None
    type: str | None = None
    contract_number: str | None = None
    ipoc_code: str | None = None
    contract_date: Instant | None = None
    contract_amount: Decimal | None = None
    currency_code: str | None = None
    date: Instant | None = None
    due_date: Instant | None = None
    first_installment_due_date: Instant | None = None
    disbursement_dates: tuple[Instant, ...] | None = None
    settlement_date: Instant | None = None
    installment_periodicity: str | None = None
    cet: Decimal | None = msgspec.field(default=None, name="CET")
    amortization_scheduled: str | None = None
    cnpj_consignee: str | None = None
    interest_rates: tuple[dict[str, Any], ...] | None = None
    contracted_fees: tuple[dict[str, Any], ...] | None = None
    contracted_finance_charges: tuple[dict[str, Any], ...] | None = None
    warranties: tuple[dict[str, Any], ...] | None = None
    installments: LoanInstallments | None = None
    payments: LoanPayments | None = None
