"""Pages by key: a cursor holds the place after the last row of a page, and is good for that list only."""

import base64
import binascii
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

import msgspec

from app.errors import AppError
from app.vault import Vault

_PURPOSE = "cursor"
_TAG_BYTES = 16
_Place = TypeVar("_Place")
_Row = TypeVar("_Row")


class InvalidCursor(AppError):
    """The cursor was not made by this list: another filter, another owner, or altered."""

    status, code, title = 422, "invalid_cursor", "Invalid cursor"
    user_messages: ClassVar[dict[str, str]] = {
        "pt-BR": "A lista mudou. Abra-a de novo desde o começo.",
        "en": "The list has changed. Open it again from the start.",
    }

    def __init__(self) -> None:
        super().__init__("Use next_cursor as it was given, with the same filter, or none to start over.")


@dataclass(frozen=True, slots=True)
class Page:
    """What a caller asks of a list: at most `limit` rows after `cursor`.

    `binding` of its methods is whatever the cursor is good for: the owner, the list's name and the filter. It must
    be encodable by msgspec and equal in both calls.
    """

    limit: int
    cursor: str | None
    vault: Vault

    def place(self, kind: type[_Place], *, binding: Any) -> _Place | None:
        """Return the place to go on from (a NamedTuple `kind`), None for the first page. Raises InvalidCursor."""
        return None if self.cursor is None else read_cursor(self.vault, self.cursor, kind, binding=binding)

    def cut(
        self, rows: Sequence[_Row], place: Callable[[_Row], Any], *, binding: Any
    ) -> tuple[Sequence[_Row], str | None]:
        """Return the page's rows and its next cursor, from `limit` + 1 fetched rows (fewer on the last page)."""
        if len(rows) <= self.limit:
            return rows, None
        kept = rows[: self.limit]
        return kept, make_cursor(self.vault, place(kept[-1]), binding=binding)


def make_cursor(vault: Vault, place: Any, *, binding: Any) -> str:
    """Return an opaque, authenticated cursor for a place: a NamedTuple of days, instants, ids, numbers or texts."""
    packed = msgspec.msgpack.encode(place)
    tag = vault.fingerprint(_bound(packed, binding), purpose=_PURPOSE)
    return base64.urlsafe_b64encode(tag + packed).rstrip(b"=").decode()


def read_cursor(vault: Vault, cursor: str, kind: type[_Place], *, binding: Any) -> _Place:
    """Return the place in a cursor made with the same binding, under any live key. Raises InvalidCursor."""
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        tag, packed = raw[:_TAG_BYTES], raw[_TAG_BYTES:]
        expected = vault.fingerprints(_bound(packed, binding), purpose=_PURPOSE)
        if not any(hmac.compare_digest(tag, each) for each in expected):
            raise InvalidCursor
        return msgspec.msgpack.decode(packed, type=kind)
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        raise InvalidCursor from None


def _bound(packed: bytes, binding: Any) -> str:
    return (msgspec.msgpack.encode(binding) + b"\0" + packed).hex()
