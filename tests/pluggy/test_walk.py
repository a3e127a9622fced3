"""Each sandbox user and CPF, walked to its documented end by our client alone.

What the client can't do is done by who does it in life: the person opens the bank's page or takes the phone, and
time passes.
"""

from collections.abc import AsyncIterator
from typing import NamedTuple

import httpx
import pytest

from app.pluggy.client import PluggyClient, open_client
from app.pluggy.errors import PluggyNotFound, PluggyRefused
from app.pluggy.item_calls import NewItem
from app.pluggy.models import Item
from app.pluggy.retry import RetryTransport
from sandbox.app import create_app
from sandbox.world import DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET
from tests.sandbox.desk import APPROVED_CPF, BASE_URL, BROKEN_CPF, OK_CPF, REJECTED_CPF, SLOW_CPF, START

SUCCESS, PARTIAL = ("UPDATED", "SUCCESS", None), ("UPDATED", "PARTIAL_SUCCESS", None)
COMPANY = "60.701.190/0001-04"


def _outdated(code: str) -> tuple[str, str, str]:
    return "OUTDATED", code, code


def _login_error(code: str) -> tuple[str, str, str]:
    return "LOGIN_ERROR", code, code


WALKS = [  # connector, user or document, end
    (2, "user-ok", SUCCESS),
    (2, "user-ok-two-checking-accounts", SUCCESS),
    (2, "user-ok-account-warning", SUCCESS),
    (2, "user-ok-account-error", PARTIAL),
    (2, "user-ok-perf", SUCCESS),
    (2, "user-ok-perf-3", SUCCESS),
    (2, "user-ok-perf-1000x", SUCCESS),
    (2, "user-ok-auth-pending", SUCCESS),
    (2, "user-ok-img", SUCCESS),
    (2, "user-ok-select", SUCCESS),
    (2, "user-ok-phone", SUCCESS),
    (2, "user-ok-multi-company", SUCCESS),
    (2, "user-ok-qr", SUCCESS),
    (2, "user-ok-device", SUCCESS),
    (2, "user-logged", _outdated("ALREADY_LOGGED_IN")),
    (2, "user-locked", _login_error("ACCOUNT_LOCKED")),
    (2, "user-error", _outdated("UNEXPECTED_ERROR")),
    (2, "user-unavailable", _outdated("SITE_NOT_AVAILABLE")),
    (2, "user-account-need-actions", _outdated("ACCOUNT_NEEDS_ACTION")),
    (2, "user-account-need-actions-provider-message", _outdated("ACCOUNT_NEEDS_ACTION")),
    (2, "user-connection-error", _outdated("CONNECTION_ERROR")),
    (2, "user-account-credentials-reset", _login_error("ACCOUNT_CREDENTIALS_RESET")),
    (2, "user-not-supported", _outdated("USER_NOT_SUPPORTED")),
    (2, "user-bad", _login_error("INVALID_CREDENTIALS")),
    (0, "user-ok", SUCCESS),
    (1, "user-ok", SUCCESS),  # its token goes with the credentials
    (3, "user-ok", SUCCESS),  # and theirs is asked for on the way
    (5, "user-ok", SUCCESS),
    (4, "user-ok", SUCCESS),
    (600, OK_CPF, SUCCESS),
    (600, APPROVED_CPF, SUCCESS),
    (600, REJECTED_CPF, _login_error("USER_AUTHORIZATION_NOT_GRANTED")),
    (600, SLOW_CPF, SUCCESS),
    (600, BROKEN_CPF, _outdated("UNEXPECTED_ERROR")),
    (600, "529.982.247-25", _login_error("INVALID_CREDENTIALS")),  # valid, and not among the listed
    (613, COMPANY, SUCCESS),
    (200, "", SUCCESS),
]


class Walker(NamedTuple):
    """Our client, and the world around it: a person at the bank's page, and time."""

    pluggy: PluggyClient
    world: httpx.AsyncClient

    async def walk(self, connector: int, user: str) -> Item:
        """Make an item and do what it asks for until it asks for nothing more."""
        new = NewItem(connector_id=connector, parameters=_parameters(connector, user), products=("ACCOUNTS",))
        item_id = (await self.pluggy.create_item(new)).id
        for _ in range(4):
            await self._pass(20)
            item = await self.pluggy.get_item(item_id)
            if not await self._do_what_it_asks(item):
                return item
        raise AssertionError(f"{user} never ends")

    async def _do_what_it_asks(self, item: Item) -> bool:
        if item.status == "WAITING_USER_INPUT" and item.parameter is not None and item.parameter.type != "oauth":
            prompt = item.parameter
            answer = prompt.options[0].value if prompt.options else "123456"
            await self.pluggy.send_mfa(item.id, {prompt.name: str(answer)})
        elif item.status == "WAITING_USER_INPUT" and item.parameter is not None:
            await self._approve_at(item.parameter.data)
        elif item.status == "WAITING_USER_ACTION" or item.execution_status == "USER_AUTHORIZATION_PENDING":
            (await self.world.post(f"/_control/items/{item.id}/approve")).raise_for_status()
        else:
            return False
        return True

    async def _approve_at(self, page: str | None) -> None:
        assert page is not None
        token = httpx.URL(page).params["token"]
        answer = await self.world.post("/oauth/authorize", data={"token": token, "decision": "approve"})
        assert answer.status_code < 400

    async def _pass(self, seconds: float) -> None:
        (await self.world.post("/_control/clock", json={"seconds": seconds})).raise_for_status()


def _parameters(connector: int, user: str) -> dict[str, str]:
    if connector == 200:
        return {}
    if connector >= 600:
        return {"cnpj" if user == COMPANY else "cpf": user}
    token = {"token": "123456"} if connector == 1 else {}
    return {"user": user, "password": "password-ok", **token}


@pytest.fixture
async def walker() -> AsyncIterator[Walker]:
    app = create_app()
    inside = httpx.ASGITransport(app=app)
    pluggy = open_client(
        base_url=BASE_URL,
        client_id=DEFAULT_CLIENT_ID,
        client_secret=DEFAULT_CLIENT_SECRET,
        transport=RetryTransport(inside),
        now=lambda: app.state.world.now().timestamp(),
    )
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=inside, base_url=BASE_URL) as world,
    ):
        await world.post("/_control/clock", json={"now": START, "frozen": True})
        yield Walker(pluggy, world)
        await pluggy.aclose()


@pytest.mark.parametrize(("connector", "user", "end"), WALKS)
async def test_our_client_walks_each_sandbox_user_to_its_end(
    walker: Walker, connector: int, user: str, end: tuple[str, str, str | None]
) -> None:
    item = await walker.walk(connector, user)

    assert (item.status, item.execution_status, item.error.code if item.error else None) == end


@pytest.mark.parametrize(("connector", "user"), [(2, "bad"), (600, "111.111.111-11"), (600, "761.092.776-74")])
async def test_what_breaks_a_connectors_rule_makes_no_item(walker: Walker, connector: int, user: str) -> None:
    with pytest.raises(PluggyRefused) as refusal:
        await walker.walk(connector, user)

    assert (refusal.value.status, refusal.value.code) == (400, "CONNECTOR_VALIDATION_ERROR")
    assert [detail.code for detail in refusal.value.details] == ["002"]


async def test_a_walked_item_is_read_deleted_and_gone(walker: Walker) -> None:
    item = await walker.walk(2, "user-ok")

    accounts = [account async for page in walker.pluggy.iter_account_pages(item.id) for account in page.results]
    categories = [one async for page in walker.pluggy.iter_category_pages() for one in page.results]
    await walker.pluggy.delete_item(item.id)

    assert {account.type for account in accounts} == {"BANK"}
    assert "01010000" in {category.id for category in categories}
    with pytest.raises(PluggyNotFound):
        await walker.pluggy.get_item(item.id)
