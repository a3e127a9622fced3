"""The root of errors that a client may see; each slice has its own in its `errors.py`."""

from datetime import datetime
from typing import Any, ClassVar


class AppError(Exception):
    """A refusal with a stable code. Its text names the thing and is safe to show.

    `user_messages` holds what a person may be told, by language; `action` what to do next, `retry_at` from when.
    """

    status: ClassVar[int] = 400
    code: ClassVar[str] = "bad_request"
    title: ClassVar[str] = "Bad request"
    user_messages: ClassVar[dict[str, str]] = {
        "pt-BR": "Não foi possível concluir a operação.",
        "en": "The request could not be completed.",
    }

    example: ClassVar[dict[str, Any]] = {}
    """What the documentation shows of it besides: `detail`, `action`, `retry_at`, `errors`."""

    def __init__(
        self,
        detail: str,
        *,
        action: str | None = None,
        retry_at: datetime | None = None,
        errors: list[dict[str, Any]] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.action = action
        self.retry_at = retry_at
        self.errors = errors or []
