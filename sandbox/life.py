"""An item's life as pure functions: which states one run passes through, and when."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from sandbox.clock import iso
from sandbox.records import Answer, Run
from sandbox.scripts import Script


class Effect(Enum):
    """What living a moment does besides showing the state."""

    NONE = "none"
    WAITS_FOR_INPUT = "item/waiting_user_input"
    WAITS_FOR_ACTION = "item/waiting_user_action"
    WAITS_FOR_APPROVAL = "approval"
    LOGGED_IN = "item/login_succeeded"
    SUCCEEDED = "succeeded"
    FAILED = "item/error"


@dataclass(frozen=True)
class Moment:
    at: datetime
    status: str
    execution_status: str
    effect: Effect = Effect.NONE
    parameter: dict[str, Any] | None = None
    user_action: dict[str, Any] | None = None


@dataclass(frozen=True)
class Wait:
    """A point at which the run stands still until somebody outside acts, or `seconds` have passed."""

    effect: Effect
    seconds: float
    prompt: dict[str, Any] = field(default_factory=dict)
    timeout: str = "USER_INPUT_TIMEOUT"
    delay: float = 0.0  # before the prompt appears, whatever the pace
    answered_by_itself: str | None = None  # verdict that comes after `seconds` times the pace instead of a time-out
    accepts: tuple[str, ...] = ()  # right values; empty is any


# A 1×1 PNG enlarged by the client: enough to be shown as the image of a prompt.
_PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def _prompt(name: str, label: str, type_: str, **extra: Any) -> dict[str, Any]:
    return {"name": name, "label": label, "type": type_, "optional": False, "mfa": True, **extra}


def _options(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"value": value, "label": label} for value, label in pairs]


def _input(prompt: dict[str, Any], *accepts: str) -> Wait:
    return Wait(Effect.WAITS_FOR_INPUT, 300, prompt, accepts=accepts)


_CODE = {"validation": r"^.{1,20}$", "validationMessage": "Informe o código recebido", "placeholder": "123456"}

WAITS = {
    "token": _input(_prompt("token", "Token", "number", **_CODE), "123456", "654321", "1"),
    "image": _input(_prompt("image", "Digite o texto da imagem", "image", data=_PIXEL, **_CODE), "123456"),
    "select": _input(
        _prompt("channel", "Como receber o código?", "select", options=_options(("1", "SMS"), ("2", "E-mail"))),
        *("1", "2"),
    ),
    "phone": _input(
        _prompt("phone", "Telefone para receber o código", "text", placeholder="11999990000"), "11999990000", "123456"
    ),
    "company": _input(
        _prompt(
            "company",
            "Qual empresa?",
            "select",
            options=_options(("1", "Padaria Aurora Ltda"), ("2", "Aurora Eventos ME")),
        ),
        *("1", "2"),
    ),
    "oauth": Wait(Effect.WAITS_FOR_INPUT, 600, _prompt("oauthCode", "Autorizar no banco", "oauth"), delay=2.0),
    "qr": Wait(
        Effect.WAITS_FOR_ACTION,
        300,
        {"instructions": "Leia o código QR com o aplicativo do banco", "type": "qr"},
    ),
    "device": Wait(
        Effect.WAITS_FOR_ACTION,
        300,
        {"instructions": "Autorize o acesso no aplicativo do banco", "type": "authorize-access"},
    ),
    "device-pending": Wait(Effect.WAITS_FOR_APPROVAL, 30 * 86400, timeout="USER_AUTHORIZATION_NOT_GRANTED"),
    "approvers-approve": Wait(Effect.WAITS_FOR_APPROVAL, 3, answered_by_itself="ok"),
    "approvers-reject": Wait(Effect.WAITS_FOR_APPROVAL, 3, answered_by_itself="denied"),
}

_GOOD = ("SUCCESS", "PARTIAL_SUCCESS")
_LOGIN_FAILURES = {
    "INVALID_CREDENTIALS",
    "INVALID_CREDENTIALS_MFA",
    "ACCOUNT_CREDENTIALS_RESET",
    "ACCOUNT_LOCKED",
    "USER_AUTHORIZATION_NOT_GRANTED",
    "USER_AUTHORIZATION_REVOKED",
}
_PHASES = {
    "ACCOUNTS": "ACCOUNTS_IN_PROGRESS",
    "CREDIT_CARDS": "CREDITCARDS_IN_PROGRESS",
    "TRANSACTIONS": "TRANSACTIONS_IN_PROGRESS",
    "PAYMENT_DATA": "PAYMENT_DATA_IN_PROGRESS",
    "INVESTMENTS": "INVESTMENTS_IN_PROGRESS",
    "INVESTMENTS_TRANSACTIONS": "INVESTMENTS_TRANSACTIONS_IN_PROGRESS",
    "IDENTITY": "IDENTITY_IN_PROGRESS",
    "LOANS": "LOANS_IN_PROGRESS",
}
_LOGIN_AFTER, _REFUSAL_TAKES, _PHASE_LASTS, _MERGE_LASTS = 0.05, 0.15, 0.06, 0.1


def status_of_failure(outcome: str) -> str:
    """Credential and authorisation failures need a person (LOGIN_ERROR); the others are retryable (OUTDATED)."""
    return "LOGIN_ERROR" if outcome in _LOGIN_FAILURES else "OUTDATED"


def timeline(script: Script, run: Run, products: list[str]) -> Iterator[Moment]:
    """The moments of a run in order, as far as its answers let it go; a wait without answer ends in its time-out."""
    yield Moment(run.started_at, "UPDATING", "CREATED")
    at = run.started_at + timedelta(seconds=_LOGIN_AFTER * run.pace)
    yield Moment(at, "UPDATING", "LOGIN_IN_PROGRESS")
    answers = iter(run.answers)
    for name in script.waits:
        wait = WAITS[name]
        at += timedelta(seconds=wait.delay or 0.1 * run.pace)
        yield _waiting(wait, at, run)
        answer = _answer(wait, at, run, next(answers, None))
        at = answer.at
        if answer.verdict in ("ok", "wrong"):
            yield Moment(at, "UPDATING", "LOGIN_MFA_IN_PROGRESS")
        if answer.verdict == "wrong":  # the bank says so, not the API
            at += timedelta(seconds=_REFUSAL_TAKES * run.pace)
        if answer.verdict != "ok":
            yield _failure(at, _verdict_outcome(wait, answer.verdict))
            return
    at += timedelta(seconds=script.login_seconds * run.pace)
    if script.outcome not in _GOOD and script.fails_at_login:
        yield _failure(at, script.outcome)
        return
    yield from _collection(script, at, run, products)


def _collection(script: Script, at: datetime, run: Run, products: list[str]) -> Iterator[Moment]:
    effect = Effect.LOGGED_IN
    for product, phase in _PHASES.items():
        if product in products or effect is Effect.LOGGED_IN:
            yield Moment(at, "UPDATING", phase, effect)
            effect = Effect.NONE
            at += timedelta(seconds=_PHASE_LASTS * run.pace)
    if script.outcome not in _GOOD:
        yield _failure(at, script.outcome)
        return
    yield Moment(at, "MERGING", "MERGING")
    at += timedelta(seconds=_MERGE_LASTS * run.pace)
    yield Moment(at, "UPDATED", script.outcome, Effect.SUCCEEDED)


def _waiting(wait: Wait, at: datetime, run: Run) -> Moment:
    expires = iso(at + timedelta(seconds=wait.seconds))
    if wait.effect is Effect.WAITS_FOR_ACTION:
        link = f"{run.base_url}/oauth/authorize?token={run.token}"
        action = {**wait.prompt, "attributes": {"data": link}, "expiresAt": expires}
        return Moment(at, "WAITING_USER_ACTION", "WAITING_USER_ACTION", wait.effect, user_action=action)
    if wait.effect is Effect.WAITS_FOR_APPROVAL:
        return Moment(at, "OUTDATED", "USER_AUTHORIZATION_PENDING", wait.effect)
    parameter = {**wait.prompt, "expiresAt": expires}
    if parameter["type"] == "oauth":
        parameter |= {"mfa": False, "data": f"{run.base_url}/oauth/authorize?token={run.token}"}
    return Moment(at, "WAITING_USER_INPUT", "WAITING_USER_INPUT", wait.effect, parameter=parameter)


def _answer(wait: Wait, at: datetime, run: Run, given: Answer | None) -> Answer:
    if wait.answered_by_itself:
        by_itself = Answer(at + timedelta(seconds=wait.seconds * run.pace), wait.answered_by_itself)
        return given if given and given.at < by_itself.at else by_itself
    ends = at + timedelta(seconds=wait.seconds)
    return given if given and given.at < ends else Answer(ends, "expired")


def _verdict_outcome(wait: Wait, verdict: str) -> str:
    if verdict == "expired":
        return wait.timeout
    return "INVALID_CREDENTIALS_MFA" if verdict == "wrong" else "USER_AUTHORIZATION_NOT_GRANTED"


def _failure(at: datetime, outcome: str) -> Moment:
    return Moment(at, status_of_failure(outcome), outcome, Effect.FAILED)
