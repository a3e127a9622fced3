"""The Connect page's script against a served stand-in, in as much of a browser as it needs."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import sandbox
from tests.sandbox.desk import KEYS, OK_CPF
from tests.sandbox.serving import serving

SCRIPT = Path(sandbox.__file__).parent / "pages" / "connect.js"
BROWSER = Path(__file__).parent / "browser.mjs"
LOGIN = {"user": "user-ok", "password": "password-ok"}

pytestmark = pytest.mark.skipif(
    shutil.which("node") is None, reason="CONNECT PAGE NOT PLAYED: no node on this machine. Install Node.js."
)


@pytest.fixture(scope="module")
def bank() -> Iterator[httpx.Client]:
    with serving("connect") as address, httpx.Client(base_url=address, trust_env=False) as client:
        client.headers["X-API-KEY"] = client.post("/auth", json=KEYS).json()["apiKey"]
        yield client


def play(bank: httpx.Client, query: str, *steps: dict[str, Any], **token: Any) -> dict[str, Any]:
    """Open the page with a fresh connect token, play the steps; `seen` holds where each one led."""
    made = bank.post("/connect_token", json=token or {"options": {"clientUserId": "owner-1"}}).json()["accessToken"]
    address = f"?connectToken={made}&includeSandbox=true&{query}"
    command = ["node", str(BROWSER), str(SCRIPT), str(bank.base_url).rstrip("/"), address, json.dumps(steps)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    played: dict[str, Any] = json.loads(ended.stdout)
    return played


def item_told(played: dict[str, Any]) -> dict[str, Any]:
    [item] = [message["item"] for message in played["told"] if message["event"] == "onSuccess"]
    found: dict[str, Any] = item
    return found


def test_choosing_a_bank_and_logging_in_reports_the_item_and_redirects(bank: httpx.Client) -> None:
    query = "redirectUri=https%3A%2F%2Fapp.example.com%2Fback%3Fa%3D1"

    played = play(bank, query, {"click": "Pluggy Bank PF"}, {"fill": LOGIN})

    item = item_told(played)
    assert played["seen"] == ["Escolha seu banco", "Pluggy Bank PF", "Banco conectado"]
    assert played["redirect"] == f"https://app.example.com/back?a=1&itemId={item['id']}"
    assert bank.get(f"/items/{item['id']}").json()["clientUserId"] == "owner-1"


def test_refusals_are_shown_and_tried_again_through_a_prompt(bank: httpx.Client) -> None:
    played = play(
        bank,
        "selectedConnectorId=5",
        {"fill": {"user": "bad", "password": "password-ok"}},
        {"fill": {"user": "user-bad", "password": "password-ok"}},
        {"click": "Tentar de novo"},
        {"fill": LOGIN | {"user": "user-ok-select"}},
        {"fill": {"channel": "1"}},
    )

    assert played["seen"][1:3] == ["O usuário deve começar com user-", "O banco não aceitou estes dados."]
    assert played["seen"][-2:] == ["O banco pede uma confirmação", "Banco conectado"]
    assert "onError" in [message["event"] for message in played["told"]]


def test_open_finance_leads_to_the_bank_and_back(bank: httpx.Client) -> None:
    bank.patch("/_control/settings", json={})

    played = play(bank, "selectedConnectorId=600", {"fill": {"cpf": OK_CPF}}, {"open": "approve"})

    assert played["seen"] == ["Sandbox Open Finance", "Autorize no banco", "Banco conectado"]


def test_update_mode_repairs_the_item_it_was_opened_for(bank: httpx.Client) -> None:
    body = {"connectorId": 2, "parameters": {"user": "user-bad", "password": "password-ok"}}
    made = bank.post("/items", json=body).json()
    bank.post("/_control/clock", json={"seconds": 5})

    played = play(bank, f"updateItem={made['id']}", {"fill": LOGIN}, itemId=made["id"])

    assert item_told(played)["id"] == made["id"]
