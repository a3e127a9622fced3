"""What becomes of derived meaning when rows come, change and go, and when a person decides."""

from datetime import date
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.changes import next_change
from app.clock import local_day, utc_now
from app.database import Sessions, transaction
from app.derived.service import derive_or_owe
from app.installments.plans import add_months
from app.links.models import TransactionLink
from app.owed import OwedWork
from app.recurring.models import RecurringSeries
from app.resources import Resources
from app.transactions.models import Transaction
from tests.factories import make_account, make_connection, make_transaction

DAY = date(2026, 3, 4)
TABLES = (
    "transactions", "counterparties", "transaction_links", "recurring_series", "installment_plans", "installments",
    "bank_charges", "derivation_marks",
)  # fmt: skip


class Home:
    """An owner's bank account and card."""

    def __init__(self, resources: Resources, owner_id: UUID, bank: UUID, card: UUID) -> None:
        self.resources, self.owner_id, self.bank, self.card = resources, owner_id, bank, card

    async def put(self, account_id: UUID, amount: str, description: str, **given: Any) -> UUID:
        """Have a sync bring a row."""
        async with transaction(self.resources.sessions, self.owner_id) as session:
            number = await next_change(session, self.owner_id)
            row = await make_transaction(
                session, self.owner_id, account_id,
                **{"amount": amount, "description": description, "date": DAY, "change_number": number, **given},
            )  # fmt: skip
        return row.id

    async def change(self, row_id: UUID, **values: Any) -> None:
        """Have a sync change a row."""
        async with transaction(self.resources.sessions, self.owner_id) as session:
            values["change_number"] = await next_change(session, self.owner_id)
            await session.execute(update(Transaction).where(Transaction.id == row_id).values(**values))

    async def pay(self) -> tuple[UUID, UUID]:
        """Have the card's bill paid: the bank's row and the card's."""
        return await self.put(self.bank, "-900.00", "Pagamento fatura cartão"), await self.receive()

    async def receive(self) -> UUID:
        """Have the card show a payment."""
        return await self.put(self.card, "900.00", "Pagamento recebido")

    async def derive(self) -> None:
        """End a sync."""
        async with transaction(self.resources.sessions, self.owner_id) as session:
            assert await derive_or_owe(session, self.owner_id, self.resources.vault)

    async def links(self) -> list[tuple[UUID, UUID, str]]:
        """The pairs that there are."""
        async with transaction(self.resources.sessions, self.owner_id) as session:
            found = await session.scalars(select(TransactionLink))
            return [(link.transaction_id, link.other_id, link.state) for link in found]

    async def internal(self, *ids: UUID) -> list[str | None]:
        """What the rows are held to be."""
        async with transaction(self.resources.sessions, self.owner_id) as session:
            statement = select(Transaction.id, Transaction.internal_kind).where(Transaction.id.in_(ids))
            kinds: dict[UUID, str | None] = {row[0]: row[1] for row in await session.execute(statement)}
        return [kinds[row_id] for row_id in ids]


@pytest.fixture
async def home(resources: Resources, owner_id: UUID) -> Home:
    async with transaction(resources.sessions, owner_id) as session:
        connection = await make_connection(session, owner_id)
        bank = await make_account(session, owner_id, connection.id)
        card = await make_account(session, owner_id, connection.id, type="CREDIT", subtype="CREDIT_CARD")
    return Home(resources, owner_id, bank.id, card.id)


async def test_the_other_side_of_a_payment_may_come_days_later(home: Home) -> None:
    paid = await home.put(home.bank, "-900.00", "Pagamento fatura cartão")
    await home.derive()
    before = await home.links(), await home.internal(paid)

    received = await home.receive()
    await home.derive()

    assert before == ([], [None])
    assert await home.links() == [(paid, received, "found")]
    assert await home.internal(paid, received) == ["card_payment", "card_payment"]


async def test_a_side_that_the_bank_removes_leaves_the_other_an_ordinary_row(home: Home) -> None:
    paid, received = await home.pay()
    await home.derive()

    await home.change(received, removed_at=func.now())
    await home.derive()

    assert await home.links() == []
    assert await home.internal(paid) == [None]


async def test_a_side_restated_at_another_amount_is_no_longer_a_side(home: Home) -> None:
    paid, received = await home.pay()
    await home.derive()

    await home.change(paid, amount="-901.00")
    await home.derive()

    assert await home.links() == []
    assert await home.internal(paid, received) == [None, "card_payment"]  # what a card says it received is no income


async def test_a_restated_side_that_still_fits_keeps_the_link_and_its_id(home: Home, sessions: Sessions) -> None:
    paid, received = await home.pay()
    await home.derive()
    async with transaction(sessions, home.owner_id) as session:
        before = (await session.scalars(select(TransactionLink.id))).one()

    await home.change(received, description="PAGAMENTO RECEBIDO")
    await home.derive()

    async with transaction(sessions, home.owner_id) as session:
        assert (await session.scalars(select(TransactionLink.id))).one() == before
    assert await home.internal(paid, received) == ["card_payment", "card_payment"]


async def versions(session: AsyncSession) -> set[str]:
    """Which version of which row is stored, table by table."""
    found: set[str] = set()
    for table in TABLES:
        found |= set(await session.scalars(text(f"SELECT '{table}' || xmin::text || ctid::text FROM {table}")))
    return found


async def test_deriving_again_writes_nothing(home: Home, sessions: Sessions) -> None:
    await home.pay()
    for month in range(1, 7):
        await home.put(home.bank, "-39.90", "Netflix", date=date(2026, month, 9))
        await home.put(home.card, "-50.00", f"LOJA {month:02d}/10", date=DAY)
    await home.put(home.bank, "-9.90", "Tarifa pacote de serviços")
    await home.derive()
    async with transaction(sessions, home.owner_id) as session:
        before = await versions(session)

    await home.derive()

    async with transaction(sessions, home.owner_id) as session:
        assert await versions(session) == before


async def test_a_tax_is_listed_with_its_purchase_and_what_speaks_for_it(home: Home, client: httpx.AsyncClient) -> None:
    purchase = await home.put(home.card, "-300.00", "STEAM", original_currency_code="USD")
    tax = await home.put(home.card, "-10.50", "IOF COMPRA INTERNACIONAL")
    await home.derive()

    (listed,) = (await client.get("/api/banking/transfers/", params={"kind": "iof"})).json()["results"]

    assert (listed["transaction_id"], listed["other_transaction_id"]) == (str(purchase), str(tax))
    assert listed["status"] == "found"
    assert (listed["evidence"]["rate"], listed["evidence"]["days_apart"]) == ("0.0350", 0)


async def test_what_a_person_rejects_is_never_proposed_again(home: Home, client: httpx.AsyncClient) -> None:
    paid, received = await home.pay()
    await home.derive()
    (listed,) = (await client.get("/api/banking/transfers/")).json()["results"]

    answer = await client.post(f"/api/banking/transfers/{listed['id']}/reject/")
    await home.change(paid, description="Pagamento fatura do cartão")
    await home.derive()

    assert (answer.status_code, answer.json()["status"]) == (200, "rejected")
    assert answer.json()["decided_at"] is not None
    assert await home.links() == [(paid, received, "rejected")]
    assert await home.internal(paid, received) == [None, "card_payment"]


async def test_what_a_person_confirms_outlives_the_evidence(home: Home, client: httpx.AsyncClient) -> None:
    paid = await home.put(home.bank, "-900.00", "Boleto pago Banco X")
    received = await home.receive()
    await home.derive()
    (listed,) = (await client.get("/api/banking/transfers/", params={"status": "suggested"})).json()["results"]
    before = await home.internal(paid)

    await client.post(f"/api/banking/transfers/{listed['id']}/confirm/")
    await home.change(paid, description="Compra no débito")
    await home.derive()

    assert before == [None]
    assert await home.links() == [(paid, received, "confirmed")]
    assert await home.internal(paid, received) == ["card_payment", "card_payment"]


async def test_a_row_confirmed_in_one_pair_is_refused_to_another(
    home: Home, client: httpx.AsyncClient, sessions: Sessions
) -> None:
    await home.pay()
    again = await home.receive()
    await home.derive()
    (link,) = (await client.get("/api/banking/transfers/")).json()["results"]
    await client.post(f"/api/banking/transfers/{link['id']}/confirm/")
    async with transaction(sessions, home.owner_id) as session:
        kept = (await session.scalars(select(TransactionLink))).one()
        columns = {name: getattr(kept, name) for name in ("owner_id", "kind", "transaction_id", "amount")}
        rival = TransactionLink(
            **columns, id=again, other_id=again, currency_code="BRL", state="suggested", evidence={}, change_number=1
        )
        session.add(rival)

    answer = await client.post(f"/api/banking/transfers/{again}/confirm/")

    assert (answer.status_code, answer.json()["code"]) == (409, "transaction_already_linked")


async def test_a_failure_in_meaning_is_owed_and_costs_nobody_the_sync(home: Home, sessions: Sessions) -> None:
    """R28"""
    await home.put(
        home.bank, "-10.00", "Pix", counterparty_name="Ana", counterparty_document_hash=b"x" * 16, payment=b"\x01?"
    )

    async with transaction(sessions, home.owner_id) as session:
        await session.execute(text("SELECT 1"))
        assert not await derive_or_owe(session, home.owner_id, home.resources.vault)

    async with transaction(sessions, home.owner_id) as session:
        kinds = list(await session.scalars(select(OwedWork.kind)))
        assert kinds == ["derivation"]
        assert await session.scalar(text("SELECT count(*) FROM counterparties")) == 0


async def test_a_series_keeps_its_id_while_it_grows_and_goes_with_its_rows(home: Home, sessions: Sessions) -> None:
    rows = [await home.put(home.bank, "-39.90", "Netflix", date=date(2026, month, 9)) for month in range(1, 5)]
    await home.derive()
    async with transaction(sessions, home.owner_id) as session:
        first = (await session.scalars(select(RecurringSeries))).one()

    rows.append(await home.put(home.bank, "-44.90", "Netflix", date=date(2026, 5, 9)))
    await home.derive()

    async with transaction(sessions, home.owner_id) as session:
        grown = (await session.scalars(select(RecurringSeries))).one()
    assert (grown.id, grown.transaction_ids) == (first.id, rows)
    assert [change["after"] for change in grown.price_changes] == ["44.90"]
    for row_id in rows[:4]:
        await home.change(row_id, removed_at=func.now())
    await home.derive()
    async with transaction(sessions, home.owner_id) as session:
        assert (await session.scalars(select(RecurringSeries))).all() == []


@pytest.mark.parametrize(("verb", "decision", "listed"), [("reject", "rejected", 0), ("confirm", "confirmed", 1)])
async def test_what_a_person_says_of_a_series_is_remembered_as_it_goes_on(
    home: Home, client: httpx.AsyncClient, verb: str, decision: str, listed: int
) -> None:
    today = local_day(utc_now())
    for back in range(4, 0, -1):
        await home.put(home.bank, "-39.90", "Netflix", date=add_months(today, -back))
    await home.derive()
    path = "/api/banking/insights/recurring/"
    (series,) = (await client.get(path)).json()["currencies"][0]["series"]

    answers = [await client.post(f"{path}{series['series_id']}/{verb}/") for _ in range(2)]
    await home.put(home.bank, "-39.90", "Netflix", date=today)
    await home.derive()

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert (series["decision"], answers[0].json()["decision"]) == (None, decision)
    kept = [each for of_code in (await client.get(path)).json()["currencies"] for each in of_code["series"]]
    assert [(each["series_id"], each["decision"]) for each in kept] == [(series["series_id"], decision)] * listed
    forecast = (await client.get("/api/banking/insights/forecast/")).json()["currencies"][0]["expected"]
    assert {each["series_id"] for each in forecast} == {series["series_id"]} & {each["series_id"] for each in kept}


async def test_counterparties_are_listed_by_name_and_found_without_accents(
    home: Home, client: httpx.AsyncClient
) -> None:
    for at, name in enumerate(("Colégio Girassol Ltda", "COLEGIO GIRASSOL", "Padaria Pão")):
        await home.put(home.bank, f"-{at + 1}0.00", "Pix enviado", counterparty_name=name)
    await home.derive()

    everybody = (await client.get("/api/banking/counterparties/")).json()["results"]
    (school,) = (await client.get("/api/banking/counterparties/", params={"q": "colégio"})).json()["results"]
    whole = (await client.get(f"/api/banking/counterparties/{school['id']}/")).json()

    assert [each["name"] for each in everybody] == ["Colégio Girassol Ltda", "Padaria Pão"]
    assert [(each["transactions"], each["paid"]) for each in whole["totals"]] == [(2, "-30.00")]
