"""HTTP of events."""

from typing import Annotated

from fastapi import Query

from app.dependencies import OwnerDep, PageDep, SessionDep
from app.events import service
from app.events.schemas import EventRead
from app.events.types import EVENT_TYPES
from app.pagination import InvalidCursor
from app.problems import problem_responses
from app.routing import make_router, requires
from app.schemas import Results

router = make_router("events")

_MAX_SEQUENCE = 2**63 - 1


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
    event_type: Annotated[
        str | None,
        Query(alias="type", max_length=64, description="Only events of this type.", examples=list(EVENT_TYPES)),
    ] = None,
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
