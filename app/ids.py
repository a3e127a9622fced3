"""Ids of our own rows: UUIDv7, so that rows made together stand together in every index."""

import os
import time
from datetime import datetime
from uuid import UUID

import msgspec

_decode = msgspec.msgpack.Decoder(list[UUID]).decode
_TAIL_BYTES = 8
_KEPT_BITS, _VARIANT_BITS = b"\x3f" + b"\xff" * 7, b"\x80" + bytes(7)


def new_id() -> UUID:
    """Return a fresh UUIDv7: 48 bits of Unix milliseconds, then random bits (RFC 9562)."""
    return UUID(int=_stamp(time.time_ns() // 1_000_000, int.from_bytes(os.urandom(10))))


def new_ids(count: int) -> list[UUID]:
    """Return `count` fresh UUIDv7 in ascending order; those of one call differ in their last 62 bits alone."""
    head = new_id().bytes[:-_TAIL_BYTES]
    noise = int.from_bytes(os.urandom(_TAIL_BYTES * count))
    noise = noise & int.from_bytes(_KEPT_BITS * count) | int.from_bytes(_VARIANT_BITS * count)
    digits = noise.to_bytes(_TAIL_BYTES * count)
    tails = sorted([digits[at : at + _TAIL_BYTES] for at in range(0, len(digits), _TAIL_BYTES)])
    begin = (
        b"\xc4\x10" + head
    )  # MessagePack: 16 bytes follow; read in one go, at less than half the cost of UUID() each
    return _decode(b"\xdd" + count.to_bytes(4) + b"".join([begin + tail for tail in tails]))


def first_id_at(instant: datetime) -> UUID:
    """Return the least id that `new_id` could have given at that instant."""
    return UUID(int=int(instant.timestamp() * 1000) << 80)


def _stamp(milliseconds: int, tail: int) -> int:
    high, low = tail >> 68, tail & ((1 << 62) - 1)
    return (milliseconds << 80) | (0x7 << 76) | (high << 64) | (0b10 << 62) | low
