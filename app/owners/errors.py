"""Refusals of a caller."""

from typing import ClassVar

from app.errors import AppError
from app.owners.principal import Scope


class NotAuthenticated(AppError):
    """There is no bearer token."""

    status, code, title = 401, "not_authenticated", "Not authenticated"
    user_messages: ClassVar[dict[str, str]] = {
        "pt-BR": "Entre na sua conta para continuar.",
        "en": "Sign in to continue.",
    }
    headers: ClassVar[dict[str, str]] = {"WWW-Authenticate": "Bearer"}

    def __init__(self) -> None:
        super().__init__("Send a token as Authorization: Bearer.", action="sign_in")


class InvalidToken(AppError):
    """The token was refused; `reason` says why without repeating any of it."""

    status, code, title = 401, "invalid_token", "Invalid token"
    user_messages: ClassVar[dict[str, str]] = {
        "pt-BR": "Sua sessão expirou ou não é válida. Entre de novo.",
        "en": "Your session has expired or is not valid. Sign in again.",
    }
    headers: ClassVar[dict[str, str]] = {"WWW-Authenticate": 'Bearer error="invalid_token"'}

    def __init__(self, reason: str) -> None:
        super().__init__(reason, action="sign_in")


class InsufficientScope(AppError):
    """The caller is known, and may not do this."""

    status, code, title = 403, "insufficient_scope", "Insufficient scope"
    user_messages: ClassVar[dict[str, str]] = {
        "pt-BR": "Seu acesso não permite esta operação.",
        "en": "Your access does not allow this operation.",
    }

    def __init__(self, scope: Scope) -> None:
        super().__init__(f"This needs the scope {scope}.")
        self.headers = {"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'}


class OwnerNotNamed(AppError):
    """A key for all owners came without saying for which one."""

    status, code, title = 422, "owner_not_named", "Owner not named"

    def __init__(self) -> None:
        fault = {"pointer": "/header/Banking-Owner", "detail": "This is required."}
        super().__init__("This API key is for all owners: name one in the header Banking-Owner.", errors=[fault])


class OwnerNotFound(AppError):
    """The owner that is named does not exist, or the caller doesn't act for it."""

    status, code, title = 404, "owner_not_found", "Owner not found"

    def __init__(self) -> None:
        super().__init__("There is no such owner.")


class IdentityProviderUnavailable(AppError):
    """No key of the identity provider is at hand, so that no token can be judged."""

    status, code, title = 503, "identity_provider_unavailable", "Identity provider unavailable"
    user_messages: ClassVar[dict[str, str]] = {
        "pt-BR": "Não foi possível confirmar seu acesso agora. Tente de novo em instantes.",
        "en": "Your access could not be confirmed right now. Try again in a moment.",
    }
    headers: ClassVar[dict[str, str]] = {"Retry-After": "5"}

    def __init__(self) -> None:
        super().__init__("The keys of the identity provider could not be read.", action="retry")
