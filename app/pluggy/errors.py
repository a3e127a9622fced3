"""What can go wrong with a call, named after what the caller does about it.

Texts are safe to log and to show: they hold the method, the path, the status and Pluggy's symbolic code, never a
body, a key, a credential or Pluggy's own wording (which may repeat what a person typed).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple


class Detail(NamedTuple):
    """One refused parameter. `code`: 001 missing, 002 rule failed, 003 date rule failed."""

    parameter: str | None
    code: str | None
    message: str | None


class PluggyError(Exception):
    """Any failed call."""


class PluggyUnavailable(PluggyError):
    """No usable answer now: wait (`retry_after` seconds when known) and repeat.

    `code` is set when the institution behind Pluggy is what failed, as with a live balance.
    """

    def __init__(
        self, text: str, *, retry_after: float | None = None, status: int | None = None, code: str | None = None
    ) -> None:
        super().__init__(text)
        self.retry_after = retry_after
        self.status = status
        self.code = code


class PluggyRateLimited(PluggyUnavailable):
    """A limit is used up, Pluggy's or our own share of it. Not a failure of the work: repeat after `retry_after`."""


class PluggyUnreadable(PluggyUnavailable):
    """The body was not the JSON it should be: cut off, malformed, or of another content type."""


class PluggyUnexpected(PluggyError):
    """An answer outside the API's contract; repeating it will not help, a person must look."""


class PluggyBodyTooLarge(PluggyUnexpected):
    """The body passed the bound for one answer and was dropped unread."""


class PluggyEndlessList(PluggyUnexpected):
    """A list repeated a cursor or passed the bound of pages."""


class PluggyListMoved(PluggyError):
    """A numbered list changed its total between pages: read it again from its first page."""


class PluggyRefused(PluggyError):
    """Pluggy understood and said no: do not repeat the call as it is.

    `code` is Pluggy's symbolic `codeDescription` (None when it gave none), `details` the refused parameters, `data`
    its extra context. Both may repeat what a person typed: show them to that person, never log them.
    """

    def __init__(
        self,
        text: str,
        *,
        status: int,
        code: str | None = None,
        details: Sequence[Detail] = (),
        data: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(text)
        self.status = status
        self.code = code
        self.details = tuple(details)
        self.data = dict(data or {})


class PluggyAuthError(PluggyRefused):
    """Our credentials or a freshly renewed key were refused: an operator must act."""


class PluggyNotFound(PluggyRefused):
    """The thing does not exist, or no longer."""


class PluggyTooSoon(PluggyRefused):
    """The item may not be updated yet; what we hold counts as fresh. `allowed_at` is None when Pluggy did not say."""

    def __init__(self, text: str, *, allowed_at: datetime | None = None, **rest: Any) -> None:
        super().__init__(text, **rest)
        self.allowed_at = allowed_at


class PluggyAlreadyUpdating(PluggyRefused):
    """The item is being updated now: wait for that run."""


class PluggyItemExists(PluggyRefused):
    """An item with the same credentials exists; use one of `item_ids` (as Pluggy sent them, may be empty)."""

    def __init__(self, text: str, *, item_ids: Sequence[str] = (), **rest: Any) -> None:
        super().__init__(text, **rest)
        self.item_ids = tuple(item_ids)
