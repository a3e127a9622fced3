"""Handing a landing over: single use, ten minutes, its owner only."""

import asyncio
from uuid import uuid4

import httpx

from app.database import Sessions
from tests.oauth.rows import change, one
from tests.oauth.walk import DEEP_LINK, Walk

EXCHANGE = "/api/banking/connections/oauth/exchange/"


async def test_a_state_is_exchanged_once(walk: Walk) -> None:
    """R59. Mission: items.exchange_oauth_code(code, state)."""
    begun = await walk.start(redirect_uri=DEEP_LINK)

    first = await walk.exchange(state=begun["state"])
    second = await walk.exchange(409, state=begun["state"])

    assert first["item_id"] == begun["item_id"]
    assert second["code"] == "oauth_state_used"
    assert begun["state"] not in str(second)


async def test_a_state_is_good_for_ten_minutes(walk: Walk, sessions: Sessions) -> None:
    begun = await walk.start(redirect_uri=DEEP_LINK)
    await change(sessions, "UPDATE oauth_flows SET expires_at = now()")

    answer = await walk.exchange(410, state=begun["state"])

    assert answer["code"] == "oauth_state_expired"


async def test_a_state_is_its_owners_alone_and_stays_usable(
    walk: Walk, stranger: httpx.AsyncClient, sessions: Sessions
) -> None:
    """R53, R59: a stranger gets the answer of a forged state."""
    begun = await walk.start(redirect_uri=DEEP_LINK)

    foreign = await stranger.post(EXCHANGE, json={"state": begun["state"]})
    forged = await stranger.post(EXCHANGE, json={"state": "forged"})

    assert (foreign.status_code, forged.status_code) == (404, 404)
    assert foreign.json()["code"] == forged.json()["code"] == "oauth_state_not_found"
    assert await one(sessions, None, "SELECT used_at IS NULL FROM oauth_flows")


async def test_an_item_of_another_walk_does_not_fit_the_state(walk: Walk) -> None:
    begun = await walk.start(redirect_uri=DEEP_LINK)

    answer = await walk.exchange(404, state=begun["state"], item_id=str(uuid4()))

    assert answer["code"] == "oauth_state_not_found"
    assert (await walk.exchange(state=begun["state"]))["item_id"] == begun["item_id"]


async def test_of_two_exchanges_at_once_one_wins(walk: Walk) -> None:
    """R59: compare and set, not look and then write."""
    begun = await walk.start(redirect_uri=DEEP_LINK)

    answers = await asyncio.gather(*(walk.http.post(EXCHANGE, json={"state": begun["state"]}) for _ in range(4)))

    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]


async def test_a_renewed_authorisation_comes_back_by_the_item(walk: Walk) -> None:
    """PATCH /items takes no redirect, so the browser brings the first state, used up, and the item's id."""
    begun = await walk.start()
    await walk.decide(begun, "deny")
    refused = await walk.follow(begun)

    renewal = await walk.renew(begun)
    back = await walk.decide(renewal)
    landing = await walk.land(back.headers["location"])
    read = await walk.follow(begun)

    assert refused["is_failed"]
    assert renewal["authorization_url"] not in (None, begun["authorization_url"])
    assert renewal["state"] != begun["state"]
    assert landing.status_code == 200
    assert read["is_ready"]
