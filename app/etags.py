"""`ETag` of single resources and `If-Match` of their changes: nobody overwrites what they have not seen."""

import hashlib
from typing import Annotated, Any, ClassVar, Final
from uuid import UUID

from fastapi import Depends, Header
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from app.changes import hold_changes
from app.errors import AppError

WITH_ETAG: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "headers": {
            "ETag": {
                "description": "The version of the resource: send it as `If-Match` with a change, where it can be "
                "changed; a weak one (`W/`) as `If-None-Match` when you ask again.",
                "schema": {"type": "string", "examples": ['"4127"']},
            }
        }
    }
}
"""A part of a route's `responses`."""


class PreconditionFailed(AppError):
    """The resource has changed since the caller read it."""

    status, code, title = 412, "precondition_failed", "Precondition failed"
    user_messages: ClassVar[dict[str, str]] = {
        "pt-BR": "Os dados mudaram enquanto você editava. Confira-os e tente de novo.",
        "en": "The data changed while you were editing. Check it and try again.",
    }

    def __init__(self) -> None:
        super().__init__("The resource is not in the version that If-Match names; read it again.", action="reload")


def etag_of(change_number: int) -> str:
    """Return the ETag of a row: the number of its last change."""
    return f'"{change_number}"'


def tagged(request: Request, response: Response) -> Response:
    """Return the answer of a single resource with an ETag: its route's own, else a weak one of the body.

    A caller that has that body already (`If-None-Match`) is told so by a 304 without one.
    """
    body = getattr(response, "body", None)
    if response.status_code != 200 or body is None or "etag" in response.headers:
        return response
    tag = f'W/"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    known = {each.strip() for each in request.headers.get("if-none-match", "").split(",")}
    if known & {tag, "*"}:
        return Response(status_code=304, headers={"ETag": tag})
    response.headers["ETag"] = tag
    return response


class IfMatch:
    """What the caller demands of the version it changes; without the header nothing."""

    def __init__(self, header: str | None) -> None:
        self._wanted = None if header is None else {tag.strip() for tag in header.split(",")}

    async def hold(self, session: AsyncSession, owner_id: UUID) -> None:
        """Keep the owner's rows as they are until the transaction ends. Before the row is read."""
        if self._wanted is not None:
            await hold_changes(session, owner_id)

    def check(self, change_number: int) -> None:
        """Raises PreconditionFailed unless the row's version is one of those that are wanted."""
        if self._wanted is not None and not self._wanted & {"*", etag_of(change_number)}:
            raise PreconditionFailed


def get_if_match(
    if_match: Annotated[
        str | None, Header(max_length=1024, description="Change only this version: the `ETag` as it was given.")
    ] = None,
) -> IfMatch:
    """Return what the request demands."""
    return IfMatch(if_match)


IfMatchDep = Annotated[IfMatch, Depends(get_if_match)]
