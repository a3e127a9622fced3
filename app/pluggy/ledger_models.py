"""What Pluggy sends about money: accounts, transactions, bills, categories. All numbers exact."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from app.pluggy.wire import Instant, Priced, Timestamp, Wire


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


class DocumentNumber(Wire, frozen=True, omit_defaults=True):
    """`type` is CPF or CNPJ; the value may be formatted."""

    type: str | None = None
    value: str | None = None


class Participant(Wire, frozen=True, omit_defaults=True):
    """Payer or receiver of a payment."""

    name: str | None = None
    account_number: str | None = None
    branch_number: str | None = None
    routing_number: str | None = None
    routing_number_ispb: str | None = msgspec.field(default=None, name="routingNumberISPB")
    document_number: DocumentNumber | None = None


class BoletoMetadata(Priced, frozen=True, omit_defaults=True):
    """The boleto that a payment settled."""

    digitable_line: str | None = None
    barcode: str | None = None
    base_amount: Decimal | None = None
    interest_amount: Decimal | None = None
    penalty_amount: Decimal | None = None
    discount_amount: Decimal | None = None


class PaymentData(Wire, frozen=True, omit_defaults=True):
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
    """What only a card transaction has. Its instants are text for `wire.read_instant`: not every reader needs them."""

    installment_number: int | None = None
    total_installments: int | None = None
    total_amount: Decimal | None = None
    purchase_date: str | None = None
    payee_mcc: str | int | None = msgspec.field(default=None, name="payeeMCC")
    card_number: str | None = None
    bill_id: str | None = None
    bill_forecast_date: str | None = None  # YYYY-MM
    payment_type: str | None = None
    transaction_date_time: str | None = None
    fee_type: str | None = None
    other_credits_type: str | None = None


class Merchant(Wire, frozen=True):
    """The shop behind a transaction."""

    name: str | None = None
    business_name: str | None = None
    cnpj: str | None = None
    cnae: str | None = None
    category: str | None = None


class Transaction(Wire, frozen=True):
    """One movement of an account. On cards the sign of `amount` is inverted; `type` (DEBIT, CREDIT) is not.

    `date` is often a padded midnight, of UTC or of Sao Paulo; `created_at` is when Pluggy took it in. Only what
    is kept of it is declared: a page is 500 of these, and what isn't declared costs next to nothing to pass over.
    Whether an amount is a usable number (R29) is told where it is rounded.
    """

    id: UUID
    amount: Decimal
    date: Timestamp
    description: str | None = None
    description_raw: str | None = None
    type: str | None = None
    status: str | None = None
    currency_code: str | None = None
    amount_in_account_currency: Decimal | None = None
    balance: Decimal | None = None
    category: str | None = None
    category_id: str | None = None
    provider_id: str | None = None
    operation_type: str | None = None
    payment_data: PaymentData | None = None
    credit_card_metadata: CreditCardMetadata | None = None
    merchant: Merchant | None = None
    created_at: Timestamp | None = None


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
