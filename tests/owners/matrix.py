"""What the authorisation matrix knows of the API: how to fill in a path, and what to send.

A route is covered the moment it exists. Only a path parameter of a new name needs a line in `FACTORIES`.
"""

from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from app.api_keys import service as api_keys
from app.categories.models import Category
from app.category_rules.models import CategoryRule, RuleApplication
from app.connections.models import Deletion
from app.counterparties.models import Counterparty
from app.events.models import Event
from app.ids import new_id
from app.insights.models import Insight
from app.links.models import TransactionLink
from app.sync.models import SyncRun
from app.vault import Vault
from app.webhook_endpoints import service as webhook_endpoints
from app.webhook_endpoints.models import WebhookDelivery
from tests.factories import make_account, make_connection, make_revision, make_transaction
from tests.insights.test_commitments import make_series

Ids = dict[str, Any]
Factory = Callable[[AsyncSession, UUID, Ids], Awaitable[Any]]


async def _connection(session: AsyncSession, owner_id: UUID, ids: Ids) -> UUID:
    return (await make_connection(session, owner_id)).id


async def _account(session: AsyncSession, owner_id: UUID, ids: Ids) -> UUID:
    return (await make_account(session, owner_id, ids["connection_id"])).id


async def _transaction(session: AsyncSession, owner_id: UUID, ids: Ids) -> UUID:
    row = await make_transaction(session, owner_id, ids["account_id"])
    await make_revision(session, owner_id, row.id)
    return row.id


async def _run(session: AsyncSession, owner_id: UUID, ids: Ids) -> UUID:
    run = SyncRun(owner_id=owner_id, id=new_id(), connection_id=ids["connection_id"], trigger="api", status="succeeded")
    session.add(run)
    await session.flush()
    return run.id


async def _deletion(session: AsyncSession, owner_id: UUID, ids: Ids) -> UUID:
    gone = await make_connection(session, owner_id, deleting_at=datetime.now(UTC))
    deletion = Deletion(owner_id=owner_id, id=new_id(), connection_id=gone.id, item_id=uuid4())
    session.add(deletion)
    await session.flush()
    return deletion.id


async def _api_key(session: AsyncSession, owner_id: UUID, ids: Ids) -> UUID:
    key, _ = await api_keys.create(
        session, Vault({"k1": bytes(32)}), owner_id, name="ERP", scopes=["accounts:read"], lifetime_days=1, actor="test"
    )
    return key.id


async def _event(session: AsyncSession, owner_id: UUID, ids: Ids) -> UUID:
    event = Event(owner_id=owner_id, id=new_id(), type="sync.completed", sequence=1, data={})
    session.add(event)
    await session.flush()
    return event.id


async def _insight(session: AsyncSession, owner_id: UUID, ids: Ids) -> UUID:
    insight = Insight(
        owner_id=owner_id, id=new_id(), kind="stale_connection", key="a", data={}, rows=None, change_number=1
    )
    session.add(insight)
    await session.flush()
    return insight.id


async def _webhook_endpoint(session: AsyncSession, owner_id: UUID, ids: Ids) -> UUID:
    endpoint, _ = await webhook_endpoints.create(
        session,
        Vault({"k1": bytes(32)}),
        owner_id,
        url="https://hooks.example.com/bank",
        description=None,
        event_types=[],
        allow_loopback=False,
        actor="test",
    )
    return endpoint.id


async def _delivery(session: AsyncSession, owner_id: UUID, ids: Ids) -> UUID:
    delivery = WebhookDelivery(
        owner_id=owner_id, id=new_id(), endpoint_id=ids["webhook_endpoint_id"], event_id=ids["event_id"]
    )
    session.add(delivery)
    await session.flush()
    return delivery.id


async def _category(session: AsyncSession, owner_id: UUID, ids: Ids) -> UUID:
    category = Category(owner_id=owner_id, id=new_id(), parent_id="11000000", name="Almoço", change_number=1)
    session.add(category)
    await session.flush()
    return category.id


async def _category_rule(session: AsyncSession, owner_id: UUID, ids: Ids) -> UUID:
    rule = CategoryRule(owner_id=owner_id, id=new_id(), position=1, direction="OUT", ignored=True, change_number=1)
    session.add(rule)
    await session.flush()
    return rule.id


async def _rule_application(session: AsyncSession, owner_id: UUID, ids: Ids) -> UUID:
    application = RuleApplication(owner_id=owner_id, id=new_id(), change_number=1)
    session.add(application)
    await session.flush()
    return application.id


async def _transfer(session: AsyncSession, owner_id: UUID, ids: Ids) -> UUID:
    other = await make_transaction(session, owner_id, ids["account_id"], amount="12.34")
    link = TransactionLink(
        owner_id=owner_id,
        id=new_id(),
        kind="own_account_transfer",
        transaction_id=ids["transaction_id"],
        other_id=other.id,
        amount=other.amount,
        currency_code="BRL",
        state="suggested",
        evidence={},
        change_number=1,
    )
    session.add(link)
    await session.flush()
    return link.id


async def _counterparty(session: AsyncSession, owner_id: UUID, ids: Ids) -> UUID:
    party = Counterparty(owner_id=owner_id, id=new_id(), name="Padaria", normalized_name="padaria", change_number=1)
    session.add(party)
    await session.flush()
    return party.id


async def _series(session: AsyncSession, owner_id: UUID, ids: Ids) -> UUID:
    return (await make_series(session, owner_id, ids["account_id"])).id


FACTORIES: dict[str, Factory] = {
    "connection_id": _connection,
    "account_id": _account,
    "transaction_id": _transaction,
    "run_id": _run,
    "deletion_id": _deletion,
    "api_key_id": _api_key,
    "event_id": _event,
    "insight_id": _insight,
    "webhook_endpoint_id": _webhook_endpoint,
    "delivery_id": _delivery,
    "category_id": _category,
    "category_rule_id": _category_rule,
    "rule_application_id": _rule_application,
    "transfer_id": _transfer,
    "counterparty_id": _counterparty,
    "series_id": _series,
}
"""Makes one row of the owner and returns its id, by the name of the path parameter; in the order of dependence."""

MOVING = {"since": (datetime.now(UTC) - timedelta(days=1)).isoformat()}
"""Fields of bodies whose example can't stay true: they must lie near today."""

ALSO_NEEDED: dict[str, set[str]] = {
    "create_api_key": {"accounts:read", "transactions:read"},
    "rotate_api_key": {"accounts:read"},
}
"""Scopes beyond the route's own, by operation: whoever makes a key must bear what the key bears."""

SHARED: dict[str, Any] = {"connector_id": 2}
"""Path parameters that name what belongs to nobody."""


async def make_everything(session: AsyncSession, owner_id: UUID) -> Ids:
    """One row of each kind; the ids by the name of their path parameter."""
    ids: Ids = {}
    for name, factory in FACTORIES.items():
        ids[name] = await factory(session, owner_id, ids)
    return ids


def names_in(path: str) -> list[str]:
    """The path's parameters."""
    return [part.split("}")[0] for part in path.split("{")[1:]]


def filled(path: str, ids: Ids) -> str:
    """The path with these ids."""
    unknown = [name for name in names_in(path) if name not in FACTORIES and name not in SHARED]
    assert not unknown, f"{path}: add {unknown} to FACTORIES in {__name__}, so that it is tried with another's row"
    return path.format(**{name: SHARED.get(name, ids.get(name)) for name in names_in(path)})


def example_body(operation: dict[str, Any], document: dict[str, Any], ids: Ids) -> Any:
    """The body that the document shows as an example, with these ids; None for an operation without one."""
    if "requestBody" not in operation:
        return None
    schema = _object(operation["requestBody"]["content"]["application/json"]["schema"], document)
    properties = schema.get("properties", {})
    body = dict(schema["examples"][0]) if "examples" in schema else dict(_shown_by_field(properties))
    body |= {name: str(ids[name]) for name in properties if name in ids}
    body |= {name: value for name, value in MOVING.items() if name in properties}
    missing = set(schema.get("required", ())) - set(body)
    assert not missing, f"{operation['operationId']}: give its body an example; {sorted(missing)} can't be guessed"
    return body


def _shown_by_field(properties: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, field in properties.items():
        if "examples" in field:
            yield name, field["examples"][0]
        elif field.get("format") == "uuid":
            yield name, str(uuid4())


def id_filters(operation: dict[str, Any], ids: Ids) -> dict[str, str]:
    """The operation's query parameters that name rows, with these ids."""
    names = [each["name"] for each in operation.get("parameters", []) if each["in"] == "query"]
    return {name: str(ids[name]) for name in names if name in ids}


def property_names(schema: Any, document: dict[str, Any], seen: frozenset[str] = frozenset()) -> Iterator[str]:
    """The names of all properties of a schema, nested ones too."""
    if isinstance(schema, list):
        for each in schema:
            yield from property_names(each, document, seen)
    elif isinstance(schema, dict):
        reference = schema.get("$ref")
        if reference is not None and reference not in seen:
            yield from property_names(_referred(reference, document), document, seen | {reference})
        yield from schema.get("properties", {})
        for key in ("properties", "items", "anyOf", "oneOf", "allOf", "additionalProperties"):
            inner = schema.get(key)
            yield from property_names(list(inner.values()) if key == "properties" and inner else inner, document, seen)


def _object(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    for each in [schema, *schema.get("anyOf", []), *schema.get("oneOf", [])]:
        if "$ref" in each:
            return _referred(each["$ref"], document)
    return schema


def _referred(reference: str, document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["components"]["schemas"][reference.rsplit("/", 1)[1]]
    return found
