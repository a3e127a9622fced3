"""A change of ENCRYPTION_KEYS, from the first key to the last."""

import base64
import os
import re
from pathlib import Path
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import select, text

from app.accounts.models import Account
from app.counterparties.models import Counterparty
from app.database import transaction
from app.operations.keys import EXPIRES, SEALED
from app.resources import Resources, open_resources
from app.settings import Settings
from app.transactions.models import Transaction
from app.vault import Vault, row_place
from app.webhook_endpoints import service as endpoints
from app.webhook_endpoints.models import WebhookEndpoint
from tests.http_support import changed
from tests.operations.conftest import Banking
from tests.stand_in import StandIn
from tests.sync.support import connect
from worker.job import Runner

APP = Path(__file__).parents[2] / "app"
FIRST = "k1:" + base64.b64encode(bytes(32)).decode()
SECOND = "k2:" + base64.b64encode(os.urandom(32)).decode()


def with_keys(settings: Settings, keys: str) -> Settings:
    """The same settings with other ENCRYPTION_KEYS."""
    return changed(settings, encryption_keys=SecretStr(keys))


async def make_endpoint(resources: Resources, owner_id: UUID) -> tuple[UUID, list[str]]:
    """An endpoint in the middle of a rotation, and its two secrets."""
    async with transaction(resources.sessions, owner_id) as session:
        made, old = await endpoints.create(
            session,
            resources.vault,
            owner_id,
            url="https://example.com/hook",
            description=None,
            event_types=[],
            allow_loopback=False,
            actor="test",
        )
        _, new = await endpoints.rotate_secret(session, resources.vault, made, actor="test")
    return made.id, [new, old]


async def test_after_a_reseal_the_old_key_is_needed_no_longer(
    banking: Banking, resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    """R73: every kind of secret has two live values; R64: what is sealed stays bound to its row."""
    await connect(resources, runner, stand_in, owner_id)
    endpoint_id, secrets = await make_endpoint(resources, owner_id)
    both, second = (with_keys(resources.settings, keys) for keys in (f"{SECOND},{FIRST}", SECOND))

    async with open_resources(both, statement_ms=10_000) as changing:
        code, printed = await banking("keys", "reseal", settings=both)
        again = await banking("keys", "reseal", settings=both)
        assert changing.vault.header == b"\x02k2"

    vault = Vault(second.service.keys)
    async with transaction(resources.sessions, owner_id) as session:
        endpoint = (await session.scalars(select(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id))).one()
        now = await session.scalar(text("SELECT now()"))
        opened = endpoints.open_secrets(vault, endpoint, now=now)
        numbered = (await session.scalars(select(Account).where(Account.number.is_not(None)))).all()
        paid = (await session.scalars(select(Transaction).where(Transaction.payment.is_not(None)))).all()
    assert code == 0, printed
    assert re.search(r"accounts.number +[1-9]", printed)
    assert re.findall(r"(\d+)  +\d+$", again[1], re.MULTILINE) == ["0"] * len(SEALED)
    assert opened == secrets
    assert numbered and paid  # noqa: PT018 # there is something to prove
    for account in numbered:
        number = vault.open(account.number or b"", place=row_place("accounts.number", owner_id, account.id)).decode()
        assert account.number_hash == vault.fingerprint(number, purpose="account_number")
    async with transaction(resources.sessions, owner_id) as session:
        known = (await session.scalars(select(Counterparty).where(Counterparty.document.is_not(None)))).all()
        named = (await session.scalars(select(Transaction).where(Transaction.counterparty_id.is_not(None)))).all()
    hashes = {each.id: each.document_hash for each in known}
    assert known
    for each in known:
        document = vault.open(each.document or b"", place=row_place("counterparties.document", owner_id, each.id))
        assert each.document_hash == vault.fingerprint(document.decode(), purpose="document")
    followers = [row for row in named if row.counterparty_document_hash is not None and row.counterparty_id in hashes]
    assert followers
    assert [row.id for row in followers if row.counterparty_document_hash != hashes[row.counterparty_id]] == []
    for row in paid:
        assert vault.open(row.payment or b"", place=row_place("transactions.payment", owner_id, row.id))


async def test_what_no_key_opens_is_counted_and_left_alone(
    banking: Banking, resources: Resources, owner_id: UUID
) -> None:
    endpoint_id, _ = await make_endpoint(resources, owner_id)
    alone = with_keys(resources.settings, SECOND)

    code, printed = await banking("keys", "reseal", settings=alone)

    async with transaction(resources.sessions, owner_id) as session:
        endpoint = (await session.scalars(select(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id))).one()
    assert code == 1
    assert re.search(r"webhook_endpoints.secret +0 +1$", printed, re.MULTILINE)
    assert endpoint.secret.startswith(b"\x02k1")


def test_every_sealed_column_is_sealed_anew() -> None:
    """A new column of the type `Encrypted` gets its line in app/operations/keys.py."""
    declared = set()
    for path in APP.glob("*/models.py"):
        table = ""
        for line in path.read_text().splitlines():
            name = re.search(r'__tablename__ = "(\w+)"', line)
            table = name[1] if name else table
            column = re.match(r"    (\w+): Mapped\[Encrypted", line)
            if column:
                declared.add((table, column[1]))

    assert declared == {(each.table, each.column) for each in SEALED} | EXPIRES
