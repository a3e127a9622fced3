"""The code of docs/integrators.md does what its text says."""

import asyncio
import json
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.clock import utc_now
from app.database import Sessions
from app.owners.principal import DEFAULT_SCOPES, Principal
from app.resources import Resources
from app.webhook_endpoints.signing import make_secret, signed_headers
from tests.events.test_router import record
from tests.events.test_stream import Served, served_api
from tests.transactions.support import add_rows

GUIDE = (Path(__file__).parents[2] / "docs" / "integrators.md").read_text()
BLOCKS: dict[str, str] = dict(re.findall(r"```(?:python|ts)\n(?:#|//) (\S+)\n(.*?)```", GUIDE, re.DOTALL))
NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="node is not installed")


def python_block(name: str) -> dict[str, Any]:
    """The names that a block defines."""
    names: dict[str, Any] = {}
    exec(compile(BLOCKS[name], name, "exec"), names)
    return names


async def run_node(directory: Path, name: str, script: str, **given: Any) -> Any:
    """Run a script beside a block, with `given` in `given`; return what it prints, decoded."""
    (directory / name.replace(".ts", ".mjs")).write_text(BLOCKS[name])
    main = directory / "main.mjs"
    main.write_text(f"const given = {json.dumps(given)};\n{script}")
    child = await asyncio.create_subprocess_exec(
        str(NODE), str(main), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(20):
            out, errors = await child.communicate()
    finally:
        if child.returncode is None:
            child.kill()
    assert child.returncode == 0, errors.decode()
    return json.loads(out)


@pytest.fixture
async def served(resources: Resources, owner_id: UUID) -> AsyncIterator[Served]:
    """The API on a port."""
    async with served_api(resources, Principal(owner_id, DEFAULT_SCOPES, "person")) as running:
        yield running


def client_of(served: Served) -> httpx.Client:
    return httpx.Client(base_url=f"http://127.0.0.1:{served.port}", headers={"Authorization": "Bearer good"})


def test_every_block_of_code_is_known_to_these_tests() -> None:
    assert len(re.findall(r"```(?:python|ts)\n", GUIDE)) == len(BLOCKS)
    assert set(BLOCKS) == {
        "verify.py",
        "verify.ts",
        "feed.py",
        "feed.ts",
        "stream.py",
        "stream.ts",
        "browser.ts",
    }


def deliveries() -> list[tuple[str, dict[str, str], str]]:
    """(secret, headers, body): one that is sound by the old of two secrets, then five that are not."""
    old, new, body = make_secret(), make_secret(), b'{"type": "sync.completed", "data": {}}'
    now = utc_now()
    sound = signed_headers([new, old], "id-1", body, now=now)
    late = signed_headers([old], "id-1", body, now=now.replace(year=now.year - 1))
    return [
        (old, sound, body.decode()),
        (old, sound, body.decode() + " "),
        (old, late, body.decode()),
        (make_secret(), sound, body.decode()),
        (old, {**sound, "webhook-id": "id-2"}, body.decode()),
        (old, {}, body.decode()),
    ]


def test_the_python_code_tells_a_sound_delivery_from_others() -> None:
    read = python_block("verify.py")["read_delivery"]

    results = [read(secret, headers, body.encode()) for secret, headers, body in deliveries()]

    assert results == [{"type": "sync.completed", "data": {}}, None, None, None, None, None]


@needs_node
async def test_the_typescript_code_tells_a_sound_delivery_from_others(tmp_path: Path) -> None:
    script = """
    import { readDelivery } from "./verify.mjs";
    console.log(JSON.stringify(given.deliveries.map(([secret, headers, body]) => readDelivery(secret, headers, body))));
    """

    results = await run_node(tmp_path, "verify.ts", script, deliveries=deliveries())

    assert results == [{"type": "sync.completed", "data": {}}, None, None, None, None, None]


async def test_the_python_code_keeps_a_ledger_equal(served: Served, sessions: Sessions, owner_id: UUID) -> None:
    made = await add_rows(sessions, owner_id, *({"description": f"row {each}"} for each in range(3)))
    catch_up, ledger = python_block("feed.py")["catch_up"], dict[str, Any]()

    with client_of(served) as http:
        cursor = await asyncio.to_thread(catch_up, http, ledger, None)
        again = await asyncio.to_thread(catch_up, http, ledger, cursor)

    assert set(ledger) == {str(row_id) for row_id in made}
    assert again


@needs_node
async def test_the_typescript_code_keeps_a_ledger_equal(
    served: Served, sessions: Sessions, owner_id: UUID, tmp_path: Path
) -> None:
    made = await add_rows(sessions, owner_id, *({"description": f"row {each}"} for each in range(3)))
    script = """
    import { catchUp } from "./feed.mjs";
    const ledger = new Map();
    const cursor = await catchUp(given.url, "good", ledger, null);
    await catchUp(given.url, "good", ledger, cursor);
    console.log(JSON.stringify([...ledger.keys()]));
    """

    ids = await run_node(tmp_path, "feed.ts", script, url=f"http://127.0.0.1:{served.port}")

    assert set(ids) == {str(row_id) for row_id in made}


async def test_the_python_code_resumes_the_stream(served: Served, sessions: Sessions, owner_id: UUID) -> None:
    listen = python_block("stream.py")["listen"]
    for number in range(3):
        await record(sessions, owner_id, number=number)

    def two_visits() -> list[int]:
        seen: list[Any] = []
        with client_of(served) as http:
            for last_id, count in (("0", 1), (None, 2)):
                stream = listen(http, last_id or seen[-1][0])
                seen += [next(stream) for _ in range(count)]
                stream.close()
        return [event["data"]["number"] for _, event in seen]

    assert await asyncio.to_thread(two_visits) == [0, 1, 2]


@needs_node
async def test_the_typescript_code_resumes_the_stream(
    served: Served, sessions: Sessions, owner_id: UUID, tmp_path: Path
) -> None:
    for number in range(3):
        await record(sessions, owner_id, number=number)
    script = """
    import { listen } from "./stream.mjs";
    const seen = [];
    for (const stop of [1, 3]) {
      for await (const [id, event] of listen(given.url, "good", seen.length ? seen.at(-1)[0] : "0")) {
        seen.push([id, event.data.number]);
        if (seen.length === stop) break;
      }
    }
    console.log(JSON.stringify(seen.map(([, number]) => number)));
    process.exit(0);
    """

    assert await run_node(tmp_path, "stream.ts", script, url=f"http://127.0.0.1:{served.port}") == [0, 1, 2]


@needs_node
async def test_the_browsers_code_opens_streams_by_ticket(
    served: Served, sessions: Sessions, owner_id: UUID, tmp_path: Path
) -> None:
    """Node 20 has no EventSource: a small one reads the first event, then fails as one whose stream ended does."""
    await record(sessions, owner_id, "transactions.changed", number=1)
    await record(sessions, owner_id, "transactions.changed", number=2)
    script = """
    import { follow } from "./browser.mjs";
    globalThis.EventSource = class {
      handlers = {};
      constructor(url) { this.read(url); }
      addEventListener(type, handler) { this.handlers[type] = handler; }
      close() {}
      async read(url) {
        let text = "";
        for await (const part of (await fetch(url)).body.pipeThrough(new TextDecoderStream())) {
          text += part;
          const found = text.match(/event: (.*)\\ndata: (.*)\\nid: (.*)\\n\\n/);
          if (!found) continue;
          this.handlers[found[1]]({ data: found[2], lastEventId: found[3] });
          return this.onerror();
        }
      }
    };
    const seen = [];
    follow(given.url, "good", 0, (event) => {
      seen.push(event.data.number);
      if (seen.length < 2) return;
      console.log(JSON.stringify(seen));
      process.exit(0);
    });
    """

    assert await run_node(tmp_path, "browser.ts", script, url=f"http://127.0.0.1:{served.port}") == [1, 2]
