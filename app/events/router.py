"""HTTP of events."""

from typing import Annotated, Any

from fastapi import Depends, Header, Query, Request, Response

from app.clock import utc_now
from app.dependencies import OwnerDep, PageDep, ResourcesDep, SessionDep
from app.events import service
from app.events.hub import EventHub
from app.events.schemas import EventRead, StreamTicketRead
from app.events.stream import EventStream, follow
from app.events.tickets import make_ticket, use_ticket
from app.events.types import EVENT_TYPES
from app.http import API_ROOT
from app.http_errors import ServiceUnavailable, TooManyRequests
from app.owners.errors import InvalidToken
from app.owners.principal import Principal
from app.pagination import InvalidCursor
from app.problems import problem_responses
from app.routing import make_router, public, requires
from app.schemas import Results

router = make_router("events")

_MAX_SEQUENCE = 2**63 - 1
_BROWSER_PATH = "/events/stream/browser/"
_STREAM_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Frames with `id` (the sequence), `event` (the type) and `data` (the event as in `events/`).",
        "content": {
            "text/event-stream": {
                "schema": {"type": "string"},
                "example": "event: sync.completed\ndata: {...}\nid: 4127\n\n",
            }
        },
    }
}

TypeQuery = Annotated[
    str | None,
    Query(alias="type", max_length=64, description="Only events of this type.", examples=list(EVENT_TYPES)),
]


async def get_hub(request: Request) -> EventHub:
    """Return the process's hub, made at its first stream."""
    state = request.app.state
    hub: EventHub | None = getattr(state, "event_hub", None)
    if hub is None or hub.resources is not state.resources:
        hub = state.event_hub = EventHub(state.resources)
    return hub


class Start:
    """Where a stream begins."""

    def __init__(
        self,
        hub: Annotated[EventHub, Depends(get_hub)],
        event_type: TypeQuery = None,
        after_sequence: Annotated[
            int | None, Query(ge=0, le=_MAX_SEQUENCE, description="Begin after this event; without it, now.")
        ] = None,
        last_event_id: Annotated[
            int | None,
            Header(ge=0, le=_MAX_SEQUENCE, description="Go on after this one; wins over `after_sequence`."),
        ] = None,
    ) -> None:
        self._hub, self._event_type = hub, event_type
        self._after = after_sequence if last_event_id is None else last_event_id

    async def open(self, principal: Principal) -> EventStream:
        """Return the stream. Raises InvalidCursor for a place that lies ahead, TooManyRequests."""
        self._hub.admit(principal.id)
        async with self._hub.reading(principal.id) as session:
            current = await service.current_place(session, principal.id)
        after = current if self._after is None else self._after
        if after > current:
            raise InvalidCursor
        return EventStream(follow(self._hub, principal, after_sequence=after, event_type=self._event_type))


StartDep = Annotated[Start, Depends()]


@router.get(
    "/events/",
    dependencies=[requires("connections:read")],
    summary="List events",
    responses=problem_responses(InvalidCursor),
)
async def list_events(
    owner: OwnerDep,
    session: SessionDep,
    page: PageDep,
    event_type: TypeQuery = None,
    after_sequence: Annotated[
        int, Query(ge=0, le=_MAX_SEQUENCE, description="Only events after this one: go on where you stopped.")
    ] = 0,
) -> Results[EventRead]:
    """Return what happened to the caller's data, oldest first; nothing is missed or comes late.

    To follow along, remember the `sequence` of the last event you handled and send it as `after_sequence`.
    """
    binding = ("events", owner.id, event_type, after_sequence)
    after = page.place(tuple[int], binding=binding)
    found = await service.list_page(
        session,
        owner.id,
        after_sequence=after[0] if after else after_sequence,
        event_type=event_type,
        limit=page.limit + 1,
    )
    rows, cursor = page.cut(found, lambda row: (row.sequence,), binding=binding)
    return Results(results=[EventRead.model_validate(row) for row in rows], next_cursor=cursor)


@router.get(
    "/events/stream/",
    dependencies=[requires("connections:read")],
    summary="Follow events live",
    response_class=EventStream,
    status_code=200,  # FastAPI can't read it off EventStream
    responses={**_STREAM_ANSWER, **problem_responses(InvalidCursor, TooManyRequests, ServiceUnavailable)},
)
async def stream_events(owner: OwnerDep, start: StartDep) -> Response:
    """Return the caller's events as they happen, as server-sent events; nothing is missed between two streams.

    A comment comes every 15 seconds of silence. The stream ends after about ten minutes, and whenever a client reads
    too slowly: open it again with `Last-Event-ID`, as every client of server-sent events does by itself.
    """
    return await start.open(owner)


@router.post(
    "/events/stream/ticket/",
    dependencies=[requires("connections:read", repeats_because="a ticket is good for one stream")],
    summary="Get a ticket for a stream",
)
async def create_stream_ticket(owner: OwnerDep, resources: ResourcesDep) -> StreamTicketRead:
    """Return a ticket with which a browser's `EventSource`, which can't send a token, opens one stream within a minute.

    When that stream ends, get another ticket and go on with `after_sequence`.
    """
    ticket, expires_at = make_ticket(resources.vault, owner, now=utc_now())
    path = f"{API_ROOT.rstrip('/')}{_BROWSER_PATH}?ticket={ticket}"
    return StreamTicketRead(ticket=ticket, expires_at=expires_at, path=path)


@router.get(
    _BROWSER_PATH,
    dependencies=[public("a browser's EventSource can't send a token; the ticket says who asks")],
    summary="Follow events live in a browser",
    response_class=EventStream,
    status_code=200,  # FastAPI can't read it off EventStream
    responses={
        **_STREAM_ANSWER,
        **problem_responses(InvalidToken, InvalidCursor, TooManyRequests, ServiceUnavailable),
    },
)
async def stream_events_to_browser(
    resources: ResourcesDep,
    start: StartDep,
    ticket: Annotated[str, Query(min_length=1, max_length=2048, description="From `events/stream/ticket/`.")],
) -> Response:
    """Return what `events/stream/` does, to whoever holds the ticket, once."""
    principal = await use_ticket(resources, ticket, now=utc_now())
    return await start.open(principal)
