"""The audit trail: who may write it, and that nobody may rewrite it."""

from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.audit.service import record_act
from app.database import Sessions, transaction
from app.owners.principal import SCOPES
from app.resources import Resources
from tests.audit.reading import acts
from tests.factories import make_account, make_connection, make_transaction
from tests.readers import reader


@pytest.fixture
async def trusted(resources: Resources, owner_id: UUID) -> AsyncIterator[httpx.AsyncClient]:
    """A caller with `pii:read`."""
    async with reader(resources, owner_id, SCOPES) as http:
        yield http


@pytest.mark.parametrize(
    "statement",
    ["SELECT 1 FROM audit_entries", "UPDATE audit_entries SET actor = 'nobody'", "DELETE FROM audit_entries"],
)
async def test_the_service_can_add_to_the_trail_and_nothing_else(
    sessions: Sessions, owner_id: UUID, statement: str
) -> None:
    """R69."""
    async with transaction(sessions, owner_id) as session:
        await record_act(session, "api_key.created", actor="operator:test", owner_id=owner_id)

    with pytest.raises(DBAPIError, match="permission denied"):
        async with transaction(sessions, owner_id) as session:
            await session.execute(text(statement))


async def test_an_act_that_is_rolled_back_leaves_no_entry(
    sessions: Sessions, owner_id: UUID, superuser_url: str
) -> None:
    with pytest.raises(RuntimeError):
        async with transaction(sessions, owner_id) as session:
            await record_act(session, "api_key.created", actor="operator:test", owner_id=owner_id)
            raise RuntimeError

    assert await acts(superuser_url, owner_id) == []


async def test_reading_personal_numbers_is_audited_and_reading_masked_ones_is_not(
    resources: Resources, client: httpx.AsyncClient, trusted: httpx.AsyncClient, owner_id: UUID, superuser_url: str
) -> None:
    """R69."""
    async with transaction(resources.sessions, owner_id) as session:
        connection = await make_connection(session, owner_id)
        account = await make_account(session, owner_id, connection.id)
        row = await make_transaction(session, owner_id, account.id)
    paths = (f"/api/banking/accounts/{account.id}/", f"/api/banking/transactions/{row.id}/")

    for path in paths:
        assert (await client.get(path)).status_code == 200
    before = await acts(superuser_url, owner_id)
    for path in paths:
        assert (await trusted.get(path)).status_code == 200
    after = await acts(superuser_url, owner_id)

    assert before == []
    assert [(entry["act"], entry["subject_id"]) for entry in after] == [
        ("account.number_read", account.id),
        ("transaction.documents_read", row.id),
    ]
