"""The words of ASGI that the stand-in's middleware speaks."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]


def header(scope: Scope, name: bytes) -> str:
    """The first header of that (lower-case) name, empty when there is none."""
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")
