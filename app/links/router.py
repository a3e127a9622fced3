"""HTTP of links between transactions."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from app.dependencies import OwnerDep, PageDep, SessionDep
from app.links import service
from app.links.errors import LinkNotFound, TransactionAlreadyLinked
from app.links.models import LinkKind, LinkState
from app.links.schemas import TransferRead
from app.pagination import InvalidCursor
from app.problems import problem_responses
from app.routing import make_router, requires
from app.schemas import Results

router = make_router("transfers")

_READ, _WRITE = requires("transactions:read"), requires("transactions:write")


@router.get("/transfers/", dependencies=[_READ], summary="List transfers", responses=problem_responses(InvalidCursor))
async def list_transfers(
    owner: OwnerDep,
    session: SessionDep,
    page: PageDep,
    kind: Annotated[LinkKind | None, Query(description="Only of this kind.")] = None,
    status: Annotated[LinkState | None, Query(description="Only so: `suggested` waits for a person.")] = None,
) -> Results[TransferRead]:
    """Return pairs of transactions that belong together, the latest found first: own transfers, card payments and more.

    Each says what speaks for it. Equal amounts alone never do.
    """
    binding = ("transfers", owner.id, kind, status)
    before = page.place(UUID, binding=binding)
    found = await service.list_page(session, owner.id, kind=kind, state=status, before=before, limit=page.limit + 1)
    links, cursor = page.cut(found, lambda link: link.id, binding=binding)
    return Results(results=[TransferRead.model_validate(link) for link in links], next_cursor=cursor)


@router.get(
    "/transfers/{transfer_id}/",
    dependencies=[_READ],
    summary="Get a transfer",
    responses=problem_responses(LinkNotFound),
)
async def get_transfer(transfer_id: UUID, owner: OwnerDep, session: SessionDep) -> TransferRead:
    """Return one pair."""
    return TransferRead.model_validate(await service.get(session, owner.id, transfer_id))


@router.post(
    "/transfers/{transfer_id}/confirm/",
    dependencies=[_WRITE],
    summary="Confirm a transfer",
    responses=problem_responses(LinkNotFound, TransactionAlreadyLinked),
)
async def confirm_transfer(transfer_id: UUID, owner: OwnerDep, session: SessionDep) -> TransferRead:
    """Say that the two belong together: no machine ever undoes it. Both then count as no income and no spending."""
    return TransferRead.model_validate(await service.decide(session, owner.id, transfer_id, LinkState.CONFIRMED))


@router.post(
    "/transfers/{transfer_id}/reject/",
    dependencies=[_WRITE],
    summary="Reject a transfer",
    responses=problem_responses(LinkNotFound),
)
async def reject_transfer(transfer_id: UUID, owner: OwnerDep, session: SessionDep) -> TransferRead:
    """Say that the two do not belong together: the pair is never proposed again, and both count as any other."""
    return TransferRead.model_validate(await service.decide(session, owner.id, transfer_id, LinkState.REJECTED))
