"""HTTP of transactions."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, NamedTuple
from uuid import UUID

from fastapi import Query, Response

from app.audit.service import record_act
from app.categories import service as categories
from app.categories.errors import UnknownCategory
from app.category_rules import service as rules
from app.category_rules.schemas import RuleSuggestions
from app.category_rules.shown import suggestion_of
from app.clock import utc_now
from app.dependencies import OwnerDep, PageDep, ResourcesDep, SessionDep
from app.etags import WITH_ETAG, IfMatchDep, PreconditionFailed, etag_of
from app.freshness import freshness_of
from app.owners.principal import Principal
from app.pagination import InvalidCursor, make_cursor
from app.problems import problem_responses
from app.rates import Rate
from app.resources import Resources
from app.routing import make_router, requires
from app.schemas import Results
from app.sync import service as syncs
from app.sync.errors import SyncRunNotFound
from app.transactions import service
from app.transactions.errors import CursorExpired, SomeTransactionsNotFound, TooManyTransactions, TransactionNotFound
from app.transactions.explanation import explain
from app.transactions.filters import TransactionQuery
from app.transactions.lines import ChangesPage, TransactionLine, TransactionPage, encode_page
from app.transactions.queries import TransactionOfConnection
from app.transactions.schemas import (
    BulkCategorization,
    BulkCategorizationRead,
    CategoryExplanation,
    ChangesRead,
    RevisionRead,
    RunRevisionRead,
    TransactionDetailRead,
    TransactionRead,
    TransactionUpdate,
)
from app.transactions.shown import shown, shown_revision, shown_run_revision

router = make_router("transactions")

_READ = requires("transactions:read")
_FEED_REACH = timedelta(days=90)


_Place = tuple[date | Decimal, UUID]


class _FeedPlace(NamedTuple):
    """How far a client has come in the feed; `caught_up_at` is when it last had all there was, or began."""

    change_number: int
    id: UUID
    caught_up_at: datetime


@router.get(
    "/transactions/",
    dependencies=[_READ],
    summary="List transactions",
    response_model=Results[TransactionRead],
    responses=problem_responses(InvalidCursor),
)
async def list_transactions(
    owner: OwnerDep, resources: ResourcesDep, page: PageDep, asked: Annotated[TransactionQuery, Query()]
) -> Response:
    """Return the caller's transactions, newest first unless `sort` says else; those of hidden accounts too.

    Pages stay whole while rows arrive: nothing is left out or shown twice on the way down, newer rows wait above. An
    `account_id` or `connection_id` of somebody else, or of nothing, gives an empty list.
    """
    binding = ("transactions", owner.id, asked.model_dump(exclude_none=True))
    by_amount = asked.sort.endswith("amount")
    after: _Place | None
    if by_amount:
        after = page.place(tuple[Decimal, UUID], binding=binding)
    else:
        after = page.place(tuple[date, UUID], binding=binding)
    found = await service.list_page(
        resources.engine, owner.id, asked, sort=asked.sort, after=after, limit=page.limit + 1
    )
    lines, cursor = page.cut(found, _by_amount if by_amount else _by_day, binding=binding)
    return Response(encode_page(TransactionPage(lines, cursor)), media_type="application/json")


@router.get(
    "/transactions/changes/",
    dependencies=[_READ],
    summary="Follow what changes",
    response_model=ChangesRead,
    responses=problem_responses(InvalidCursor, CursorExpired),
)
async def list_transaction_changes(owner: OwnerDep, session: SessionDep, page: PageDep) -> Response:
    """Return what changed since the cursor, in the order it became visible: nothing is missed, whatever runs meanwhile.

    Without a cursor it begins with all there is. Keep `next_cursor` once what it came with is stored; call again at
    once while `has_more`, else whenever `transactions.changed` is heard of or time has passed. A cursor is good for
    90 days, as long as removed rows are kept; after that begin again without one.
    """
    binding, now = ("transaction_changes", owner.id), utc_now()
    number, row_id, caught_up_at = page.place(_FeedPlace, binding=binding) or _FeedPlace(0, UUID(int=0), now)
    if caught_up_at < now - _FEED_REACH:
        raise CursorExpired(_FEED_REACH.days)
    changed = await service.list_changes(session, owner.id, after=(number, row_id), limit=page.limit)
    place = _FeedPlace(*changed.place, caught_up_at if changed.has_more else now)
    told = ChangesPage(
        changed.added,
        changed.modified,
        changed.removed,
        next_cursor=make_cursor(page.vault, place, binding=binding),
        has_more=changed.has_more,
    )
    return Response(encode_page(told), media_type="application/json")


@router.post(
    "/transactions/bulk_categorize/",
    dependencies=[requires("transactions:write", rate=Rate.COSTLY)],
    summary="Categorize many transactions",
    responses=problem_responses(SomeTransactionsNotFound, TooManyTransactions, UnknownCategory),
)
async def bulk_categorize_transactions(
    asked: BulkCategorization, owner: OwnerDep, session: SessionDep
) -> BulkCategorizationRead:
    """Put transactions into a category on the owner's behalf: up to 10,000 by their ids, up to 50,000 by a filter.

    All or nothing: an id that is not the caller's changes nothing at all. Try a filter with `dry_run` first.
    """
    await categories.check(session, owner.id, asked.category_id, pointer="/body/category_id")
    count = await service.categorise(
        session,
        owner.id,
        ids=asked.ids,
        asked=asked.filter,
        category_id=asked.category_id,
        dry_run=asked.dry_run,
    )
    return BulkCategorizationRead(
        matched=count.matched, changed=count.changed, recategorized=count.recategorised, dry_run=asked.dry_run
    )


@router.patch(
    "/transactions/{transaction_id}/",
    dependencies=[requires("transactions:write")],
    summary="Annotate a transaction",
    responses={**WITH_ETAG, **problem_responses(TransactionNotFound, UnknownCategory, PreconditionFailed)},
)
async def update_transaction(
    transaction_id: UUID,
    changes: TransactionUpdate,
    owner: OwnerDep,
    session: SessionDep,
    resources: ResourcesDep,
    if_match: IfMatchDep,
    response: Response,
) -> TransactionDetailRead:
    """Set the category, the note and the tags of a transaction, or leave it out of sums.

    No sync and no rule ever undoes any of it. Null takes it back.
    """
    await if_match.hold(session, owner.id)
    if_match.check((await service.get(session, owner.id, transaction_id)).transaction.change_number)
    await categories.check(session, owner.id, changes.category_id, pointer="/body/category_id")
    found = await service.annotate(session, owner.id, transaction_id, changes.model_dump(exclude_unset=True))
    return _shown(found, owner, resources, response)


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
    if owner.may("pii:read"):
        await record_act(
            session,
            "transaction.documents_read",
            actor=owner.actor,
            owner_id=owner.id,
            subject_id=transaction_id,
        )
    return _shown(found, owner, resources, response)


@router.get(
    "/transactions/{transaction_id}/explain/",
    dependencies=[_READ],
    summary="Explain a transaction's category",
    responses=problem_responses(TransactionNotFound),
)
async def explain_transaction(transaction_id: UUID, owner: OwnerDep, session: SessionDep) -> CategoryExplanation:
    """Return all that speaks for a category of the transaction, in the order in which it counts."""
    found = await service.get(session, owner.id, transaction_id)
    return await explain(session, found.transaction)


@router.get(
    "/transactions/{transaction_id}/suggest_rule/",
    dependencies=[_READ],
    summary="Suggest a rule after an edit",
    responses=problem_responses(TransactionNotFound),
)
async def suggest_rule(transaction_id: UUID, owner: OwnerDep, session: SessionDep) -> RuleSuggestions:
    """Return a rule that would put other transactions where the owner has put this one; none where it is of no use.

    Ask for it after a change of the category, and show it to the person: nothing is made or applied by asking.
    """
    found = await service.get(session, owner.id, transaction_id)
    suggested = await rules.suggest(session, found.transaction)
    return RuleSuggestions(results=[] if suggested is None else [suggestion_of(*suggested)])


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


@router.get(
    "/syncs/{run_id}/changes/",
    dependencies=[_READ],
    summary="List what a sync run changed",
    responses=problem_responses(SyncRunNotFound, InvalidCursor),
)
async def list_sync_changes(
    run_id: UUID, owner: OwnerDep, session: SessionDep, page: PageDep
) -> Results[RunRevisionRead]:
    """Return field by field what a run changed in transactions that were there before it, in the order it did.

    What it added is in `transactions/changes/` and in the run's counts.
    """
    await syncs.get(session, owner.id, run_id)
    binding = ("sync_changes", owner.id, run_id)
    after = page.place(UUID, binding=binding)
    found = await service.list_run_revisions(session, owner.id, run_id, after=after, limit=page.limit + 1)
    rows, cursor = page.cut(found, lambda row: row.id, binding=binding)
    return Results(results=[shown_run_revision(row) for row in rows], next_cursor=cursor)


def _by_day(line: TransactionLine) -> tuple[date, UUID]:
    return line.date, line.id


def _by_amount(line: TransactionLine) -> tuple[str, UUID]:
    return line.amount, line.id


def _shown(
    found: TransactionOfConnection, owner: Principal, resources: Resources, response: Response
) -> TransactionDetailRead:
    response.headers["ETag"] = etag_of(found.transaction.change_number)
    interval = timedelta(hours=resources.settings.sync.auto_sync_interval_hours)
    return shown(
        found,
        freshness=freshness_of(found.connection, interval=interval, now=utc_now()),
        vault=resources.vault,
        is_masked=not owner.may("pii:read"),
    )
