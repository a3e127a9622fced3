"""The whole walk and the Connect page, done by a real headless browser."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

import httpx
import pytest
from playwright.async_api import Browser, Page, Request, async_playwright

from app.main import create_app
from app.owners.principal import DEFAULT_SCOPES, Principal
from app.resources import Resources, open_resources
from app.settings import Settings
from sandbox.stack.children import free_port
from sandbox.world import DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET
from tests.http_support import KnownCaller, make_settings
from tests.oauth.walk import SECRET, Walk
from tests.servers import ServerUrls
from tests.serving import running_server
from tests.stand_in import StandIn
from worker.job import Runner

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
CHROMIUM = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
pytestmark = pytest.mark.skipif(
    CHROMIUM is None,
    reason="NOT WALKED IN A BROWSER: no Chromium on this machine. Install it, or name it in CHROMIUM.",
)


@dataclass
class Tab:
    """A page, and everything it asked for or complained about."""

    page: Page
    asked: list[Request] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def note(self, request: Request) -> None:
        """Keep what the page asks for."""
        self.asked.append(request)

    def asked_of(self, address: str) -> list[str]:
        """What the page asked of one server."""
        return [request.url for request in self.asked if request.url.startswith(address)]


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        await opened.close()


@asynccontextmanager
async def new_tab(browser: Browser, *, locale: str = "pt-BR") -> AsyncIterator[Tab]:
    """A person's browser that has never been anywhere."""
    context = await browser.new_context(locale=locale)
    tab = Tab(await context.new_page())
    tab.page.set_default_timeout(20_000)
    tab.page.on("request", tab.note)
    tab.page.on("console", lambda message: tab.complaints.append(message.text) if message.type == "error" else None)
    tab.page.on("pageerror", lambda error: tab.complaints.append(str(error)))
    yield tab
    await context.close()


@pytest.fixture
async def served(
    resources: Resources, server_urls: ServerUrls, database_name: str, stand_in: StandIn, owner_id: UUID
) -> AsyncIterator[Walk]:
    """The service on a port of its own, whose callback a browser can reach, with a worker beside it."""
    port = free_port()
    settings = _settings(resources.settings, server_urls, database_name, stand_in, port)
    app = create_app(settings)
    async with running_server(app, port=port), open_resources(settings, statement_ms=10_000) as own:
        app.state.authenticator = KnownCaller(principal=Principal(owner_id, DEFAULT_SCOPES, "person"))
        runner = Runner(own)
        working = asyncio.create_task(_work(runner))
        address = f"http://127.0.0.1:{port}"
        async with httpx.AsyncClient(base_url=address, headers={"Authorization": "Bearer good"}, timeout=60) as http:
            yield Walk(http, stand_in, runner)
        working.cancel()
        await asyncio.wait({working})
        await runner.stop()


def _settings(given: Settings, server_urls: ServerUrls, database_name: str, stand_in: StandIn, port: int) -> Settings:
    return make_settings(
        database_url=server_urls.postgres("banking_app", database_name),
        redis_url=given.service.redis_url.get_secret_value(),
        backend_url=f"http://127.0.0.1:{port}",
        connect_page_url=f"{stand_in.url}/connect",
        poll_interval_seconds=0.2,
        pluggy_base_url=stand_in.url,
        pluggy_client_id=DEFAULT_CLIENT_ID,
        pluggy_client_secret=DEFAULT_CLIENT_SECRET,
        pluggy_use_sandbox=True,
        pluggy_webhook_secret=SECRET,
    )


async def _work(runner: Runner) -> None:
    while True:
        await runner.drain_all()
        await asyncio.sleep(0.2)


@pytest.mark.parametrize(
    ("locale", "thanks"), [("pt-BR", "Autorização recebida!"), ("en-US", "Authorisation received!")]
)
async def test_a_person_authorises_at_the_bank_and_lands_on_our_page(
    served: Walk, browser: Browser, locale: str, thanks: str
) -> None:
    """From the bank's page to ours and to a connection that is ready; the page asks nothing of anybody."""
    begun = await served.start()
    ours = str(served.http.base_url)

    async with new_tab(browser, locale=locale) as tab:
        await tab.page.goto(begun["authorization_url"])
        await tab.page.get_by_role("button", name="Autorizar").click()
        heading = tab.page.get_by_role("heading", level=1)
        await heading.filter(has_text=thanks).wait_for()
        title, font = await tab.page.title(), await heading.evaluate("node => getComputedStyle(node).fontSize")
        asked, complaints = tab.asked_of(ours), tab.complaints
    read = await served.follow(begun, seconds=30)

    assert (title, font) == (thanks, "24px")  # the style is let through by its hash
    assert len(asked) == 1
    assert f"state={begun['state']}" in asked[0]
    assert complaints == []
    assert read["is_ready"]


async def test_a_person_who_refuses_at_the_bank_is_told_what_to_do(served: Walk, browser: Browser) -> None:
    begun = await served.start()

    async with new_tab(browser) as tab:
        await tab.page.goto(begun["authorization_url"])
        await tab.page.get_by_role("button", name="Recusar").click()
        await tab.page.get_by_role("main").wait_for()
        complaints = tab.complaints
    read = await served.follow(begun, seconds=30)

    assert complaints == []
    assert (read["is_failed"], read["action_required"] is not None) == (True, True)


async def test_a_person_connects_a_bank_on_the_connect_page(served: Walk, browser: Browser) -> None:
    """The widget's way: a connect token, the page, `create_from_item`, the first sync."""
    token = (await served.http.post("/api/banking/connections/create_connect_token/")).json()

    async with new_tab(browser) as tab:
        await tab.page.goto(token["connect_url"])
        await tab.page.get_by_role("button", name="Pluggy Bank PF").first.click()
        await tab.page.get_by_label("Usuário").fill("user-ok")
        await tab.page.get_by_label("Senha").fill("password-ok")
        await tab.page.get_by_role("button", name="Continuar").click()
        await tab.page.get_by_role("heading", name="Banco conectado").wait_for()
        complaints = tab.complaints
    item_id = (await served.bank.control("GET", "/items"))["results"][0]["id"]
    made = await served.http.post("/api/banking/connections/create_from_item/", json={"item_id": item_id})
    read = await served.follow({"connection": made.json()}, seconds=30)

    assert (made.status_code, complaints) == (201, [])
    assert (read["is_ready"], read["institution"]["name"]) == (True, "Pluggy Bank PF")
