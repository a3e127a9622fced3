"""One attempt at one address: everything that may go wrong with a receiver ends here, within its bounds (R45, R48)."""

import asyncio
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, Final
from urllib.parse import SplitResult

import httpx

from app.clock import utc_now
from app.webhook_endpoints.guard import check_url, may_call
from app.webhook_endpoints.schedule import parse_retry_after

ATTEMPT_SECONDS: Final = 15.0
_CONNECT_SECONDS: Final = 5.0
_MAX_ADDRESSES: Final = 3
_ANSWER_SECONDS: Final = 1.0
_ANSWER_BYTES: Final = 2048
ANSWER_CHARACTERS: Final = 500

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""From a host and a port to its addresses, best first; raises OSError."""

_resolvers = ThreadPoolExecutor(32, thread_name_prefix="resolve")  # slow name servers must not hold up anything else


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of an attempt. `error` is a word of ours, None for a success."""

    status: int | None
    error: str | None
    milliseconds: int
    text: str | None = None
    retry_after: timedelta | None = None

    @property
    def is_success(self) -> bool:
        return self.error is None


class _Refused(Exception):
    """The attempt is not made, or its answer not believed; the text is the word for it."""


async def resolve(host: str, port: int) -> list[str]:
    """Return the addresses that the system's resolver gives."""
    found = await asyncio.get_running_loop().run_in_executor(
        _resolvers, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    )
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


async def send(
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    allow_loopback: bool,
    resolve: Resolve = resolve,
    trust: ssl.SSLContext | None = None,
) -> Answer:
    """Post the body and return what became of it, within 15 s; never raises.

    The name is resolved once, all its addresses must be public, the connection goes to one of those and to nothing
    else: neither a second resolution nor a redirect leads anywhere. At most 2 kB of the answer are read.
    """
    began = time.perf_counter()

    def failed(word: str) -> Answer:
        return Answer(None, word, _since(began))

    try:
        async with asyncio.timeout(ATTEMPT_SECONDS):
            parts = check_url(url, allow_loopback=allow_loopback)
            addresses = await _addresses(parts, resolve, allow_loopback=allow_loopback)
            return await _post(parts, addresses, headers, body, trust or _default_trust(), began)
    except (TimeoutError, httpx.TimeoutException):
        return failed("timeout")
    except _Refused as refusal:
        return failed(str(refusal))
    except ValueError:
        return failed("url_refused")
    except httpx.ConnectError as error:
        return failed("tls_failed" if _is_about_tls(error) else "connect_failed")
    except (httpx.HTTPError, OSError):
        return failed("no_answer")


async def _addresses(parts: SplitResult, resolve: Resolve, *, allow_loopback: bool) -> list[IPv4Address | IPv6Address]:
    try:
        found = [ip_address(text) for text in await resolve(parts.hostname or "", _port(parts))]
    except (OSError, ValueError):  # a scoped address such as fe80::1%eth0 is none that could be public
        raise _Refused("name_not_resolved") from None
    if not found:
        raise _Refused("name_not_resolved")
    if not all(may_call(address, allow_loopback=allow_loopback) for address in found):
        raise _Refused("address_forbidden")
    return found[:_MAX_ADDRESSES]


async def _post(
    parts: SplitResult,
    addresses: list[IPv4Address | IPv6Address],
    headers: Mapping[str, str],
    body: bytes,
    trust: ssl.SSLContext,
    began: float,
) -> Answer:
    # a client of its own, without kept connections: none made for one host may ever carry another host's delivery
    timeout = httpx.Timeout(ATTEMPT_SECONDS, connect=_CONNECT_SECONDS)
    async with httpx.AsyncClient(verify=trust, timeout=timeout, trust_env=False, follow_redirects=False) as http:
        for address in addresses:
            request = _request(http, parts, address, headers, body)
            try:
                response = await http.send(request, stream=True)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if address == addresses[-1]:
                    raise
                continue
            try:
                _check_peer(response, address)
                return await _read(response, began)
            finally:
                await response.aclose()
    raise _Refused("connect_failed")


def _request(
    http: httpx.AsyncClient,
    parts: SplitResult,
    address: IPv4Address | IPv6Address,
    headers: Mapping[str, str],
    body: bytes,
) -> httpx.Request:
    host = f"[{address}]" if isinstance(address, IPv6Address) else str(address)
    target = parts._replace(netloc=f"{host}:{_port(parts)}", fragment="").geturl()
    told = {
        **headers,
        "host": parts.netloc,
        "content-type": "application/json",
        "user-agent": "CaixaHub-Banking-Webhooks/1.0",
        "accept-encoding": "identity",
        "connection": "close",
    }
    # the certificate is verified for the name, whatever address it was resolved to
    return http.build_request("POST", target, headers=told, content=body, extensions={"sni_hostname": parts.hostname})


def _check_peer(response: httpx.Response, address: IPv4Address | IPv6Address) -> None:
    peer: Any = response.extensions["network_stream"].get_extra_info("server_addr")
    if peer is None or ip_address(peer[0]) != address:
        raise _Refused("address_forbidden")


async def _read(response: httpx.Response, began: float) -> Answer:
    milliseconds, status = _since(began), response.status_code
    content = b""
    with suppress(TimeoutError, httpx.HTTPError):  # the status has decided; the text is for whoever looks into it
        async with asyncio.timeout(_ANSWER_SECONDS):
            async for part in response.aiter_raw():
                content += part[: _ANSWER_BYTES - len(content)]
                if len(content) >= _ANSWER_BYTES:
                    break
    text = content.decode(errors="replace").replace("\0", "�")[:ANSWER_CHARACTERS]
    error = None if 200 <= status < 300 else "redirected" if 300 <= status < 400 else "refused"
    retry_after = parse_retry_after(response.headers.get("retry-after"), now=utc_now()) if error else None
    return Answer(status, error, milliseconds, text, retry_after)


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _since(began: float) -> int:
    return round((time.perf_counter() - began) * 1000)


@cache
def _default_trust() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)


def _is_about_tls(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False
