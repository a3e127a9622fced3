"""What can be wrong with a delivery of Pluggy's."""

from app.errors import AppError


class WebhookNotProven(AppError):
    """No valid proof: counted, its body forgotten (R57). Pluggy does not send it again."""

    status, code, title = 401, "webhook_not_proven", "Webhook not proven"

    def __init__(self) -> None:
        super().__init__(
            "The delivery bears no valid proof: neither the secret header nor a signature of the raw body."
        )


class MalformedWebhook(AppError):
    """Proven, but not an event."""

    status, code, title = 400, "malformed_webhook", "Malformed webhook"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
