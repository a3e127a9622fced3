"""Refusals that any route may answer; a slice's own are in its `errors.py`."""

from typing import Any, ClassVar

from app.errors import AppError


class InvalidRequest(AppError):
    """The request was understood and does not validate; `errors` says where."""

    status, code, title = 422, "invalid_request", "Invalid request"
    example: ClassVar[dict[str, Any]] = {
        "detail": "The request does not validate.",
        "errors": [{"pointer": "/query/limit", "detail": "Input should be less than or equal to 500."}],
    }
    user_messages: ClassVar[dict[str, str]] = {
        "pt-BR": "Confira os dados informados e tente de novo.",
        "en": "Check the data you entered and try again.",
    }


class MalformedRequest(AppError):
    """The body is not JSON."""

    status, code, title = 400, "malformed_request", "Malformed request"


class NotFound(AppError):
    """No such path. A slice has its own error for a row that is absent or another owner's."""

    status, code, title = 404, "not_found", "Not found"
    user_messages: ClassVar[dict[str, str]] = {
        "pt-BR": "Não encontramos o que você procura.",
        "en": "We could not find what you are looking for.",
    }


class MethodNotAllowed(AppError):
    """The path exists, the method does not."""

    status, code, title = 405, "method_not_allowed", "Method not allowed"


class PayloadTooLarge(AppError):
    """The body is longer than this path takes (R62)."""

    status, code, title = 413, "payload_too_large", "Payload too large"
    user_messages: ClassVar[dict[str, str]] = {
        "pt-BR": "O envio é grande demais.",
        "en": "What was sent is too large.",
    }


class UnsupportedMediaType(AppError):
    """The body is not declared as JSON."""

    status, code, title = 415, "unsupported_media_type", "Unsupported media type"


class TooManyRequests(AppError):
    """The caller asks more often than it may; `retry_at` says when it may again (R62)."""

    status, code, title = 429, "too_many_requests", "Too many requests"
    example: ClassVar[dict[str, Any]] = {
        "detail": "The limit is 240 requests a minute.",
        "action": "retry",
        "retry_at": "2026-03-04T11:03:00Z",
    }
    user_messages: ClassVar[dict[str, str]] = {
        "pt-BR": "Muitas tentativas em pouco tempo. Aguarde um minuto e tente de novo.",
        "en": "Too many attempts in a short time. Wait a minute and try again.",
    }


class RequestRefused(AppError):
    """Anything else that HTTP itself refuses."""

    status, code, title = 400, "bad_request", "Bad request"


class ServiceUnavailable(AppError):
    """A fault of our own that passes: the database is away, busy, or a wait was cut (R3)."""

    status, code, title = 503, "service_unavailable", "Service unavailable"
    example: ClassVar[dict[str, Any]] = {"action": "retry", "retry_at": "2026-03-04T11:02:35Z"}
    user_messages: ClassVar[dict[str, str]] = {
        "pt-BR": "O serviço está indisponível no momento. Tente de novo em instantes.",
        "en": "The service is unavailable right now. Try again in a moment.",
    }


class PluggyIsUnavailable(AppError):
    """Pluggy, or the bank behind it, gave no usable answer."""

    status, code, title = 503, "pluggy_unavailable", "Pluggy unavailable"
    example: ClassVar[dict[str, Any]] = ServiceUnavailable.example
    user_messages: ClassVar[dict[str, str]] = {
        "pt-BR": "A conexão com os bancos está indisponível no momento. Tente de novo em instantes.",
        "en": "The connection to the banks is unavailable right now. Try again in a moment.",
    }


class PluggyAuthFailed(AppError):
    """Our own credentials were refused: only an operator can help."""

    status, code, title = 502, "pluggy_auth_failed", "Pluggy refused the service's credentials"
    user_messages: ClassVar[dict[str, str]] = PluggyIsUnavailable.user_messages


class PluggyHasRefused(AppError):
    """Pluggy said no to a call, and repeating it will not help."""

    status, code, title = 502, "pluggy_refused", "Pluggy refused the request"


class InternalError(AppError):
    """A bug of ours; the log has the rest under the request id."""

    status, code, title = 500, "internal_error", "Internal error"
    user_messages: ClassVar[dict[str, str]] = {
        "pt-BR": "Algo deu errado do nosso lado. Tente de novo mais tarde.",
        "en": "Something went wrong on our side. Try again later.",
    }
