"""Structured logs: one JSON object a line (readable text in development), redacted before it leaves (R63, R65)."""

import logging
import re
import sys
import traceback
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, TextIO

import msgspec
import structlog
from structlog.typing import EventDict, ExcInfo, Processor

from app.errors import AppError
from app.pluggy.errors import PluggyError
from app.settings import ServiceSettings

REDACTED: Final = "[redacted]"
_LOUD_LIBRARIES: Final = ("httpx", "httpcore", "sqlalchemy", "asyncio")
_SERVER_LOGGERS: Final = ("uvicorn", "uvicorn.error", "uvicorn.asgi", "arq", "arq.worker", "arq.jobs")

_SENSITIVE_KEY = re.compile(
    r"passw|secret|token|authoriz|api_?key|cpf|cnpj|document|credential|cookie|signature|userinfo"
    r"|(^|_)(number|parameters?|value|body|description|amount|balance|email|phone|mfa|otp|url)$",
    re.IGNORECASE,
)
# Each begins with characters that a search can skip to: a line is scrubbed in microseconds.
_SENSITIVE_TEXTS: Final = (
    re.compile(  # CPF, formatted; CPF and CNPJ as bare digits
        r"[0-9](?<![0-9A-Za-z].)(?:[0-9]{2}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}|[0-9]{10}(?:[0-9]{3})?)(?![0-9A-Za-z])"
    ),
    re.compile(  # CNPJ, formatted
        r"[0-9A-Z](?<![0-9A-Za-z].)[0-9A-Z]\.[0-9A-Z]{3}\.[0-9A-Z]{3}/[0-9A-Z]{4}-[0-9]{2}(?![0-9A-Za-z])"
    ),
    re.compile(  # JSON Web Token; API key of ours; user and password of a URL; credential of a header
        r"eyJ[\w-]+\.[\w-]+(?:\.[\w-]*)*|bk_[A-Za-z0-9_-]{6,}|://[^/\s@]+@"
        r"|[Bb](?:earer|EARER|asic|ASIC)\s+[A-Za-z0-9._~+/=-]+"
    ),
)
_SHORTEST_SECRET: Final = 8
_LONGEST_TRACE: Final = 200


def configure_logs(service: ServiceSettings, *, stream: TextIO | None = None) -> None:
    """Send every log of the process, libraries' included, through one redacted chain to `stream` (standard output)."""
    stream = stream or sys.stdout
    is_development = service.environment == "development"
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info if is_development else structlog.processors.ExceptionRenderer(_trace),
        redact,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer = _console(stream) if is_development else structlog.processors.JSONRenderer(serializer=_to_json)
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(service.log_level),
        logger_factory=structlog.WriteLoggerFactory(stream),
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_logger_name],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *shared, renderer],
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    _take_over(handler, service.log_level)


def _console(stream: TextIO) -> Processor:
    return structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback)


def _trace(exc_info: ExcInfo) -> str:
    """Return where an exception came from, causes included, without its text: that may repeat what a person typed."""
    lines: list[str] = []
    error: BaseException | None = exc_info[1]
    while error is not None and len(lines) < _LONGEST_TRACE:
        frames = traceback.extract_tb(error.__traceback__)
        lines += [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        lines.append(_name(error))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n".join(lines)


def _name(error: BaseException) -> str:
    if isinstance(error, AppError | PluggyError):  # their texts are written to be shown
        return f"{type(error).__name__}: {error}"
    sqlstate = getattr(getattr(error, "orig", error), "sqlstate", None)
    return f"{type(error).__name__} {sqlstate}" if sqlstate else type(error).__name__


def _to_json(event: Mapping[str, Any], **_: Any) -> str:
    return msgspec.json.encode(event, enc_hook=str).decode()


def _take_over(handler: logging.Handler, level: str) -> None:
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in _SERVER_LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = True
    for name in _LOUD_LIBRARIES:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    access = logging.getLogger("uvicorn.access")  # it prints whole query strings; `request_answered` replaces it
    access.handlers = []
    access.propagate = False


def redact(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Return the event without personal data and credentials: hidden by name, else cut out of texts by pattern."""
    return {key: REDACTED if _is_sensitive(key) else _scrub(value) for key, value in event.items()}


@lru_cache(maxsize=1024)
def _is_sensitive(key: str) -> bool:
    return _SENSITIVE_KEY.search(key) is not None


def _scrub(value: Any) -> Any:
    if isinstance(value, str):
        return _scrub_text(value)
    if isinstance(value, bool | int | float) or value is None:
        return value
    if isinstance(value, Mapping):
        return {str(key): REDACTED if _is_sensitive(str(key)) else _scrub(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_scrub(each) for each in value]
    return _scrub_text(str(value))


def _scrub_text(text: str) -> str:
    if len(text) >= _SHORTEST_SECRET:
        for pattern in _SENSITIVE_TEXTS:
            text = pattern.sub(REDACTED, text)
    return text
