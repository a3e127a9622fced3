"""Transactions with an owner, and the wall behind every query."""

from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from structlog.testing import capture_logs

from app.connections.models import BankConnection
from app.database import Sessions, after_commit, in_transaction, transaction
from app.ids import new_id
from app.metrics.counting import count_on_commit
from app.metrics.instruments import SYNC_RUNS
from app.tables import CONTROL_TABLES, metadata


async def add_connection(sessions: Sessions, owner_id: UUID) -> UUID:
    connection = BankConnection(
        owner_id=owner_id, id=new_id(), item_id=new_id(), connector_id=2, institution_name="Banco", change_number=1
    )
    async with transaction(sessions, owner_id) as session:
        session.add(connection)
    return connection.id


async def test_a_query_that_forgets_its_owner_sees_that_owners_rows_only(
    sessions: Sessions, owner_id: UUID, other_owner_id: UUID
) -> None:
    """R54"""
    mine = await add_connection(sessions, owner_id)
    await add_connection(sessions, other_owner_id)

    async with transaction(sessions, owner_id) as session:
        seen = (await session.execute(select(BankConnection.id))).scalars().all()

    assert seen == [mine]


async def test_a_transaction_without_an_owner_sees_no_ledger_row(sessions: Sessions, owner_id: UUID) -> None:
    """R54"""
    await add_connection(sessions, owner_id)

    async with transaction(sessions, None) as session:
        seen = (await session.execute(select(BankConnection.id))).scalars().all()

    assert seen == []


async def test_a_row_of_another_owner_cannot_be_written(
    sessions: Sessions, owner_id: UUID, other_owner_id: UUID
) -> None:
    """R54"""
    with pytest.raises(DBAPIError, match="row-level security"):
        async with transaction(sessions, owner_id) as session:
            session.add(
                BankConnection(
                    owner_id=other_owner_id, id=new_id(), connector_id=2, institution_name="x", change_number=1
                )
            )


async def test_every_ledger_table_is_under_forced_row_level_security(sessions: Sessions) -> None:
    """R54: a new table without a policy fails here."""
    async with transaction(sessions, None) as session:
        rows = await session.execute(
            text("SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity AND relkind = 'r'")
        )
        protected = set(rows.scalars())

    assert protected == set(metadata.tables) - CONTROL_TABLES


async def test_every_index_of_a_ledger_table_is_led_by_its_owner(sessions: Sessions) -> None:
    for table in metadata.sorted_tables:
        if table.name in CONTROL_TABLES:
            continue
        leads = [next(iter(table.primary_key.columns)).name]
        leads += [str(next(iter(index.expressions))).split(".")[-1] for index in table.indexes]

        assert set(leads) == {"owner_id"}, table.name


async def test_what_waits_for_the_commit_does_not_run_after_a_rollback(sessions: Sessions) -> None:
    """R5"""
    ran: list[str] = []

    async def callback() -> None:
        ran.append("ran")

    with pytest.raises(ZeroDivisionError):
        async with transaction(sessions, None) as session:
            after_commit(session, callback)
            raise ZeroDivisionError
    async with transaction(sessions, None) as session:
        after_commit(session, callback)
        assert ran == []

    assert ran == ["ran"]


async def test_a_count_that_fails_after_the_commit_fails_nothing_else(sessions: Sessions, owner_id: UUID) -> None:
    """R70"""
    ran: list[str] = []

    async def callback() -> None:
        ran.append("ran")

    async def work(session: AsyncSession) -> str:
        count_on_commit(session, SYNC_RUNS.labels("succeeded"), -1)  # a counter refuses to go down
        after_commit(session, callback)
        return "done"

    with capture_logs() as lines:
        result = await in_transaction(sessions, owner_id, work)

    assert (result, ran) == ("done", ["ran"])
    assert [(line["event"], line["log_level"]) for line in lines] == [("after_commit_failed", "error")]


async def test_a_passing_fault_of_the_database_is_tried_once_more(sessions: Sessions) -> None:
    """R11"""
    tries: list[int] = []

    async def work(session: object) -> str:
        tries.append(1)
        if len(tries) == 1:
            await session.execute(text("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40001'; END $$"))  # type: ignore[attr-defined]
        return "done"

    result = await in_transaction(sessions, None, work)

    assert (result, len(tries)) == ("done", 2)
