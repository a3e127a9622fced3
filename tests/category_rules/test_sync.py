"""Rules on what a sync brings."""

from uuid import UUID

from sqlalchemy import func, select

from app.category_rules import service as rules
from app.database import transaction
from app.resources import Resources
from app.transactions.models import Transaction, TransactionRevision
from tests.stand_in import StandIn
from tests.sync.support import connect
from worker.job import Runner


async def test_rows_that_arrive_are_ruled_before_anyone_sees_them(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    columns = {"direction": "OUT", "category_id": "13000000", "tags": ["saída"]}
    async with transaction(resources.sessions, owner_id) as session:
        rule = await rules.create(session, owner_id, columns, position=None, confirm_all=False)

    await connect(resources, runner, stand_in, owner_id)

    async with transaction(resources.sessions, owner_id) as session:
        ruled = Transaction.category_rule_id == rule.id
        counts = select(
            func.count().filter(Transaction.direction == "OUT"),
            func.count().filter(ruled, Transaction.category_id == "13000000", Transaction.tags == ["saída"]),
            func.count().filter(ruled),
        ).where(Transaction.removed_at.is_(None))
        out, decided, touched = (await session.execute(counts)).one()
        told = select(func.count()).where(TransactionRevision.kind == "ruled")
        assert out == decided == touched > 0
        assert (await session.execute(told)).scalar_one() == 0
