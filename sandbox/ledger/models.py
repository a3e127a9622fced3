"""The entities exactly as the API sends them: frozen, camelCase on the wire, absent values as null.

Money is an exact `Decimal`; dates are strings already in the API's form. Encode with
`msgspec.json.Encoder(decimal_format="number")`.
"""

from decimal import Decimal
from typing import Any

from msgspec import Struct, field


class Wire(Struct, frozen=True, rename="camel", gc=False):
    """Common settings of every entity; none can be part of a cycle, so the collector need not walk the cache."""


class Document(Wire, frozen=True):
    type: str
    value: str


class Participant(Wire, frozen=True):
    """One side of a payment."""

    name: str | None = None
    account_number: str | None = None
    branch_number: str | None = None
    routing_number: str | None = None
    routing_number_ispb: str | None = field(default=None, name="routingNumberISPB")
    document_number: Document | None = None


class BoletoMetadata(Wire, frozen=True):
    digitable_line: str | None
    barcode: str | None
    base_amount: Decimal | None
    interest_amount: Decimal | None = None
    penalty_amount: Decimal | None = None
    discount_amount: Decimal | None = None


class PaymentData(Wire, frozen=True):
    payer: Participant | None
    receiver: Participant | None
    reason: str | None = None
    reference_number: str | None = None
    receiver_reference_id: str | None = None
    authentication_code: str | None = None
    payment_method: str | None = None
    boleto_metadata: BoletoMetadata | None = None


class CreditCardMetadata(Wire, frozen=True):
    installment_number: int | None = None
    total_installments: int | None = None
    total_amount: Decimal | None = None
    purchase_date: str | None = None
    payee_mcc: int | None = field(default=None, name="payeeMCC")
    card_number: str | None = None
    bill_id: str | None = None
    bill_forecast_date: str | None = None
    bill_post_date: str | None = None
    payment_type: str | None = None
    transaction_date_time: str | None = None
    fee_type: str | None = None
    fee_type_additional_info: str | None = None
    other_credits_type: str | None = None
    other_credits_additional_info: str | None = None


class Merchant(Wire, frozen=True):
    name: str | None
    business_name: str | None
    cnpj: str | None
    cnae: str | None
    category: str | None


class Transaction(Wire, frozen=True):
    id: str
    account_id: str
    date: str
    description: str
    description_raw: str | None
    amount: Decimal
    amount_in_account_currency: Decimal | None
    currency_code: str
    type: str | None
    balance: Decimal | None
    status: str | None
    category: str | None
    category_id: str | None
    provider_code: str | None
    provider_id: str | None
    operation_type: str | None
    operation_type_additional_info: str | None
    order: int | None
    payment_data: PaymentData | None
    credit_card_metadata: CreditCardMetadata | None
    merchant: Merchant | None
    created_at: str
    updated_at: str


class BankData(Wire, frozen=True):
    transfer_number: str | None
    closing_balance: Decimal | None
    automatically_invested_balance: Decimal | None
    overdraft_contracted_limit: Decimal | None
    overdraft_used_limit: Decimal | None
    unarranged_overdraft_amount: Decimal | None
    has_reserved_balance: bool | None = None
    reserved_balances: list[Any] | None = None


class CreditData(Wire, frozen=True):
    level: str | None
    brand: str | None
    brand_additional_info: str | None
    balance_close_date: str | None
    balance_due_date: str | None
    available_credit_limit: Decimal | None
    credit_limit: Decimal | None
    balance_foreign_currency: Decimal | None
    minimum_payment: Decimal | None
    is_limit_flexible: bool | None
    status: str | None
    holder_type: str | None
    disaggregated_credit_limits: list[Any] | None = None
    additional_cards: list[Any] | None = None


class Account(Wire, frozen=True):
    id: str
    item_id: str
    type: str
    subtype: str
    number: str
    name: str
    marketing_name: str | None
    owner: str | None
    tax_number: str | None
    balance: Decimal
    currency_code: str
    bank_data: BankData | None
    credit_data: CreditData | None
    created_at: str
    updated_at: str


class LiveBalance(Wire, frozen=True):
    balance: Decimal
    currency_code: str
    update_date_time: str
    blocked_balance: Decimal | None = None
    automatically_invested_balance: Decimal | None = None
    closing_balance: Decimal | None = None


class FinanceCharge(Wire, frozen=True):
    id: str
    credit_card_bill_id: str
    type: str
    amount: Decimal
    currency_code: str
    additional_info: str | None


class BillPayment(Wire, frozen=True):
    id: str
    value_type: str
    payment_date: str
    payment_mode: str | None
    amount: Decimal
    currency_code: str


class Bill(Wire, frozen=True):
    id: str
    account_id: str
    due_date: str
    bill_closing_date: str | None
    total_amount: Decimal
    total_amount_currency_code: str
    minimum_payment_amount: Decimal | None
    allows_installments: bool | None
    finance_charges: list[FinanceCharge]
    payments: list[BillPayment]
    created_at: str
    updated_at: str


class Category(Wire, frozen=True):
    id: str
    description: str
    description_translated: str
    parent_id: str | None
    parent_description: str | None


class MerchantLookup(Wire, frozen=True):
    found_merchants: list[Merchant]
    not_found_merchants: list[str]
    invalid_cnpjs: list[str]


class Issuer(Wire, frozen=True):
    name: str | None
    number: str | None


class Investment(Wire, frozen=True):
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
    taxes2: Decimal | None
    amount_profit: Decimal | None
    amount_withdrawal: Decimal | None
    amount_original: Decimal | None
    rate: Decimal | None
    rate_type: str | None
    rate_periodicity: str | None
    fixed_annual_rate: Decimal | None
    annual_rate: Decimal | None
    last_month_rate: Decimal | None
    last_twelve_months_rate: Decimal | None
    issuer: str | None
    issuer_cnpj: str | None = field(name="issuerCNPJ")
    issue_date: str | None
    purchase_date: str | None
    grace_period_date: str | None
    due_date: str | None
    date: str
    owner: str | None
    tax_exempt: bool | None
    debtor: dict[str, Any] | None
    coupon_payment: dict[str, Any] | None
    metadata: dict[str, Any] | None
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


class Loan(Wire, frozen=True):
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
    settlement_date: str | None
    installment_periodicity: str | None
    installment_periodicity_additional_info: str | None
    cet: Decimal | None = field(name="CET")
    amortization_scheduled: str | None
    amortization_scheduled_additional_info: str | None
    cnpj_consignee: str | None
    interest_rates: list[dict[str, Any]]
    contracted_fees: list[dict[str, Any]]
    contracted_finance_charges: list[dict[str, Any]]
    warranties: list[dict[str, Any]]
    installments: dict[str, Any] | None
    payments: dict[str, Any] | None
    created_at: str
    updated_at: str


class Identity(Wire, frozen=True):
    id: str
    item_id: str
    full_name: str | None
    company_name: str | None
    document: str | None
    document_type: str | None
    tax_number: str | None
    birth_date: str | None
    job_title: str | None
    investor_profile: str | None
    establishment_code: str | None
    establishment_name: str | None
    phone_numbers: list[dict[str, Any]]
    emails: list[dict[str, Any]]
    addresses: list[dict[str, Any]]
    relations: list[dict[str, Any]]
    qualifications: dict[str, Any] | None
    financial_relationships: dict[str, Any] | None
    social_name: str | None
    sex: str | None
    marital_status: dict[str, Any] | None
    nationality: dict[str, Any] | None
    other_documents: list[dict[str, Any]] | None
    passport: dict[str, Any] | None
    incorporation_date: str | None
    parties: list[dict[str, Any]] | None
    business_other_documents: list[dict[str, Any]] | None
    companies_cnpj: list[str] | None
    created_at: str
    updated_at: str
