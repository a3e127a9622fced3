"""The judgement of an item's state: every line of its tables, and values that nobody knows yet."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.connections.consequences import consequences
from app.connections.models import BankConnection
from app.connections.phrases import PHRASES
from app.connections.status import ACTIONS, DELETED, ActionKind, Health, Verdict, judge
from app.pluggy.models import ExecutionStatus, ItemStatus

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
PAST, FUTURE = NOW - timedelta(days=1), NOW + timedelta(minutes=10)
PROMPT = {"name": "token", "type": "number", "label": "Token", "expiresAt": FUTURE.isoformat()}
RENEWED = {"name": "token", "type": "number", "label": "Token"}
LINK = "https://bank.example/authorize?token=1"


def connection(status: str, execution_status: str | None = None, **given: Any) -> BankConnection:
    """A connection in that state, of a direct connector unless it says otherwise."""
    return BankConnection(status=status, execution_status=execution_status, **given)


def verdict(status: str, execution_status: str | None = None, **given: Any) -> Verdict:
    return judge(connection(status, execution_status, **given), NOW)


@pytest.mark.parametrize(
    ("status", "execution_status", "given", "health"),
    [
        ("UPDATED", "SUCCESS", {}, "HEALTHY"),
        ("UPDATED", "PARTIAL_SUCCESS", {}, "PARTIAL_SUCCESS"),
        ("PARTIAL_SUCCESS", None, {}, "PARTIAL_SUCCESS"),
        ("LOGIN_ERROR", "INVALID_CREDENTIALS", {}, "INVALID_CREDENTIALS"),
        ("LOGIN_ERROR", "INVALID_CREDENTIALS_MFA", {}, "INVALID_CREDENTIALS"),
        ("OUTDATED", "ACCOUNT_CREDENTIALS_RESET", {}, "INVALID_CREDENTIALS"),
        ("LOGIN_ERROR", "USER_AUTHORIZATION_NOT_GRANTED", {}, "LOGIN_ERROR"),
        ("LOGIN_ERROR", None, {}, "LOGIN_ERROR"),
        ("LOGIN_ERROR", "USER_AUTHORIZATION_REVOKED", {}, "SUSPENDED"),
        ("UPDATED", "SUCCESS", {"consent_revoked_at": PAST}, "SUSPENDED"),
        ("UPDATED", "SUCCESS", {"consent_expires_at": PAST}, "SUSPENDED"),
        ("LOGIN_ERROR", "ACCOUNT_LOCKED", {}, "SUSPENDED"),
        ("UPDATED", "SUCCESS", {"connector_health": "OFFLINE"}, "SUSPENDED"),
        ("OUTDATED", "ERROR", {"update_refusal": "TOO_MANY_CONSECUTIVE_ERRORS"}, "SUSPENDED"),
        ("WAITING_USER_INPUT", "WAITING_USER_INPUT", {}, "WAITING_USER_INPUT"),
        ("WAITING_USER_ACTION", "WAITING_USER_ACTION", {}, "WAITING_USER_INPUT"),
        ("OUTDATED", "USER_AUTHORIZATION_PENDING", {}, "WAITING_USER_INPUT"),
        ("UPDATING", "LOGIN_IN_PROGRESS", {}, "UPDATING"),
        ("MERGING", "MERGING", {}, "UPDATING"),
        ("OUTDATED", "ERROR", {}, "ERROR"),
        ("OUTDATED", "UNEXPECTED_ERROR", {}, "ERROR"),
        ("OUTDATED", "MERGE_ERROR", {}, "ERROR"),
        ("OUTDATED", "SITE_NOT_AVAILABLE", {}, "ERROR"),
        ("OUTDATED", "USER_INPUT_TIMEOUT", {}, "ERROR"),
        ("OUTDATED", "A_NEW_OUTCOME", {}, "ERROR"),
        ("DELETED", None, {}, "SUSPENDED"),
        ("A_NEW_STATUS", "A_NEW_OUTCOME", {}, "UNKNOWN"),
        ("UPDATED", "A_NEW_OUTCOME", {}, "UNKNOWN"),
        ("UPDATED", None, {}, "UNKNOWN"),
        ("", None, {}, "UNKNOWN"),
    ],
)
def test_the_legacy_word_of_a_state(
    status: str, execution_status: str | None, given: dict[str, Any], health: str
) -> None:
    """Each line of "Status mapping": an OUTDATED item that is done is ERROR, save a pending authorisation."""
    assert verdict(status, execution_status, **given).health == health


@pytest.mark.parametrize("health", Health)
def test_a_word_is_ready_or_failed_or_neither(health: Health) -> None:
    judged = Verdict(health, None)

    assert not (judged.is_ready and judged.is_failed)
    assert judged.is_settled == (health not in {Health.UPDATING, Health.WAITING_USER_INPUT, Health.UNKNOWN})


CASES: list[tuple[str, str | None, dict[str, Any], str | None, str | None]] = [
    ("UPDATED", "SUCCESS", {}, None, None),
    ("UPDATED", "PARTIAL_SUCCESS", {}, None, None),
    ("UPDATING", "CREATED", {}, None, None),
    ("MERGING", "MERGING", {}, None, None),
    ("DELETED", None, {}, "reconnect", "item_deleted"),
    ("LOGIN_ERROR", "USER_AUTHORIZATION_REVOKED", {}, "reconnect", "consent_revoked"),
    ("UPDATED", "SUCCESS", {"consent_revoked_at": PAST}, "reconnect", "consent_revoked"),
    ("UPDATED", "SUCCESS", {"consent_expires_at": NOW}, "reconnect", "consent_expired"),
    ("LOGIN_ERROR", "ACCOUNT_LOCKED", {}, "update_credentials", "account_locked"),
    ("LOGIN_ERROR", "ACCOUNT_LOCKED", {"is_oauth": True}, "reconnect", "account_locked_oauth"),
    ("OUTDATED", "ERROR", {"update_refusal": "TOO_MANY_CONSECUTIVE_ERRORS"}, "reconnect", "too_many_errors"),
    ("OUTDATED", "ERROR", {"connector_health": "OFFLINE"}, "wait", "institution_offline"),
    ("WAITING_USER_INPUT", None, {"parameter": {"type": "oauth", "data": LINK}}, "authorize", "authorize_at_bank"),
    ("WAITING_USER_INPUT", None, {"parameter": {**PROMPT, "type": "image"}}, "provide_mfa", "mfa_image"),
    ("WAITING_USER_INPUT", None, {"parameter": {**PROMPT, "type": "select"}}, "provide_mfa", "mfa_select"),
    ("WAITING_USER_INPUT", None, {"parameter": PROMPT}, "provide_mfa", "mfa_code"),
    ("WAITING_USER_INPUT", None, {"parameter": {**PROMPT, "type": "hologram"}}, "provide_mfa", "mfa_code"),
    ("WAITING_USER_INPUT", None, {}, "wait", "prompt_on_its_way"),
    ("WAITING_USER_ACTION", None, {"user_action": {"type": "qr"}}, "approve_on_device", "scan_code"),
    ("WAITING_USER_ACTION", None, {"user_action": {"type": "new"}}, "approve_on_device", "approve_access"),
    ("WAITING_USER_ACTION", None, {}, "approve_on_device", "approve_access"),
    ("OUTDATED", "USER_AUTHORIZATION_PENDING", {}, "approve_on_device", "approve_device"),
    (
        "OUTDATED",
        "USER_AUTHORIZATION_PENDING",
        {"is_open_finance": True},
        "await_other_approvers",
        "other_approvers",
    ),
    ("UPDATED", "SUCCESS", {"has_pending_resources": True}, "await_other_approvers", "other_approvers"),
    ("LOGIN_ERROR", "INVALID_CREDENTIALS", {"can_retry_at": FUTURE}, "wait", "login_backoff"),
    ("LOGIN_ERROR", "INVALID_CREDENTIALS", {"can_retry_at": PAST}, "update_credentials", "invalid_credentials"),
    ("LOGIN_ERROR", "INVALID_CREDENTIALS", {"is_oauth": True}, "reconnect", "login_refused_oauth"),
    ("LOGIN_ERROR", "USER_AUTHORIZATION_NOT_GRANTED", {"is_oauth": True}, "reconnect", "not_granted"),
    ("LOGIN_ERROR", "INVALID_CREDENTIALS_MFA", {"mfa_parameter": RENEWED}, "provide_mfa", "wrong_code_renew"),
    ("LOGIN_ERROR", "INVALID_CREDENTIALS_MFA", {}, "update_credentials", "wrong_code"),
    ("LOGIN_ERROR", "ACCOUNT_CREDENTIALS_RESET", {}, "update_credentials", "credentials_reset"),
    ("OUTDATED", "ACCOUNT_NEEDS_ACTION", {}, "approve_on_device", "needs_action"),
    ("OUTDATED", "USER_NOT_SUPPORTED", {}, "reconnect", "not_supported"),
    ("LOGIN_ERROR", "A_NEW_OUTCOME", {}, "update_credentials", "login_error"),
    ("OUTDATED", "ALREADY_LOGGED_IN", {}, "wait", "already_logged_in"),
    ("OUTDATED", "USER_INPUT_TIMEOUT", {}, "update_credentials", "input_expired"),
    ("OUTDATED", "USER_INPUT_TIMEOUT", {"is_oauth": True}, "reconnect", "input_expired_oauth"),
    ("OUTDATED", "SITE_NOT_AVAILABLE", {}, "wait", "bank_unavailable"),
    ("OUTDATED", "CONNECTION_ERROR", {}, "wait", "bank_unavailable"),
    ("OUTDATED", "ERROR", {}, "wait", "bank_failed"),
    ("OUTDATED", "UNEXPECTED_ERROR", {}, "wait", "bank_failed"),
    ("OUTDATED", "MERGE_ERROR", {}, "wait", "bank_failed"),
    ("OUTDATED", "CREATE_ERROR", {}, "wait", "bank_failed"),
    ("OUTDATED", None, {}, "wait", "bank_failed"),
    ("A_NEW_STATUS", None, {}, "wait", "unknown_state"),
]


@pytest.mark.parametrize(("status", "execution_status", "given", "kind", "reason"), CASES)
def test_what_a_person_must_do(
    status: str, execution_status: str | None, given: dict[str, Any], kind: str | None, reason: str | None
) -> None:
    action = verdict(status, execution_status, **given).action

    assert (action and action.kind, action and action.reason) == (kind, reason)


def test_every_row_of_the_table_is_reached_by_a_case() -> None:
    assert {row.reason for row in ACTIONS} == {reason for *_, reason in CASES if reason}


def test_every_row_has_words_in_both_languages_and_no_words_are_left_over() -> None:
    assert {row.reason for row in ACTIONS} == set(PHRASES)
    assert all(set(phrase) == {"pt-BR", "en"} and all(phrase.values()) for phrase in PHRASES.values())


@pytest.mark.parametrize("status", [*ItemStatus, DELETED])
@pytest.mark.parametrize("execution_status", [*ExecutionStatus, None])
@pytest.mark.parametrize("is_oauth", [True, False])
def test_every_documented_pair_has_a_word_and_never_leaves_a_person_of_a_failed_item_without_a_next_step(
    status: str, execution_status: str | None, is_oauth: bool
) -> None:
    """R30"""
    judged = verdict(status, execution_status, is_oauth=is_oauth)

    assert judged.health in Health
    assert judged.action is not None or not judged.is_failed


def test_an_oauth_item_is_never_asked_for_credentials() -> None:
    kinds = {
        judged.action.kind
        for status in ItemStatus
        for execution_status in ExecutionStatus
        if (judged := verdict(status, execution_status, is_oauth=True)).action
    }

    assert ActionKind.UPDATE_CREDENTIALS not in kinds


def test_a_prompt_is_shown_with_its_end() -> None:
    action = verdict("WAITING_USER_INPUT", None, parameter=PROMPT).action

    assert action is not None
    assert (action.prompt, action.expires_at) == (PROMPT, FUTURE)


def test_the_banks_page_is_shown_and_no_other_kind_of_address() -> None:
    page = verdict("WAITING_USER_INPUT", None, parameter={"type": "oauth", "data": LINK}).action
    script = verdict("WAITING_USER_INPUT", None, parameter={"type": "oauth", "data": "javascript:alert(1)"}).action

    assert page is not None
    assert page.url == LINK
    assert script is not None
    assert script.url is None


def test_what_a_qr_code_says_is_handed_on() -> None:
    given = {"user_action": {"type": "qr", "instructions": "Leia", "attributes": {"data": "00020126"}}}

    action = verdict("WAITING_USER_ACTION", None, **given).action

    assert action is not None
    assert action.prompt == {"type": "qr", "instructions": "Leia", "data": "00020126"}


def test_a_wait_says_until_when() -> None:
    retry = verdict("OUTDATED", "SITE_NOT_AVAILABLE", next_retry_at=FUTURE).action
    backoff = verdict("LOGIN_ERROR", "INVALID_CREDENTIALS", can_retry_at=FUTURE).action

    assert retry is not None
    assert backoff is not None
    assert retry.retry_at == backoff.retry_at == FUTURE


def test_a_visit_that_renews_a_withdrawn_consent_is_not_called_failed() -> None:
    """Else whoever polls would give up while the person authorises anew."""
    assert not verdict("UPDATING", "CREATED", consent_revoked_at=PAST).is_failed
    waiting = verdict("WAITING_USER_INPUT", None, consent_revoked_at=PAST, parameter={"type": "oauth", "data": LINK})
    assert waiting.action is not None
    assert waiting.action.kind == ActionKind.AUTHORIZE


def test_an_outage_begins_once_and_ends_with_the_next_good_visit() -> None:
    healthy = connection("UPDATED", "SUCCESS")
    broken = connection("OUTDATED", "ERROR", outage_started_at=PAST)

    assert consequences(healthy, {"status": "OUTDATED", "execution_status": "ERROR"}, NOW) == {"outage_started_at": NOW}
    assert consequences(broken, {"status": "OUTDATED", "execution_status": "SITE_NOT_AVAILABLE"}, NOW) == {}
    ended = consequences(broken, {"status": "UPDATED"}, NOW)
    assert (ended["outage_started_at"], ended["retries_used"]) == (None, 0)


def test_an_authorisation_that_is_pending_is_no_outage() -> None:
    columns = {"status": "OUTDATED", "execution_status": "USER_AUTHORIZATION_PENDING"}

    assert consequences(connection("UPDATED"), columns, NOW) == {}


def test_a_good_visit_after_a_withdrawal_went_under_a_new_consent() -> None:
    withdrawn = connection("UPDATING", consent_revoked_at=PAST)

    renewed = consequences(withdrawn, {"status": "UPDATED", "item_updated_at": NOW}, NOW)
    before = consequences(withdrawn, {"status": "UPDATED", "item_updated_at": PAST - timedelta(days=1)}, NOW)

    assert renewed["consent_revoked_at"] is None
    assert "consent_revoked_at" not in before


def test_of_an_item_that_is_gone_nothing_is_awaited_any_more() -> None:
    columns = consequences(connection("WAITING_USER_INPUT", parameter=PROMPT), {"status": DELETED}, NOW)

    assert {name for name, value in columns.items() if value is not None} == {"status"}
    assert {"parameter", "user_action", "next_auto_sync_at", "error_code"} <= columns.keys()
