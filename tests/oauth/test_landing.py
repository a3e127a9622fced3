"""The page that a browser lands on, and what it does not say."""

import re
from html.parser import HTMLParser
from uuid import UUID, uuid4

import httpx
import pytest

from app.database import Sessions
from app.resources import Resources
from tests.http_support import make_settings, running_api
from tests.oauth.rows import one
from tests.oauth.walk import RETURN_URL, Walk

CALLBACK = "/pluggy/callback"


class Outline(HTMLParser):
    """The elements of a page with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))


@pytest.fixture
async def page(client: httpx.AsyncClient) -> httpx.Response:
    return await client.get(CALLBACK, params={"itemId": str(uuid4())}, headers={"Authorization": ""})


async def test_the_page_thanks_in_portuguese_unless_english_is_preferred(client: httpx.AsyncClient) -> None:
    query = {"itemId": str(uuid4())}

    portuguese = await client.get(CALLBACK, params=query)
    english = await client.get(CALLBACK, params=query, headers={"Accept-Language": "en-GB,en;q=0.9,pt;q=0.1"})

    assert ("Autorização recebida!" in portuguese.text, 'lang="pt-BR"' in portuguese.text) == (True, True)
    assert ("Authorisation received!" in english.text, 'lang="en"' in english.text) == (True, True)
    assert (portuguese.headers["content-language"], english.headers["content-language"]) == ("pt-BR", "en")


async def test_the_page_loads_nothing_and_its_policy_allows_nothing(page: httpx.Response) -> None:
    outline = Outline(page.text)

    addresses = [
        attributes[name] for _, attributes in outline.elements for name in ("src", "href") if name in attributes
    ]

    assert not {"script", "img", "iframe", "form", "a"} & {tag for tag, _ in outline.elements}
    assert addresses == ["data:,"]  # an empty icon, so that no browser asks for one
    assert re.fullmatch(
        r"default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='; img-src data:; base-uri 'none'; "
        r"form-action 'none'; frame-ancestors 'none'",
        page.headers["content-security-policy"],
    )
    assert (page.headers["referrer-policy"], page.headers["cache-control"]) == ("no-referrer", "no-store")
    assert page.headers["content-type"] == "text/html; charset=utf-8"


async def test_the_page_can_be_read_by_everyone(page: httpx.Response) -> None:
    """One landmark, one heading, a title, a language, zooming allowed, and a picture that is not read out."""
    outline = Outline(page.text)
    tags = [tag for tag, _ in outline.elements]
    of = dict(outline.elements)

    assert (tags.count("main"), tags.count("h1"), tags.count("title")) == (1, 1, 1)
    assert of["html"]["lang"] == "pt-BR"
    assert of["svg"]["aria-hidden"] == "true"
    viewport = next(attributes for tag, attributes in outline.elements if attributes.get("name") == "viewport")
    assert "user-scalable" not in str(viewport["content"])


async def test_a_refusal_that_the_bank_reports_is_not_thanked_for(walk: Walk) -> None:
    begun = await walk.start()

    landing = await walk.land(state=begun["state"], error="access_denied")

    assert landing.status_code == 200
    assert "A autorização não foi concluída" in landing.text
    assert "access_denied" not in landing.text


@pytest.mark.parametrize(
    "query",
    [{}, {"state": "forged"}, {"state": "A" * 43, "code": "x"}, {"itemId": "not-a-uuid"}, {"state": "\0\ud800"}],
)
async def test_a_forged_or_empty_landing_is_a_friendly_400(client: httpx.AsyncClient, query: dict[str, str]) -> None:
    """What is unknown is a 400. Mission: the bank calls back with code and state."""
    address = httpx.QueryParams({name: value.encode("utf-8", "replace").decode() for name, value in query.items()})

    answer = await client.get(CALLBACK, params=address, headers={"Authorization": ""})

    assert (answer.status_code, answer.headers["content-type"]) == (400, "text/html; charset=utf-8")
    assert "Este endereço não é válido" in answer.text


async def test_a_forged_state_with_a_real_item_only_has_it_looked_at(
    walk: Walk, sessions: Sessions, owner_id: UUID
) -> None:
    begun = await walk.start()
    before = await one(sessions, owner_id, "SELECT change_number FROM owners")

    landing = await walk.land(state="forged", itemId=begun["item_id"])

    assert landing.status_code == 200
    assert await one(sessions, owner_id, "SELECT change_number FROM owners") == before
    assert await one(sessions, None, "SELECT used_at IS NULL FROM oauth_flows")


async def test_a_known_item_and_an_unknown_one_look_the_same(walk: Walk) -> None:
    begun = await walk.start()

    known = await walk.land(itemId=begun["item_id"])
    unknown = await walk.land(itemId=str(uuid4()))

    assert (known.status_code, known.text) == (unknown.status_code, unknown.text)


async def test_nothing_of_the_address_is_followed_or_repeated(walk: Walk) -> None:
    """R59: never to a URL from a parameter; and whatever else a bank adds is ignored."""
    begun = await walk.start(return_url=RETURN_URL)

    landing = await walk.land(
        state=begun["state"], return_url="https://evil.example", redirect_uri="https://evil.example", extra="<b>"
    )
    later = await walk.land(itemId=str(uuid4()), extra="<b>evil</b>")

    assert landing.headers["location"] == RETURN_URL
    assert "evil" not in later.text


async def test_a_landing_on_a_deleted_connection_shows_the_page(walk: Walk) -> None:
    begun = await walk.start(return_url=RETURN_URL)
    await walk.http.delete(f"/api/banking/connections/{begun['connection']['id']}/")

    landing = await walk.land(state=begun["state"], itemId=begun["item_id"])

    assert (landing.status_code, RETURN_URL in str(landing.headers)) == (200, False)


async def test_the_page_is_shown_while_the_database_is_away(resources: Resources) -> None:
    """The person has done their part; the watch goes on by itself."""
    async with running_api(make_settings()) as (_, http):
        answer = await http.get(CALLBACK, params={"state": "anything"})

    assert (answer.status_code, "Autorização recebida!" in answer.text) == (200, True)
