"""How Pluggy's JSON becomes values: exact decimals, aware instants, camelCase, unknown fields ignored."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Final, TypeVar

import msgspec

T = TypeVar("T")

# Where the API always writes the zone and speed counts: decoded by msgspec itself.
Timestamp = Annotated[datetime, msgspec.Meta(tz=True)]

UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What a bare decoder raises for a record that is malformed or of another shape."""

MAX_MAGNITUDE: Final = 30  # powers of ten; writing out 1E+999999999 would take a gigabyte


class Instant(datetime):
    """An aware instant, read from any form the API writes: with a zone, without one, or a date alone (then UTC)."""


class Wire(msgspec.Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """A JSON object of the API. Every field but the key may be absent or null."""


class Priced(Wire, frozen=True):
    """An object with amounts. One that is not a usable number (R29) refuses the object."""

    def __post_init__(self) -> None:
        for value in msgspec.structs.astuple(self):
            if type(value) is Decimal:
                _require_usable(value)


def _require_usable(number: Decimal) -> None:
    """Raise ValueError for NaN, infinity and absurd exponents."""
    if not (number.is_finite() and -MAX_MAGNITUDE <= number.adjusted() <= MAX_MAGNITUDE):
        raise ValueError("Expected a usable number")


def decode_as(body: bytes | msgspec.Raw, kind: type[T]) -> T:
    """One JSON value as `kind`. Raises msgspec.ValidationError for a wrong shape, msgspec.DecodeError for bad JSON."""
    try:
        return _decode(body, kind)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        text = bytes(body)
        repaired = _repair(text)
        if repaired == text:
            raise
        return _decode(repaired, kind)


def _decode(body: bytes | msgspec.Raw, kind: type[T]) -> T:
    try:
        return decoder_of(kind).decode(body)
    except (UnicodeDecodeError, RecursionError) as problem:  # their texts would quote the body
        raise msgspec.DecodeError(f"Malformed JSON ({type(problem).__name__})") from None


_DECODERS: dict[Any, msgspec.json.Decoder[Any]] = {}


def decoder_of(kind: type[T]) -> msgspec.json.Decoder[T]:
    """The one decoder of a type; untyped numbers become Decimal, never float."""
    if kind not in _DECODERS:
        _DECODERS[kind] = msgspec.json.Decoder(kind, dec_hook=_read_custom, float_hook=Decimal)
    return _DECODERS[kind]


def _read_custom(kind: type, value: Any) -> Any:
    if kind is not Instant:
        raise NotImplementedError(kind.__name__)
    return read_instant(value, kind)


def read_instant(text: str, kind: type[datetime] = datetime) -> datetime:
    """The instant in any form the API writes it, as for `Instant`. Raises ValueError."""
    try:
        instant = kind.fromisoformat(text)
    except (TypeError, ValueError):
        raise ValueError("Expected a date") from None  # the cause would repeat the value
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


_STRING_OR_CONSTANT: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|-?(?:NaN|Infinity)', re.DOTALL)
_PAIR_OR_ESCAPE: Final = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\."
)


def _repair(body: bytes) -> bytes:
    """`body` without two things that would make a whole page unreadable for the sake of one record.

    Bare NaN and Infinity become strings, which an amount then refuses (R29); half of a surrogate pair, left where a
    text was cut inside an emoji, becomes the replacement character.
    """
    return _STRING_OR_CONSTANT.sub(_repair_token, body)


def _repair_token(found: re.Match[bytes]) -> bytes:
    token = found[0]
    if not token.startswith(b'"'):
        return b'"' + token + b'"'
    return _PAIR_OR_ESCAPE.sub(lambda escape: rb"\ufffd" if escape[1] else escape[0], token)
