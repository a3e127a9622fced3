"""HTTP of transactions."""

from datetime import date, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from app.audit.service import record_act
from app.clock import utc_now
from app.dependencies import OwnerDep, PageDep, ResourcesDep, SessionDep
from app.etags import WITH_ETAG, etag_of
from app.freshness import freshness_of
from app.pagination import InvalidCursor
from app.problems import problem_responses
from app.routing import make_router, requires
from app.schemas import Results
from app.transactions import service
from app.transactions.errors import TransactionNotFound
from app.transactions.filters import TransactionFilter
from app.transactions.lines import TransactionPage, encode_page
from app.transactions.schemas import RevisionRead, TransactionDetailRead, TransactionRead
from app.transactions.shown import shown, shown_revision

router = make_router("transactions")

_READ = requires("transactions:read")


@router.get(
    "/transactions/",
    dependencies=[_READ],
    summary="List transactions",
    response_model=Results[TransactionRead],
    responses=problem_responses(InvalidCursor),
)
async def list_transactions(
    owner: OwnerDep, resources: ResourcesDep, page: PageDep, asked: Annotated[TransactionFilter, Query()]
) -> Response:
    """Return the caller's transactions, newest first; those of hidden accounts too.

    Pages stay whole while rows arrive: nothing is left out or shown twice on the way down, newer rows wait above. An
    `account_id` or `connection_id` of somebody else, or of nothing, gives an empty list.
    """
    binding = ("transactions", owner.id, asked.model_dump(exclude_none=True))
    after = page.place(tuple[date, UUID], binding=binding)
    found = await service.list_page(resources.engine, owner.id, asked, after=after, limit=page.limit + 1)
    lines, cursor = page.cut(found, lambda line: (line.date, line.id), binding=binding)
    return Response(encode_page(TransactionPage(lines, cursor)), media_type="application/json")


@router.get(
    "/transactions/{transaction_id}/",
    dependencies=[_READ],
    summary="Get a transaction",
    responses={**WITH_ETAG, **problem_responses(TransactionNotFound)},
)
async def get_transaction(
    transaction_id: UUID, owner: OwnerDep, session: SessionDep, resources: ResourcesDep, response: Response
) -> TransactionDetailRead:
    """Return one transaction with all that is known of it; documents whole to callers with `pii:read`."""
    found = await service.get(session, owner.id, transaction_id)
    response.headers["ETag"] = etag_of(found.transaction.change_number)
    may_see_all = owner.may("pii:read")
    if may_see_all:
        await record_act(
            session,
            "transaction.documents_read",
            actor=owner.actor,
            owner_id=owner.id,
            subject_id=transaction_id,
        )
    interval = timedelta(hours=resources.settings.sync.auto_sync_interval_hours)
    return shown(
        found.transaction,
        connection_id=found.connection.id,
        freshness=freshness_of(found.connection, interval=interval, now=utc_now()),
        vault=resources.vault,
        is_masked=not may_see_all,
    )


@router.get(
    "/transactions/{transaction_id}/history/",
    dependencies=[_READ],
    summary="List what became of a transaction",
    responses=problem_responses(TransactionNotFound, InvalidCursor),
)
async def list_transaction_history(
    transaction_id: UUID, owner: OwnerDep, session: SessionDep, page: PageDep
) -> Results[RevisionRead]:
    """Return each change that the bank or the owner made to the transaction, newest first."""
    binding = ("transaction_history", owner.id, transaction_id)
    after = page.place(tuple[int, UUID], binding=binding)
    found = await service.list_revisions(session, owner.id, transaction_id, after=after, limit=page.limit + 1)
    rows, cursor = page.cut(found, lambda row: (row.change_number, row.id), binding=binding)
    return Results(results=[shown_revision(row) for row in rows], next_cursor=cursor)
