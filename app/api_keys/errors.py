"""Refusals around API keys."""

from typing import ClassVar
from uuid import UUID

from app.errors import AppError


class ApiKeyNotFound(AppError):
    """No such key, or another owner's, or revoked."""

    status, code, title = 404, "api_key_not_found", "API key not found"
    user_messages: ClassVar[dict[str, str]] = {
        "pt-BR": "Não encontramos esta chave de API.",
        "en": "We could not find this API key.",
    }

    def __init__(self, key_id: UUID) -> None:
        super().__init__(f"There is no API key {key_id}.")


class TooManyApiKeys(AppError):
    """The owner has as many keys as an owner may have."""

    status, code, title = 409, "too_many_api_keys", "Too many API keys"
    user_messages: ClassVar[dict[str, str]] = {
        "pt-BR": "O limite de chaves de API foi atingido. Revogue uma que não usa mais.",
        "en": "The limit of API keys is reached. Revoke one that you no longer use.",
    }

    def __init__(self, limit: int) -> None:
        super().__init__(f"There are {limit} API keys already; revoke one first.")
