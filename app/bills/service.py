"""Use cases of bills, each inside the caller's transaction."""

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import service as accounts
from app.bills import repository
from app.bills.models import Bill
from app.bills.status import news_of
from app.events.service import record_event
from app.events.types import EventType
from app.mirror import Source
from app.mirror import mirror as bring_up

_TOLD_FOR = timedelta(days=62)
_EVENTS: dict[str, EventType] = {"closed": "bill.closed", "due_soon": "bill.due_soon", "paid": "bill.paid"}


async def list_page(
    session: AsyncSession, owner_id: UUID, account_id: UUID, *, before: tuple[date, UUID] | None, limit: int
) -> Sequence[Bill]:
    """Return the account's bills, the latest due first, strictly before the key. Raises AccountNotFound."""
    await accounts.get(session, owner_id, account_id)
    return await repository.list_page(session, owner_id, account_id, before=before, limit=limit)


async def mirror(
    session: AsyncSession,
    owner_id: UUID,
    account_id: UUID,
    sources: Sequence[Source],
    *,
    is_whole: bool,
    today: date,
) -> None:
    """Bring the card's bills up to date and record what is news about them, each event once.

    After a reconnection a bill is known by its due day. The bills of a card's first reading are no news.
    """
    place = {"owner_id": owner_id, "account_id": account_id}
    held = await bring_up(session, Bill, place, sources, is_whole=is_whole, known_by="due_date")
    for bill in await repository.due_since(session, owner_id, account_id, today - _TOLD_FOR):
        news = [word for word in news_of(bill, today) if word not in bill.told]
        if not news:
            continue
        bill.told = [*bill.told, *news]
        if held:
            await _record(session, bill, news)
    await session.flush()


async def _record(session: AsyncSession, bill: Bill, news: Sequence[str]) -> None:
    told = {"bill_id": bill.id, "account_id": bill.account_id, "due_date": bill.due_date}
    for word in news:
        await record_event(session, bill.owner_id, _EVENTS[word], told)
