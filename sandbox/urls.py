"""Which URLs a client may register: Pluggy's rules for webhooks and for OAuth redirects."""

import ipaddress
import socket
from urllib.parse import SplitResult, urlsplit

from sandbox.wire import ApiError

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_RESERVED_ENDINGS = (".localhost", ".local", ".internal", ".localdomain")


def check_webhook_url(url: str, *, allow_loopback: bool) -> None:
    """Raises 400 with the real API's message, and no code, unless `url` is https at a public name.

    With `allow_loopback` http is allowed and names of this machine, container or network need no resolving.
    """
    parts = _split(url)
    host = (parts.hostname or "") if parts else ""
    if parts is None or not host or parts.scheme not in ("http", "https"):
        raise ApiError(400, "Webhook url must be valid URL address and not localhost")
    if allow_loopback and (host in _LOOPBACK or parts.scheme == "http"):
        return
    if parts.scheme != "https":
        raise ApiError(400, "Webhook url must be a https secured url")
    if _is_ip(host):
        raise ApiError(400, "Webhook url host can't be an IP address")
    if host == "localhost" or host.endswith(_RESERVED_ENDINGS) or "." not in host:
        raise ApiError(400, "Webhook url host can't be localhost or a reserved/internal name")
    if not allow_loopback:
        _check_addresses(host)


def check_redirect_url(url: str, *, allow_loopback: bool) -> None:
    """Raises 400 unless `url` is https or a mobile deep link, and does not lead to this machine."""
    parts = _split(url)
    if parts is None or not parts.scheme or parts.scheme in ("javascript", "data", "file"):
        raise ApiError(400, "oauthRedirectUri must be a valid URL")
    host = parts.hostname or ""
    if parts.scheme in ("http", "https"):
        if not host:
            raise ApiError(400, "oauthRedirectUri must be a valid URL")
        if not allow_loopback and (parts.scheme == "http" or host in _LOOPBACK):
            raise ApiError(400, "oauthRedirectUri must be https and not localhost")


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
        (parts.hostname or "").encode("idna")
    except (ValueError, UnicodeError):
        return None
    return parts if url.isprintable() and " " not in url else None


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _check_addresses(host: str) -> None:
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError):
        raise ApiError(400, "Webhook url host could not be resolved") from None
    if not all(ipaddress.ip_address(address.split("%")[0]).is_global for address in found):
        message = "Webhook url can't resolve to a private, loopback, link-local or reserved address"
        raise ApiError(400, message)
