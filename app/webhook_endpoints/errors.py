"""Refusals around webhook endpoints."""

from typing import ClassVar
from uuid import UUID

from app.errors import AppError


class WebhookEndpointNotFound(AppError):
    """No such endpoint, or another owner's."""

    status, code, title = 404, "webhook_endpoint_not_found", "Webhook endpoint not found"
    user_messages: ClassVar[dict[str, str]] = {
        "pt-BR": "Não encontramos este endereço de webhook.",
        "en": "We could not find this webhook endpoint.",
    }

    def __init__(self, endpoint_id: UUID) -> None:
        super().__init__(f"There is no webhook endpoint {endpoint_id}.")


class WebhookDeliveryNotFound(AppError):
    """The endpoint has no such delivery."""

    status, code, title = 404, "webhook_delivery_not_found", "Webhook delivery not found"
    user_messages: ClassVar[dict[str, str]] = {
        "pt-BR": "Não encontramos este envio.",
        "en": "We could not find this delivery.",
    }

    def __init__(self, delivery_id: UUID) -> None:
        super().__init__(f"There is no delivery {delivery_id} to this endpoint.")


class TooManyWebhookEndpoints(AppError):
    """The owner has as many endpoints as an owner may have."""

    status, code, title = 409, "too_many_webhook_endpoints", "Too many webhook endpoints"
    user_messages: ClassVar[dict[str, str]] = {
        "pt-BR": "O limite de endereços de webhook foi atingido. Exclua um que não usa mais.",
        "en": "The limit of webhook endpoints is reached. Delete one that you no longer use.",
    }

    def __init__(self, limit: int) -> None:
        super().__init__(f"There are {limit} webhook endpoints already; delete one first.")


class WebhookEndpointDisabled(AppError):
    """Nothing is sent to a disabled endpoint."""

    status, code, title = 409, "webhook_endpoint_disabled", "Webhook endpoint disabled"
    user_messages: ClassVar[dict[str, str]] = {
        "pt-BR": "Este endereço de webhook está desativado. Ative-o e tente de novo.",
        "en": "This webhook endpoint is disabled. Enable it and try again.",
    }

    def __init__(self, endpoint_id: UUID) -> None:
        super().__init__(f"The webhook endpoint {endpoint_id} is disabled; enable it first.", action="enable")
