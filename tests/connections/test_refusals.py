"""What a person is told of each refusal of Pluggy's, by its code."""

from datetime import UTC, datetime

import pytest

from app.connections.refusals import REFUSALS, refusal_of
from app.http_errors import InvalidRequest
from app.pluggy.errors import Detail, PluggyNotFound, PluggyRefused, PluggyTooSoon

RETRY_AT = datetime(2026, 3, 4, 12, tzinfo=UTC)


def told(code: str | None, *, status: int = 400) -> tuple[int, str, str | None]:
    refusal = refusal_of(PluggyRefused("POST /items", status=status, code=code))
    assert refusal is not None
    return refusal.status, refusal.code, refusal.action


CASES: list[tuple[str | None, tuple[int, str, str | None]]] = [
    ("PARAMETERS_NOT_PROVIDED", (409, "credentials_needed", "update_credentials")),
    ("ITEM_USER_ALREADY_EXISTS", (409, "already_connected", "update_credentials")),
    ("ITEM_CREATION_LIMIT_EXCEEDED", (409, "connection_limit_reached", None)),
    ("ITEM_ALREADY_UPDATING", (409, "already_updating", "wait")),
    ("ITEM_IS_ALREADY_UPDATING", (409, "already_updating", "wait")),
    ("CLIENT_IS_UPDATING_BEFORE_ALLOWED_FREQUENCY", (409, "visited_too_recently", "wait")),
    ("MFA_PARAMERTER_WAS_ALREADY_USED_ERROR", (422, "mfa_already_used", "provide_mfa")),
    ("LAST_EXECUTION_HAD_LOGIN_ERROR", (409, "credentials_needed", "update_credentials")),
    ("TOO_MANY_CONSECUTIVE_LOGIN_FAILURES", (409, "login_backoff", "wait")),
    ("TOO_MANY_CONSECUTIVE_ERRORS", (409, "connection_suspended", "reconnect")),
    ("CREATE_ITEMS_API_FREE_DISABLED", (409, "widget_needed", "reconnect")),
    ("SANDBOX_CLIENT_ITEM_UPDATE_NOT_ALLOWED", (409, "updates_not_possible", None)),
    ("CLIENT_HAS_ITEM_UPDATES_DISABLED", (409, "updates_not_possible", None)),
    ("ITEM_ORIGINAL_CONNECTED_WITH_DIFFERENT_ACCOUNT", (409, "other_account_used", "reconnect")),
    ("CONNECTOR_OFFLINE", (409, "institution_offline", "wait")),
    ("ITEM_MFA_ALREADY_PROVIDED", (409, "mfa_not_awaited", None)),
    ("ITEM_MFA_NOT_FOUND", (409, "mfa_not_awaited", None)),
    ("ITEM_MFA_EXPIRED", (409, "mfa_expired", "update_credentials")),
    (None, (409, "updates_not_possible", None)),  # MeuPluggy's refusal has no code
]


@pytest.mark.parametrize(("code", "expected"), CASES)
def test_each_code_has_words_of_its_own(code: str | None, expected: tuple[int, str, str | None]) -> None:
    assert told(code) == expected


def test_every_code_of_the_table_has_a_case() -> None:
    assert {code for code, _ in CASES} == {*REFUSALS, None}


def test_every_refusal_speaks_both_languages_in_words_of_its_own() -> None:
    messages = {refusal.user_messages["pt-BR"] for refusal in REFUSALS.values()}

    assert len(messages) == len(set(REFUSALS.values()))
    assert all(set(refusal.user_messages) == {"pt-BR", "en"} for refusal in REFUSALS.values())


def test_a_wait_says_until_when() -> None:
    error = PluggyTooSoon("PATCH /items", allowed_at=RETRY_AT, status=400, code="TOO_MANY_CONSECUTIVE_LOGIN_FAILURES")

    refusal = refusal_of(error)

    assert refusal is not None
    assert refusal.retry_at == RETRY_AT


def test_refused_parameters_are_named_by_field_in_words_of_ours() -> None:
    """R63: Pluggy's own texts may repeat what was typed."""
    details = [Detail("user", "001", "user is required"), Detail("password", "002", "hunter2 is too short")]
    error = PluggyRefused("PATCH /items", status=400, code="CONNECTOR_VALIDATION_ERROR", details=details)

    refusal = refusal_of(error)

    assert isinstance(refusal, InvalidRequest)
    assert [(fault["pointer"], fault["detail"], fault["user_messages"]["pt-BR"]) for fault in refusal.errors] == [
        ("/body/parameters/user", "This is required.", "Preencha este campo."),
        ("/body/parameters/password", "The bank does not take this value.", "O banco não aceita este valor."),
    ]


def test_a_code_that_must_be_renewed_is_asked_for_where_it_stands() -> None:
    code = "CONNECTOR_REQUIRED_PARAMETER_VALIDATION_ERROR"
    error = PluggyRefused("PATCH /items", status=400, code=code, data={"parameter": "token"})

    by_name, by_value = refusal_of(error), refusal_of(error, pointer="/body/value")

    assert by_name is not None
    assert by_value is not None
    told = [(fault["pointer"], fault["detail"]) for fault in by_name.errors + by_value.errors]
    assert told == [("/body/parameters/token", "This is required."), ("/body/value", "This is required.")]


def test_an_item_that_is_not_there_is_gone() -> None:
    refusal = refusal_of(PluggyNotFound("PATCH /items", status=404, code="ITEM_NOT_FOUND"))

    assert refusal is not None
    assert (refusal.code, refusal.action) == ("item_gone", "reconnect")


@pytest.mark.parametrize(("status", "code"), [(400, "A_NEW_CODE"), (409, None), (405, None)])
def test_a_refusal_that_nobody_knows_is_none_of_the_persons(status: int, code: str | None) -> None:
    """It is answered as a refusal of Pluggy's, 502."""
    assert refusal_of(PluggyRefused("PATCH /items", status=status, code=code)) is None
