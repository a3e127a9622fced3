"""One attempt at receivers of every kind (R45, R48)."""

import asyncio
import datetime as dt
import ipaddress
import ssl
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.webhook_endpoints import sender
from app.webhook_endpoints.sender import Answer, Resolve, send
from tests.webhook_endpoints.receiver import Receiver, answering, running_receiver
from tests.webhook_endpoints.test_guard import FORBIDDEN


def resolving_to(*addresses: str) -> Resolve:
    async def resolve(host: str, port: int) -> list[str]:
        return list(addresses)

    return resolve


async def attempt(url: str, resolve: Resolve = sender.resolve, *, allow_loopback: bool = True) -> Answer:
    return await send(url, {"webhook-id": "1"}, b"{}", allow_loopback=allow_loopback, resolve=resolve)


async def test_any_2xx_is_a_success(receiver: Receiver) -> None:
    receiver.answer = answering(207, body="thanks")

    answer = await attempt(receiver.url)

    assert (answer.status, answer.error, answer.text) == (207, None, "thanks")
    assert receiver.requests[0].headers["host"] == f"127.0.0.1:{receiver.port}"
    assert receiver.requests[0].headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("status", "error"), [(301, "redirected"), (404, "refused"), (410, "refused"), (500, "refused")]
)
async def test_anything_else_is_not(receiver: Receiver, status: int, error: str) -> None:
    receiver.answer = answering(status)

    answer = await attempt(receiver.url)

    assert (answer.status, answer.error) == (status, error)


async def test_a_redirect_to_a_private_place_is_not_followed(receiver: Receiver) -> None:
    async with running_receiver() as inside:
        receiver.answer = answering(307, f"location: {inside.url}\r\n")

        answer = await attempt(receiver.url)

    assert (answer.status, answer.error, inside.connections) == (307, "redirected", 0)


@pytest.mark.parametrize("address", FORBIDDEN.values(), ids=FORBIDDEN.keys())
async def test_a_name_that_leads_to_a_forbidden_address_is_not_called(address: str) -> None:
    answer = await attempt("https://hooks.example.com/", resolving_to(address), allow_loopback=False)

    assert (answer.status, answer.error) == (None, "address_forbidden")


async def test_one_forbidden_address_among_public_ones_forbids_all() -> None:
    answer = await attempt("https://hooks.example.com/", resolving_to("8.8.8.8", "10.0.0.1"), allow_loopback=False)

    assert answer.error == "address_forbidden"


async def test_a_name_that_resolves_differently_the_second_time_is_resolved_once(receiver: Receiver) -> None:
    """DNS rebinding: the address that was checked is the one that is called."""
    asked: list[str] = []

    async def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    first = await attempt(f"http://localhost:{receiver.port}/", resolve)
    second = await attempt(f"http://localhost:{receiver.port}/", resolve)

    assert (first.status, second.error) == (204, "address_forbidden")
    assert asked == ["localhost", "localhost"]
    assert receiver.requests[0].headers["host"] == f"localhost:{receiver.port}"
    assert receiver.connections == 1


@pytest.mark.parametrize("found", [[], ["nonsense"]])
async def test_a_name_without_a_usable_address_is_not_called(found: list[str]) -> None:
    assert (await attempt("https://hooks.example.com/", resolving_to(*found))).error == "name_not_resolved"


async def test_a_url_that_became_forbidden_is_not_called(receiver: Receiver) -> None:
    """An endpoint made while loopback was let through."""
    answer = await attempt(receiver.url, allow_loopback=False)

    assert (answer.error, receiver.connections) == ("url_refused", 0)


async def test_the_next_address_is_tried_when_one_does_not_answer(receiver: Receiver) -> None:
    answer = await attempt(f"http://localhost:{receiver.port}/", resolving_to("::1", "127.0.0.1"))

    assert answer.status == 204


async def test_nobody_listening_is_told() -> None:
    async with running_receiver() as gone:
        pass

    assert (await attempt(gone.url)).error == "connect_failed"


async def test_an_answer_that_is_no_http_is_told(receiver: Receiver) -> None:
    receiver.answer = b"SSH-2.0-OpenSSH_9.6\r\n\r\n"

    assert (await attempt(receiver.url)).error == "no_answer"


async def test_an_endless_answer_is_read_no_further_than_the_log_needs(receiver: Receiver) -> None:
    sent = 0

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()
            sent += 65536

    receiver.script = endless
    began = time.perf_counter()

    answer = await attempt(receiver.url)

    assert (answer.status, answer.error) == (200, None)
    assert answer.text == "x" * 500
    assert time.perf_counter() - began < 3
    assert sent < 50_000_000


async def test_a_body_that_drips_ends_with_its_status(receiver: Receiver) -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b".")
            await writer.drain()
            await asyncio.sleep(0.05)

    receiver.script = drip
    began = time.perf_counter()

    answer = await attempt(receiver.url)

    assert answer.is_success
    assert time.perf_counter() - began < 3


async def test_headers_that_drip_are_cut_off(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte comes in time: only a bound on the whole attempt ends it."""
    monkeypatch.setattr(sender, "ATTEMPT_SECONDS", 0.5)

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nx: ")
        while True:
            writer.write(b".")
            await writer.drain()
            await asyncio.sleep(0.05)

    receiver.script = drip
    began = time.perf_counter()

    answer = await attempt(receiver.url)

    assert (answer.status, answer.error) == (None, "timeout")
    assert time.perf_counter() - began < 2


async def test_endless_headers_are_refused(receiver: Receiver) -> None:
    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(b"x: " + b"y" * 8000 + b"\r\n")
            await writer.drain()

    receiver.script = flood

    assert (await attempt(receiver.url)).error == "no_answer"


async def test_a_receiver_that_says_nothing_is_left_after_the_bound(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "ATTEMPT_SECONDS", 0.3)
    receiver.delay = 5

    assert (await attempt(receiver.url)).error == "timeout"


async def test_a_compressed_bomb_stays_compressed(receiver: Receiver) -> None:
    receiver.answer = answering(500, "content-encoding: gzip\r\n", "not gzip at all")

    answer = await attempt(receiver.url)

    assert (answer.status, answer.text) == (500, "not gzip at all")


async def test_an_answer_with_a_nul_can_be_stored(receiver: Receiver) -> None:
    receiver.answer = answering(500, body="a\0b")

    assert (await attempt(receiver.url)).text == "a�b"


async def test_retry_after_is_passed_on(receiver: Receiver) -> None:
    receiver.answer = answering(503, "retry-after: 90\r\n")

    assert (await attempt(receiver.url)).retry_after == dt.timedelta(seconds=90)


def certificate(directory: Path, name: x509.GeneralName) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context with a certificate for the name, and the context that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([name]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = directory / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    return server, ssl.create_default_context(cafile=str(pem))


async def test_the_certificate_is_verified_for_the_name_though_the_address_is_pinned(tmp_path: Path) -> None:
    server, trust = certificate(tmp_path, x509.DNSName("localhost"))
    async with running_receiver(ssl=server) as served:
        url = f"https://localhost:{served.port}/"

        trusted = await send(url, {}, b"{}", allow_loopback=True, resolve=resolving_to("127.0.0.1"), trust=trust)
        untrusted = await attempt(url, resolving_to("127.0.0.1"))

    assert trusted.status == 204
    assert (untrusted.status, untrusted.error) == (None, "tls_failed")


async def test_a_certificate_for_the_address_alone_does_not_do(tmp_path: Path) -> None:
    server, trust = certificate(tmp_path, x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    async with running_receiver(ssl=server) as served:
        url = f"https://localhost:{served.port}/"

        answer = await send(url, {}, b"{}", allow_loopback=True, resolve=resolving_to("127.0.0.1"), trust=trust)

    assert answer.error == "tls_failed"
