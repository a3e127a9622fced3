"""A database of one test module's own, with every table."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config

ROOT = Path(__file__).parents[1]


@asynccontextmanager
async def new_database(postgres_url: Callable[..., str], name: str, *, migrated: bool = True) -> AsyncIterator[str]:
    """Yield the service's address of a fresh database, dropped afterwards."""
    admin = await asyncpg.connect(postgres_url("postgres", "postgres"))
    try:
        await admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await admin.execute(f"CREATE DATABASE {name} OWNER banking_owner")
        if migrated:
            await asyncio.to_thread(migrate, postgres_url("banking_owner", name))
        yield postgres_url("banking_app", name)
    finally:
        await admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await admin.close()


def migrate(url: str) -> None:
    """Bring the database to the newest revision."""
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.set_main_option("path_separator", "os")
    config.set_main_option("prepend_sys_path", str(ROOT))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    command.upgrade(config, "head")
