"""Runs migrations as banking_owner, over the same driver as the service."""

import asyncio
import sys

from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from app.database import driver_url
from app.settings import DatabaseSettings
from app.tables import metadata

LOCK_TIMEOUT = "5s"
"""A migration that can't have its lock at once must not queue every reader behind it."""


def database_url() -> str:
    """Return the URL given by the caller (tests), else that of the environment."""
    return context.config.get_main_option("sqlalchemy.url") or DatabaseSettings().migration_url  # type: ignore[call-arg]


def migrate(connection: Connection) -> None:
    """Bring the database to the asked revision in one transaction."""
    context.configure(connection=connection, target_metadata=metadata, compare_server_default=False)
    with context.begin_transaction():
        connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"))
        context.run_migrations()


async def migrate_online() -> None:
    """Connect, migrate, disconnect."""
    engine = create_async_engine(driver_url(database_url()), poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(migrate)
            await connection.commit()
    finally:
        await engine.dispose()


if context.is_offline_mode():
    sys.exit("Migrations run online only: the first one looks at the server's roles.")
asyncio.run(migrate_online())
