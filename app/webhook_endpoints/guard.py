"""The guard against requests to places of our own network (SSRF): which addresses and URLs may be called (R48)."""

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

MAX_URL_CHARACTERS: Final = 2048
_LOOPBACK_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_HOST: Final = re.compile(r"(?=.{4,253}$)(?:(?!-)[a-z0-9-]{1,63}(?<!-)\.)+(?!-)[a-z0-9-]{2,63}(?<!-)")
_PRINTABLE: Final = re.compile(r"[\x21-\x7e]+")

_CLOSED_V4: Final = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # shared by carriers (CGNAT)
        "127.0.0.0/8",
        "168.63.129.16/32",  # a cloud's own service for its machines
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
"""IANA's special-purpose registry, multicast, reserved. A list of our own: `is_global` differs between Pythons."""

_OPEN_V6: Final = IPv6Network("2000::/3")
"""All that is assigned for global unicast; whatever lies outside is closed."""

_CLOSED_V6: Final = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments: Teredo, benchmarks, ORCHID
        "2001:db8::/32",
        "3fff::/20",
    )
)
_MAPPED: Final = IPv6Network("::ffff:0:0/96")
_NAT64: Final = IPv6Network("64:ff9b::/96")
_SIX_TO_FOUR: Final = IPv6Network("2002::/16")
_ISATAP: Final = frozenset({0x00005EFE, 0x02005EFE})


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Tell whether the address is one of the public internet; one that wraps an IPv4 address is judged by that."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _CLOSED_V4)
    if address in _MAPPED or address in _NAT64:
        return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
    if address in _SIX_TO_FOUR:
        return is_public(IPv4Address(int(address) >> 80 & 0xFFFFFFFF))
    if address not in _OPEN_V6 or any(address in network for network in _CLOSED_V6):
        return False
    is_tunnel = (int(address) >> 32 & 0xFFFFFFFF) in _ISATAP
    return not is_tunnel or is_public(IPv4Address(int(address) & 0xFFFFFFFF))


def may_call(address: IPv4Address | IPv6Address, *, allow_loopback: bool) -> bool:
    """Tell whether a delivery may go to this address."""
    return is_public(address) or (allow_loopback and str(address) in _LOOPBACK_HOSTS)


def check_url(url: str, *, allow_loopback: bool) -> SplitResult:
    """Return the parts of a URL that deliveries may go to. Raises ValueError with the reason.

    HTTPS at port 443 of a host name, no user, no fragment. `allow_loopback` lets http and any port through to this
    machine, for development.
    """
    if len(url) > MAX_URL_CHARACTERS or not _PRINTABLE.fullmatch(url) or "\\" in url:
        raise ValueError(f"must be at most {MAX_URL_CHARACTERS} visible ASCII characters, no backslash")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:  # its text would repeat the input
        raise ValueError("must be a URL") from None
    if "@" in parts.netloc:
        raise ValueError("must not name a user")
    if "#" in url:
        raise ValueError("must not have a fragment")
    if allow_loopback and host in _LOOPBACK_HOSTS and parts.scheme in {"http", "https"}:
        return parts
    if parts.scheme != "https":
        raise ValueError("must begin with https://")
    if port not in {None, 443}:
        raise ValueError("must use port 443")
    if _is_address(host):
        raise ValueError("must name a host, not an address")
    if not _HOST.fullmatch(host):
        raise ValueError("must name a host of the internet")
    return parts


def _is_address(host: str) -> bool:
    """Tell an address in any of its spellings (127.1, 0x7f.1, 2130706433 too): its last label is a number."""
    try:
        ip_address(host)
    except ValueError:
        return bool(re.fullmatch(r"\d+|0x[0-9a-f]*", host.rstrip(".").rpartition(".")[2]))
    return True
