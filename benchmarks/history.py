"""A bank's history as the API writes it: compact JSON, nulls included, about 860 B a transaction, 430 kB a page."""

import json
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

PAGE_ROWS: Final = 500
TWO_YEARS: Final = timedelta(days=730)
NEWEST: Final = datetime(2026, 6, 30, 15, 4, 5, 123000, tzinfo=UTC)

_SHOPS: Final = ("Padaria São João", "Mercado Pão de Açúcar", "Posto Ipiranga", "Farmácia Drogasil ☕")


def make_history(account_id: UUID, count: int) -> list[bytes]:
    """Return `count` transactions of two years, newest first."""
    return [make_row(account_id, number, step=TWO_YEARS / count) for number in range(count)]


def make_row(account_id: UUID, number: int, *, step: timedelta, note: str = "") -> bytes:
    """Return one transaction, `number` steps before the newest; `note` makes it a restated one."""
    document = make_transaction(account_id, number, step=step)
    document["description"] = f"{document['description']}{note}"
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def make_pages(rows: list[bytes]) -> list[bytes]:
    """Return the rows as bodies of pages, none of which names a next one."""
    return [join_page(rows[at : at + PAGE_ROWS], None) for at in range(0, len(rows), PAGE_ROWS)]


def join_page(rows: list[bytes], following: str | None) -> bytes:
    """Return the body of one page."""
    return b'{"results":[' + b",".join(rows) + b'],"next":' + json.dumps(following).encode() + b"}"


def make_transaction(account_id: UUID, number: int, *, step: timedelta) -> dict[str, object]:
    """Return the members of one transaction of a checking account and its card."""
    made = NEWEST - number * step
    cents = (number * 7919) % 250_000 + 1
    kind = "PIX" if number % 3 else "CARTAO"
    shop = _SHOPS[number % 4]
    return {
        "id": str(uuid5(account_id, str(number))),
        "description": f"{kind} {shop} {number:04d}",
        "descriptionRaw": f"{kind} ENVIADO {shop.upper()} {made:%d/%m}",
        "currencyCode": "BRL",
        "amount": -cents / 100,
        "amountInAccountCurrency": None,
        "date": _instant(made.replace(hour=3, minute=0, second=0, microsecond=0)),
        "category": "Eating out" if number % 2 else None,
        "categoryId": "11010000" if number % 2 else None,
        "balance": (1_000_000 + cents) / 100,
        "accountId": str(account_id),
        "providerCode": f"{number % 997:03d}",
        "status": "POSTED",
        "paymentData": _make_payment(number, shop) if kind == "PIX" else None,
        "type": "DEBIT",
        "operationType": kind,
        "operationTypeAdditionalInfo": None,
        "creditCardMetadata": None if kind == "PIX" else _make_card_data(account_id, number, made),
        "merchant": _make_merchant(shop) if number % 4 == 0 else None,
        "providerId": f"prov-{number:08d}-{cents:08d}",
        "order": number % 5,
        "createdAt": _instant(made + timedelta(hours=9)),
        "updatedAt": _instant(made + timedelta(hours=9)),
    }


def _make_merchant(name: str) -> dict[str, object]:
    return {"name": name, "businessName": f"{name} LTDA", "cnpj": "12345678000195", "cnae": "4721102"}


def _make_payment(number: int, name: str) -> dict[str, object]:
    return {
        "payer": {"name": "Maria Souza", "documentNumber": {"type": "CPF", "value": "123.456.789-09"}},
        "receiver": {"name": name, "accountNumber": f"{number:06d}-1", "branchNumber": "0001", "routingNumber": "341"},
        "reason": None,
        "paymentMethod": "PIX",
        "referenceNumber": None,
    }


def _make_card_data(account_id: UUID, number: int, made: datetime) -> dict[str, object]:
    return {
        "installmentNumber": number % 6 + 1,
        "totalInstallments": 6,
        "totalAmount": None,
        "purchaseDate": _instant(made),
        "payeeMCC": "5812",
        "cardNumber": "4321",
        "billId": str(uuid5(account_id, f"bill {made:%Y-%m}")),
    }


def _instant(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
