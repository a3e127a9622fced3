"""Each sandbox user and CPF walks to its documented end."""

import pytest

from tests.sandbox.desk import (
    APPROVED_CPF,
    BROKEN_CPF,
    HOOK,
    OK_CPF,
    REJECTED_CPF,
    SLOW_CPF,
    Desk,
)

ENDS = {
    "user-ok": ("UPDATED", "SUCCESS"),
    "user-ok-two-checking-accounts": ("UPDATED", "SUCCESS"),
    "user-ok-account-warning": ("UPDATED", "SUCCESS"),
    "user-ok-account-error": ("UPDATED", "PARTIAL_SUCCESS"),
    "user-ok-perf-2": ("UPDATED", "SUCCESS"),
    "user-ok-perf": ("UPDATED", "SUCCESS"),
    "user-ok-auth-pending": ("OUTDATED", "USER_AUTHORIZATION_PENDING"),
    "user-ok-img": ("WAITING_USER_INPUT", "WAITING_USER_INPUT"),
    "user-ok-select": ("WAITING_USER_INPUT", "WAITING_USER_INPUT"),
    "user-ok-phone": ("WAITING_USER_INPUT", "WAITING_USER_INPUT"),
    "user-ok-multi-company": ("WAITING_USER_INPUT", "WAITING_USER_INPUT"),
    "user-ok-qr": ("WAITING_USER_ACTION", "WAITING_USER_ACTION"),
    "user-ok-device": ("WAITING_USER_ACTION", "WAITING_USER_ACTION"),
    "user-logged": ("OUTDATED", "ALREADY_LOGGED_IN"),
    "user-locked": ("LOGIN_ERROR", "ACCOUNT_LOCKED"),
    "user-error": ("OUTDATED", "UNEXPECTED_ERROR"),
    "user-unavailable": ("OUTDATED", "SITE_NOT_AVAILABLE"),
    "user-account-need-actions": ("OUTDATED", "ACCOUNT_NEEDS_ACTION"),
    "user-account-need-actions-provider-message": ("OUTDATED", "ACCOUNT_NEEDS_ACTION"),
    "user-connection-error": ("OUTDATED", "CONNECTION_ERROR"),
    "user-account-credentials-reset": ("LOGIN_ERROR", "ACCOUNT_CREDENTIALS_RESET"),
    "user-not-supported": ("OUTDATED", "USER_NOT_SUPPORTED"),
    "user-bad": ("LOGIN_ERROR", "INVALID_CREDENTIALS"),
}


@pytest.mark.parametrize("user", ENDS)
async def test_every_sandbox_user_reaches_its_end(desk: Desk, user: str) -> None:
    item = await desk.settled_item(user)

    assert (item["status"], item["executionStatus"]) == ENDS[user]
    failed = item["status"] in ("OUTDATED", "LOGIN_ERROR")
    assert (item["error"] or {}).get("code") == (item["executionStatus"] if failed else None)
    assert (item["lastUpdatedAt"] is not None) == (item["status"] == "UPDATED")
    assert item["consecutiveFailedLoginAttempts"] == (1 if item["status"] == "LOGIN_ERROR" else 0)


async def test_the_first_answer_is_updating_and_created_with_nothing_else_known(desk: Desk) -> None:
    item = await desk.post_item()

    assert (item["status"], item["executionStatus"]) == ("UPDATING", "CREATED")
    assert item["parameter"] is item["lastUpdatedAt"] is item["error"] is item["statusDetail"] is None


async def test_a_run_passes_through_its_phases_in_order(desk: Desk) -> None:
    made = await desk.post_item(products=None)

    phases: list[str] = []
    for _ in range(100):
        item = await desk.item(made["id"])
        if not phases or phases[-1] != item["executionStatus"]:
            phases.append(item["executionStatus"])
        await desk.advance(0.02)

    assert phases == [
        "CREATED",
        "LOGIN_IN_PROGRESS",
        "ACCOUNTS_IN_PROGRESS",
        "CREDITCARDS_IN_PROGRESS",
        "TRANSACTIONS_IN_PROGRESS",
        "PAYMENT_DATA_IN_PROGRESS",
        "INVESTMENTS_IN_PROGRESS",
        "INVESTMENTS_TRANSACTIONS_IN_PROGRESS",
        "IDENTITY_IN_PROGRESS",
        "LOANS_IN_PROGRESS",
        "MERGING",
        "SUCCESS",
    ]


async def test_the_realistic_profile_takes_about_a_minute(desk: Desk) -> None:
    await desk.control("PATCH", "/settings", {"timings": "realistic"})
    made = await desk.post_item(products=None)

    await desk.advance(30)
    halfway = await desk.item(made["id"])
    await desk.advance(35)
    ended = await desk.item(made["id"])

    assert (halfway["status"], ended["status"]) == ("UPDATING", "UPDATED")


async def test_the_provider_message_comes_with_its_user(desk: Desk) -> None:
    item = await desk.settled_item("user-account-need-actions-provider-message")

    assert item["error"]["providerMessage"]


async def test_a_partial_success_says_which_product_is_stale(desk: Desk) -> None:
    item = await desk.settled_item("user-ok-account-error", products=["ACCOUNTS", "TRANSACTIONS"])

    accounts = item["statusDetail"]["accounts"]
    assert (accounts["isUpdated"], accounts["lastUpdatedAt"]) == (False, None)
    assert item["statusDetail"]["transactions"]["isUpdated"] is True
    assert item["statusDetail"]["loans"] is None


async def test_a_warning_leaves_the_run_successful(desk: Desk) -> None:
    item = await desk.settled_item("user-ok-account-warning")

    assert item["statusDetail"]["accounts"]["isUpdated"] is True
    assert item["statusDetail"]["accounts"]["warnings"][0]["code"] == "001"


async def test_two_checking_accounts_are_two(desk: Desk) -> None:
    item = await desk.settled_item("user-ok-two-checking-accounts")

    accounts = (await desk.call("GET", "/accounts", params={"itemId": item["id"]}))["results"]

    assert [account["subtype"] for account in accounts].count("CHECKING_ACCOUNT") == 2


@pytest.mark.parametrize(
    ("connector", "user", "value", "end"),
    [
        (5, "user-ok", "123456", "SUCCESS"),
        (3, "user-ok", "000000", "INVALID_CREDENTIALS_MFA"),
        (2, "user-ok-img", "123456", "SUCCESS"),
        (2, "user-ok-select", "2", "SUCCESS"),
        (2, "user-ok-phone", "11999990000", "SUCCESS"),
        (2, "user-ok-multi-company", "1", "SUCCESS"),
        (2, "user-ok-select", "9", "INVALID_CREDENTIALS_MFA"),
    ],
)
async def test_a_prompt_is_answered_under_its_own_name(
    desk: Desk, connector: int, user: str, value: str, end: str
) -> None:
    item = await desk.settled_item(user, connector)

    resumed = await desk.call("POST", f"/items/{item['id']}/mfa", json={item["parameter"]["name"]: value})
    await desk.advance(10)

    assert item["parameter"]["expiresAt"] > item["updatedAt"]
    assert (resumed["status"], resumed["executionStatus"]) == ("UPDATING", "LOGIN_MFA_IN_PROGRESS")
    assert (await desk.item(item["id"]))["executionStatus"] == end


async def test_mfa_refusals_have_their_codes(desk: Desk) -> None:
    waiting = await desk.settled_item(connector=5)
    done = await desk.settled_item()
    late = await desk.settled_item(connector=3)

    mismatch = await desk.call("POST", f"/items/{waiting['id']}/mfa", 400, json={"other": "1"})
    nothing = await desk.call("POST", f"/items/{done['id']}/mfa", 404, json={"token": "1"})
    await desk.call("POST", f"/items/{waiting['id']}/mfa", json={"token": "123456"})
    again = await desk.call("POST", f"/items/{waiting['id']}/mfa", 404, json={"token": "123456"})
    await desk.advance(400)
    expired = await desk.call("POST", f"/items/{late['id']}/mfa", 400, json={"token": "123456"})

    assert mismatch["codeDescription"] == "ITEM_MFA_PARAMETER_EXPECTED_MISMATCH"
    assert nothing["codeDescription"] == "ITEM_MFA_NOT_FOUND"
    assert again["codeDescription"] == "ITEM_MFA_ALREADY_PROVIDED"
    assert expired["codeDescription"] == "ITEM_MFA_EXPIRED"


async def test_a_prompt_left_alone_times_out_and_says_which(desk: Desk) -> None:
    await desk.call("POST", "/webhooks", 201, json={"url": HOOK, "event": "item/error"})
    item = await desk.settled_item(connector=5)

    await desk.advance(300)

    ended = await desk.item(item["id"])
    assert (ended["status"], ended["executionStatus"]) == ("OUTDATED", "USER_INPUT_TIMEOUT")
    assert desk.events()[-1]["error"]["parameter"] == "token"


@pytest.mark.parametrize("user", ["user-ok-qr", "user-ok-device"])
async def test_a_user_action_is_done_at_the_bank(desk: Desk, user: str) -> None:
    item = await desk.settled_item(user)

    page = await desk.decide(item, "approve")
    await desk.advance(10)

    assert item["userAction"]["type"] == ("qr" if user == "user-ok-qr" else "authorize-access")
    assert page.status_code == 200
    assert (await desk.item(item["id"]))["executionStatus"] == "SUCCESS"


async def test_a_device_waits_until_it_is_approved_and_is_not_asked_again(desk: Desk) -> None:
    item = await desk.settled_item("user-ok-auth-pending")

    await desk.control("POST", f"/items/{item['id']}/approve")
    await desk.advance(10)
    approved = await desk.item(item["id"])
    await desk.control("POST", f"/items/{item['id']}/sync")
    await desk.advance(10)

    assert approved["executionStatus"] == "SUCCESS"
    assert (await desk.item(item["id"]))["executionStatus"] == "SUCCESS"


@pytest.mark.parametrize(
    ("cpf", "end"),
    [
        (OK_CPF, ("UPDATED", "SUCCESS")),
        (APPROVED_CPF, ("UPDATED", "SUCCESS")),
        (REJECTED_CPF, ("LOGIN_ERROR", "USER_AUTHORIZATION_NOT_GRANTED")),
        (SLOW_CPF, ("UPDATED", "SUCCESS")),
        (BROKEN_CPF, ("OUTDATED", "UNEXPECTED_ERROR")),
    ],
)
async def test_every_sandbox_cpf_reaches_its_end(desk: Desk, cpf: str, end: tuple[str, str]) -> None:
    item = await desk.settled_item(cpf, 600)

    await desk.decide(item, "approve")
    await desk.advance(20)

    ended = await desk.item(item["id"])
    assert (ended["status"], ended["executionStatus"]) == end


async def test_other_approvers_are_awaited_outdated_with_pending_resources(desk: Desk) -> None:
    item = await desk.settled_item(APPROVED_CPF, 600)

    await desk.decide(item, "approve")
    await desk.advance(1)
    pending = await desk.item(item["id"])
    resources = await desk.call("GET", f"/items/{item['id']}/resources?status=PENDING_AUTHORISATION")
    await desk.advance(10)
    ended = await desk.item(item["id"])

    assert (pending["status"], pending["executionStatus"]) == ("OUTDATED", "USER_AUTHORIZATION_PENDING")
    assert pending["hasResourcesPendingAuthorization"] is True
    assert resources["total"] == 1
    assert ended["hasResourcesPendingAuthorization"] is False


async def test_the_slow_cpf_takes_longer_to_log_in(desk: Desk) -> None:
    item = await desk.settled_item(SLOW_CPF, 600)

    await desk.decide(item, "approve")
    await desk.advance(5)

    assert (await desk.item(item["id"]))["executionStatus"] == "LOGIN_MFA_IN_PROGRESS"


async def test_a_valid_but_unlisted_cpf_is_rejected_by_the_bank(desk: Desk) -> None:
    item = await desk.settled_item("529.982.247-25", 600)

    assert (item["status"], item["executionStatus"]) == ("LOGIN_ERROR", "INVALID_CREDENTIALS")
