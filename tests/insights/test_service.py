"""What is worth telling: found, told once, dismissed for good. Real PostgreSQL."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import httpx
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.charges.models import BankCharge
from app.clock import local_day, utc_now
from app.connections import removal
from app.connections.models import BankConnection
from app.database import Sessions, transaction
from app.events.models import Event
from app.ids import new_id
from app.insights import service
from app.insights.models import Insight
from app.insights.periods import shifted
from app.links.models import TransactionLink
from tests.factories import make_account, make_connection, make_transaction
from tests.insights.support import assert_adds_up, mark, read, rows_behind
from tests.insights.test_commitments import make_series
from tests.readers import ROOT
from tests.transactions.support import add_account, add_rows

NOW = utc_now()
TODAY = local_day(NOW)


async def refresh(sessions: Sessions, owner_id: UUID) -> None:
    async with transaction(sessions, owner_id) as session:
        await service.refresh(session, owner_id, now=utc_now())


async def told(sessions: Sessions, owner_id: UUID) -> Sequence[dict[str, Any]]:
    async with transaction(sessions, owner_id) as session:
        statement = select(Event.data).where(Event.owner_id == owner_id, Event.type == "insight.created")
        return (await session.execute(statement.order_by(Event.sequence))).scalars().all()


async def add_pair(sessions: Sessions, owner_id: UUID, **given: Any) -> list[UUID]:
    """Two rows alike, linked as a possible duplicate."""
    ids = await add_rows(sessions, owner_id, {"date": TODAY}, {"date": TODAY})
    async with transaction(sessions, owner_id) as session:
        session.add(
            TransactionLink(
                owner_id=owner_id, id=new_id(), transaction_id=ids[0], other_id=ids[1], amount=Decimal("12.34"),
                currency_code="BRL", evidence={}, change_number=1, **{"kind": "duplicate", "state": "found", **given},
            )
        )  # fmt: skip
    return ids


async def make_charge(session: AsyncSession, owner_id: UUID, day: date, amount: str) -> None:
    row = await make_transaction(session, owner_id, await add_account(session, owner_id), date=day, amount=amount)
    session.add(BankCharge(owner_id=owner_id, transaction_id=row.id, kind="fee"))
    await session.flush()


async def test_a_thing_is_told_once_and_kept_as_it_is(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    ids = await add_pair(sessions, owner_id)

    await refresh(sessions, owner_id)
    first = (await read(client, ""))["results"]
    await refresh(sessions, owner_id)

    (insight,) = (await read(client, ""))["results"]
    assert [insight] == first
    assert (insight["kind"], insight["status"], insight["data"]["amount"]) == ("possible_duplicate", "open", "12.34")
    assert {UUID(row["id"]) for row in await rows_behind(client, insight["transactions_url"])} == set(ids)
    assert await told(sessions, owner_id) == [{"insight_id": insight["id"], "kind": "possible_duplicate"}]


async def test_nothing_is_written_when_nothing_changed(sessions: Sessions, owner_id: UUID) -> None:
    await add_pair(sessions, owner_id)
    await refresh(sessions, owner_id)
    before = await row_versions(sessions, owner_id)

    await refresh(sessions, owner_id)

    assert await row_versions(sessions, owner_id) == before


async def row_versions(sessions: Sessions, owner_id: UUID) -> list[Any]:
    async with transaction(sessions, owner_id) as session:
        return list((await session.execute(select(Insight.id, Insight.change_number, Insight.last_seen_at))).all())


async def test_what_is_no_longer_so_is_over_and_what_was_dismissed_stays_so(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    ids = await add_pair(sessions, owner_id)
    await refresh(sessions, owner_id)
    (insight,) = (await read(client, ""))["results"]

    dismissed = await client.post(f"{ROOT}insights/{insight['id']}/dismiss/")
    again = await client.post(f"{ROOT}insights/{insight['id']}/dismiss/")
    await mark(sessions, owner_id, ids[1], removed_at=NOW)
    await refresh(sessions, owner_id)
    (over,) = (await read(client, "", status="over"))["results"]
    await mark(sessions, owner_id, ids[1], removed_at=None)
    await refresh(sessions, owner_id)
    (reopened,) = (await read(client, "", dismissed="true"))["results"]

    assert dismissed.json()["dismissed_at"] == again.json()["dismissed_at"] is not None
    assert over["id"] == reopened["id"] == insight["id"]
    assert (reopened["status"], reopened["dismissed_at"]) == ("open", dismissed.json()["dismissed_at"])
    assert (await read(client, "", dismissed="false"))["results"] == []
    assert len(await told(sessions, owner_id)) == 1


async def test_only_a_rise_of_a_price_that_is_paid_is_told(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    def change(before: str, after: str, days_ago: int = 5) -> list[dict[str, Any]]:
        day = (TODAY - timedelta(days=days_ago)).isoformat()
        return [{"transaction_id": str(uuid4()), "date": day, "before": before, "after": after}]

    async with transaction(sessions, owner_id) as session:
        account_id = await add_account(session, owner_id)
        await make_series(session, owner_id, account_id, price_changes=change("100.00", "120.00"), name="Fibra")
        await make_series(session, owner_id, account_id, price_changes=change("140.00", "120.00"))
        await make_series(session, owner_id, account_id, price_changes=change("100.00", "120.00", 200))
        await make_series(
            session, owner_id, account_id, price_changes=change("1.00", "2.00"), last_amount=Decimal("2.00")
        )
    await refresh(sessions, owner_id)

    (insight,) = (await read(client, ""))["results"]

    assert (insight["kind"], insight["data"]["name"], insight["data"]["after"]) == ("price_rise", "Fibra", "120.00")


async def test_what_banks_charge_is_told_by_month(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    """A charge that comes later belongs to the same insight: it changes, and is not told anew."""
    async with transaction(sessions, owner_id) as session:
        await make_charge(session, owner_id, TODAY, "-10.00")
        await make_charge(session, owner_id, shifted(TODAY.replace(day=1), -3), "-99.00")
    await refresh(sessions, owner_id)
    async with transaction(sessions, owner_id) as session:
        await make_charge(session, owner_id, TODAY, "-2.50")
    await refresh(sessions, owner_id)

    (insight,) = (await read(client, ""))["results"]

    assert (insight["data"]["amount"], insight["data"]["count"]) == ("-12.50", 2)
    assert await assert_adds_up(client, {**insight["data"], "transactions_url": insight["transactions_url"]}) == 1
    assert len(await told(sessions, owner_id)) == 1


async def test_spending_far_beyond_the_usual_is_told(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    present = TODAY.replace(day=1)
    rows = [
        {"date": shifted(present, -back), "amount": "-100.00", "pluggy_category_id": category}
        for back in range(1, 6)
        for category in ("11010000", "18020000")
    ]
    unusual = {"date": present, "amount": "-450.00", "pluggy_category_id": "11010000"}
    ordinary = {"date": present, "amount": "-140.00", "pluggy_category_id": "18020000"}
    await add_rows(sessions, owner_id, *rows, unusual, ordinary)
    await refresh(sessions, owner_id)

    (insight,) = (await read(client, "", kind="unusual_spending"))["results"]

    assert insight["data"] == {
        "month": f"{TODAY:%Y-%m}",
        "category_id": "11000000",
        "amount": "-450.00",
        "usual": "-100.00",
        "currency_code": "BRL",
    }
    assert [row["amount"] for row in await rows_behind(client, insight["transactions_url"])] == ["-450.00"]


async def test_a_connection_that_brings_nothing_new_is_told(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    async with transaction(sessions, owner_id) as session:
        stale = await make_connection(session, owner_id, item_updated_at=NOW - timedelta(days=4))
        await make_connection(session, owner_id, item_updated_at=NOW - timedelta(days=2))
    await refresh(sessions, owner_id)
    (insight,) = (await read(client, "", kind="stale_connection"))["results"]
    async with transaction(sessions, owner_id) as session:
        row = await session.get_one(BankConnection, (owner_id, stale.id))
        row.item_updated_at = NOW
    await refresh(sessions, owner_id)

    assert insight["data"] == {"connection_id": str(stale.id), "since": local_day(NOW - timedelta(days=4)).isoformat()}
    assert [each["status"] for each in (await read(client, ""))["results"]] == ["over"]


async def test_the_list_is_read_page_by_page(client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID) -> None:
    for _ in range(3):
        await add_pair(sessions, owner_id)
    await refresh(sessions, owner_id)

    first = await read(client, "", limit=2)
    second = await read(client, "", limit=2, cursor=first["next_cursor"])

    ids = [each["id"] for page in (first, second) for each in page["results"]]
    assert (len(set(ids)), ids, second["next_cursor"]) == (3, sorted(ids, reverse=True), None)
    other = await client.get(f"{ROOT}insights/", params={"kind": "price_rise", "cursor": first["next_cursor"]})
    assert other.json()["code"] == "invalid_cursor"


async def test_a_fault_of_an_insight_costs_no_sync(sessions: Sessions, owner_id: UUID) -> None:
    """R28: what was found wrong is undone alone."""
    ids = await add_pair(sessions, owner_id)
    async with transaction(sessions, owner_id) as session:
        await make_series(
            session, owner_id, await add_account(session, owner_id), price_changes=[{"date": "no day"}], name="Torta"
        )
    async with transaction(sessions, owner_id) as session:
        await make_transaction(session, owner_id, await add_account(session, owner_id), description="antes")
        await service.refresh_or_leave(session, owner_id, now=NOW)
        kept = await make_transaction(session, owner_id, await add_account(session, owner_id), description="depois")

    async with transaction(sessions, owner_id) as session:
        assert await session.get(type(kept), (owner_id, kept.id)) is not None
        assert (await session.execute(select(Insight))).first() is None
    assert len(ids) == 2


async def test_what_told_of_a_deleted_connection_is_forgotten(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    """R35, R68: its data names payees and amounts; what tells of other connections stays."""
    async with transaction(sessions, owner_id) as session:
        connection = await make_connection(session, owner_id, item_updated_at=NOW)
        account = await make_account(session, owner_id, connection.id)
        change = {"transaction_id": str(uuid4()), "date": TODAY.isoformat(), "before": "1.00", "after": "2.00"}
        await make_series(session, owner_id, account.id, price_changes=[change], name="Psicóloga")
    await add_pair(sessions, owner_id)
    await refresh(sessions, owner_id)
    before = {each["kind"] for each in (await read(client, ""))["results"]}

    async with transaction(sessions, owner_id) as session:
        await removal.start_deletion(session, owner_id, connection.id)

    assert before == {"price_rise", "possible_duplicate"}
    assert [each["kind"] for each in (await read(client, ""))["results"]] == ["possible_duplicate"]
