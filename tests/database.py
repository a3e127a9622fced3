"""A migrated database for each test process: one template, cloned; emptied after each test that wrote."""

import asyncio
import subprocess
import sys
from pathlib import Path

import asyncpg

from app.tables import metadata
from tests.servers import ServerUrls

TEMPLATE = "banking_template"
ROOT = Path(__file__).parent.parent
_EMPTY = "; ".join(f"DELETE FROM {table.name}" for table in reversed(metadata.sorted_tables))


async def make_database(urls: ServerUrls, name: str) -> None:
    """Make the database `name`, migrated by alembic; the first caller of a session makes the template."""
    admin = await asyncpg.connect(urls.postgres("postgres", "postgres"))
    try:
        await admin.execute("SELECT pg_advisory_lock(4711)")
        if not await admin.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", TEMPLATE):
            await admin.execute(f"CREATE DATABASE {TEMPLATE} OWNER banking_owner")
            await asyncio.to_thread(migrate, urls.postgres("banking_owner", TEMPLATE))
        await admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} OWNER banking_owner")
    finally:
        await admin.close()


def migrate(url: str, target: str = "head") -> None:
    """Run alembic as a person does."""
    subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", target],
        cwd=ROOT,
        env={"MIGRATION_DATABASE_URL": url, "DATABASE_URL": url, "PATH": "/usr/bin:/bin"},
        check=True,
        capture_output=True,
    )


async def empty(superuser_url: str) -> None:
    """Remove every row; the superuser is not held back by row-level security."""
    connection = await asyncpg.connect(superuser_url)
    try:
        await connection.execute(_EMPTY)
    finally:
        await connection.close()
