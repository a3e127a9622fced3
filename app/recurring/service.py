"""Use cases of recurring series, each inside the caller's transaction."""

from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession

from app.changes import ChangeNumber, hold_changes
from app.ids import new_ids
from app.money import money_text
from app.recurring import repository
from app.recurring.detection import Found, find_series
from app.recurring.errors import SeriesNotFound
from app.recurring.models import RecurringSeries


async def follow(session: AsyncSession, owner_id: UUID, *, since: int, number: ChangeNumber) -> None:
    """Bring the series of the payees that changed after a change number up to their rows; equal ones are not written.

    A series keeps its id as long as it keeps most of its rows. One that a person confirmed or rejected is kept even
    when the machine no longer sees it.
    """
    held = await repository.all_series(session, owner_id)
    series_of = {row_id: series for series in held for row_id in series.transaction_ids}
    gone = await repository.gone_among(session, owner_id, series_of.keys()) if held else set()
    affected = {series_of[row_id].id: series_of[row_id] for row_id in gone}
    found: list[Found] = []
    async for rows in repository.payees_changed(session, owner_id, since=since):
        affected |= {series_of[row.id].id: series_of[row.id] for row in rows if row.id in series_of}
        found += find_series(rows)
    await _store(session, owner_id, found, affected, number)


async def _store(
    session: AsyncSession,
    owner_id: UUID,
    found: Sequence[Found],
    affected: dict[UUID, RecurringSeries],
    number: ChangeNumber,
) -> None:
    series_of = {row_id: series.id for series in affected.values() for row_id in series.transaction_ids}
    left = dict(affected)
    fresh: list[Found] = []
    for each in sorted(found, key=lambda each: -len(each.rows)):
        shared = Counter(series_of[row.id] for row in each.rows if series_of.get(row.id) in left)
        if not shared:
            fresh.append(each)
            continue
        series = left.pop(shared.most_common(1)[0][0])
        columns = _columns(each)
        if any(getattr(series, name) != value for name, value in columns.items()):
            columns["change_number"] = await number.take()
            await repository.change(session, owner_id, series.id, columns)
    undecided = [series_id for series_id, series in left.items() if series.decision is None]
    if undecided:
        await number.take()
        await repository.drop(session, owner_id, undecided)
    if fresh:
        taken = await number.take()
        rows = [
            {"owner_id": owner_id, "id": new_id, **_columns(each), "change_number": taken}
            for new_id, each in zip(new_ids(len(fresh)), fresh, strict=True)
        ]
        await repository.add(session, rows)


def _columns(found: Found) -> dict[str, Any]:
    last = found.rows[-1]
    return {
        "account_id": last.account_id,
        "counterparty_id": last.counterparty_id,
        "name": found.name,
        "direction": "OUT" if last.is_out else "IN",
        "currency_code": last.currency_code,
        "cadence": found.cadence,
        "day_rule": found.day_rule,
        "last_amount": last.amount,
        "typical_amount": found.typical_amount,
        "varies": found.varies,
        "price_changes": [
            {
                "transaction_id": str(row_id),
                "date": day.isoformat(),
                "before": money_text(before),
                "after": money_text(after),
            }
            for row_id, day, before, after in found.price_changes
        ],
        "transaction_ids": [row.id for row in found.rows],
        "first_date": found.rows[0].date,
        "last_date": last.date,
        "next_date": found.next_date,
        "confidence": found.confidence,
    }


async def decide(session: AsyncSession, owner_id: UUID, series_id: UUID, decision: str | None) -> RecurringSeries:
    """Keep what a person says of the series, for ever or until they say otherwise. Raises SeriesNotFound."""
    await hold_changes(session, owner_id)
    series = await repository.find(session, owner_id, series_id)
    if series is None:
        raise SeriesNotFound(series_id)
    if series.decision != decision:
        series.decision, series.decided_at, series.updated_at = decision, func.now(), func.now()
        series.change_number = await ChangeNumber(session, owner_id).take()
        await session.flush()
        await session.refresh(series)
    return series
