"""Deriving much without holding anybody up."""

import asyncio
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.changes import ChangeNumber, current_change, next_change
from app.counterparties.models import Counterparty
from app.database import transaction
from app.derived import flow, repository, service
from app.owed import OwedWork
from app.resources import Resources
from app.transactions.models import Transaction
from tests.factories import make_account, make_connection, make_transaction
from worker.job import Runner

_COPIES = """
INSERT INTO transactions ({columns}) SELECT {values} FROM transactions CROSS JOIN generate_series(1, :count) AS number
WHERE id = :id
"""
_COPIED = 300
_DIFFERING = {"id": "gen_random_uuid()", "pluggy_id": "gen_random_uuid()", "counterparty_name": "'Loja ' || number"}


@pytest.fixture(autouse=True)
def little_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer rows show the same, on a slow machine too."""
    monkeypatch.setattr(service, "AT_ONCE", 100)


@pytest.fixture
async def row_id(resources: Resources, owner_id: UUID) -> UUID:
    """One of more rows than are derived at once, all of them new."""
    async with transaction(resources.sessions, owner_id) as session:
        connection = await make_connection(session, owner_id)
        account = await make_account(session, owner_id, connection.id)
        number = await next_change(session, owner_id)
        row = await make_transaction(session, owner_id, account.id, counterparty_name="Ana", change_number=number)
        names = [column.name for column in Transaction.__table__.columns if column.computed is None]
        values = ", ".join(_DIFFERING.get(name, name) for name in names)
        statement = text(_COPIES.format(columns=", ".join(names), values=values))
        await session.execute(statement, {"id": row.id, "count": _COPIED})
    return row.id


async def nameless(resources: Resources, owner_id: UUID) -> int | None:
    """How many rows have no counterparty yet."""
    async with transaction(resources.sessions, owner_id) as session:
        statement = select(func.count()).select_from(Transaction)
        return await session.scalar(statement.where(Transaction.counterparty_id.is_(None)))


async def owe(resources: Resources, owner_id: UUID) -> bool:
    """End a run."""
    async with transaction(resources.sessions, owner_id) as session:
        return not await service.derive_or_owe(session, owner_id, resources.vault)


async def test_many_rows_are_derived_after_the_run_and_nobody_is_refused_meanwhile(
    resources: Resources, runner: Runner, owner_id: UUID, row_id: UUID, client: httpx.AsyncClient
) -> None:
    """R72"""
    is_owed = await owe(resources, owner_id)
    before = await nameless(resources, owner_id)

    working = asyncio.create_task(runner.settle())
    answers = []
    while not working.done():
        answers.append(await client.patch(f"/api/banking/transactions/{row_id}/", json={"note": str(len(answers))}))
        await asyncio.sleep(0.02)
    await working

    assert (is_owed, before) == (True, _COPIED + 1)
    assert len(answers) > 1
    assert {answer.status_code for answer in answers} == {200}
    assert await nameless(resources, owner_id) == 0
    async with transaction(resources.sessions, owner_id) as session:
        assert await session.scalar(select(func.count()).select_from(OwedWork)) == 0


async def test_rows_derived_step_by_step_need_nothing_more(resources: Resources, owner_id: UUID, row_id: UUID) -> None:
    await flow.derive(resources.sessions, owner_id, resources.vault)

    async with transaction(resources.sessions, owner_id) as session:
        assert await service.pending(session, owner_id) is None


async def test_what_others_change_meanwhile_is_left_to_the_next_time(
    resources: Resources, owner_id: UUID, row_id: UUID
) -> None:
    async def change(session: AsyncSession) -> None:
        row = await session.get_one(Transaction, (owner_id, row_id))
        row.counterparty_name, row.change_number = "Bruno", await next_change(session, owner_id)

    async with transaction(resources.sessions, owner_id) as session:
        changes = await service.pending(session, owner_id)
    assert changes is not None
    (first, *others) = service.steps(owner_id, changes, resources.vault)
    taken = [await flow._carry_out(resources.sessions, owner_id, first)]
    async with transaction(resources.sessions, owner_id) as session:
        await change(session)
    taken += [await flow._carry_out(resources.sessions, owner_id, step) for step in others]

    async with transaction(resources.sessions, owner_id) as session:
        await service.put_mark(session, owner_id, service.seen_through(changes, taken))
        left = await service.pending(session, owner_id)
        assert left is not None
        to_come = await repository.changed(session, owner_id, since=left.since, start=left.starts[0], end=None)
    assert row_id in to_come
    assert len(changes.starts) == 4  # of 301 rows
    await flow.derive(resources.sessions, owner_id, resources.vault)
    async with transaction(resources.sessions, owner_id) as session:
        row = await session.get_one(Transaction, (owner_id, row_id))
        party = await session.get_one(Counterparty, (owner_id, row.counterparty_id))
        assert (party.name, await service.pending(session, owner_id)) == ("Bruno", None)


@pytest.mark.parametrize(("disturbed", "tries"), [(0, 1), (1, 2), (2, 3)])
async def test_a_step_reads_anew_what_changed_before_it_wrote(
    resources: Resources, owner_id: UUID, disturbed: int, tries: int
) -> None:
    """Its last try keeps others out, so that it always ends."""
    read: list[int] = []

    async def step(session: AsyncSession, number: ChangeNumber) -> None:
        read.append(await current_change(session, owner_id))
        if len(read) <= disturbed:
            async with transaction(resources.sessions, owner_id) as other:
                await next_change(other, owner_id)
        await number.take()

    taken = await flow._carry_out(resources.sessions, owner_id, step)

    assert len(read) == tries
    assert taken == read[-1] + 1
