"""The edge's part of `Idempotency-Key`: from a request to its one answer."""

import hashlib
import re
from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import Response

from app.database import in_transaction
from app.http_errors import InvalidRequest
from app.idempotency import service
from app.idempotency.service import Answer
from app.owners.principal import Principal
from app.resources import Resources

log = structlog.get_logger()

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotent-Replayed"
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")
_KEPT_HEADERS: Final = ("content-type", "location", "etag")


async def answer_once(request: Request, handle: Callable[[Request], Awaitable[Response]]) -> Response:
    """Return the answer of the first request with this key, whether it is given now or was given before.

    Only successes are kept: what was refused had no effect, and what failed may be tried again. If the process dies
    in between, the same request is done anew after two minutes. Raises RequestInFlight, IdempotencyKeyReused.
    """
    resources: Resources = request.app.state.resources
    principal: Principal = request.state.principal
    key = f"{principal.actor} {_key(request)}"
    told = await _fingerprint(request)
    begun = await in_transaction(
        resources.sessions,
        principal.id,
        lambda session: service.begin(session, resources.vault, principal.id, key=key, request=told),
    )
    if isinstance(begun, Answer):
        return Response(begun.body, begun.status, {**begun.headers, REPLAYED: "true"})
    try:
        response = await handle(request)
    except Exception:
        await _settle(resources, principal.id, begun, None)
        raise
    await _settle(resources, principal.id, begun, _kept(response))
    return response


def _key(request: Request) -> str:
    given = request.headers.getlist(HEADER)
    if len(given) != 1 or not _KEY.fullmatch(given[0]):
        fault = {"pointer": f"/header/{HEADER}", "detail": "This must be 1 to 255 visible ASCII characters, once."}
        raise InvalidRequest("The request does not validate.", errors=[fault])
    return given[0]


async def _fingerprint(request: Request) -> str:
    digest = hashlib.sha256(await request.body())
    return f"{request.method} {request.url.path} {request.url.query} {digest.hexdigest()}"


def _kept(response: Response) -> Answer | None:
    if not 200 <= response.status_code < 300:
        return None
    headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    return Answer(response.status_code, headers, bytes(response.body))


async def _settle(resources: Resources, owner_id: UUID, claim_id: UUID, answer: Answer | None) -> None:
    try:
        if answer is None:
            await in_transaction(
                resources.sessions, owner_id, lambda session: service.release(session, owner_id, claim_id)
            )
        else:
            await in_transaction(
                resources.sessions,
                owner_id,
                lambda session: service.keep(session, resources.vault, owner_id, claim_id, answer),
            )
    except (SQLAlchemyError, OSError) as error:  # the request itself is over: its answer must not suffer
        log.warning("answer_not_kept", error=type(error).__name__)
