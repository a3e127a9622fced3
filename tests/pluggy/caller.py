"""One of several processes that share a key: makes concurrent calls on a signal and prints how many succeeded."""

import asyncio
import sys
from uuid import UUID

from redis.asyncio import Redis

from app.pluggy.client import open_client
from app.upstream import RedisApiKeyStore
from app.vault import Vault

ACCOUNT = "https://api.pluggy.test client"
ITEM = UUID("0c9d2a5e-6f0b-4c58-8f39-1a2b3c4d5e6f")


def make_store(redis: Redis) -> RedisApiKeyStore:
    """The store that all these processes share."""
    return RedisApiKeyStore(redis, Vault({"k1": b"0" * 32}), account=ACCOUNT)


async def main(base_url: str, valkey_url: str, callers: int) -> None:
    """Make the calls once a line comes in."""
    redis = Redis.from_url(valkey_url)
    client = open_client(base_url=base_url, client_id="id", client_secret="secret", key_store=make_store(redis))
    print("ready", flush=True)  # noqa: T201
    await asyncio.to_thread(sys.stdin.readline)
    items = await asyncio.gather(*(client.get_item(ITEM) for _ in range(callers)))
    print(len(items), flush=True)  # noqa: T201
    await client.aclose()
    await redis.aclose()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
