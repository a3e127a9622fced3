"""What the API shows of connectors."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from app.pluggy.models import Connector, Credential
from app.schemas import ApiModel, Results

_ROW: dict[str, Any] = {
    "id": 601,
    "name": "Itaú",
    "image_url": "https://cdn.pluggy.ai/assets/connector-icons/601.svg",
    "primary_color": "#EC7000",
    "country": "BR",
    "type": "PERSONAL_BANK",
    "oauth": True,
    "is_open_finance": True,
    "is_sandbox": False,
    "has_mfa": False,
    "products": ["ACCOUNTS", "CREDIT_CARDS", "TRANSACTIONS", "IDENTITY"],
    "health": {"status": "ONLINE", "stage": None},
    "capabilities": {
        "payment_initiation": True,
        "scheduled_payments": True,
        "smart_transfers": False,
        "boleto_management": False,
        "automatic_pix": False,
    },
}
_CPF: dict[str, Any] = {
    "name": "cpf",
    "label": "CPF",
    "type": "number",
    "is_required": True,
    "is_mfa": False,
    "validation": r"^\d{3}\.?\d{3}\.?\d{3}-?\d{2}$",
    "validation_message": "CPF deve ter 11 números.",
    "placeholder": None,
    "assistive_text": None,
    "instructions": None,
    "options": [],
}
_WHOLE: dict[str, Any] = {
    **_ROW,
    "institution_url": "https://www.itau.com.br",
    "reset_password_url": None,
    "credentials": [_CPF],
    "product_coverage": ["CREDIT_OPERATIONS:LOANS"],
    "incidents": [],
    "health_details": {"connection_rate_last_6_hours": 97, "connections_last_6_hours": 1520},
    "as_of": "2026-03-04T11:02:41Z",
}


class HealthRead(ApiModel):
    """How well the bank can be reached: `ONLINE`, `UNSTABLE` or `OFFLINE` (open enum). `stage` may be `BETA`."""

    status: str | None
    stage: str | None


class CapabilitiesRead(ApiModel):
    """What else the institution can do."""

    payment_initiation: bool
    scheduled_payments: bool
    smart_transfers: bool
    boleto_management: bool
    automatic_pix: bool


class ConnectorRow(ApiModel):
    """An institution that can be connected. `type` and `products` are Pluggy's words, and open enums."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ROW]})

    id: int
    name: str
    image_url: str | None
    primary_color: Annotated[str | None, Field(description="`#RRGGBB`.")]
    country: str | None
    type: str | None
    oauth: Annotated[bool, Field(description="The person authorises at the bank's own pages.")]
    is_open_finance: bool
    is_sandbox: bool
    has_mfa: bool
    products: list[str]
    health: HealthRead
    capabilities: CapabilitiesRead


class ChoiceRead(ApiModel):
    """One choice of a `select`."""

    value: str | None
    label: str | None


class CredentialRead(ApiModel):
    """A field to ask the person for. `type`: text, password, number, image, select, oauth; an open enum."""

    name: str
    label: str | None
    type: str | None
    is_required: bool
    is_mfa: Annotated[bool, Field(description="It must be new at every visit to the bank.")]
    validation: Annotated[str | None, Field(description="A regular expression of JavaScript.")]
    validation_message: str | None
    placeholder: str | None
    assistive_text: str | None
    instructions: str | None
    options: list[ChoiceRead]


class IncidentRead(ApiModel):
    """A known trouble of the institution, worst first. All words are open enums."""

    id: str | None
    title: str | None
    description: str | None
    type: str | None
    product: str | None
    kind: str | None
    severity: str | None
    state: str | None
    started_at: datetime | None
    updated_at: datetime | None
    url: str | None


class HealthDetailsRead(ApiModel):
    """How the last six hours went; null where Pluggy does not say."""

    connection_rate_last_6_hours: Annotated[float | None, Field(description="Per cent of visits that went well.")]
    connections_last_6_hours: int | None


class ConnectorRead(ConnectorRow):
    """An institution with the fields it asks for and its present troubles."""

    model_config = ConfigDict(json_schema_extra={"examples": [_WHOLE]})

    institution_url: str | None
    reset_password_url: str | None
    credentials: list[CredentialRead]
    product_coverage: list[str]
    incidents: list[IncidentRead]
    health_details: HealthDetailsRead | None
    as_of: Annotated[datetime, Field(description="When Pluggy was last asked.")]


class ConnectorList(Results[ConnectorRow]):
    """One page of connectors."""

    as_of: Annotated[datetime, Field(description="When Pluggy was last asked.")]


def shown_row(connector: Connector) -> ConnectorRow:
    """Return what a list shows of a connector."""
    return ConnectorRow(**_row(connector))


def shown(connector: Connector, as_of: datetime) -> ConnectorRead:
    """Return all that is shown of a connector."""
    health = connector.health
    details = health.details if health and isinstance(health.details, dict) else None
    return ConnectorRead(
        **_row(connector),
        institution_url=connector.institution_url,
        reset_password_url=connector.reset_password_url,
        credentials=[shown_credential(each) for each in connector.credentials or ()],
        product_coverage=list(connector.product_coverage or ()),
        incidents=[IncidentRead.model_validate(each) for each in (health and health.incidents) or ()],
        health_details=None if details is None else _details(details),
        as_of=as_of,
    )


def shown_credential(credential: Credential) -> CredentialRead:
    """Return what a form shows of a credential; `data` is no part of it."""
    return CredentialRead(
        name=credential.name,
        label=credential.label,
        type=credential.type,
        is_required=not credential.optional,
        is_mfa=bool(credential.mfa),
        validation=credential.validation or None,
        validation_message=credential.validation_message or None,
        placeholder=credential.placeholder,
        assistive_text=credential.assistive_text,
        instructions=credential.instructions,
        options=[ChoiceRead.model_validate(option) for option in credential.options or ()],
    )


def _row(connector: Connector) -> dict[str, Any]:
    health, color = connector.health, connector.primary_color
    return {
        "id": connector.id,
        "name": connector.name or "?",
        "image_url": connector.image_url,
        "primary_color": f"#{color.removeprefix('#')}" if color else None,
        "country": connector.country,
        "type": connector.type,
        "oauth": bool(connector.oauth),
        "is_open_finance": bool(connector.is_open_finance),
        "is_sandbox": bool(connector.is_sandbox),
        "has_mfa": bool(connector.has_mfa),
        "products": list(connector.products or ()),
        "health": HealthRead(status=health and health.status, stage=health and health.stage),
        "capabilities": CapabilitiesRead(
            payment_initiation=bool(connector.supports_payment_initiation),
            scheduled_payments=bool(connector.supports_scheduled_payments),
            smart_transfers=bool(connector.supports_smart_transfers),
            boleto_management=bool(connector.supports_boleto_management),
            automatic_pix=bool(connector.supports_automatic_pix),
        ),
    }


def _details(details: dict[str, Any]) -> HealthDetailsRead:
    rate, count = details.get("connectionRateLast6Hours"), details.get("connectionsLast6Hours")
    return HealthDetailsRead(
        connection_rate_last_6_hours=float(rate) if isinstance(rate, int | Decimal) else None,
        connections_last_6_hours=int(count) if isinstance(count, int | Decimal) else None,
    )
