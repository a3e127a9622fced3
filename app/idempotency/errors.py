"""Refusals around `Idempotency-Key`."""

from datetime import timedelta
from typing import ClassVar

from app.clock import utc_now
from app.errors import AppError


class IdempotencyKeyReused(AppError):
    """The key came before, with another request."""

    status, code, title = 422, "idempotency_key_reused", "Idempotency key reused"

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key came with another request in the last 24 hours; use a new one.")


class RequestInFlight(AppError):
    """The first request with this key has no answer yet."""

    status, code, title = 409, "request_in_flight", "Request in flight"
    user_messages: ClassVar[dict[str, str]] = {
        "pt-BR": "Seu pedido ainda está sendo processado. Aguarde um instante.",
        "en": "Your request is still being processed. Wait a moment.",
    }

    def __init__(self) -> None:
        retry_at = utc_now() + timedelta(seconds=2)
        super().__init__("The first request with this Idempotency-Key is not over.", action="retry", retry_at=retry_at)
