"""A client whose answers are scripted and whose pauses are recorded instead of slept."""

import base64
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
import respx

from app.pluggy.client import PluggyClient, open_client
from app.pluggy.limits import Group, Lane
from app.pluggy.retry import RetryTransport

BASE_URL = "https://api.pluggy.test"
SAMPLES = Path(__file__).parent.parent / "samples"


def sample(name: str) -> bytes:
    """A recorded answer, by `<endpoint>/<case>`."""
    return (SAMPLES / f"{name}.json").read_bytes()


def make_jwt(**claims: object) -> str:
    """An unsigned token with these claims."""
    parts = (json.dumps({"alg": "HS256"}), json.dumps(claims), "signature")
    return ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts)


def json_answer(body: bytes | str, status: int = 200, **headers: str) -> httpx.Response:
    """An answer whose JSON is given as text, so that its numbers stay as written."""
    return httpx.Response(status, content=body, headers={"content-type": "application/json", **headers})


class RecordingLimiter:
    """Notes who asked and what was paused; never waits."""

    def __init__(self) -> None:
        self.acquired: list[tuple[Group, Lane]] = []
        self.paused: list[tuple[Group, float]] = []

    async def acquire(self, group: Group, lane: Lane) -> None:
        self.acquired.append((group, lane))

    async def pause(self, group: Group, seconds: float) -> None:
        self.paused.append((group, seconds))


@pytest.fixture
def slept() -> list[float]:
    """The pauses that the client made."""
    return []


@pytest.fixture
def limiter() -> RecordingLimiter:
    """The client's limiter."""
    return RecordingLimiter()


@pytest.fixture
def pluggy_api() -> Iterator[respx.MockRouter]:
    """Pluggy, scripted; POST /auth gives key-1, key-2, ..."""
    with respx.mock(base_url=BASE_URL, assert_all_called=False) as router:
        numbers = iter(range(1, 1000))
        router.post("/auth", name="auth").mock(
            side_effect=lambda _: httpx.Response(200, json={"apiKey": f"key-{next(numbers)}"})
        )
        yield router


@pytest.fixture
async def client(slept: list[float], limiter: RecordingLimiter) -> AsyncIterator[PluggyClient]:
    """A client without jitter."""

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    transport = RetryTransport(
        httpx.AsyncHTTPTransport(trust_env=False), limiter=limiter, sleep=sleep, jitter=lambda attempt: 0.1 * attempt
    )
    opened = open_client(base_url=BASE_URL, client_id="id", client_secret="secret", transport=transport)
    yield opened
    await opened.aclose()
