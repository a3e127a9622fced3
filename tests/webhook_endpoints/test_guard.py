"""Which addresses and URLs deliveries may go to (R48)."""

from ipaddress import ip_address

import pytest

from app.webhook_endpoints.guard import check_url, is_public, may_call

FORBIDDEN = {
    "this network": "0.0.0.0",
    "this network's hosts": "0.1.2.3",
    "private 10": "10.0.0.1",
    "private 172.16": "172.16.0.1",
    "private 172.31": "172.31.255.254",
    "private 192.168": "192.168.1.1",
    "shared by carriers": "100.64.0.1",
    "shared by carriers, last": "100.127.255.254",
    "loopback": "127.0.0.1",
    "loopback, another": "127.8.8.8",
    "link-local": "169.254.0.1",
    "metadata service": "169.254.169.254",
    "a cloud's machine service": "168.63.129.16",
    "protocol assignments": "192.0.0.192",
    "documentation 1": "192.0.2.1",
    "documentation 2": "198.51.100.1",
    "documentation 3": "203.0.113.1",
    "6to4 relays": "192.88.99.1",
    "benchmarks": "198.19.255.1",
    "multicast": "224.0.0.1",
    "multicast, last": "239.255.255.255",
    "reserved": "240.0.0.1",
    "broadcast": "255.255.255.255",
    "unspecified v6": "::",
    "loopback v6": "::1",
    "mapped loopback": "::ffff:127.0.0.1",
    "mapped private": "::ffff:10.0.0.1",
    "mapped metadata": "::ffff:169.254.169.254",
    "compatible": "::127.0.0.1",
    "translated": "::ffff:0:127.0.0.1",
    "NAT64 of loopback": "64:ff9b::7f00:1",
    "NAT64 of private": "64:ff9b::a00:1",
    "NAT64 of metadata": "64:ff9b::a9fe:a9fe",
    "NAT64 of a local network": "64:ff9b:1::808:808",
    "6to4 of loopback": "2002:7f00:1::",
    "6to4 of private": "2002:c0a8:101::1",
    "6to4 of CGNAT": "2002:6440:1::1",
    "Teredo": "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "ORCHID": "2001:20::1",
    "benchmarks v6": "2001:2::1",
    "documentation v6": "2001:db8::1",
    "documentation v6, newer": "3fff::1",
    "ISATAP of private": "2600::5efe:a00:1",
    "discard": "100::1",
    "segment routing": "5f00::1",
    "unique local": "fc00::1",
    "unique local, metadata": "fd00:ec2::254",
    "link-local v6": "fe80::1",
    "site-local": "fec0::1",
    "multicast v6": "ff02::1",
    "unassigned v6": "4000::1",
}
PUBLIC = ("8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808")


@pytest.mark.parametrize("address", FORBIDDEN.values(), ids=FORBIDDEN.keys())
def test_an_address_that_is_not_of_the_internet_is_forbidden(address: str) -> None:
    assert not is_public(ip_address(address))
    assert not may_call(ip_address(address), allow_loopback=False)


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_internet_is_not(address: str) -> None:
    assert may_call(ip_address(address), allow_loopback=False)


@pytest.mark.parametrize("address", [address for address in FORBIDDEN.values() if address not in {"127.0.0.1", "::1"}])
def test_loopback_let_through_lets_nothing_else_through(address: str) -> None:
    assert may_call(ip_address("127.0.0.1"), allow_loopback=True)
    assert not may_call(ip_address(address), allow_loopback=True)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "ftp://example.com/",
        "https://example.com:8443/",
        "https://example.com:0/",
        "https://example.com:99999/",
        "https://example.com:x/",
        "https://user@example.com/",
        "https://user:password@example.com/",
        "https://@example.com/",
        "https://example.com/#part",
        "https://example.com\\@internal/",
        "https://exa mple.com/",
        "https://example.com/\n",
        "https://exämple.com/",
        "https://127.0.0.1/",
        "https://8.8.8.8/",
        "https://[::1]/",
        "https://[2606:4700::1111]/",
        "https://[::ffff:8.8.8.8]/",
        "https://[/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.1/",
        "https://127.1/",
        "https://0177.0.0.1/",
        "https://example.0x1/",
        "https://127.0.0.1./",
        "https://localhost/",
        "https://intranet/",
        "https://-a.example.com/",
        "https://a_b.example.com/",
        "https:///path",
        "https://",
        "//example.com/",
        "example.com",
        "https://example.com/" + "a" * 2048,
    ],
)
def test_a_url_that_deliveries_must_not_go_to_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="must"):
        check_url(url, allow_loopback=False)


@pytest.mark.parametrize(
    "url",
    ["https://example.com", "https://example.com:443/a?b=c", "https://EXAMPLE.com/", "https://xn--exmple-cua.com/"],
)
def test_a_sound_url_passes(url: str) -> None:
    assert check_url(url, allow_loopback=False).scheme == "https"


def test_development_reaches_its_own_machine_at_any_port_and_still_no_other() -> None:
    assert check_url("http://localhost:9999/x", allow_loopback=True).port == 9999
    with pytest.raises(ValueError, match="https"):
        check_url("http://10.0.0.1:9999/", allow_loopback=True)
