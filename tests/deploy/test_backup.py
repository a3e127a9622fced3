"""A backup as README.md takes it, and what is restored from it."""

import asyncio
import subprocess
from uuid import UUID

import asyncpg

from app.resources import Resources
from app.tables import metadata
from sandbox.stack.binaries import postgres_directory
from tests.servers import ServerUrls
from tests.stand_in import StandIn
from tests.sync.support import connect
from worker.job import Runner


async def contents(url: str) -> dict[str, tuple[int, str | None]]:
    """How many rows each table has, and a digest of all their columns."""
    connection = await asyncpg.connect(url)
    found = {}
    try:
        for table in metadata.tables:
            rows = f"SELECT count(*), md5(string_agg(row::text, '' ORDER BY row::text)) FROM {table} AS row"
            found[table] = tuple(await connection.fetchrow(rows))
    finally:
        await connection.close()
    return found


def copy(source: str, target: str) -> tuple[int, str]:
    """Dump one database into another; return the exit code of the restore, and what it complained of."""
    programs = postgres_directory()
    dump = subprocess.run([programs / "pg_dump", source], capture_output=True, check=True).stdout
    command = [programs / "psql", "-q", "-v", "ON_ERROR_STOP=1", target]
    restore = subprocess.run(command, input=dump, capture_output=True)
    return restore.returncode, restore.stderr.decode()


async def test_a_dump_is_restored_whole(
    resources: Resources,
    runner: Runner,
    stand_in: StandIn,
    owner_id: UUID,
    server_urls: ServerUrls,
    database_name: str,
) -> None:
    """Generated columns are computed anew while rows come back, without any schema being looked into."""
    await connect(resources, runner, stand_in, owner_id)
    original = server_urls.postgres("postgres", database_name)
    restored = server_urls.postgres("postgres", f"{database_name}_restored")
    admin = await asyncpg.connect(original)
    try:
        await admin.execute(f"CREATE DATABASE {database_name}_restored OWNER banking_owner")
        restore = await asyncio.to_thread(copy, original, restored)

        assert restore == (0, "")
        before = await contents(original)
        assert await contents(restored) == before
        assert before["transactions"][0] > 0
    finally:
        await admin.execute(f"DROP DATABASE IF EXISTS {database_name}_restored WITH (FORCE)")
        await admin.close()
