"""The bank's consent page and the Connect page."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import sandbox
from tests.sandbox.desk import OK_CPF, Desk

PAGES = Path(sandbox.__file__).parent / "pages"


async def test_the_authorisation_url_comes_two_seconds_after_the_item(desk: Desk) -> None:
    item = await desk.post_item(OK_CPF, 600)

    await desk.advance(1.9)
    early = await desk.item(item["id"])
    await desk.advance(0.2)
    ready = await desk.item(item["id"])

    assert (item["parameter"], early["parameter"]) == (None, None)
    assert (ready["status"], ready["parameter"]["type"]) == ("WAITING_USER_INPUT", "oauth")
    assert ready["parameter"]["name"] == "oauthCode"
    assert ready["parameter"]["data"].startswith("http://127.0.0.1:8100/oauth/authorize?token=")


async def test_the_consent_page_names_the_bank_and_offers_three_ways(desk: Desk) -> None:
    item = await desk.settled_item(OK_CPF, 601, products=["ACCOUNTS"])

    page = await desk.http.get(item["parameter"]["data"])

    assert page.status_code == 200
    assert "Itaú" in page.text
    assert re.findall(r'name="decision" value="(\w+)"', page.text) == ["approve", "deny", "expire"]
    assert page.text.count("<li>") == 1


@pytest.mark.parametrize(
    ("uri", "location"),
    [
        ("https://app.example.com/cb?state=s1", "https://app.example.com/cb?state=s1&itemId={id}"),
        ("myapp://bank/cb", "myapp://bank/cb?itemId={id}"),
        ("https://app.example.com/cb#part", "https://app.example.com/cb?itemId={id}#part"),
    ],
)
async def test_approving_resumes_the_item_and_returns_the_person_with_the_item_id(
    desk: Desk, uri: str, location: str
) -> None:
    item = await desk.settled_item(OK_CPF, 600, oauthRedirectUri=uri)

    answer = await desk.decide(item, "approve")
    await desk.advance(10)

    assert (answer.status_code, answer.headers["location"]) == (302, location.replace("{id}", item["id"]))
    ended = await desk.item(item["id"])
    assert (ended["executionStatus"], ended["oauthRedirectUri"]) == ("SUCCESS", uri)
    [consent] = (await desk.call("GET", "/consents", params={"itemId": item["id"]}))["results"]
    assert (consent["expiresAt"], consent["revokedAt"]) == (None, None)
    assert "ACCOUNTS_BALANCES" in consent["openFinancePermissionsGranted"]
    assert await desk.call("GET", f"/consents/{consent['id']}") == consent


@pytest.mark.parametrize(
    ("decision", "end"),
    [
        ("deny", ("LOGIN_ERROR", "USER_AUTHORIZATION_NOT_GRANTED")),
        ("expire", ("OUTDATED", "USER_INPUT_TIMEOUT")),
    ],
)
async def test_refusing_and_letting_expire_end_the_run(desk: Desk, decision: str, end: tuple[str, str]) -> None:
    item = await desk.settled_item(OK_CPF, 600)

    await desk.decide(item, decision)

    ended = await desk.item(item["id"])
    assert (ended["status"], ended["executionStatus"]) == end
    assert (await desk.call("GET", "/consents", params={"itemId": item["id"]}))["results"] == []


async def test_an_authorisation_dies_when_its_time_is_over(desk: Desk) -> None:
    item = await desk.settled_item(OK_CPF, 600)

    await desk.advance(600)
    page = await desk.http.get(item["parameter"]["data"])

    assert (await desk.item(item["id"]))["executionStatus"] == "USER_INPUT_TIMEOUT"
    assert page.status_code == 410


async def test_a_decision_counts_once(desk: Desk) -> None:
    item = await desk.settled_item(OK_CPF, 600)
    await desk.decide(item, "approve")

    again = await desk.decide(item, "deny")

    assert again.status_code == 410


async def test_an_authorised_item_is_not_asked_again(desk: Desk) -> None:
    item = await desk.settled_item(OK_CPF, 600)
    await desk.decide(item, "approve")
    await desk.advance(3700)

    await desk.call("PATCH", f"/items/{item['id']}")
    await desk.advance(10)

    ended = await desk.item(item["id"])
    assert (ended["status"], ended["parameter"]) == ("UPDATED", None)
    assert (await desk.call("GET", "/consents", params={"itemId": item["id"]}))["total"] == 1


@pytest.mark.parametrize("uri", ["http://localhost:3000/cb", "http://127.0.0.1/cb", "https://localhost/cb"])
async def test_a_local_redirect_is_refused_without_the_switch(desk: Desk, uri: str) -> None:
    body = {"connectorId": 600, "parameters": {"cpf": OK_CPF}, "oauthRedirectUri": uri}

    await desk.call("POST", "/items", json=body)
    await desk.control("PATCH", "/settings", {"allowLoopbackUrls": False})

    await desk.call("POST", "/items", 400, json=body)


@pytest.mark.parametrize("uri", ["javascript:alert(1)", "nothing", "https://", "data:text/html,x"])
async def test_a_redirect_that_is_no_address_is_refused(desk: Desk, uri: str) -> None:
    body = {"connectorId": 600, "parameters": {"cpf": OK_CPF}, "oauthRedirectUri": uri}

    await desk.call("POST", "/items", 400, json=body)


async def test_pages_load_nothing_from_elsewhere_and_forbid_it(desk: Desk) -> None:
    for path in ("/", "/connect?connectToken=x", "/oauth/authorize?token=x"):
        page = await desk.http.get(path)

        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert re.findall(r"(?:src|href)=\"(?!/|data:)", page.text) == []
        assert 'lang="pt-BR"' in page.text
    for asset in ("style.css", "connect.js"):
        assert (await desk.http.get(f"/connect/{asset}")).status_code == 200
        assert "https://" not in (PAGES / asset).read_text()


async def test_values_in_pages_are_escaped(desk: Desk) -> None:
    page = await desk.http.get("/oauth/authorize", params={"token": '"><script>alert(1)</script>'})

    assert "<script>alert" not in page.text


@pytest.mark.skipif(
    shutil.which("node") is None, reason="SCRIPT NOT CHECKED: no node on this machine. Install Node.js."
)
def test_the_connect_script_is_well_formed() -> None:
    command = ["node", "--input-type=module", "--check"]

    checked = subprocess.run(command, input=(PAGES / "connect.js").read_bytes(), capture_output=True, timeout=30)

    assert checked.returncode == 0, checked.stderr
