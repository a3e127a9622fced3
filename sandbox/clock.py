"""The stand-in's time: real time plus an offset, or frozen; every timer of the stand-in reads it."""

from datetime import UTC, datetime, timedelta

import msgspec


class ClockState(msgspec.Struct, frozen=True):
    """What survives a restart: how far ahead of real time we are, or the instant at which time stands."""

    offset_seconds: float = 0.0
    frozen_at: datetime | None = None


class Clock:
    def __init__(self, state: ClockState | None = None) -> None:
        self.state = state or ClockState()

    def now(self) -> datetime:
        """The virtual instant, cut to milliseconds: the precision at which the API speaks."""
        if self.state.frozen_at is not None:
            return self.state.frozen_at
        return floor_ms(datetime.now(UTC) + timedelta(seconds=self.state.offset_seconds))

    def advance(self, seconds: float) -> None:
        """Move on; a frozen clock stays frozen at the new instant."""
        self.set(self.now() + timedelta(seconds=seconds), frozen=self.state.frozen_at is not None)

    def set(self, instant: datetime, *, frozen: bool) -> None:
        instant = floor_ms(instant.astimezone(UTC))
        offset = (instant - datetime.now(UTC)).total_seconds()
        self.state = ClockState(offset_seconds=offset, frozen_at=instant if frozen else None)

    def real_seconds_until(self, instant: datetime) -> float | None:
        """How long to sleep for `instant` to come; None when time stands still."""
        if self.state.frozen_at is not None:
            return None
        return max(0.0, (instant - self.now()).total_seconds())


def floor_ms(instant: datetime) -> datetime:
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def iso(instant: datetime | None) -> str | None:
    """`2026-03-04T12:00:00.000Z`, the one form in which the API writes instants."""
    if instant is None:
        return None
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant.microsecond // 1000:03d}Z"


def parse_instant(text: str) -> datetime | None:
    """An ISO 8601 day or instant as aware UTC; None when it is neither or lies outside years 1971 to 9000."""
    try:
        instant = datetime.fromisoformat(text)
        instant = instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return instant if 1971 <= instant.year <= 9000 else None
