"""HTTP of accounts."""

from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response

from app.accounts import service
from app.accounts.errors import AccountNotFound
from app.accounts.queries import AccountOfConnection
from app.accounts.schemas import (
    AccountDetailRead,
    AccountDetails,
    AccountRead,
    AccountsSummaryRead,
    AccountUpdate,
    CurrencySumRead,
)
from app.audit.service import record_act
from app.clock import utc_now
from app.dependencies import OwnerDep, PageDep, ResourcesDep, SessionDep
from app.etags import WITH_ETAG, IfMatchDep, PreconditionFailed, etag_of
from app.freshness import freshness_of
from app.owners.principal import Principal
from app.pagination import InvalidCursor
from app.problems import problem_responses
from app.resources import Resources
from app.routing import make_router, requires
from app.schemas import Results

router = make_router("accounts")

_READ = requires("accounts:read")


@router.get("/accounts/", dependencies=[_READ], summary="List accounts", responses=problem_responses(InvalidCursor))
async def list_accounts(
    owner: OwnerDep,
    session: SessionDep,
    resources: ResourcesDep,
    page: PageDep,
    connection_id: Annotated[
        UUID | None, Query(description="Of this connection; none when it is not the caller's.")
    ] = None,
    account_type: Annotated[
        str | None, Query(alias="type", pattern="^[A-Z_]{1,40}$", description="`BANK` or `CREDIT`; an open enum.")
    ] = None,
) -> Results[AccountRead]:
    """Return the caller's accounts and cards, in the order in which they were connected."""
    binding = ("accounts", owner.id, connection_id, account_type)
    after = page.place(tuple[datetime, UUID], binding=binding)
    found = await service.list_page(
        session, owner.id, connection_id=connection_id, account_type=account_type, after=after, limit=page.limit + 1
    )
    rows, cursor = page.cut(found, lambda row: (row.account.created_at, row.account.id), binding=binding)
    return Results(results=[AccountRead(**_fields(row, resources)) for row in rows], next_cursor=cursor)


@router.get("/accounts/summary/", dependencies=[_READ], summary="Sum up the accounts")
async def summarize_accounts(
    owner: OwnerDep,
    session: SessionDep,
    hidden: Annotated[bool, Query(description="Count hidden accounts too.")] = False,
) -> AccountsSummaryRead:
    """Return the caller's net position, currency by currency: what accounts hold less what cards and overdrafts owe."""
    sums = await service.summarise(session, owner.id, with_hidden=hidden)
    return AccountsSummaryRead(
        currencies=[
            CurrencySumRead(
                currency_code=each.currency_code,
                net=each.assets + each.debts,
                assets=each.assets,
                debts=each.debts,
                accounts=each.accounts,
                without_balance=each.unknown,
                oldest_balance_at=each.oldest_at,
            )
            for each in sums
        ]
    )


@router.get(
    "/accounts/{account_id}/",
    dependencies=[_READ],
    summary="Get an account",
    responses={**WITH_ETAG, **problem_responses(AccountNotFound)},
)
async def get_account(
    account_id: UUID, owner: OwnerDep, session: SessionDep, resources: ResourcesDep, response: Response
) -> AccountDetailRead:
    """Return one account with its limits; its whole number to callers with `pii:read`."""
    row = await service.get_with_connection(session, owner.id, account_id)
    response.headers["ETag"] = etag_of(row.account.change_number)
    return await _shown(session, row, owner, resources)


@router.patch(
    "/accounts/{account_id}/",
    dependencies=[requires("transactions:write")],
    summary="Name or hide an account",
    responses={**WITH_ETAG, **problem_responses(AccountNotFound, PreconditionFailed)},
)
async def update_account(
    account_id: UUID,
    changes: AccountUpdate,
    owner: OwnerDep,
    session: SessionDep,
    resources: ResourcesDep,
    if_match: IfMatchDep,
    response: Response,
) -> AccountDetailRead:
    """Set the account's alias, or hide it. No sync ever undoes either."""
    await if_match.hold(session, owner.id)
    if_match.check((await service.get_with_connection(session, owner.id, account_id)).account.change_number)
    row = await service.annotate(session, owner.id, account_id, changes.model_dump(exclude_unset=True))
    response.headers["ETag"] = etag_of(row.account.change_number)
    return await _shown(session, row, owner, resources)


async def _shown(
    session: SessionDep, row: AccountOfConnection, owner: Principal, resources: Resources
) -> AccountDetailRead:
    fields = _fields(row, resources)
    if owner.may("pii:read"):
        fields["number"] = service.open_number(row.account, resources.vault)
        await record_act(
            session, "account.number_read", actor=owner.actor, owner_id=owner.id, subject_id=row.account.id
        )
    return AccountDetailRead(
        **fields,
        marketing_name=row.account.marketing_name,
        details=AccountDetails.model_validate(row.account.details),
    )


def _fields(row: AccountOfConnection, resources: Resources) -> dict[str, Any]:
    account, connection = row
    interval = timedelta(hours=resources.settings.sync.auto_sync_interval_hours)
    return {
        "id": account.id,
        "pluggy_id": account.pluggy_id,
        "connection_id": account.connection_id,
        "institution_name": connection.institution_name,
        "type": account.type,
        "subtype": account.subtype,
        "name": account.name,
        "alias": account.alias,
        "number": account.number_masked,
        "currency_code": account.currency_code,
        "balance": account.balance,
        "balance_at": account.balance_at,
        "hidden": account.hidden,
        "freshness": freshness_of(connection, interval=interval, now=utc_now()),
    }
