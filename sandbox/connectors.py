"""The catalogue of institutions, and the check of what a person typed against a connector's credentials."""

import re
import uuid
from typing import Any

import msgspec

PRODUCTS = (
    "ACCOUNTS",
    "CREDIT_CARDS",
    "TRANSACTIONS",
    "PAYMENT_DATA",
    "INVESTMENTS",
    "INVESTMENTS_TRANSACTIONS",
    "IDENTITY",
    "LOANS",
)
_OPENED = "2023-09-01T18:05:09.145Z"
_CPF = r"^\d{3}\.?\d{3}\.?\d{3}-?\d{2}$"
_CNPJ = r"^\d{2}\.?\d{3}\.?\d{3}/?\d{4}-?\d{2}$"


class Credential(msgspec.Struct, rename="camel", frozen=True, omit_defaults=True, kw_only=True):
    name: str
    label: str
    type: str
    validation: str = ""
    validation_message: str = ""
    placeholder: str | None = None
    mfa: bool = False


class Connector(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    name: str
    type: str = "PERSONAL_BANK"
    color: str = "ef294b"
    url: str = "https://example.com"
    credentials: tuple[Credential, ...] = ()
    products: tuple[str, ...] = PRODUCTS
    has_mfa: bool = False
    oauth: bool = False
    is_open_finance: bool = False
    is_sandbox: bool = False
    health: str = "ONLINE"

    @property
    def one_step_mfa(self) -> Credential | None:
        """The credential that must be renewed at every run, if this connector has one."""
        return next((credential for credential in self.credentials if credential.mfa), None)


_USER = Credential(
    name="user",
    label="Usuário",
    type="text",
    validation=r"^user-.{2,50}$",
    validation_message="O usuário deve começar com user-",
    placeholder="user-ok",
)
_PASSWORD = Credential(
    name="password",
    label="Senha",
    type="password",
    validation=r"^.{6,20}$",
    validation_message="A senha deve ter entre 6 e 20 caracteres",
    placeholder="password-ok",
)
_TOKEN = Credential(
    name="token",
    label="Token",
    type="number",
    validation=r"^\d{6}$",
    validation_message="O token deve ter 6 dígitos",
    placeholder="123456",
    mfa=True,
)
_CPF_FIELD = Credential(
    name="cpf", label="CPF", type="number", validation=_CPF, validation_message="CPF deve ter 11 números."
)
_CNPJ_FIELD = Credential(
    name="cnpj", label="CNPJ", type="number", validation=_CNPJ, validation_message="CNPJ deve ter 14 números."
)
_LOGIN = (_USER, _PASSWORD)


def _sandbox(id_: int, name: str, credentials: tuple[Credential, ...] = _LOGIN, **fields: Any) -> Connector:
    return Connector(
        id=id_, name=name, credentials=credentials, is_sandbox=True, url="https://sandbox.pluggy.ai", **fields
    )


def _open_finance(id_: int, name: str, color: str, url: str, **fields: Any) -> Connector:
    business = fields.get("type") == "BUSINESS_BANK"
    credentials = (_CPF_FIELD, _CNPJ_FIELD) if business else (_CPF_FIELD,)
    return Connector(
        id=id_, name=name, color=color, url=url, credentials=credentials, oauth=True, is_open_finance=True, **fields
    )


# Ids 0, 1, 2, 3, 5, 200, 600 and 601 are Pluggy's; the others are this catalogue's own.
CATALOGUE = {
    connector.id: connector
    for connector in (
        _sandbox(0, "Pluggy Bank"),
        _sandbox(1, "Pluggy Bank MFA 1 Step", (*_LOGIN, _TOKEN), has_mfa=True),
        _sandbox(2, "Pluggy Bank PF"),
        _sandbox(3, "Pluggy Bank MFA 2 Steps", has_mfa=True),
        _sandbox(4, "Pluggy Bank PJ", type="BUSINESS_BANK"),
        _sandbox(5, "Pluggy Bank PF MFA 2 Steps", has_mfa=True),
        _sandbox(600, "Sandbox Open Finance", (_CPF_FIELD,), oauth=True, is_open_finance=True),
        Connector(id=200, name="MeuPluggy", oauth=True, url="https://meu.pluggy.ai"),
        _open_finance(601, "Itaú", "EC7000", "https://www.itau.com.br"),
        _open_finance(602, "Itaú Empresas", "EC7000", "https://www.itau.com.br/empresas", type="BUSINESS_BANK"),
        _open_finance(603, "Bradesco", "CC092F", "https://banco.bradesco"),
        _open_finance(608, "Santander", "EC0000", "https://www.santander.com.br"),
        _open_finance(611, "Banco do Brasil", "FCFC30", "https://www.bb.com.br"),
        _open_finance(612, "Nubank", "820AD1", "https://nubank.com.br"),
        _open_finance(613, "Nubank Empresas", "820AD1", "https://nubank.com.br/empresas", type="BUSINESS_BANK"),
        _open_finance(619, "Caixa Econômica Federal", "005CA9", "https://www.caixa.gov.br", health="UNSTABLE"),
        _open_finance(622, "Inter", "FF7A00", "https://inter.co"),
        _open_finance(626, "Mercado Pago", "009EE3", "https://www.mercadopago.com.br", type="PAYMENT_ACCOUNT"),
        Connector(
            id=219,
            name="Corretora Alfa",
            type="INVESTMENT",
            color="1B2A49",
            credentials=_LOGIN,
            products=("ACCOUNTS", "TRANSACTIONS", "INVESTMENTS", "INVESTMENTS_TRANSACTIONS", "IDENTITY"),
        ),
    )
}


def connector_view(connector: Connector, health: str, *, details: dict[str, Any] | None = None) -> dict[str, Any]:
    """The connector as the API shows it."""
    shown: dict[str, Any] = {"status": health, "stage": None}
    if health != "ONLINE":
        shown["incidents"] = [_incident(connector, health)]
    if details is not None:
        shown["details"] = details
    view = {
        "id": connector.id,
        "name": connector.name,
        "primaryColor": connector.color,
        "institutionUrl": connector.url,
        "country": "BR",
        "type": connector.type,
        "credentials": [credential_view(credential) for credential in connector.credentials],
        "imageUrl": f"https://cdn.pluggy.ai/assets/connector-icons/{connector.id}.svg",
        "hasMFA": connector.has_mfa,
        "oauth": connector.oauth,
        "health": shown,
        "products": list(connector.products),
        "createdAt": _OPENED,
        "updatedAt": _OPENED,
        "isSandbox": connector.is_sandbox,
        "isOpenFinance": connector.is_open_finance,
        "supportsPaymentInitiation": connector.is_open_finance,
        "supportsScheduledPayments": connector.is_open_finance,
        "supportsSmartTransfers": False,
        "supportsBoletoManagement": False,
        "supportsAutomaticPix": False,
    }
    if connector.is_open_finance:
        view["productCoverage"] = ["INVESTMENTS:BANK_FIXED_INCOMES", "INVESTMENTS:FUNDS", "CREDIT_OPERATIONS:LOANS"]
    return view


def credential_view(credential: Credential) -> dict[str, Any]:
    view: dict[str, Any] = msgspec.to_builtins(credential)
    return {**view, "optional": False}


def _incident(connector: Connector, health: str) -> dict[str, Any]:
    offline = health == "OFFLINE"
    return {
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{connector.url}#{connector.id}")),
        "title": f"{connector.name} fora do ar" if offline else f"Instabilidade em {connector.name}",
        "type": "CONNECTOR_UNAVAILABLE" if offline else "CONNECTOR_DEGRADED",
        "product": "dados",
        "kind": "INCIDENT",
        "severity": "MAJOR_OUTAGE" if offline else "DEGRADED",
        "state": "INVESTIGATING",
        "startedAt": _OPENED,
        "url": "https://status.pluggy.ai",
    }


def parameter_errors(connector: Connector, parameters: dict[str, str]) -> list[dict[str, str]]:
    """What is wrong with `parameters`: code 001 for a missing one, 002 for one that breaks its rule."""
    errors = []
    for credential in _asked(connector, parameters):
        value = parameters.get(credential.name, "")
        if not value:
            errors.append(("001", f"{credential.name} parameter is required", credential.name))
        elif not _valid(credential, value):
            errors.append(("002", credential.validation_message, credential.name))
    return [{"code": code, "message": message, "parameter": name} for code, message, name in errors]


def _asked(connector: Connector, parameters: dict[str, str]) -> tuple[Credential, ...]:
    """A business bank of Open Finance takes either document: only the one that was sent is asked for."""
    if connector.is_open_finance and len(connector.credentials) > 1:
        sent = tuple(c for c in connector.credentials if parameters.get(c.name))
        return sent or connector.credentials[-1:]
    return connector.credentials


def _valid(credential: Credential, value: str) -> bool:
    if not re.fullmatch(credential.validation, value, re.ASCII):
        return False
    if credential.name in ("cpf", "cnpj"):
        return check_digits_hold(digits(value))
    return True


def digits(text: str) -> str:
    return re.sub(r"[^0-9]", "", text)


def check_digits_hold(document: str) -> bool:
    """Whether the last two digits of a CPF (11 digits) or CNPJ (14) follow from the others."""
    if len(set(document)) == 1 or len(document) not in (11, 14):
        return False
    longest = 11 if len(document) == 11 else 9
    for size in (len(document) - 2, len(document) - 1):
        weights = [(index % (longest - 1)) + 2 for index in range(size)]
        total = sum(int(digit) * weight for digit, weight in zip(reversed(document[:size]), weights, strict=True))
        if int(document[size]) != (11 - total % 11) % 11 % 10:
            return False
    return True
