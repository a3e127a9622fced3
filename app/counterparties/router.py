"""HTTP of counterparties."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from app.audit.service import record_act
from app.counterparties import service
from app.counterparties.errors import CounterpartyNotFound
from app.counterparties.models import Counterparty
from app.counterparties.schemas import CounterpartyDetailRead, CounterpartyRead
from app.dependencies import OwnerDep, PageDep, ResourcesDep, SessionDep
from app.pagination import InvalidCursor
from app.problems import problem_responses
from app.routing import make_router, requires
from app.schemas import Results
from app.transactions.payment import masked
from app.vault import Vault

router = make_router("counterparties")

_READ = requires("transactions:read")


@router.get(
    "/counterparties/",
    dependencies=[_READ],
    summary="List counterparties",
    responses=problem_responses(InvalidCursor),
)
async def list_counterparties(
    owner: OwnerDep,
    session: SessionDep,
    resources: ResourcesDep,
    page: PageDep,
    q: Annotated[
        str | None, Query(min_length=2, max_length=100, description="Only with this in the name, accents aside.")
    ] = None,
) -> Results[CounterpartyRead]:
    """Return whom the caller pays and is paid by, by name, documents masked."""
    binding = ("counterparties", owner.id, q)
    after = page.place(tuple[str, UUID], binding=binding)
    found = await service.list_page(session, owner.id, search=q, after=after, limit=page.limit + 1)
    rows, cursor = page.cut(found, lambda row: (row.name, row.id), binding=binding)
    return Results(results=[_shown(row, resources.vault, is_masked=True) for row in rows], next_cursor=cursor)


@router.get(
    "/counterparties/{counterparty_id}/",
    dependencies=[_READ],
    summary="Get a counterparty",
    responses=problem_responses(CounterpartyNotFound),
)
async def get_counterparty(
    counterparty_id: UUID, owner: OwnerDep, session: SessionDep, resources: ResourcesDep
) -> CounterpartyDetailRead:
    """Return one counterparty with what went to and came from it; its whole document to callers with `pii:read`."""
    row = await service.get(session, owner.id, counterparty_id)
    may_see = owner.may("pii:read")
    if may_see and row.document is not None:
        await record_act(session, "counterparty.document_read", actor=owner.actor, owner_id=owner.id, subject_id=row.id)
    shown = _shown(row, resources.vault, is_masked=not may_see)
    return CounterpartyDetailRead(**shown.model_dump(), totals=await service.totals(session, owner.id, row.id))


def _shown(row: Counterparty, vault: Vault, *, is_masked: bool) -> CounterpartyRead:
    document = service.open_document(row, vault)
    return CounterpartyRead(
        id=row.id,
        name=row.name,
        document_type=row.document_type,
        document=masked(document) if is_masked else document,
    )
