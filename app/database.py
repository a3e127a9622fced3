"""The database as the service sees it: column types, and `transaction`, the only code that commits."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, TypeVar
from uuid import UUID

import structlog
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    DateTime,
    LargeBinary,
    MetaData,
    Numeric,
    Uuid,
    any_,
    func,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute, mapped_column

log = structlog.get_logger()

Money = Annotated[Decimal, mapped_column(Numeric(19, 4))]
Quantity = Annotated[Decimal, mapped_column(Numeric(28, 10))]
Instant = Annotated[datetime, mapped_column(DateTime(timezone=True))]
Sequence = Annotated[int, mapped_column(BigInteger)]
Encrypted = Annotated[bytes, mapped_column(LargeBinary)]
"""A value sealed by `app.vault`, bound to its row."""

Sessions = async_sessionmaker[AsyncSession]
AfterCommit = Callable[[], Awaitable[None]]

API_STATEMENT_MS, WORKER_STATEMENT_MS = 5_000, 30_000
_ACQUIRE_SECONDS = 2
_WORTH_ONE_RETRY = ("40001", "40P01", "55P03", "57P01", "08")
_Result = TypeVar("_Result")


class Base(DeclarativeBase):
    """Every table; names of constraints are fixed so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB(none_as_null=True),
        list[Any]: JSONB,
    }


def one_of(column: InstrumentedAttribute[UUID], ids: Collection[UUID]) -> ColumnElement[bool]:
    """Return the condition that a column holds one of the ids, however many: `in_` ends at 32,767 of them."""
    return column == any_(literal(list(ids), ARRAY(Uuid)))


def driver_url(url: str) -> str:
    """Return a `postgresql://` URL in the form that selects the asyncpg driver."""
    return "postgresql+asyncpg://" + url.split("://", 1)[1]


def make_engine(url: str, *, pool_size: int, statement_ms: int) -> AsyncEngine:
    """Return an engine whose every wait is bounded (R72)."""
    bounds = {
        "statement_timeout": str(statement_ms),
        "lock_timeout": "3000",
        "idle_in_transaction_session_timeout": "10000",
        "timezone": "UTC",
        "application_name": "caixahub-banking",
        "jit": "off",
    }
    return create_async_engine(
        driver_url(url),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=_ACQUIRE_SECONDS,
        pool_pre_ping=False,
        hide_parameters=True,  # the text of an error would repeat them, personal values included
        connect_args={
            "server_settings": bounds,
            "timeout": _ACQUIRE_SECONDS,
            "command_timeout": statement_ms / 1000 + 5,
        },
    )


def make_sessions(engine: AsyncEngine, **info: Any) -> Sessions:
    """Return the factory of sessions; `info` is at hand as `session.info`."""
    return async_sessionmaker(engine, expire_on_commit=False, info=info)


@asynccontextmanager
async def transaction(sessions: Sessions, owner_id: UUID | None) -> AsyncIterator[AsyncSession]:
    """Yield a session inside one transaction of this owner; commit at the end, then run what waits for the commit.

    Row-level security shows this owner's rows only; with None it shows no ledger row at all.
    """
    async with sessions() as session:
        async with session.begin():
            await set_owner(session, owner_id)
            yield session
        await run_after_commit(session)


async def set_owner(session: AsyncSession, owner_id: UUID | None) -> None:
    """Make the rest of the transaction see this owner's rows."""
    connection = await session.connection()
    value = str(owner_id) if owner_id else ""
    await connection.exec_driver_sql("SELECT set_config('banking.owner', $1, true)", (value,))


async def database_now(session: AsyncSession) -> datetime:
    """Return the instant at which the transaction began, by the one clock that all processes share (R13)."""
    return (await session.execute(select(func.now()))).scalar_one()


@asynccontextmanager
async def hash_joins(session: AsyncSession) -> AsyncIterator[None]:
    """Have the block's statements joined by hashing alone, at a cost of one pass over either side.

    A table never analysed is planned as if it held a handful of rows: loops within loops over some ten thousand.
    """
    switch = "SELECT set_config('enable_nestloop', '{0}', true), set_config('enable_mergejoin', '{0}', true)"
    connection = await session.connection()
    await connection.exec_driver_sql(switch.format("off"))
    yield
    await connection.exec_driver_sql(switch.format("on"))  # after an error the rollback does it


def after_commit(session: AsyncSession, callback: AfterCommit) -> None:
    """Have `callback` awaited once the transaction is committed; never when it is rolled back.

    Nothing may depend on it: one that fails is logged, since what the transaction did stands (R70).
    """
    session.info.setdefault("after_commit", []).append(callback)


async def run_after_commit(session: AsyncSession) -> None:
    """Await the callbacks of `after_commit`, each once."""
    for callback in session.info.pop("after_commit", []):
        try:
            await callback()
        except Exception:
            log.exception("after_commit_failed")


async def in_transaction(
    sessions: Sessions, owner_id: UUID | None, work: Callable[[AsyncSession], Awaitable[_Result]]
) -> _Result:
    """Return what `work` returns from a transaction of its own, tried once more on a passing fault (R11)."""
    try:
        async with transaction(sessions, owner_id) as session:
            return await work(session)
    except DBAPIError as error:
        if not is_worth_a_retry(error):
            raise
    async with transaction(sessions, owner_id) as session:
        return await work(session)


def is_worth_a_retry(error: DBAPIError) -> bool:
    """Tell a fault that a second try may cure: serialisation, deadlock, a lock held for long, a lost server."""
    return error.connection_invalidated or str(getattr(error.orig, "sqlstate", "") or "").startswith(_WORTH_ONE_RETRY)
