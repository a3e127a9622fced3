"""Deterministic draws: a splitmix64 stream whose start is a keyed BLAKE2b of what is drawn for."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")

_MASK = (1 << 64) - 1


def seed_key(seed: str) -> bytes:
    """32 bytes that key every draw and every id of one seed."""
    return blake2b(seed.encode(), digest_size=32, person=b"ledger-seed").digest()


class Draws:
    """An endless stream of numbers that depends on the key and the parts alone, on every machine and Python."""

    __slots__ = ("_state",)

    def __init__(self, key: bytes, *parts: object) -> None:
        text = "\x1f".join(map(str, parts)).encode()
        self._state = int.from_bytes(blake2b(text, key=key, digest_size=8).digest(), "big")

    def below(self, limit: int) -> int:
        """An integer from 0 to `limit` - 1."""
        self._state = state = (self._state + 0x9E3779B97F4A7C15) & _MASK
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
        return ((state ^ (state >> 31)) * limit) >> 64

    def between(self, low: int, high: int) -> int:
        """An integer from `low` to `high`, both possible."""
        return low + self.below(high - low + 1)

    def chance(self, percent: int) -> bool:
        """True in `percent` of 100 cases."""
        return self.below(100) < percent

    def pick(self, choices: Sequence[T]) -> T:
        """One of `choices`."""
        return choices[self.below(len(choices))]

    def sample(self, choices: Sequence[T], count: int) -> list[T]:
        """`count` different ones of `choices`, in drawn order."""
        left = list(choices)
        return [left.pop(self.below(len(left))) for _ in range(min(count, len(left)))]

    def digits(self, count: int) -> str:
        """`count` decimal digits."""
        return f"{self.below(10**count):0{count}d}"

    def price(self, low: int, high: int) -> int:
        """Ten-thousandths between two whole amounts, to the centavo; shops like to end in 0, 90 and 99."""
        ending = self.pick((0, 90, 99, None, None, None))
        cents = self.below(100) if ending is None else ending
        return (self.between(low, high) * 100 + cents) * 100
