"""A file on its way to a client, in parts, for as long as the client takes them."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager
from datetime import timedelta
from typing import Final

from starlette.responses import StreamingResponse
from starlette.types import Send

from app.clock import utc_now
from app.http_errors import ServiceUnavailable
from app.reading import IDLE_SECONDS

AT_ONCE: Final = 3
"""Of one process: each holds a connection to the database for as long as its client reads."""

_RETRY: Final = timedelta(seconds=15)
_SEND_SECONDS: Final = IDLE_SECONDS - 10


class Slots:
    """How many downloads a process has under way."""

    def __init__(self) -> None:
        self.taken = 0

    @contextmanager
    def one(self) -> Iterator[None]:
        """Hold one. Raises ServiceUnavailable when there is none."""
        if self.taken >= AT_ONCE:
            raise ServiceUnavailable("Too many exports are under way.", action="retry", retry_at=utc_now() + _RETRY)
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1


class Download(StreamingResponse):
    """Sends a file whose first part is there already, so that a fault before it was a problem and no broken file.

    One that can't be finished ends without its last chunk, which every client takes for a failure. A client that takes
    nothing for long is cut off.
    """

    def __init__(self, first: bytes, parts: AsyncGenerator[bytes, None], *, media_type: str, file_name: str) -> None:
        headers = {"Content-Disposition": f'attachment; filename="{file_name}"', "X-Accel-Buffering": "no"}
        super().__init__(parts, media_type=media_type, headers=headers)
        self._first, self._parts = first, parts

    async def stream_response(self, send: Send) -> None:
        async def send_part(part: bytes, *, is_last: bool = False) -> None:
            async with asyncio.timeout(_SEND_SECONDS):
                await send({"type": "http.response.body", "body": part, "more_body": not is_last})

        async with aclosing(self._parts) as parts:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            await send_part(self._first)
            async for part in parts:
                await send_part(part)
        await send_part(b"", is_last=True)
