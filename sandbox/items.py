"""What clients do to items: make, refresh, answer, delete; with every refusal of the real API."""

from datetime import timedelta
from typing import Any

from sandbox import events
from sandbox.clock import iso
from sandbox.connectors import Connector, parameter_errors
from sandbox.life import WAITS
from sandbox.lifetime import answer_wait, begin_run, open_wait, settle
from sandbox.records import Item, Run
from sandbox.tokens import Caller
from sandbox.urls import check_redirect_url, check_webhook_url
from sandbox.wire import ApiError
from sandbox.world import World

_MAX_LOGIN_FAILURES, _LOGIN_BACKOFF = 2, timedelta(minutes=15)
_MAX_FAILED_RUNS = 5
_ME_PLUGGY = 200


def item_view(world: World, item: Item) -> dict[str, Any]:
    """The item as the API shows it, nulls included."""
    consent = world.consents.get(item.consent_id) if item.consent_id else None
    return {
        "id": item.id,
        "connector": world.connector_view(world.connector(item.connector_id)),
        "createdAt": iso(item.created_at),
        "updatedAt": iso(item.updated_at),
        "status": item.status,
        "executionStatus": item.execution_status,
        "lastUpdatedAt": iso(item.last_updated_at),
        "webhookUrl": item.webhook_url,
        "error": item.error,
        "clientUserId": item.client_user_id,
        "consecutiveFailedLoginAttempts": item.failed_logins,
        "statusDetail": item.status_detail,
        "parameter": item.parameter,
        "userAction": item.user_action,
        "nextAutoSyncAt": iso(item.next_auto_sync_at),
        "autoSyncDisabledAt": iso(item.auto_sync_disabled_at),
        "consentExpiresAt": iso(consent.expires_at) if consent else None,
        "resourcesCollectedAt": iso(item.resources_collected_at),
        "hasResourcesPendingAuthorization": item.pending_resources,
        "products": item.products,
        "oauthRedirectUri": item.oauth_redirect_uri,
    }


def find_item(world: World, caller: Caller, item_id: str) -> Item:
    """The item, brought up to now. Raises 404; 403 for a widget that neither made it nor was made for it."""
    item = world.item(item_id.lower())
    if caller.is_widget and caller.token_id != item.made_by and caller.item_id != item.id:
        raise ApiError(403, "Connect token is not allowed to access this item")
    settle(world, item)
    return item


def create_item(
    world: World,
    caller: Caller,
    *,
    connector_id: int,
    parameters: dict[str, str],
    options: dict[str, Any],
    products: list[str] | None,
) -> Item:
    """A new item, UPDATING; `options` as in a connect token, whose own ones fill what the request leaves out."""
    options = {**caller.options, **{name: value for name, value in options.items() if value is not None}}
    connector = world.connector(connector_id)
    _check_new_item(world, connector, parameters, options)
    now = world.now()
    item = Item(
        id=world.new_id("item"),
        connector_id=connector.id,
        parameters=parameters,
        products=_products(connector, products or caller.options.get("products")),
        client_user_id=options.get("clientUserId"),
        webhook_url=options.get("webhookUrl"),
        oauth_redirect_uri=options.get("oauthRedirectUri"),
        made_by=caller.token_id if caller.is_widget else None,
        created_at=now,
        updated_at=now,
        run=Run(started_at=now, triggered_by=caller.trigger, script="", pace=1),
    )
    _remember_mfa(item, connector)
    begin_run(world, item, triggered_by=caller.trigger)
    world.items.put(item.id, item)
    settle(world, item)
    world.wake.set()
    return item


def _check_new_item(world: World, connector: Connector, parameters: dict[str, str], options: dict[str, Any]) -> None:
    if world.health_of(connector) == "OFFLINE":
        raise ApiError(400, "Connector is offline", "CONNECTOR_OFFLINE")
    _check_parameters(connector, parameters)
    loopback = world.settings.allow_loopback_urls
    if url := options.get("webhookUrl"):
        check_webhook_url(url, allow_loopback=loopback)
    if url := options.get("oauthRedirectUri"):
        check_redirect_url(url, allow_loopback=loopback)
    limit = world.settings.items_limit
    if limit and len(world.items) >= limit:
        message = f"Client exceeded item creation limit ({limit} items) for the current subscription level."
        raise ApiError(409, message, "ITEM_CREATION_LIMIT_EXCEEDED", data={"itemsLimit": limit})
    if options.get("avoidDuplicates"):
        _check_duplicates(world, connector, parameters)


def _check_parameters(connector: Connector, parameters: dict[str, str]) -> None:
    if errors := parameter_errors(connector, parameters):
        message = "Connector parameters do not match validation rules"
        raise ApiError(400, message, "CONNECTOR_VALIDATION_ERROR", details=errors)


def _check_duplicates(world: World, connector: Connector, parameters: dict[str, str]) -> None:
    names = [credential.name for credential in connector.credentials if credential.name in ("user", "cpf", "cnpj")]
    clashing = [
        item.id
        for item in world.items
        if item.connector_id == connector.id
        and all(item.parameters.get(name) == parameters.get(name) for name in names)
    ]
    if clashing and names:
        message = "There are other items with the same credentials, you can't create a new one"
        refusal = ApiError(400, message, "ITEM_USER_ALREADY_EXISTS", items=clashing)
        del refusal.body["code"]  # the real body has none
        raise refusal


def _products(connector: Connector, asked: list[str] | None) -> list[str]:
    return [product for product in connector.products if not asked or product in asked]


def _remember_mfa(item: Item, connector: Connector) -> None:
    if credential := connector.one_step_mfa:
        item.last_mfa = item.parameters.get(credential.name)


def update_item(
    world: World, caller: Caller, item: Item, *, parameters: dict[str, str] | None, changes: dict[str, Any]
) -> Item:
    """A new visit to the bank, with new credentials or the stored ones. Raises each refusal of the real API."""
    connector = world.connector(item.connector_id)
    _check_update(world, caller, item, connector, parameters)
    merged = {**item.parameters, **(parameters or {})}
    _check_parameters(connector, merged)
    if url := changes.get("webhookUrl"):
        check_webhook_url(url, allow_loopback=world.settings.allow_loopback_urls)
        item.webhook_url = url
    item.client_user_id = changes.get("clientUserId") or item.client_user_id
    if products := changes.get("products"):
        item.products = _products(connector, products)
    item.parameters = merged
    item.auto_sync_disabled_at = None
    _remember_mfa(item, connector)
    begin_run(world, item, triggered_by=caller.trigger)
    settle(world, item)
    world.items.put(item.id, item)
    world.wake.set()
    return item


def _check_update(
    world: World, caller: Caller, item: Item, connector: Connector, parameters: dict[str, str] | None
) -> None:
    if connector.id == _ME_PLUGGY:
        raise ApiError(400, "Items of this connector cannot be updated")
    if item.status in ("UPDATING", "MERGING"):
        raise ApiError(400, "Item is already updating", "ITEM_IS_ALREADY_UPDATING")
    _check_backoff(world, item)
    if item.failed_runs > _MAX_FAILED_RUNS:
        message = "There has been more than 5 failing syncronizations, please contact support"
        raise ApiError(400, message, "TOO_MANY_CONSECUTIVE_ERRORS")
    if item.status == "LOGIN_ERROR" and not parameters and not connector.oauth:
        message = "Last execution had a login error, new credentials are required"
        raise ApiError(400, message, "LAST_EXECUTION_HAD_LOGIN_ERROR")
    _check_renewed_mfa(item, connector, parameters or {})
    _check_interval(world, caller, item)


def _check_backoff(world: World, item: Item) -> None:
    ended = item.run.ended_at
    if item.failed_logins < _MAX_LOGIN_FAILURES or ended is None or world.now() >= ended + _LOGIN_BACKOFF:
        return
    retry_at = iso(ended + _LOGIN_BACKOFF)
    message = (
        f"must wait at least 15 minutes after {_MAX_LOGIN_FAILURES} consecutive login errors, "
        f"last attempt was at {iso(ended)} (can retry after: {retry_at})"
    )
    data = {
        "readableBackoffTime": "15 minutes",
        "maxConsecutiveFailedLoginAttempts": _MAX_LOGIN_FAILURES,
        "lastExecutionEndedAt": iso(ended),
        "canRetryAfterDate": retry_at,
    }
    raise ApiError(400, message, "TOO_MANY_CONSECUTIVE_LOGIN_FAILURES", data=data)


def _check_renewed_mfa(item: Item, connector: Connector, parameters: dict[str, str]) -> None:
    credential = connector.one_step_mfa
    if credential is None:
        return
    name = credential.name
    if not parameters.get(name):
        detail = {"code": "001", "message": f"Parameter '{name}' is required", "parameter": name}
        message = f"The parameter '{name}' is required to be renewed for item update."
        code = "CONNECTOR_REQUIRED_PARAMETER_VALIDATION_ERROR"
        raise ApiError(400, message, code, details=[detail], data={"parameter": name})
    if parameters[name] == item.last_mfa:
        message = "MFA parameter has to be updated from last execution"
        raise ApiError(400, message, "MFA_PARAMERTER_WAS_ALREADY_USED_ERROR")


def _check_interval(world: World, caller: Caller, item: Item) -> None:
    """Only a fresh item is refused: one that failed, or that a widget updates, may try again at once."""
    hours = world.settings.min_update_interval_hours
    last = item.last_updated_at
    if caller.is_widget or item.status != "UPDATED" or last is None or world.now() >= last + timedelta(hours=hours):
        return
    message = f"Client updates on this item are allowed at most every {hours:g} hours. Last update was at {iso(last)}"
    data = {"minUpdateFrequencyAllowedInHours": hours, "lastUpdatedAt": iso(last)}
    raise ApiError(409, message, "CLIENT_IS_UPDATING_BEFORE_ALLOWED_FREQUENCY", data=data)


def answer_mfa(world: World, item: Item, values: dict[str, str]) -> Item:
    """Give the item the value it waits for. A wrong value is accepted here and fails the run at the bank."""
    expired = item.execution_status == "USER_INPUT_TIMEOUT"
    wait = open_wait(world, item)
    if wait is None or item.parameter is None:
        if expired:
            raise ApiError(400, "The MFA request has expired", "ITEM_MFA_EXPIRED")
        if item.run.answers:
            raise ApiError(404, "MFA was already provided", "ITEM_MFA_ALREADY_PROVIDED")
        raise ApiError(404, "Item is not waiting for MFA", "ITEM_MFA_NOT_FOUND")
    name = item.parameter["name"]
    if name not in values or item.parameter["type"] == "oauth":
        raise ApiError(400, f"Expected parameter '{name}'", "ITEM_MFA_PARAMETER_EXPECTED_MISMATCH")
    accepted = WAITS[wait].accepts
    answer_wait(world, item, "ok" if not accepted or values[name] in accepted else "wrong")
    return item


def delete_item(world: World, item: Item) -> None:
    """Forget the item and its data, withdraw its consent, tell the subscribers."""
    for consent in world.consents:
        if consent.item_id == item.id and consent.revoked_at is None:
            consent.revoked_at = world.now()
            world.consents.put(consent.id, consent)
    world.items.drop(item.id)
    if item.opened:
        world.ledger.close_item(item.id)
    events.emit_item_event(world, item, "item/deleted")


def delete_if_idle(world: World, item: Item) -> None:
    """Pluggy's housekeeping: sandbox items that nobody updates vanish. Off unless a setting gives the days."""
    days = world.settings.sandbox_idle_delete_days
    last = item.last_updated_at or item.created_at
    if days and world.connector(item.connector_id).is_sandbox and world.now() >= last + timedelta(days=days):
        delete_item(world, item)


_RESOURCE_TYPES = {"BANK": "ACCOUNT", "CREDIT": "CREDIT_CARD_ACCOUNT"}


def resources_of(world: World, item: Item) -> list[dict[str, str]]:
    """What an Open Finance bank shares; one account awaits approval while other approvers have not spoken."""
    if not world.connector(item.connector_id).is_open_finance:
        return []
    pending = {"resourceId": item.id, "type": "ACCOUNT", "status": "PENDING_AUTHORISATION"}
    accounts = [
        {"resourceId": account.id, "type": _RESOURCE_TYPES[account.type], "status": "AVAILABLE"}
        for account in world.ledger.accounts(item.id)
    ]
    loans = [{"resourceId": loan.id, "type": "LOAN", "status": "AVAILABLE"} for loan in world.ledger.loans(item.id)]
    return [*([pending] if item.pending_resources else []), *accounts, *loans]
