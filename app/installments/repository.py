"""SQL of instalment plans."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import Account
from app.installments.models import Installment, InstallmentPlan
from app.transactions.models import Transaction
from app.transactions.movements import Movement, stream_movements

_COUNT = "[0-9]{1,2} ?(/|de) ?[0-9]{1,2}"


async def cards_changed(session: AsyncSession, owner_id: UUID, *, since: int) -> list[UUID]:
    """Return the cards of which a row that may be an instalment changed, or was removed, after a change number."""
    statement = (
        select(Transaction.account_id)
        .join(Account, (Account.owner_id == Transaction.owner_id) & (Account.id == Transaction.account_id))
        .where(
            Transaction.owner_id == owner_id,
            Transaction.change_number > since,
            Account.type == "CREDIT",
            _may_be_one(),
        )
        .distinct()
    )
    return list((await session.scalars(statement)).all())


async def parts_of(session: AsyncSession, owner_id: UUID, account_id: UUID) -> list[Movement]:
    """Return a card's live rows that may be instalments."""
    conditions = (Transaction.account_id == account_id, Transaction.amount < 0, _may_be_one())
    return [row async for part in stream_movements(session, owner_id, *conditions) for row in part]


def _may_be_one() -> Any:
    return or_(Transaction.total_installments.is_not(None), Transaction.description.regexp_match(_COUNT, "i"))


async def plans_of(
    session: AsyncSession, owner_id: UUID, account_id: UUID
) -> tuple[Sequence[InstallmentPlan], dict[UUID, list[Installment]]]:
    """Return a card's plans, and the parts of each in order."""
    plans = (
        await session.scalars(
            select(InstallmentPlan).where(
                InstallmentPlan.owner_id == owner_id, InstallmentPlan.account_id == account_id
            )
        )
    ).all()
    parts: dict[UUID, list[Installment]] = {plan.id: [] for plan in plans}
    statement = select(Installment).where(Installment.owner_id == owner_id, Installment.plan_id.in_(parts))
    for part in await session.scalars(statement.order_by(Installment.plan_id, Installment.number)):
        parts[part.plan_id].append(part)
    return plans, parts


async def add(session: AsyncSession, plans: Sequence[dict[str, Any]], parts: Sequence[dict[str, Any]]) -> None:
    """Keep new plans with their parts."""
    await session.execute(insert(InstallmentPlan), plans)
    await session.execute(insert(Installment), parts)


async def replace(
    session: AsyncSession, owner_id: UUID, plan_id: UUID, columns: dict[str, Any], parts: Sequence[dict[str, Any]]
) -> None:
    """Change a plan and its parts."""
    here = (InstallmentPlan.owner_id == owner_id, InstallmentPlan.id == plan_id)
    await session.execute(update(InstallmentPlan).where(*here).values(**columns, updated_at=func.now()))
    await session.execute(delete(Installment).where(Installment.owner_id == owner_id, Installment.plan_id == plan_id))
    await session.execute(insert(Installment), parts)


async def drop(session: AsyncSession, owner_id: UUID, plan_ids: Collection[UUID]) -> None:
    """Forget plans and their parts."""
    await session.execute(
        delete(InstallmentPlan).where(InstallmentPlan.owner_id == owner_id, InstallmentPlan.id.in_(plan_ids))
    )


async def purge(session: AsyncSession, owner_id: UUID, connection_id: UUID) -> None:
    """Forget the plans of a connection's cards (R35)."""
    accounts = select(Account.id).where(Account.owner_id == owner_id, Account.connection_id == connection_id)
    await session.execute(
        delete(InstallmentPlan).where(InstallmentPlan.owner_id == owner_id, InstallmentPlan.account_id.in_(accounts))
    )
