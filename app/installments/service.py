"""Use cases of instalment plans, each inside the caller's transaction."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.changes import ChangeNumber
from app.ids import new_id
from app.installments import repository
from app.installments.models import Installment, InstallmentPlan
from app.installments.plans import Plan, find_plans


async def follow(session: AsyncSession, owner_id: UUID, *, since: int, number: ChangeNumber) -> None:
    """Bring the plans of the cards that changed after a change number up to their rows; equal ones are not written.

    A plan keeps its id as long as it keeps a row.
    """
    for account_id in await repository.cards_changed(session, owner_id, since=since):
        found = find_plans(await repository.parts_of(session, owner_id, account_id))
        plans, parts = await repository.plans_of(session, owner_id, account_id)
        await _store(session, owner_id, found, plans, parts, number)


async def _store(
    session: AsyncSession,
    owner_id: UUID,
    found: Sequence[Plan],
    plans: Sequence[InstallmentPlan],
    parts: Mapping[UUID, Sequence[Installment]],
    number: ChangeNumber,
) -> None:
    by_row = {part.transaction_id: plan_id for plan_id, held in parts.items() for part in held if part.transaction_id}
    left = {plan.id: plan for plan in plans}
    fresh: list[tuple[UUID, Plan]] = []
    for plan in found:
        known = [by_row[row_id] for row_id in _rows(plan) if row_id in by_row]
        held = next((left.pop(plan_id) for plan_id in known if plan_id in left), None)
        if held is None:
            fresh.append((new_id(), plan))
        elif _differs(held, parts[held.id], plan):
            columns = {**_columns(plan), "change_number": await number.take()}
            await repository.replace(session, owner_id, held.id, columns, _parts(owner_id, held.id, plan))
    if left:
        await number.take()
        await repository.drop(session, owner_id, list(left))
    if fresh:
        taken = await number.take()
        rows = [
            {"owner_id": owner_id, "id": plan_id, **_columns(plan), "change_number": taken} for plan_id, plan in fresh
        ]
        await repository.add(session, rows, [part for each in fresh for part in _parts(owner_id, *each)])


def _rows(plan: Plan) -> list[UUID]:
    return [part.transaction_id for part in plan.parts if part.transaction_id]


def _columns(plan: Plan) -> dict[str, Any]:
    return {
        "account_id": plan.account_id,
        "description": plan.description,
        "currency_code": plan.currency_code,
        "purchased_on": plan.purchased_on,
        "total_installments": len(plan.parts),
        "seen_installments": len(_rows(plan)),
        "total_amount": plan.total_amount,
        "last_date": plan.parts[-1].date,
    }


def _parts(owner_id: UUID, plan_id: UUID, plan: Plan) -> list[dict[str, Any]]:
    return [{"owner_id": owner_id, "plan_id": plan_id, **part._asdict()} for part in plan.parts]


def _differs(held: InstallmentPlan, parts: Sequence[Installment], plan: Plan) -> bool:
    if any(getattr(held, name) != value for name, value in _columns(plan).items()):
        return True
    stored = [(part.number, part.date, part.amount, part.transaction_id) for part in parts]
    return stored != [tuple(part) for part in plan.parts]
