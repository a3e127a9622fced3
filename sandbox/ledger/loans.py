"""The loan of an item, as of the last collection that refreshed it."""

from datetime import date
from typing import Any

from sandbox.ledger import calendar
from sandbox.ledger.household import LOAN, amount_of
from sandbox.ledger.ids import Kind
from sandbox.ledger.item import Item
from sandbox.ledger.money import money
from sandbox.ledger.product_models import Loan

_FIRST_INSTALMENT, _INSTALMENTS = 276, 60  # January 2023; a new loan follows when one is paid off


_INTEREST = {
    "taxType": "EFFECTIVE",
    "interestRateType": "COMPOUND",
    "taxPeriodicity": "MONTHLY",
    "calculation": "30/360",
    "referentialRateIndexerType": "PRE_FIXADO",
    "referentialRateIndexerSubType": None,
    "referentialRateIndexerAdditionalInfo": None,
    "preFixedRate": money(189),
    "postFixedRate": None,
    "additionalInfo": None,
}
_LATE_CHARGE = {"type": "JUROS_REMUNERATORIOS_POR_ATRASO", "additionalInfo": None, "rate": money(200)}


def loans(item: Item) -> list[Loan]:
    """What a person's first bank lent and its checking account pays off; empty before a collection of LOANS."""
    runs, customer = item.runs("LOANS"), item.bank.customer
    if not runs.instants or customer.is_company or customer.slot:
        return []
    day = calendar.local_day(runs.instants[-1])
    month = calendar.month_of(day)
    start = month - (month - _FIRST_INSTALMENT) % _INSTALMENTS
    paid = month - start + (day >= calendar.next_business_day(calendar.day_in(month, LOAN.day)))
    return [_loan(item, start, paid, amount_of(customer, LOAN, month))]


def _loan(item: Item, start: int, paid: int, instalment: int) -> Loan:
    runs, draws = item.runs("LOANS"), item.bank.customer.draws("loan")
    return Loan(
        id=item.bank.ids.encode(Kind.LOAN, item.bank.tag),
        item_id=item.bank.opening.item_id,
        product_name="Crédito Pessoal",
        kind="LOAN",
        type="CREDITO_PESSOAL_SEM_CONSIGNACAO",
        contract_number=draws.digits(15),
        ipoc_code=draws.digits(18) + draws.digits(18),
        date=runs.labels[-1],
        contract_date=calendar.wire_midnight(calendar.day_in(start - 1, 20)),
        contract_amount=money(instalment * 38),
        currency_code="BRL",
        due_date=calendar.wire_midnight(calendar.day_in(start + _INSTALMENTS - 1, LOAN.day)),
        first_installment_due_date=calendar.wire_midnight(calendar.day_in(start, LOAN.day)),
        disbursement_dates=[calendar.day_in(start - 1, 21).isoformat()],
        cet=money(2690),
        interest_rates=[_INTEREST],
        contracted_finance_charges=[_LATE_CHARGE],
        installments=_progress(paid),
        payments=_payments(item, start, paid, instalment),
        created_at=runs.labels[0],
        updated_at=runs.labels[-1],
    )


def _progress(paid: int) -> dict[str, Any]:
    return {
        "typeNumberOfInstallments": "MONTH",
        "totalNumberOfInstallments": _INSTALMENTS,
        "typeContractRemaining": "MONTH",
        "contractRemainingNumber": _INSTALMENTS - paid,
        "paidInstallments": paid,
        "dueInstallments": _INSTALMENTS - paid,
        "pastDueInstallments": 0,
        "balloonPayments": [],
    }


def _payments(item: Item, start: int, paid: int, instalment: int) -> dict[str, Any]:
    newest_first = range(paid - 1, max(0, paid - 12) - 1, -1)
    return {
        "contractOutstandingBalance": money(instalment * (_INSTALMENTS - paid)),
        "releases": [_release(item, k, calendar.day_in(start + k, LOAN.day), instalment) for k in newest_first],
    }


def _release(item: Item, k: int, day: date, amount: int) -> dict[str, object]:
    return {
        "isOverParcelPayment": False,
        "installmentId": item.bank.ids.encode(Kind.RELEASE, item.bank.tag, n=k),
        "paidDate": calendar.wire_midnight(calendar.next_business_day(day)),
        "currencyCode": "BRL",
        "paidAmount": money(amount),
        "overParcel": None,
    }
