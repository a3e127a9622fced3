"""Every way in which an authorisation at the bank can end, over HTTP, against the stand-in."""

from uuid import UUID

import pytest
from sqlalchemy import text

from app.database import Sessions, transaction
from app.jobs import Kind
from tests.oauth.rows import change, end_watch, event_types
from tests.oauth.walk import CALLBACK, DEEP_LINK, RETURN_URL, Walk

TICK = "Autorização recebida!"


async def test_an_approved_authorisation_ends_ready_and_synced(walk: Walk) -> None:
    """Start, authorise, land, poll each few seconds until HEALTHY.

    Mission: ConnectorParameters(cpf=...). Mission: the loop ends in HEALTHY or PARTIAL_SUCCESS.
    """
    begun = await walk.start(products=["ACCOUNTS", "TRANSACTIONS"])

    back = await walk.decide(begun)
    landing = await walk.land(back.headers["location"])
    read = await walk.follow(begun)

    assert begun["status"] == "WAITING_USER_INPUT"
    assert back.headers["location"].startswith(f"{CALLBACK}?state={begun['state']}&itemId={begun['item_id']}")
    assert (landing.status_code, TICK in landing.text) == (200, True)
    assert (read["health"], read["is_ready"], read["poll_status"]) == ("HEALTHY", True, "finished")
    assert read["last_sync"]["trigger"] == "connect"


async def test_the_address_stands_on_the_connection_as_what_the_person_must_do(walk: Walk) -> None:
    """Mission: the item holds the bank's address."""
    begun = await walk.start()

    action = (await walk.connection(begun))["action_required"]

    assert (action["kind"], action["url"]) == ("authorize", begun["authorization_url"])


@pytest.mark.parametrize(
    ("decision", "execution_status", "health", "reason"),
    [
        ("deny", "USER_AUTHORIZATION_NOT_GRANTED", "LOGIN_ERROR", "not_granted"),
        ("expire", "USER_INPUT_TIMEOUT", "ERROR", "input_expired_oauth"),
    ],
)
async def test_a_refused_or_expired_authorisation_fails_with_an_action_and_an_event(
    walk: Walk, sessions: Sessions, owner_id: UUID, decision: str, execution_status: str, health: str, reason: str
) -> None:
    """The other two ends are a bank's refusal and a lock, see `test_sandbox_users`.

    Mission: the loop ends in LOGIN_ERROR, INVALID_CREDENTIALS, ERROR or SUSPENDED.
    """
    begun = await walk.start()

    await walk.decide(begun, decision)
    read = await walk.follow(begun)

    assert (read["is_failed"], read["execution_status"], read["poll_status"]) == (True, execution_status, "finished")
    action = read["action_required"]
    assert (read["health"], action["kind"], action["reason"]) == (health, "reconnect", reason)
    assert (await event_types(sessions, owner_id))[-1] == "connection.action_required"


async def test_an_approval_after_the_watch_ran_out_still_connects(
    walk: Walk, sessions: Sessions, owner_id: UUID
) -> None:
    """A time-out is "still pending", not failed. Mission: the loop gives up after 300 s."""
    begun = await walk.start()
    await end_watch(sessions, owner_id)
    late = await walk.follow(begun)

    back = await walk.decide(begun)
    await walk.land(back.headers["location"])
    resumed = await walk.connection(begun)
    read = await walk.follow(begun)

    assert (late["poll_status"], late["is_failed"], late["action_required"]["kind"]) == (
        "timed_out",
        False,
        "authorize",
    )
    assert resumed["poll_status"] == "polling"
    assert (read["is_ready"], read["poll_status"]) == (True, "finished")


async def test_an_approval_after_the_watch_ran_out_is_seen_by_its_webhook_alone(
    walk: Walk, sessions: Sessions, owner_id: UUID
) -> None:
    begun = await walk.start()
    await end_watch(sessions, owner_id)
    await walk.follow(begun)
    await walk.decide(begun)
    await walk.bank.settled(UUID(begun["item_id"]))

    await walk.deliver("item/created", begun)

    read = await walk.connection(begun)
    assert (read["is_ready"], read["poll_status"]) == (True, "finished")


async def test_a_webhook_ends_the_watch_early(walk: Walk, sessions: Sessions) -> None:
    begun = await walk.start()
    await walk.decide(begun)
    await walk.bank.settled(UUID(begun["item_id"]))
    await change(sessions, "UPDATE owed_work SET due_at = now() + interval '1 hour' WHERE kind = 'poll'")

    await walk.deliver("item/created", begun)

    assert (await walk.connection(begun))["poll_status"] == "finished"


async def test_a_webhook_before_the_callback_leaves_nothing_for_it_to_do(walk: Walk) -> None:
    begun = await walk.start()
    back = await walk.decide(begun)
    await walk.bank.settled(UUID(begun["item_id"]))
    await walk.deliver("item/created", begun)
    before = await walk.connection(begun)

    landing = await walk.land(back.headers["location"])
    await walk.runner.settle()

    assert (landing.status_code, TICK in landing.text) == (200, True)
    after = await walk.connection(begun)
    assert before["is_ready"]
    assert after["poll_status"] == "finished"
    assert after["last_sync"]["id"] == before["last_sync"]["id"]


async def test_a_callback_before_the_webhook_syncs_and_the_webhook_only_reads_again(walk: Walk) -> None:
    begun = await walk.start()
    back = await walk.decide(begun)
    await walk.land(back.headers["location"])
    read = await walk.follow(begun)

    await walk.deliver("item/created", begun)

    again = await walk.connection(begun)
    assert read["is_ready"]
    assert (again["is_ready"], again["last_sync"]["trigger"]) == (True, "webhook")


async def test_a_second_callback_shows_the_same_page_and_does_nothing(walk: Walk, sessions: Sessions) -> None:
    """R59: a state is good for one use."""
    begun = await walk.start()
    first = await walk.land(state=begun["state"])
    await change(sessions, "UPDATE owed_work SET due_at = now() + interval '1 hour' WHERE kind = 'poll'")

    second = await walk.land(state=begun["state"])

    assert (first.status_code, second.status_code) == (200, 200)
    assert second.text == first.text
    async with transaction(sessions, None) as session:
        waits = await session.execute(text("SELECT due_at > now() FROM owed_work WHERE kind = 'poll'"))
    assert waits.scalar_one()


async def test_a_landing_has_the_item_looked_at_at_once(walk: Walk, sessions: Sessions) -> None:
    begun = await walk.start()
    await change(sessions, "UPDATE owed_work SET due_at = now() + interval '1 hour' WHERE kind = 'poll'")

    await walk.land(state=begun["state"])

    async with transaction(sessions, None) as session:
        due = await session.execute(
            text("SELECT due_at <= now() FROM owed_work WHERE kind = :kind"), {"kind": Kind.POLL}
        )
    assert due.scalar_one()


async def test_another_browser_takes_the_person_on_as_well_and_learns_nothing(walk: Walk) -> None:
    """The link was opened on a telephone: no cookie, no token, and no id in what comes back."""
    begun = await walk.start(return_url=RETURN_URL)
    back = await walk.decide(begun)

    landing = await walk.land(back.headers["location"])

    assert (landing.status_code, landing.headers["location"]) == (303, RETURN_URL)
    assert "set-cookie" not in landing.headers
    assert landing.content == b""


async def test_a_landing_with_the_item_alone_goes_to_the_stored_address(walk: Walk) -> None:
    """Pluggy may send `itemId` and nothing else. Mission: the state is the item's id."""
    begun = await walk.start(return_url=RETURN_URL)

    landing = await walk.land(itemId=begun["item_id"])

    assert (landing.status_code, landing.headers["location"]) == (303, RETURN_URL)


async def test_an_expired_state_shows_the_page_and_the_watch_goes_on(walk: Walk, sessions: Sessions) -> None:
    begun = await walk.start(return_url=RETURN_URL)
    await walk.decide(begun)
    await change(sessions, "UPDATE oauth_flows SET expires_at = now()")

    landing = await walk.land(state=begun["state"])
    read = await walk.follow(begun)

    assert (landing.status_code, TICK in landing.text) == (200, True)
    assert read["is_ready"]


async def test_a_deep_link_is_handed_over_by_the_app(walk: Walk) -> None:
    """Mission: redirectUri. Mission: after the exchange the item is UPDATING."""
    begun = await walk.start(redirect_uri=DEEP_LINK)
    back = await walk.decide(begun)

    read = await walk.exchange(state=begun["state"], code="ignored", item_id=begun["item_id"])
    ended = await walk.follow(begun)

    assert back.headers["location"] == f"{DEEP_LINK}&state={begun['state']}&itemId={begun['item_id']}"
    assert read["id"] == begun["connection"]["id"]
    assert read["status"] != "WAITING_USER_INPUT"
    assert ended["is_ready"]


@pytest.mark.parametrize(
    ("cpf", "health"),
    [
        ("238.242.640-30", "HEALTHY"),  # other approvers agree
        ("051.177.670-55", "LOGIN_ERROR"),  # other approvers refuse
        ("163.511.711-99", "ERROR"),  # the bank's data can't be read
        ("529.982.247-25", "INVALID_CREDENTIALS"),  # nobody at the bank
    ],
)
async def test_every_cpf_of_the_sandbox_ends_as_it_is_documented(walk: Walk, cpf: str, health: str) -> None:
    """Each test person of the sandbox has one outcome."""
    begun = await walk.start(201 if health != "INVALID_CREDENTIALS" else 202, parameters={"cpf": cpf})
    if begun["authorization_url"]:
        await walk.decide(begun)

    read = await walk.follow(begun, seconds=20)

    assert (read["health"], read["is_ready"]) == (health, health == "HEALTHY")


async def test_a_slow_bank_is_waited_for(walk: Walk) -> None:
    """A test person whose bank takes its time."""
    begun = await walk.start(parameters={"cpf": "002.502.737-99"})
    await walk.decide(begun)
    await walk.runner.settle()
    meanwhile = await walk.connection(begun)
    await walk.bank.control("POST", "/clock", {"seconds": 12})

    read = await walk.follow(begun)

    assert (meanwhile["is_ready"], meanwhile["poll_status"]) == (False, "polling")
    assert read["is_ready"]
