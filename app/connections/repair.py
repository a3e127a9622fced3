"""Getting a connection to work again: new credentials, a code, a new authorisation. Answers pass through (R63)."""

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import utc_now
from app.connections import flow, service
from app.connections.flow import ConnectToken
from app.connections.mapping import gone_columns, item_columns, renewed_credential
from app.connections.models import BankConnection
from app.connections.refusals import LASTING, ItemGone, LoginBackoff, MfaExpired, MfaNotAwaited, refusal_of
from app.connections.status import DELETED, VISITING, judge
from app.connectors.parameters import Fault, parameter_faults
from app.database import in_transaction, transaction
from app.http_errors import InvalidRequest
from app.oauth import service as oauth
from app.oauth.errors import ItemNotMade
from app.oauth.flow import Authorization, reauthorize
from app.pluggy.errors import PluggyAuthError, PluggyNotFound, PluggyRefused, PluggyUnavailable
from app.pluggy.item_calls import ItemChange
from app.pluggy.limits import Lane
from app.pluggy.models import Credential, CredentialType, ExecutionStatus, Item, ItemStatus
from app.resources import Resources

_PROMPT_DELAY = timedelta(seconds=2)
_PARAMETERS = "/body/parameters"


@dataclass(frozen=True)
class Answer:
    """What a person gives the bank: one value for the one thing that is asked, or values by name. Never kept."""

    value: str | None = field(default=None, repr=False)
    parameters: Mapping[str, str] | None = field(default=None, repr=False)

    @property
    def pointer(self) -> str | None:
        """Where the value stands in the request; None when faults name their parameter."""
        return None if self.value is None else "/body/value"


@dataclass(frozen=True)
class Repair:
    """How a repair goes on: a visit under way, or a widget to open, or a page of the bank."""

    connect_token: ConnectToken | None = None
    authorization: Authorization | None = None


async def update_credentials(
    resources: Resources, owner_id: UUID, connection_id: UUID, parameters: Mapping[str, str] | None
) -> Repair:
    """Have the bank visited with new credentials; without any, hand out what the person gives them in.

    Raises ConnectionNotFound, ItemNotMade, InvalidRequest, a VisitRefused, PluggyError.
    """
    connection = await _find(resources, owner_id, connection_id)
    if connection.is_oauth:
        if parameters is not None:
            detail = "This bank takes no credentials here: send an empty body for a new authorisation."
            raise InvalidRequest("The request does not validate.", errors=[{"pointer": _PARAMETERS, "detail": detail}])
        return Repair(authorization=await _reauthorize(resources, owner_id, connection))
    if parameters is None:
        return Repair(connect_token=await flow.create_connect_token(resources, owner_id, connection_id=connection_id))
    item = await _read(resources, connection)
    _check(item.connector.credentials or () if item.connector else (), parameters)
    change = ItemChange(parameters=parameters)
    await _visit(resources, connection, resources.pluggy.for_lane(Lane.USER).update_item(item.id, change))
    return Repair()


async def update_mfa(resources: Resources, owner_id: UUID, connection_id: UUID, answer: Answer) -> None:
    """Give the bank what it asks for: the prompt's answer (2-step), or a new code with a new visit (1-step).

    Raises ConnectionNotFound, ItemNotMade, InvalidRequest, a VisitRefused, PluggyError.
    """
    connection = await _find(resources, owner_id, connection_id)
    item = await _read(resources, connection)
    asked, is_prompt = _asked(item, connection)
    parameters = {asked.name: answer.value} if answer.value is not None else dict(answer.parameters or {})
    _check((asked,), parameters, pointer=answer.pointer)
    pluggy = resources.pluggy.for_lane(Lane.USER)
    if is_prompt:
        call = pluggy.send_mfa(item.id, parameters)
    else:
        call = pluggy.update_item(item.id, ItemChange(parameters=parameters))
    await _visit(resources, connection, call, pointer=answer.pointer)


def _asked(item: Item, connection: BankConnection) -> tuple[Credential, bool]:
    """Return what the bank asks for, and whether it is a prompt that stands open. Raises MfaNotAwaited, MfaExpired."""
    prompt = item.parameter
    if item.status == ItemStatus.WAITING_USER_INPUT:
        if prompt is None:
            raise MfaNotAwaited(retry_at=utc_now() + _PROMPT_DELAY)  # it comes a moment after the status
        if prompt.type != CredentialType.OAUTH:
            return prompt, True
    renewed = renewed_credential(item.connector)
    if item.status not in VISITING and renewed is not None:
        return renewed, False
    if item.execution_status == ExecutionStatus.USER_INPUT_TIMEOUT:
        raise MfaExpired
    action = judge(connection, utc_now()).action
    raise MfaNotAwaited(needs=action and action.kind)


def _check(credentials: tuple[Credential, ...], parameters: Mapping[str, str], *, pointer: str | None = None) -> None:
    faults = parameter_faults(credentials, parameters)
    if faults:
        located: list[Fault] = faults if pointer is None else [{**each, "pointer": pointer} for each in faults]
        raise InvalidRequest("The request does not validate.", errors=located)


async def _find(resources: Resources, owner_id: UUID, connection_id: UUID) -> BankConnection:
    async with transaction(resources.sessions, owner_id) as session:
        connection = await service.get(session, owner_id, connection_id)
    if connection.item_id is None:
        raise ItemNotMade(connection_id)
    if connection.status == DELETED:
        raise ItemGone
    return connection


async def _read(resources: Resources, connection: BankConnection) -> Item:
    """Return the item as it is now, and bring the connection up to it. Raises ItemGone."""
    assert connection.item_id is not None  # noqa: S101 # _find saw to it
    try:
        item = await resources.pluggy.for_lane(Lane.USER).get_item(connection.item_id)
    except PluggyNotFound:
        raise await flow.gone(resources, connection.owner_id, connection.id) from None
    await _record(resources, connection, item_columns(item))
    return item


async def _visit(
    resources: Resources, connection: BankConnection, call: Awaitable[Item], *, pointer: str | None = None
) -> None:
    """Await the call that begins a visit, note the item's state and watch what becomes of it."""
    try:
        item = await call
    except PluggyAuthError:
        raise
    except PluggyRefused as error:
        raise await _refused(resources, connection, error, pointer) from None
    except PluggyUnavailable:  # it may have begun all the same
        await _watch(resources, connection, {})
        raise
    await _watch(resources, connection, {**item_columns(item), "update_refusal": None, "can_retry_at": None})


async def _refused(
    resources: Resources, connection: BankConnection, error: PluggyRefused, pointer: str | None
) -> Exception:
    """Return what the person is told, once the connection knows what holds for later visits too."""
    refusal = refusal_of(error, pointer=pointer)
    if isinstance(refusal, ItemGone):
        await _record(resources, connection, gone_columns())
    elif isinstance(refusal, LoginBackoff):
        await _record(resources, connection, {"can_retry_at": refusal.retry_at})
    elif error.code in LASTING:
        await _record(resources, connection, {"update_refusal": error.code})
    return refusal or error


async def _record(resources: Resources, connection: BankConnection, columns: dict[str, object]) -> None:
    async def record(session: AsyncSession) -> None:
        await service.hold(session, connection.owner_id, connection.id)
        await service.record_item(session, connection.owner_id, connection.id, columns)

    await in_transaction(resources.sessions, connection.owner_id, record)


async def _watch(resources: Resources, connection: BankConnection, columns: dict[str, object]) -> None:
    async def watch(session: AsyncSession) -> None:
        await service.hold(session, connection.owner_id, connection.id)
        await service.record_item(session, connection.owner_id, connection.id, columns)
        await oauth.watch(session, connection.owner_id, connection.id, resources.settings.sync)

    await in_transaction(resources.sessions, connection.owner_id, watch)


async def _reauthorize(resources: Resources, owner_id: UUID, connection: BankConnection) -> Authorization:
    try:
        return await reauthorize(resources, owner_id, connection)
    except PluggyAuthError:
        raise
    except PluggyRefused as error:
        raise await _refused(resources, connection, error, None) from None
