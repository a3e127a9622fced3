"""The servers that every test with a database uses (see tests/servers.py)."""

from collections.abc import Callable

import asyncpg
import pytest
from redis.asyncio import Redis


@pytest.mark.parametrize("user", ["banking_owner", "banking_app", "postgres"])
async def test_every_role_reaches_the_database(postgres_url: Callable[..., str], user: str) -> None:
    connection = await asyncpg.connect(postgres_url(user))

    row = await connection.fetchrow("SELECT current_user::text AS me, current_database()::text AS db, version() AS v")

    await connection.close()
    assert row is not None
    assert (row["me"], row["db"]) == (user, "banking")
    assert row["v"].startswith("PostgreSQL 18")


async def test_the_service_role_is_bound_by_row_level_security(postgres_url: Callable[..., str]) -> None:
    """R54: neither superuser nor BYPASSRLS, and not the owner of the database."""
    connection = await asyncpg.connect(postgres_url("banking_app"))

    row = await connection.fetchrow(
        "SELECT rolsuper, rolbypassrls, rolcreatedb FROM pg_roles WHERE rolname = current_user"
    )
    owner = await connection.fetchval("SELECT pg_get_userbyid(datdba)::text FROM pg_database WHERE datname = 'banking'")

    await connection.close()
    assert row is not None
    assert not any(row.values())
    assert owner == "banking_owner"


async def test_a_wrong_password_is_refused(postgres_url: Callable[..., str]) -> None:
    url = postgres_url("banking_app")
    password = url.split(":")[2].split("@")[0]

    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(url.replace(password, "wrong"))


async def test_valkey_answers(valkey_url: str) -> None:
    client = Redis.from_url(valkey_url)

    answer = await client.ping()

    await client.aclose()
    assert answer is True
