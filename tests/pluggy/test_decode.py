"""Bodies become exact values or a typed error (R28-R30)."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from app.pluggy.decode import Answer, decode_page, decode_value, error_of
from app.pluggy.errors import (
    PluggyAlreadyUpdating,
    PluggyAuthError,
    PluggyError,
    PluggyItemExists,
    PluggyNotFound,
    PluggyRateLimited,
    PluggyRefused,
    PluggyTooSoon,
    PluggyUnavailable,
    PluggyUnexpected,
    PluggyUnreadable,
)
from app.pluggy.ledger_models import Account, Bill, Transaction
from app.pluggy.models import ExecutionStatus, Item, ItemStatus
from app.pluggy.pages import BadRecord, Page, TransactionSlice, decode_transactions, records_as, slice_transactions
from app.pluggy.wire import decode_as
from tests.pluggy.conftest import sample

JSON = {"content-type": "application/json; charset=utf-8"}
ID = "aaaaaaaa-0000-4000-8000-00000000000"


def answer(body: bytes | str, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    return Answer(
        "GET /x", status, JSON if headers is None else headers, body.encode() if isinstance(body, str) else body
    )


def refusal(status: int, **body: Any) -> PluggyError:
    return error_of(answer(json.dumps({"code": status, "message": "text", **body}), status))


def transaction_page(*records: str) -> Page[TransactionSlice]:
    return decode_page(answer(f'{{"results":[{",".join(records)}],"next":null}}'), slice_transactions)


def record(number: int, amount: str = "1.00", **more: str) -> str:
    fields = {"id": f'"{ID}{number}"', "amount": amount, "date": '"2026-03-04T12:00:00.000Z"', **more}
    return "{" + ",".join(f'"{name}":{value}' for name, value in fields.items()) + "}"


def test_amounts_keep_every_digit_and_their_scale() -> None:
    """R29"""
    page = decode_page(answer(sample("accounts/card_and_checking")), records_as(Account))

    card, checking = page.results
    assert card.credit_data is not None
    assert str(card.balance) == "0.10"
    assert str(card.credit_data.available_credit_limit) == "12345678901234567890.12"
    assert str(checking.balance) == "-12345678901234567890.12"


def test_untyped_numbers_are_no_floats_either() -> None:
    """R29"""
    page = decode_page(answer(sample("accounts/card_and_checking")), records_as(Account))

    credit = page.results[0].credit_data
    assert credit is not None
    assert credit.disaggregated_credit_limits == ({"limitAmount": Decimal("0.10")},)
    assert str(credit.disaggregated_credit_limits[0]["limitAmount"]) == "0.10"


def test_transactions_are_sliced_verbatim_then_decoded_exactly() -> None:
    page = decode_page(answer(sample("transactions/page")), slice_transactions)

    transactions, bad = decode_transactions(page.results)

    assert bytes(page.results[0].raw) in sample("transactions/page")
    assert [str(one.amount) for one in transactions] == ["-0.10", "12345678901234567890.12"]
    assert str(transactions[0].balance) == "12345678901234567890.12"
    assert (transactions[1].type, transactions[1].status, bad) == ("SOMETHING_NEW", "ALSO_NEW", [])


def test_the_cursor_is_the_decoded_after_of_next() -> None:
    page = decode_page(answer(sample("transactions/page")), slice_transactions)

    assert page.next == "MjAyNi0wMy0wM3xhYQ=="


@pytest.mark.parametrize(
    ("following", "cursor"),
    [
        ("?after=a%2Bb%2F%3D", "a+b/="),
        ("?after=a+b==&accountId=x", "a+b=="),
        ("https://evil.example/v2/transactions?after=abc", "abc"),
        (None, None),
        ("", None),
    ],
)
def test_only_the_cursor_is_taken_from_next(following: str | None, cursor: str | None) -> None:
    """R21: whatever host `next` names is never asked."""
    body = json.dumps({"results": [], "next": following})

    assert decode_page(answer(body), slice_transactions).next == cursor


@pytest.mark.parametrize("following", ["?accountId=x", "nonsense", "?after="])
def test_a_next_without_a_cursor_is_unexpected(following: str) -> None:
    with pytest.raises(PluggyUnexpected, match="without a cursor"):
        decode_page(answer(json.dumps({"results": [], "next": following})), slice_transactions)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (record(2, "null"), "Expected `decimal`"),
        (record(2, '"a lot"'), "Invalid decimal"),
        (record(2, date='"soon"'), "RFC3339"),
        (f'{{"id":"{ID}2","amount":1}}', "missing required field `date`"),
    ],
)
def test_one_bad_record_is_isolated_with_its_id_and_reason(bad: str, reason: str) -> None:
    """R28, R29"""
    page = transaction_page(record(1), bad, record(3))

    transactions, bad_records = decode_transactions(page.results)

    assert [str(one.id)[-1] for one in transactions] == ["1", "3"]
    assert [one.id for one in bad_records] == [f"{ID}2"]
    assert reason in bad_records[0].reason


@pytest.mark.parametrize("bad", ["5", "null", "[]", '{"amount":1}', '{"id":null}'])
def test_a_record_without_an_id_is_set_aside_before_anything_else(bad: str) -> None:
    """R28"""
    page = transaction_page(record(1), bad, record(3))

    assert [str(one.id)[-1] for one in page.results] == ["1", "3"]
    assert [one.id for one in page.bad_records] == [None]


def test_a_record_with_an_id_of_another_form_keeps_it_for_the_report() -> None:
    """R28"""
    page = transaction_page('{"id":"not-a-uuid","amount":1}')

    assert page.bad_records == [BadRecord("not-a-uuid", page.bad_records[0].reason)]


def test_text_cut_inside_an_emoji_is_read_with_a_replacement() -> None:
    """R28: half a surrogate pair is no reason to lose a page."""
    page = transaction_page(
        record(1, description=r'"caf\u00e9 \ud83d"'), record(2, description=r'"\ud83d\ude00 \\ud83d"')
    )

    transactions, bad = decode_transactions(page.results)

    assert [one.description for one in transactions] == ["café \ufffd", "😀 \\ud83d"]
    assert bad == []


def test_text_that_is_not_utf_8_spoils_its_record_only() -> None:
    """R28"""
    body = (
        b'{"results":[' + record(1).encode() + b"," + record(2).encode()[:-1] + b',"description":"\xff"}],"next":null}'
    )

    transactions, bad = decode_transactions(decode_page(answer(body), slice_transactions).results)

    assert ([str(one.id)[-1] for one in transactions], [one.id for one in bad]) == (["1"], [f"{ID}2"])


def test_the_word_nan_inside_a_text_is_only_text() -> None:
    transactions, _ = decode_transactions(
        transaction_page(record(1, description=r'"NaN \" NaN"'), record(2, "NaN")).results
    )

    assert transactions[0].description == 'NaN " NaN'
    assert transactions[1].amount.is_nan()


def test_an_item_waiting_for_oauth_is_read() -> None:
    item = decode_value(answer(sample("items/waiting_for_oauth")), Item)

    assert (item.status, item.execution_status) == (ItemStatus.WAITING_USER_INPUT, ExecutionStatus.WAITING_USER_INPUT)
    assert item.parameter is not None
    assert (item.parameter.type, item.parameter.data) == ("oauth", "https://auth.bank.example/authorize?x=1")
    assert (item.client_user_id, item.oauth_redirect_uri) == ("owner-1", "https://app.example/cb")
    assert item.connector is not None
    assert (item.connector.has_mfa, item.connector.products) == (False, ("ACCOUNTS", "TRANSACTIONS", "SOMETHING_NEW"))


def test_product_details_are_read_under_either_spelling_and_when_null() -> None:
    item = decode_value(answer(sample("items/partial_success")), Item)

    detail = item.status_detail or {}
    transactions = detail["transactions"]
    assert transactions is not None
    assert transactions.warnings is not None
    assert (transactions.is_updated, transactions.warnings[0].code) == (False, "423")
    assert detail["loans"] is None
    assert detail.keys() >= {"investmentTransactions", "investmentsTransactions"}


def test_unknown_statuses_survive_as_data() -> None:
    """R30"""
    item = decode_value(answer(f'{{"id":"{ID}1","status":"HIBERNATING","executionStatus":"DREAMING"}}'), Item)

    assert (item.status, item.execution_status) == ("HIBERNATING", "DREAMING")
    assert item.status not in list(ItemStatus)


def test_every_field_but_the_key_may_be_missing() -> None:
    body = answer(f'{{"id":"{ID}1"}}')

    ids = {decode_value(body, Item).id, decode_value(body, Account).id, decode_value(body, Bill).id}

    assert ids == {UUID(f"{ID}1")}


def test_every_form_of_date_is_an_aware_instant() -> None:
    bills = decode_page(answer(sample("bills/without_zone")), records_as(Bill)).results
    cards = decode_page(answer(sample("accounts/card_and_checking")), records_as(Account)).results

    credit = cards[0].credit_data
    assert credit is not None
    assert bills[0].due_date == datetime(2023, 7, 20, tzinfo=UTC)
    assert bills[0].bill_closing_date == datetime(2023, 7, 13, tzinfo=UTC)
    assert credit.balance_close_date == datetime(2022, 1, 3, tzinfo=UTC)
    assert credit.balance_due_date == datetime(2022, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "body", ["", '{"id":"' + ID + '1","sta', "<html>", '{"id":"' + ID + '1"}}', b"\xff", '{"x":' + "[" * 100_000]
)
def test_malformed_json_is_unreadable_and_may_be_asked_again(body: str | bytes) -> None:
    with pytest.raises(PluggyUnreadable) as raised:
        decode_value(answer(body), Item)

    assert isinstance(raised.value, PluggyUnavailable)


@pytest.mark.parametrize("headers", [{}, {"content-type": "text/html"}, {"content-type": "application/jsonp"}])
def test_another_content_type_is_unreadable(headers: dict[str, str]) -> None:
    with pytest.raises(PluggyUnreadable, match="not JSON"):
        decode_value(answer(f'{{"id":"{ID}1"}}', headers=headers), Item)


@pytest.mark.parametrize("body", ["[]", "null", "{}", '{"id":5}'])
def test_json_of_another_shape_is_unexpected(body: str) -> None:
    with pytest.raises(PluggyUnexpected, match="not the documented shape"):
        decode_value(answer(body), Item)


@pytest.mark.parametrize("body", ['{"page":1}', '{"results":{}}', "[]", '{"results":[],"totalPages":2}'])
def test_a_page_of_another_shape_is_unexpected(body: str) -> None:
    with pytest.raises(PluggyUnexpected):
        decode_page(answer(body), slice_transactions)


def test_an_empty_body_is_no_empty_list() -> None:
    """R26: nothing may look like "all gone" by accident."""
    with pytest.raises(PluggyUnreadable):
        decode_page(answer(""), slice_transactions)


def test_a_list_answered_with_204_is_empty() -> None:
    page = decode_page(Answer("GET /webhooks", 204, {}, b""), slice_transactions)

    assert (page.results, page.next) == ([], None)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, {"codeDescription": "CLIENT_KEYS_UNAUTHORIZED"}, PluggyAuthError),
        (401, {"codeDescription": "CLIENT_DISABLED"}, PluggyAuthError),
        (403, {}, PluggyAuthError),
        (403, {"codeDescription": "BALANCE_CONSENT_ERROR"}, PluggyRefused),
        (404, {"codeDescription": "ITEM_NOT_FOUND"}, PluggyNotFound),
        (404, {}, PluggyNotFound),
        (400, {"codeDescription": "CONNECTOR_VALIDATION_ERROR"}, PluggyRefused),
        (400, {"codeDescription": "PARAMETERS_NOT_PROVIDED"}, PluggyRefused),
        (409, {"codeDescription": "ITEM_CREATION_LIMIT_EXCEEDED", "data": {"itemsLimit": 100}}, PluggyRefused),
        (400, {"codeDescription": "ITEM_ALREADY_UPDATING"}, PluggyAlreadyUpdating),
        (400, {"codeDescription": "ITEM_IS_ALREADY_UPDATING"}, PluggyAlreadyUpdating),
        (409, {"codeDescription": "CLIENT_IS_UPDATING_BEFORE_ALLOWED_FREQUENCY"}, PluggyTooSoon),
        (400, {"codeDescription": "TOO_MANY_CONSECUTIVE_LOGIN_FAILURES"}, PluggyTooSoon),
        (400, {"codeDescription": "TOO_MANY_CONSECUTIVE_ERRORS"}, PluggyRefused),
        (400, {"codeDescription": "MFA_PARAMERTER_WAS_ALREADY_USED_ERROR"}, PluggyRefused),
        (400, {"codeDescription": "IDS_PARAMETER_EXCEEDS_MAX_LENGTH"}, PluggyRefused),
        (400, {}, PluggyRefused),
        (410, {}, PluggyRefused),
        (429, {}, PluggyRateLimited),
        (500, {"codeDescription": "BALANCE_FETCH_ERROR"}, PluggyUnavailable),
        (502, {"codeDescription": "BALANCE_CONNECTOR_UNAVAILABLE"}, PluggyUnavailable),
        (503, {}, PluggyUnavailable),
    ],
)
def test_each_error_of_the_catalogue_has_its_remedy(status: int, body: dict[str, Any], kind: type[PluggyError]) -> None:
    error = refusal(status, **body)

    assert type(error) is kind
    assert getattr(error, "code", None) == body.get("codeDescription")


def test_refused_parameters_are_named_one_by_one() -> None:
    error = refusal(
        400,
        codeDescription="CONNECTOR_VALIDATION_ERROR",
        details=[{"code": "002", "message": "user must match", "parameter": "user"}, "junk"],
    )

    assert isinstance(error, PluggyRefused)
    assert error.details == (("user", "002", "user must match"),)


def test_the_older_name_of_details_is_read_too() -> None:
    error = refusal(400, details=[], errors=[{"code": "001", "message": "m", "parameter": "token"}])

    assert isinstance(error, PluggyRefused)
    assert error.details[0].parameter == "token"


def test_a_clash_names_the_items_although_its_body_has_no_code() -> None:
    body = '{"codeDescription":"ITEM_USER_ALREADY_EXISTS","items":[{"id":"a"},"b",7]}'

    error = error_of(answer(body, 400))

    assert isinstance(error, PluggyItemExists)
    assert error.item_ids == ("a", "b")


@pytest.mark.parametrize(
    ("data", "allowed_at"),
    [
        (
            {"minUpdateFrequencyAllowedInHours": 24, "lastUpdatedAt": "2026-03-04T12:00:00.000Z"},
            datetime(2026, 3, 5, 12, tzinfo=UTC),
        ),
        (
            {"minUpdateFrequencyAllowedInHours": 0.5, "lastUpdatedAt": "2026-03-04T12:00:00.000Z"},
            datetime(2026, 3, 4, 12, 30, tzinfo=UTC),
        ),
        ({"canRetryAfterDate": "2026-03-04T12:15:00.000Z"}, datetime(2026, 3, 4, 12, 15, tzinfo=UTC)),
        ({"canRetryAfterDate": "later"}, None),
        ({}, None),
        ("junk", None),
    ],
)
def test_too_soon_says_when(data: object, allowed_at: datetime | None) -> None:
    error = refusal(409, codeDescription="CLIENT_IS_UPDATING_BEFORE_ALLOWED_FREQUENCY", data=data)

    assert isinstance(error, PluggyTooSoon)
    assert error.allowed_at == allowed_at


def test_a_404_page_of_some_proxy_does_not_prove_absence() -> None:
    """R35 deletes on a 404, so it must be Pluggy's."""
    error = error_of(answer("<html>", 404, {"content-type": "text/html"}))

    assert type(error) is PluggyUnavailable


@pytest.mark.parametrize("body", ["", "[]", "null", "{", '{"codeDescription": {"a": 1}, "details": 5, "data": []}'])
def test_an_error_body_of_any_form_does_not_hide_the_error(body: str) -> None:
    error = error_of(answer(body, 400))

    assert type(error) is PluggyRefused
    assert (error.code, error.details, error.data) == (None, (), {})


def test_an_error_names_call_status_code_and_error_id_only() -> None:
    error = refusal(400, codeDescription="CONNECTOR_VALIDATION_ERROR", errorId="e-1", details=[{"message": "CANARY"}])

    assert str(error) == "GET /x: status 400, CONNECTOR_VALIDATION_ERROR, error id e-1"


def test_a_transaction_with_a_new_nested_field_is_read() -> None:
    """R30"""
    text = record(1, paymentData='{"payer":{"name":"Ana","newField":[{"a":0.1}]},"other":NaN}')

    assert decode_as(text.encode(), Transaction).amount == Decimal("1.00")
