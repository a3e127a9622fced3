"""R71: what the probes say."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import httpx
from sqlalchemy import func, text

from app.database import Sessions, transaction
from app.health.flow import is_behind, known_revisions
from app.owed import OwedWork
from app.settings import Settings
from tests.http_support import make_settings, running_api


async def ready(settings: Settings) -> httpx.Response:
    async with running_api(settings) as (_, client):
        return await client.get("/readyz")


async def test_the_process_is_alive_whatever_else_is_not() -> None:
    async with running_api(make_settings()) as (_, client):
        answer = await client.get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_with_database_and_redis_it_is_ready(settings: Settings) -> None:
    answer = await ready(settings)

    assert answer.status_code == 200
    assert answer.json() == {"status": "ready", "database": "ok", "redis": "ok", "oldest_owed_seconds": None}


async def test_without_redis_it_serves_degraded(settings: Settings) -> None:
    answer = await ready(make_settings(database_url=settings.database.url))

    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["redis"]) == ("degraded", "unreachable")


async def test_without_postgresql_it_is_not_ready(valkey_url: str) -> None:
    answer = await ready(make_settings(redis_url=valkey_url))

    assert answer.status_code == 503
    assert (answer.json()["status"], answer.json()["database"]) == ("unavailable", "unreachable")


async def test_a_database_without_our_tables_is_not_ready(postgres_url: Callable[..., str]) -> None:
    answer = await ready(make_settings(database_url=postgres_url("banking_app", "postgres")))

    assert answer.status_code == 503
    assert answer.json()["database"] == "not_migrated"


async def test_the_oldest_due_work_shows_its_age(settings: Settings, sessions: Sessions) -> None:
    async with transaction(sessions, None) as session:
        for age in (timedelta(minutes=5), timedelta(minutes=1), timedelta(minutes=-10)):
            session.add(OwedWork(kind="sync", ref_id=uuid4(), due_at=func.now() - age))
        await session.execute(
            text("INSERT INTO owed_work (kind, ref_id, due_at) VALUES ('sync', :dead, 'infinity')"), {"dead": uuid4()}
        )

    answer = await ready(settings)

    assert 300 <= answer.json()["oldest_owed_seconds"] < 330


def test_an_older_database_is_behind_and_a_newer_one_is_not() -> None:
    """R74: old code goes on serving while the next migration is already in."""
    (head,) = (revision for revision, is_head in known_revisions().items() if is_head)

    assert is_behind(None)
    assert not is_behind(head)
    assert not is_behind("a-revision-of-the-future")
