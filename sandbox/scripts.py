"""Who the sandbox users and CPFs are: what each login leads to, as tables."""

import re
from dataclasses import dataclass, replace

from sandbox.connectors import Connector, digits

PASSWORD = "password-ok"  # noqa: S105 -- public, as all of the sandbox
MFA_TOKENS = ("123456", "654321")  # the second is ours, so that a 1-step item can be renewed


@dataclass(frozen=True)
class Script:
    """One visit to the bank: what it waits for, one after another, and how it ends."""

    outcome: str = "SUCCESS"  # execution status at the end
    waits: tuple[str, ...] = ()  # names of life.WAITS
    fails_at_login: bool = True  # when it fails; else on the way through the products
    warned: str | None = None  # product that ends with a warning
    warning_code: str = "001"
    stale: str | None = None  # product that could not be read
    provider_message: str | None = None
    login_seconds: float = 0.15  # before the bank answers, times the pace
    checking_accounts: int = 1
    savings_accounts: int | None = None  # None here and below: as many as the profile has
    cards: int | None = None
    multiplier: int = 1


_OK = Script()
_REJECTED = Script(outcome="INVALID_CREDENTIALS")
_NEEDS_ACTION = Script(outcome="ACCOUNT_NEEDS_ACTION")

USERS = {
    "user-ok": _OK,
    "user-ok-two-checking-accounts": Script(checking_accounts=2),
    "user-ok-small": Script(savings_accounts=0, cards=1),  # ours: no more than a test needs
    "user-ok-account-warning": Script(warned="ACCOUNTS"),
    "user-ok-account-error": Script(outcome="PARTIAL_SUCCESS", stale="ACCOUNTS"),
    "user-ok-auth-pending": Script(waits=("device-pending",)),
    "user-ok-img": Script(waits=("image",)),
    "user-ok-select": Script(waits=("select",)),
    "user-ok-phone": Script(waits=("phone",)),
    "user-ok-multi-company": Script(waits=("company",)),
    "user-ok-qr": Script(waits=("qr",)),  # this and the next are ours: the real ids of these flows are not public
    "user-ok-device": Script(waits=("device",)),
    "user-logged": Script(outcome="ALREADY_LOGGED_IN"),
    "user-locked": Script(outcome="ACCOUNT_LOCKED"),
    "user-error": Script(outcome="UNEXPECTED_ERROR", fails_at_login=False),
    "user-unavailable": Script(outcome="SITE_NOT_AVAILABLE"),
    "user-account-need-actions": _NEEDS_ACTION,
    "user-account-need-actions-provider-message": replace(
        _NEEDS_ACTION, provider_message="Acesse o aplicativo do banco e atualize seu cadastro."
    ),
    "user-connection-error": Script(outcome="CONNECTION_ERROR"),
    "user-account-credentials-reset": Script(outcome="ACCOUNT_CREDENTIALS_RESET"),
    "user-not-supported": Script(outcome="USER_NOT_SUPPORTED"),
}

CPFS = {
    "76109277673": _OK,
    "23824264030": Script(waits=("approvers-approve",)),
    "05117767055": Script(waits=("approvers-reject",)),
    "00250273799": Script(login_seconds=10),
    "16351171199": Script(outcome="UNEXPECTED_ERROR", fails_at_login=False),
}
# A company has the same ends as the person of the first CPF.
CNPJS = {"00000000000191": _OK, "60701190000104": _OK}

_PERF = re.compile(r"user-ok-perf(?:-(\d{1,9})x?)?")
_PERF_DEFAULT, _PERF_CAP = 10, 5000


def name_of(connector: Connector, parameters: dict[str, str]) -> str:
    """What a run keeps to find its script again: the user's name or document, `rejected` or `wrong-token`."""
    if connector.oauth:
        return digits(parameters.get("cpf") or parameters.get("cnpj") or "") or "user-ok"
    if parameters.get("password") != PASSWORD:
        return "rejected"
    if connector.one_step_mfa and parameters.get("token") not in MFA_TOKENS:
        return "wrong-token"
    return parameters.get("user", "")


def script_of(name: str, connector: Connector, *, authorised: bool) -> Script:
    """The script of `name` at this connector; what was `authorised` once is not asked again."""
    script = _by_name(name)
    if authorised and script.waits == ("device-pending",):
        return replace(script, waits=())
    if connector.oauth:
        if script is _REJECTED:
            return script
        return replace(script, waits=()) if authorised else replace(script, waits=("oauth", *script.waits))
    if connector.has_mfa and connector.one_step_mfa is None and script is not _REJECTED and not script.waits:
        return replace(script, waits=("token",))
    return script


def _by_name(name: str) -> Script:
    if name == "wrong-token":
        return Script(outcome="INVALID_CREDENTIALS_MFA")
    if match := _PERF.fullmatch(name):
        return Script(multiplier=min(int(match[1] or _PERF_DEFAULT), _PERF_CAP))
    return USERS.get(name) or CPFS.get(name) or CNPJS.get(name) or _REJECTED


OUTCOMES = (
    "SUCCESS",
    "PARTIAL_SUCCESS",
    "ERROR",
    "UNEXPECTED_ERROR",
    "MERGE_ERROR",
    "INVALID_CREDENTIALS",
    "INVALID_CREDENTIALS_MFA",
    "ACCOUNT_CREDENTIALS_RESET",
    "ALREADY_LOGGED_IN",
    "SITE_NOT_AVAILABLE",
    "CONNECTION_ERROR",
    "ACCOUNT_LOCKED",
    "ACCOUNT_NEEDS_ACTION",
    "USER_NOT_SUPPORTED",
    "USER_INPUT_TIMEOUT",
    "USER_AUTHORIZATION_NOT_GRANTED",
    "USER_AUTHORIZATION_REVOKED",
)
