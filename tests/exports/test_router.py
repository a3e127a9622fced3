"""Transactions as files, over HTTP and real PostgreSQL; each format is read back by a reader that is not ours."""

import csv
import io
import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from ofxtools.Parser import OFXTree
from sqlalchemy import insert

from app.database import Sessions, transaction
from app.exports import service
from app.exports.columns import safe
from app.exports.download import AT_ONCE, Download, Slots
from app.exports.schemas import ExportRequest
from app.http_errors import ServiceUnavailable
from app.ids import new_ids
from app.transactions.models import Transaction
from tests.audit.reading import acts
from tests.factories import make_account, make_connection, make_transaction
from tests.readers import ROOT, read_all
from tests.transactions.support import LIST, add_account, add_rows

EXPORT = ROOT + "transactions/export/"
NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
AWKWARD = 'AÇÚCAR & CAFÉ; "PÃO", <3>\r\nsegunda linha'


async def exported(client: httpx.AsyncClient, **query: Any) -> httpx.Response:
    answer = await client.get(EXPORT, params=query)
    assert answer.status_code == 200, answer.text
    return answer


def table(content: bytes, delimiter: str) -> list[dict[str, str]]:
    assert content.startswith(b"\xef\xbb\xbf"), "spreadsheet programs need the mark"
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=delimiter, strict=True))


def statements(content: bytes) -> list[Any]:
    tree = OFXTree()
    tree.parse(io.BytesIO(content))
    return list(tree.convert().statements)


async def add_ledger(sessions: Sessions, owner_id: UUID) -> None:
    """A bank account and a card, with rows of every kind that a file may stumble over."""
    async with transaction(sessions, owner_id) as session:
        connection = await make_connection(session, owner_id, institution_name="Banco São João")
        bank = await make_account(session, owner_id, connection.id, alias="Dia a dia")
        card = await make_account(
            session, owner_id, connection.id, type="CREDIT", subtype="CREDIT_CARD", name="Platinum",
            balance=Decimal("-731.1234"),
        )  # fmt: skip
        for account, given in (
            (bank, {"amount": "-1234567.89", "description": AWKWARD, "counterparty_name": "Açougue & Cia"}),
            (bank, {"amount": "0.10", "date": date(2026, 2, 28), "note": '=HYPERLINK("http://x")'}),
            (bank, {"amount": "-0.0001", "tags": ["+férias", "casa"], "ignored": True}),
            (card, {"amount": "-59.90", "installment_number": 2, "total_installments": 10}),
            (card, {"amount": "-10", "currency_code": "USD", "status": "PENDING"}),
        ):
            await make_transaction(session, owner_id, account.id, **given)


async def test_the_brazilian_table_opens_in_a_brazilian_spreadsheet(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    await add_ledger(sessions, owner_id)
    listed = (await client.get(LIST)).json()["results"]

    answer = await exported(client)

    rows = table(answer.content, ";")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert answer.headers["content-disposition"].startswith('attachment; filename="transactions-')
    assert [row["ID"] for row in rows] == [row["id"] for row in listed]
    assert [row["Valor"] for row in rows] == [row["amount"].replace(".", ",") for row in listed]
    assert {row["Data"] for row in rows} == {"04/03/2026", "28/02/2026"}
    assert {row["Conta"] for row in rows} == {"Dia a dia", "Platinum"}
    assert AWKWARD in {row["Descrição"] for row in rows}
    assert {(row["Parcela"], row["Parcelas"]) for row in rows} == {("2", "10"), ("", "")}


async def test_the_international_table_is_read_as_rfc_4180(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    await add_ledger(sessions, owner_id)
    listed = (await client.get(LIST)).json()["results"]

    answer = await exported(client, dialect="international")

    rows = table(answer.content, ",")
    assert [(row["id"], row["amount"], row["date"]) for row in rows] == [
        (row["id"], row["amount"], row["date"]) for row in listed
    ]
    assert answer.content.count(b"\r\n") == len(rows) + 1 + AWKWARD.count("\r\n")
    assert [row["ignored"] for row in rows].count("true") == 1


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", " =", "|", "%"])
async def test_no_text_is_taken_for_a_formula(
    begin: str, client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    text = f"{begin}cmd|'/C calc'!A0"
    await add_rows(sessions, owner_id, {"description": text, "counterparty_name": text, "note": text, "tags": [text]})

    for dialect, delimiter in (("br", ";"), ("international", ",")):
        (row,) = table((await exported(client, dialect=dialect)).content, delimiter)
        assert Counter(cell[:1] for cell in row.values() if "calc" in cell) == {"'": 4}
        assert {"-12,34", "-12.34"} & set(row.values()), "a negative amount stays a number"


def test_ordinary_texts_are_left_as_they_are() -> None:
    assert [safe(text) for text in ("PIX - ANA", "a=b", "", "10% OFF")] == ["PIX - ANA", "a=b", "", "10% OFF"]


async def test_an_accounting_program_reads_each_account_as_a_statement(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    await add_ledger(sessions, owner_id)
    listed = (await client.get(LIST)).json()["results"]

    answer = await exported(client, format="ofx")

    found = statements(answer.content)
    rows = [row for statement in found for row in statement.transactions]
    assert answer.headers["content-type"] == "application/x-ofx"
    assert {row.fitid: row.trnamt for row in rows} == {row["id"]: Decimal(row["amount"]) for row in listed}
    assert [(each.curdef, each.balance.balamt) for each in found] == [
        ("BRL", Decimal("1520.35")),
        ("BRL", Decimal("-731.1234")),
        ("USD", Decimal("0.00")),
    ]
    assert [type(each.account).__name__ for each in found] == ["BANKACCTFROM", "CCACCTFROM", "CCACCTFROM"]
    assert {row.dtposted.date().isoformat() for row in rows} == {"2026-03-04", "2026-02-28"}
    awkward = next(row for row in rows if row.trnamt < -1000)
    assert (awkward.name, awkward.memo) == ("Açougue & Cia", " ".join(AWKWARD.split("\r\n")))


async def test_a_row_keeps_its_fitid_and_its_account_over_exports(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    (row_id,) = await add_rows(sessions, owner_id, {})
    (first,) = statements((await exported(client, format="ofx")).content)
    await client.patch(f"{LIST}{row_id}/", json={"note": "lembrar"})

    (second,) = statements((await exported(client, format="ofx")).content)

    assert first.account.acctid == second.account.acctid
    assert first.transactions[0].fitid == second.transactions[0].fitid == str(row_id)


async def test_json_lines_are_the_rows_of_the_list(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    await add_ledger(sessions, owner_id)
    listed = (await client.get(LIST)).json()["results"]

    answer = await exported(client, format="jsonl")

    assert [json.loads(line) for line in answer.content.splitlines()] == listed
    assert answer.headers["content-type"] == "application/jsonl"


@pytest.mark.parametrize(
    "asked",
    [
        {"direction": "IN"},
        {"date_from": "2026-03-01", "amount_to": "-1"},
        {"counterparty": "açougue"},
        {"status": "PENDING"},
    ],
)
@pytest.mark.parametrize("form", ["csv", "ofx", "jsonl"])
async def test_a_file_holds_what_the_list_shows_under_the_same_filter(
    form: str, asked: dict[str, str], client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    await add_ledger(sessions, owner_id)
    wanted = {row["id"] for row in await read_all(client, "transactions/", **asked)}

    content = (await exported(client, format=form, **asked)).content

    assert wanted
    assert found_ids(form, content) == wanted


def found_ids(form: str, content: bytes) -> set[str]:
    match form:
        case "csv":
            return {row["ID"] for row in table(content, ";")}
        case "ofx":
            return {row.fitid for statement in statements(content) for row in statement.transactions}
    return {json.loads(line)["id"] for line in content.splitlines()}


@pytest.mark.parametrize("form", ["csv", "ofx", "jsonl"])
async def test_an_export_of_nothing_is_a_valid_file(form: str, client: httpx.AsyncClient) -> None:
    content = (await exported(client, format=form)).content

    assert found_ids(form, content) == set()
    assert (form == "jsonl") == (content == b"")


async def test_removed_rows_and_rows_of_others_are_in_no_file(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID, other_owner_id: UUID
) -> None:
    """R53."""
    await add_rows(sessions, owner_id, {"removed_at": NOW})
    async with transaction(sessions, other_owner_id) as session:
        theirs = await add_account(session, other_owner_id)
        await make_transaction(session, other_owner_id, theirs)

    assert (await exported(client, format="jsonl")).content == b""
    assert (await exported(client, format="jsonl", account_id=str(theirs))).content == b""


@pytest.mark.parametrize(
    "asked",
    [
        {"format": "xlsx"},
        {"dialect": "german"},
        {"format": "ofx", "dialect": "br"},
        {"date_from": "2026-03-05", "date_to": "2026-03-04"},
        {"date_from": "2026-02-30"},
        {"limit": "5"},
        {"account_id": "x"},
    ],
)
async def test_what_can_not_be_exported_is_refused(asked: dict[str, str], client: httpx.AsyncClient) -> None:
    answer = await client.get(EXPORT, params=asked)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_an_export_leaves_a_trace(
    client: httpx.AsyncClient, postgres_url: Callable[..., str], database_name: str, owner_id: UUID
) -> None:
    """R69."""
    await exported(client)

    (entry,) = await acts(postgres_url("postgres", database_name), owner_id)
    assert entry["act"] == "transactions.exported"


async def test_all_parts_are_of_one_moment_and_hold_some_hundreds_of_rows(sessions: Sessions, owner_id: UUID) -> None:
    """A sync that writes, removes and restates meanwhile changes nothing in the file that is under way."""
    async with transaction(sessions, owner_id) as session:
        account_id = await add_account(session, owner_id)
        rows = [await make_transaction(session, owner_id, account_id, amount="-1.00") for _ in range(7)]
        columns = dict(Transaction.__table__.columns)
        model = {name: getattr(rows[0], name) for name, column in columns.items() if column.computed is None}
        more = [{**model, "id": row_id, "pluggy_id": uuid4()} for row_id in new_ids(1_193)]
        await session.execute(insert(Transaction), more)
    parts = service.export(sessions, owner_id, ExportRequest(format="jsonl"), now=NOW, slots=Slots())
    begun = [await anext(parts), await anext(parts)]

    async with transaction(sessions, owner_id) as session:
        await make_transaction(session, owner_id, account_id, date=date(2020, 1, 1))
        for row in rows[:5]:
            row.amount = Decimal("-2.00")
            session.add(row)
        rows[6].removed_at = NOW
        session.add(rows[6])
    whole = [*begun, *[part async for part in parts]]

    counts = [len(part.splitlines()) for part in whole]
    assert (sum(counts), max(counts)) == (1_200, 500)
    assert {json.loads(line)["amount"] for part in whole for line in part.splitlines()} == {"-1.00"}


async def test_a_process_carries_a_few_exports_at_once(sessions: Sessions, owner_id: UUID) -> None:
    """R62: each holds a connection to the database for as long as its client reads."""
    slots = Slots()
    running = [service.export(sessions, owner_id, ExportRequest(), now=NOW, slots=slots) for _ in range(AT_ONCE)]
    for parts in running:
        await anext(parts)

    with pytest.raises(ServiceUnavailable):
        await anext(service.export(sessions, owner_id, ExportRequest(), now=NOW, slots=slots))

    for parts in running:
        await parts.aclose()
    assert slots.taken == 0


async def test_a_file_that_breaks_off_never_looks_whole() -> None:
    """Without the last chunk every client of HTTP reports a failure."""
    sent: list[dict[str, Any]] = []

    async def breaks_off() -> Any:
        yield b"second"
        raise ConnectionError

    async def send(message: Any) -> None:
        sent.append(message)

    with pytest.raises(ConnectionError):
        await Download(b"first", breaks_off(), media_type="text/csv", file_name="a.csv").stream_response(send)

    assert [message.get("body") for message in sent] == [None, b"first", b"second"]
    assert all(message.get("more_body", True) for message in sent)


async def test_an_account_of_nobody_gives_an_empty_file(client: httpx.AsyncClient) -> None:
    assert (await exported(client, format="jsonl", account_id=str(uuid4()))).content == b""
