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
