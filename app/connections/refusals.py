"""Pluggy's refusals of what a person asks for, in words and statuses of our own. Source: docs/pluggy.md, "Errors".

Pluggy's own texts are never passed on: they may repeat what was typed (R63).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from app.connections.status import TOO_MANY_ERRORS, ActionKind
from app.connectors.parameters import DATE_NOT_TAKEN, NOT_TAKEN, REQUIRED, Fault, Words, fault
from app.errors import AppError
from app.http_errors import InvalidRequest
from app.pluggy.errors import PluggyNotFound, PluggyRefused, PluggyTooSoon


class VisitRefused(AppError):
    """A visit to the bank that Pluggy would not begin; `needs` is what the person can do instead."""

    status = 409
    text: ClassVar[str] = ""
    needs: ClassVar[ActionKind | None] = None

    def __init_subclass__(cls) -> None:
        cls.example = {"detail": cls.text, "action": cls.needs}

    def __init__(
        self,
        *,
        needs: ActionKind | None = None,
        retry_at: datetime | None = None,
        errors: list[Fault] | None = None,
    ) -> None:
        super().__init__(self.text, action=needs or self.needs, retry_at=retry_at, errors=errors)


class AlreadyUpdating(VisitRefused):
    code, title = "already_updating", "Already updating"
    text, needs = "A visit to the bank is under way; follow the connection.", ActionKind.WAIT
    user_messages = {
        "pt-BR": "A conexão já está sendo atualizada. Aguarde o fim.",
        "en": "The connection is being updated already. Wait until it ends.",
    }


class VisitedTooRecently(VisitRefused):
    code, title = "visited_too_recently", "Visited too recently"
    text, needs = "The bank was visited a short time ago: what is held counts as fresh.", ActionKind.WAIT
    user_messages = {
        "pt-BR": "O banco foi consultado há pouco. Tente de novo mais tarde.",
        "en": "The bank was visited a short time ago. Try again later.",
    }


class LoginBackoff(VisitRefused):
    code, title = "login_backoff", "Too many wrong logins"
    text, needs = "Too many logins in a row were refused by the bank.", ActionKind.WAIT
    user_messages = {
        "pt-BR": "Foram muitas tentativas com dados incorretos. Aguarde antes de tentar de novo.",
        "en": "There were too many attempts with wrong details. Wait before you try again.",
    }


class ConnectionSuspended(VisitRefused):
    code, title = "connection_suspended", "Connection suspended"
    text, needs = "Too many visits in a row failed: Pluggy begins no more of them.", ActionKind.RECONNECT
    user_messages = {
        "pt-BR": "Esta conexão falhou muitas vezes e foi suspensa. Conecte o banco novamente.",
        "en": "This connection failed too often and was suspended. Connect the bank again.",
    }


class CredentialsNeeded(VisitRefused):
    code, title = "credentials_needed", "Credentials needed"
    text, needs = "The bank refused the stored login: send new credentials.", ActionKind.UPDATE_CREDENTIALS
    user_messages = {
        "pt-BR": "Informe novamente seus dados de acesso ao banco.",
        "en": "Enter your bank login again.",
    }


class OtherAccountUsed(VisitRefused):
    code, title = "other_account_used", "Other account used"
    text, needs = "The login belongs to another account than the one connected.", ActionKind.RECONNECT
    user_messages = {
        "pt-BR": "Estes dados são de outra conta. Crie uma nova conexão para ela.",
        "en": "These details belong to another account. Make a new connection for it.",
    }


class UpdatesNotPossible(VisitRefused):
    code, title = "updates_not_possible", "Updates not possible"
    text = "Pluggy does not let this application have the bank visited for this connection."
    user_messages = {
        "pt-BR": "Esta conexão não pode ser atualizada a pedido. Ela segue a agenda do banco.",
        "en": "This connection can't be updated on request. It follows the bank's own schedule.",
    }


class WidgetNeeded(VisitRefused):
    code, title = "widget_needed", "Widget needed"
    text, needs = "The plan at Pluggy makes connections through the widget only.", ActionKind.RECONNECT
    user_messages = {
        "pt-BR": "Use a tela de conexão para conectar este banco.",
        "en": "Use the connection screen to connect this bank.",
    }


class ConnectionLimitReached(VisitRefused):
    code, title = "connection_limit_reached", "Connection limit reached"
    text = "The plan at Pluggy holds no more connections."
    user_messages = {
        "pt-BR": "O limite de conexões foi atingido. Fale com o suporte.",
        "en": "The limit of connections is reached. Contact support.",
    }


class InstitutionOffline(VisitRefused):
    code, title = "institution_offline", "Institution offline"
    text, needs = "The bank takes no connections at the moment.", ActionKind.WAIT
    user_messages = {
        "pt-BR": "O banco está fora do ar para conexões. Tente mais tarde.",
        "en": "The bank is offline for connections. Try again later.",
    }


class MfaNotAwaited(VisitRefused):
    code, title = "mfa_not_awaited", "No code awaited"
    text = "The bank awaits no code, or has it already."
    user_messages = {
        "pt-BR": "O banco não está esperando um código agora.",
        "en": "The bank is not waiting for a code now.",
    }


class MfaExpired(VisitRefused):
    code, title = "mfa_expired", "Code came too late"
    text, needs = "The time to answer the bank is over; begin again.", ActionKind.UPDATE_CREDENTIALS
    user_messages = {
        "pt-BR": "O prazo para informar o código acabou. Comece de novo.",
        "en": "The time to enter the code is over. Start again.",
    }


class MfaAlreadyUsed(VisitRefused):
    status = 422
    code, title = "mfa_already_used", "Code used before"
    text, needs = "This code served the last visit; the bank needs a new one.", ActionKind.PROVIDE_MFA
    user_messages = {
        "pt-BR": "Este código já foi usado. Informe um código novo.",
        "en": "This code was used before. Enter a new one.",
    }


class ItemGone(VisitRefused):
    code, title = "item_gone", "Item gone"
    text, needs = "Pluggy no longer has the item of this connection. Its data is kept.", ActionKind.RECONNECT
    user_messages = {
        "pt-BR": "Esta conexão foi encerrada. Conecte o banco de novo.",
        "en": "This connection was closed. Connect the bank again.",
    }


class LoginAlreadyConnected(VisitRefused):
    code, title = "already_connected", "Already connected"
    text, needs = "Another connection holds this login: repair that one.", ActionKind.UPDATE_CREDENTIALS
    user_messages = {
        "pt-BR": "Você já conectou este acesso ao banco. Atualize a conexão que já existe.",
        "en": "You have connected this bank login already. Update the connection you have.",
    }


REFUSALS: Mapping[str, type[VisitRefused]] = {
    "ITEM_ALREADY_UPDATING": AlreadyUpdating,
    "ITEM_IS_ALREADY_UPDATING": AlreadyUpdating,
    "CLIENT_IS_UPDATING_BEFORE_ALLOWED_FREQUENCY": VisitedTooRecently,
    "TOO_MANY_CONSECUTIVE_LOGIN_FAILURES": LoginBackoff,
    TOO_MANY_ERRORS: ConnectionSuspended,
    "LAST_EXECUTION_HAD_LOGIN_ERROR": CredentialsNeeded,
    "PARAMETERS_NOT_PROVIDED": CredentialsNeeded,
    "ITEM_ORIGINAL_CONNECTED_WITH_DIFFERENT_ACCOUNT": OtherAccountUsed,
    "CLIENT_HAS_ITEM_UPDATES_DISABLED": UpdatesNotPossible,
    "SANDBOX_CLIENT_ITEM_UPDATE_NOT_ALLOWED": UpdatesNotPossible,
    "CREATE_ITEMS_API_FREE_DISABLED": WidgetNeeded,
    "ITEM_USER_ALREADY_EXISTS": LoginAlreadyConnected,
    "ITEM_CREATION_LIMIT_EXCEEDED": ConnectionLimitReached,
    "CONNECTOR_OFFLINE": InstitutionOffline,
    "MFA_PARAMERTER_WAS_ALREADY_USED_ERROR": MfaAlreadyUsed,
    "ITEM_MFA_ALREADY_PROVIDED": MfaNotAwaited,
    "ITEM_MFA_NOT_FOUND": MfaNotAwaited,
    "ITEM_MFA_EXPIRED": MfaExpired,
}
LASTING = frozenset({TOO_MANY_ERRORS, "CLIENT_HAS_ITEM_UPDATES_DISABLED", "SANDBOX_CLIENT_ITEM_UPDATE_NOT_ALLOWED"})
"""Refusals that hold for later visits too; the connection keeps them."""

_PARAMETERS = frozenset(
    {
        "CONNECTOR_VALIDATION_ERROR",
        "CONNECTOR_REQUIRED_PARAMETER_VALIDATION_ERROR",
        "ITEM_MFA_PARAMETER_EXPECTED_MISMATCH",
    }
)
_WORDS = {"001": REQUIRED, "003": DATE_NOT_TAKEN}


def refusal_of(error: PluggyRefused, *, pointer: str | None = None) -> AppError | None:
    """Return what the person is told; None for a refusal that is none of theirs (our credentials, a bug).

    `pointer` names the field when the request has a single one.
    """
    if error.code in _PARAMETERS:
        return InvalidRequest("The bank does not take these values.", errors=parameter_faults_of(error, pointer))
    if error.code == "MFA_PARAMERTER_WAS_ALREADY_USED_ERROR":
        words = Words(MfaAlreadyUsed.text, MfaAlreadyUsed.user_messages["pt-BR"], MfaAlreadyUsed.user_messages["en"])
        return MfaAlreadyUsed(errors=[fault("*", words, pointer=pointer or "/body")])
    kind = REFUSALS.get(error.code or "")
    if kind is not None:
        return kind(retry_at=error.allowed_at if isinstance(error, PluggyTooSoon) else None)
    if isinstance(error, PluggyNotFound):
        return ItemGone()
    return UpdatesNotPossible() if (error.status, error.code) == (400, None) else None


def unknown_products(error: PluggyRefused, products: Sequence[str]) -> InvalidRequest | None:
    """Return what to tell of a 400 without a code, when products were asked for: that is how Pluggy refuses a name.

    The names are Pluggy's and new ones come without notice, so no list of ours could tell.
    """
    if (error.status, error.code) != (400, None) or not products:
        return None
    fault = {"pointer": "/body/products", "detail": "Pluggy does not take these products; see the bank's `products`."}
    return InvalidRequest("The request does not validate.", errors=[fault])


def parameter_faults_of(error: PluggyRefused, pointer: str | None) -> list[Fault]:
    """Return Pluggy's verdict on parameters in our words."""
    found = [(detail.parameter, _WORDS.get(detail.code or "", NOT_TAKEN)) for detail in error.details]
    if not found:
        named = error.data.get("parameter")
        found = [(named if isinstance(named, str) else None, REQUIRED)]
    return [fault(name or "*", words, pointer=pointer) for name, words in found]
