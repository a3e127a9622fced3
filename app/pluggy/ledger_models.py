"""What Pluggy sends about money: accounts, transactions, bills, categories, investments, loans. All numbers exact."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from app.pluggy.wire import Instant, Priced, Timestamp, Wire, require_usable


class BankData(Priced, frozen=True):
    """What only a bank account has."""

    transfer_number: str | None = None
    closing_balance: Decimal | None = None
    automatically_invested_balance: Decimal | None = None
    overdraft_contracted_limit: Decimal | None = None
    overdraft_used_limit: Decimal | None = None
    unarranged_overdraft_amount: Decimal | None = None
    has_reserved_balance: bool | None = None


class AdditionalCard(Wire, frozen=True):
    """Another card on the same account."""

    number: str | None = None


class CreditData(Priced, frozen=True):
    """What only a card account has. On Open Finance the close date of the open bill is often null: see the bills."""

    level: str | None = None
    brand: str | None = None
    brand_additional_info: str | None = None
    balance_close_date: Instant | None = None
    balance_due_date: Instant | None = None
    available_credit_limit: Decimal | None = None
    credit_limit: Decimal | None = None
    balance_foreign_currency: Decimal | None = None
    minimum_payment: Decimal | None = None
    is_limit_flexible: bool | None = None
    status: str | None = None
    holder_type: str | None = None
    disaggregated_credit_limits: tuple[dict[str, Any], ...] | None = None
    additional_cards: tuple[AdditionalCard, ...] | None = None


class Account(Priced, frozen=True):
    """An account at the institution: `type` BANK or CREDIT. A card's `balance` is the open bill, of either sign."""

    id: UUID
    item_id: UUID | None = None
    type: str | None = None
    subtype: str | None = None
    number: str | None = None
    name: str | None = None
    marketing_name: str | None = None
    owner: str | None = None
    tax_number: str | None = None
    currency_code: str | None = None
    balance: Decimal | None = None
    bank_data: BankData | None = None
    credit_data: CreditData | None = None
    created_at: Instant | None = None
    updated_at: Instant | None = None


class Balance(Priced, frozen=True):
    """The balance read from the bank at this moment."""

    balance: Decimal
    currency_code: str | None = None
    update_date_time: Instant | None = None
    blocked_balance: Decimal | None = None
    automatically_invested_balance: Decimal | None = None
    closing_balance: Decimal | None = None


class DocumentNumber(Wire, frozen=True):
    """`type` is CPF or CNPJ; the value may be formatted."""

    type: str | None = None
    value: str | None = None


class Participant(Wire, frozen=True):
    """Payer or receiver of a payment."""

    name: str | None = None
    account_number: str | None = None
    branch_number: str | None = None
    routing_number: str | None = None
    routing_number_ispb: str | None = msgspec.field(default=None, name="routingNumberISPB")
    document_number: DocumentNumber | None = None


class BoletoMetadata(Priced, frozen=True):
    """The boleto that a payment settled."""

    digitable_line: str | None = None
    barcode: str | None = None
    base_amount: Decimal | None = None
    interest_amount: Decimal | None = None
    penalty_amount: Decimal | None = None
    discount_amount: Decimal | None = None


class PaymentData(Wire, frozen=True):
    """Who paid whom, and how (PIX, TED, DOC, TEV, BOLETO)."""

    payer: Participant | None = None
    receiver: Participant | None = None
    reason: str | None = None
    reference_number: str | None = None
    receiver_reference_id: str | None = None
    authentication_code: str | None = None
    payment_method: str | None = None
    boleto_metadata: BoletoMetadata | None = None


class CreditCardMetadata(Wire, frozen=True):
    """What only a card transaction has."""

    installment_number: int | None = None
    total_installments: int | None = None
    total_amount: Decimal | None = None
    purchase_date: Instant | None = None
    payee_mcc: str | int | None = msgspec.field(default=None, name="payeeMCC")
    card_number: str | None = None
    bill_id: str | None = None
    bill_forecast_date: str | None = None  # YYYY-MM
    bill_post_date: Instant | None = None
    payment_type: str | None = None
    transaction_date_time: Instant | None = None
    fee_type: str | None = None
    fee_type_additional_info: str | None = None
    other_credits_type: str | None = None
    other_credits_additional_info: str | None = None

    def __post_init__(self) -> None:
        if self.total_amount is not None:
            require_usable(self.total_amount)


class Merchant(Wire, frozen=True):
    """The shop behind a transaction."""

    name: str | None = None
    business_name: str | None = None
    cnpj: str | None = None
    cnae: str | None = None
    category: str | None = None


class Transaction(Wire, frozen=True):
    """One movement of an account. On cards the sign of `amount` is inverted; `type` (DEBIT, CREDIT) is not.

    `date` is often a padded midnight, of UTC or of Sao Paulo; `created_at` is when Pluggy took it in.
    """

    id: UUID
    amount: Decimal
    date: Timestamp
    account_id: UUID | None = None
    description: str | None = None
    description_raw: str | None = None
    type: str | None = None
    status: str | None = None
    currency_code: str | None = None
    amount_in_account_currency: Decimal | None = None
    balance: Decimal | None = None
    category: str | None = None
    category_id: str | None = None
    provider_code: str | None = None
    provider_id: str | None = None
    operation_type: str | None = None
    operation_type_additional_info: str | None = None
    order: int | None = None
    payment_data: PaymentData | None = None
    credit_card_metadata: CreditCardMetadata | None = None
    merchant: Merchant | None = None
    created_at: Timestamp | None = None
    updated_at: Timestamp | None = None

    def __post_init__(self) -> None:  # spelled out, because pages of these are the hot path
        require_usable(self.amount)
        if self.balance is not None:
            require_usable(self.balance)
        if self.amount_in_account_currency is not None:
            require_usable(self.amount_in_account_currency)


class FinanceCharge(Priced, frozen=True):
    """A charge on a bill."""

    id: str | None = None
    type: str | None = None
    amount: Decimal | None = None
    currency_code: str | None = None
    additional_info: str | None = None


class BillPayment(Priced, frozen=True):
    """A payment towards a bill."""

    id: str | None = None
    value_type: str | None = None
    payment_date: Instant | None = None
    payment_mode: str | None = None
    amount: Decimal | None = None
    currency_code: str | None = None


class Bill(Priced, frozen=True):
    """A card's bill."""

    id: UUID
    account_id: UUID | None = None
    due_date: Instant | None = None
    bill_closing_date: Instant | None = None
    total_amount: Decimal | None = None
    total_amount_currency_code: str | None = None
    minimum_payment_amount: Decimal | None = None
    allows_installments: bool | None = None
    finance_charges: tuple[FinanceCharge, ...] | None = None
    payments: tuple[BillPayment, ...] | None = None
    created_at: Instant | None = None
    updated_at: Instant | None = None


class Category(Wire, frozen=True):
    """A node of Pluggy's tree: an id of 8 digits, the first two its top group. `description_translated` is pt-BR."""

    id: str
    description: str | None = None
    description_translated: str | None = None
    parent_id: str | None = None
    parent_description: str | None = None


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
