"""Whether this process can serve (R71)."""

import asyncio
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

import structlog
from alembic.script import ScriptDirectory
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy.exc import ProgrammingError, SQLAlchemyError

from app.database import Sessions, transaction
from app.health import repository
from app.health.schemas import Readiness
from app.resources import Resources

log = structlog.get_logger()

CHECK_SECONDS: Final = 2.0
_MIGRATIONS: Final = Path(__file__).parents[2] / "migrations"


class _Database(NamedTuple):
    state: Literal["ok", "unreachable", "not_migrated"]
    oldest_owed_seconds: float | None = None


async def check_readiness(resources: Resources) -> Readiness:
    """Return what works, within about 2 s: without PostgreSQL or its tables nothing does, without Redis work waits."""
    database, redis = await asyncio.gather(_check_database(resources.sessions), _check_redis(resources.redis))
    if database.state != "ok":
        status: Literal["ready", "degraded", "unavailable"] = "unavailable"
    else:
        status = "ready" if redis == "ok" else "degraded"
    return Readiness(
        status=status, database=database.state, redis=redis, oldest_owed_seconds=database.oldest_owed_seconds
    )


async def _check_database(sessions: Sessions) -> _Database:
    try:
        async with asyncio.timeout(CHECK_SECONDS), transaction(sessions, None) as session:
            if is_behind(await repository.find_revision(session)):
                return _Database("not_migrated")
            return _Database("ok", await repository.find_oldest_owed_seconds(session))
    except ProgrammingError:  # no tables yet, or no right to them
        return _Database("not_migrated")
    except (SQLAlchemyError, OSError) as error:
        log.warning("database_not_ready", error=type(error).__name__)
        return _Database("unreachable")


async def _check_redis(redis: Redis) -> Literal["ok", "unreachable"]:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await redis.ping()
    except (RedisError, OSError):
        return "unreachable"
    return "ok"


def is_behind(revision: str | None) -> bool:
    """Tell whether the database lacks a migration of this code; a newer database serves older code."""
    known = known_revisions()
    return bool(known) and (revision is None or not known.get(revision, True))


@lru_cache
def known_revisions() -> Mapping[str, bool]:
    """Return the revisions that came with this code, true for the newest; empty when none came with it."""
    if not _MIGRATIONS.is_dir():
        return MappingProxyType({})
    scripts = ScriptDirectory(str(_MIGRATIONS))
    heads = set(scripts.get_heads())
    return MappingProxyType({script.revision: script.revision in heads for script in scripts.walk_revisions()})
