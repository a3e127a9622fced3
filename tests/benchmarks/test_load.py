"""The load generator counts what it is answered, and tells failures from answers."""

import asyncio

from benchmarks.load import UNIQUE, Order, put_load, request

ANSWER = b"HTTP/1.1 %s\r\ncontent-length: 2\r\n\r\nok"


async def load(answer: bytes) -> tuple[int, int, set[str]]:
    """Put half a second of load on a server with this answer; return answers, errors, and the bodies it saw."""
    seen: set[str] = set()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                seen.add((await reader.readexactly(len(UNIQUE))).decode())
                writer.write(answer)
        except (EOFError, ConnectionError):
            writer.close()

    async with await asyncio.start_server(converse, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        outcome = await put_load(Order(port, 4, 0.5, [request("POST", "/", {}, UNIQUE)]))
    return outcome.answers, outcome.errors, seen


async def test_each_request_is_answered_once_and_bears_an_id_of_its_own() -> None:
    answers, errors, seen = await load(ANSWER % b"202 Accepted")

    assert errors == 0
    assert answers == len(seen) > 4


async def test_an_answer_other_than_2xx_is_an_error() -> None:
    answers, errors, seen = await load(ANSWER % b"503 Service Unavailable")

    assert (answers, errors) == (0, len(seen))
