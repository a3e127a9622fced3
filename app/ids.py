"""Ids of our own rows: UUIDv7, so that rows made together stand together in every index."""

import os
import time
from uuid import UUID


def new_id() -> UUID:
    """Return a fresh UUIDv7: 48 bits of Unix milliseconds, then random bits (RFC 9562)."""
    return UUID(int=_stamp(time.time_ns() // 1_000_000, int.from_bytes(os.urandom(10))))


def new_ids(count: int) -> list[UUID]:
    """Return `count` fresh UUIDv7 in ascending order."""
    milliseconds = time.time_ns() // 1_000_000
    noise = os.urandom(10 * count)
    tails = sorted(int.from_bytes(noise[at : at + 10]) for at in range(0, 10 * count, 10))
    return [UUID(int=_stamp(milliseconds, tail)) for tail in tails]


def _stamp(milliseconds: int, tail: int) -> int:
    high, low = tail >> 68, tail & ((1 << 62) - 1)
    return (milliseconds << 80) | (0x7 << 76) | (high << 64) | (0b10 << 62) | low
