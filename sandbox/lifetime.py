"""Living an item's moments: what each one does to the record, the ledger, the consent and the subscribers."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sandbox import events
from sandbox.clock import iso
from sandbox.connectors import Connector, digits
from sandbox.ledger import Profile
from sandbox.life import Effect, Moment, timeline
from sandbox.records import Answer, Consent, Item, Run
from sandbox.scripts import Script, name_of, script_of
from sandbox.world import World

_PACES = {"compressed": 1.0, "realistic": 60.0}
_PERMISSIONS = {
    "ACCOUNTS": ("ACCOUNTS_LIST", "ACCOUNTS_BALANCES", "ACCOUNTS_LIMITS"),
    "TRANSACTIONS": ("ACCOUNTS_TRANSACTIONS",),
    "CREDIT_CARDS": ("CREDIT_CARDS_LIST", "CREDIT_CARDS_LIMITS", "CREDIT_CARDS_TRANSACTIONS", "CREDIT_CARDS_BILLS"),
    "IDENTITY": ("REGISTRATION_IDENTIFICATIONS", "REGISTRATION_QUALIFICATIONS"),
    "LOANS": ("CREDIT_OPERATIONS_ALL",),
    "INVESTMENTS": ("INVESTMENTS_ALL",),
}
_DETAIL_KEYS = {
    "ACCOUNTS": "accounts",
    "CREDIT_CARDS": "creditCards",
    "TRANSACTIONS": "transactions",
    "INVESTMENTS": "investments",
    "INVESTMENTS_TRANSACTIONS": "investmentsTransactions",
    "IDENTITY": "identity",
    "PAYMENT_DATA": "paymentData",
    "LOANS": "loans",
}
_MESSAGES = {
    "INVALID_CREDENTIALS": "Invalid credentials. Please check your credentials and try again.",
    "INVALID_CREDENTIALS_MFA": "The MFA value is invalid.",
    "ALREADY_LOGGED_IN": "The user is already logged in at the institution.",
    "ACCOUNT_LOCKED": "The account is locked at the institution.",
    "ACCOUNT_NEEDS_ACTION": "The user has to complete an action at the institution.",
    "ACCOUNT_CREDENTIALS_RESET": "The user has to reset the credentials at the institution.",
    "SITE_NOT_AVAILABLE": "The institution is not available.",
    "CONNECTION_ERROR": "The connection with the institution failed.",
    "USER_NOT_SUPPORTED": "The user is not supported.",
    "USER_INPUT_TIMEOUT": "The user input was not provided in time.",
    "USER_AUTHORIZATION_PENDING": "The user has to authorize the access at the institution.",
    "USER_AUTHORIZATION_NOT_GRANTED": "The user did not grant the authorization.",
    "USER_AUTHORIZATION_REVOKED": "The user revoked the authorization at the institution.",
}
_HOURLY_RETRIES = 5
_CATCHES_UP = timedelta(days=31)  # auto-syncs missed longer ago than this are skipped, however far the clock jumped
_OVER = 1_000_000  # "every moment lived": nothing of this run lies ahead


def begin_run(world: World, item: Item, *, triggered_by: str, at: datetime | None = None) -> None:
    """Begin a visit to the bank; the stored credentials decide what it will meet."""
    connector = world.connector(item.connector_id)
    held = holds_consent(world, item)
    unreachable = {"outcome": "SITE_NOT_AVAILABLE"} if world.health_of(connector) == "OFFLINE" else {}
    item.run = Run(
        started_at=at or world.now(),
        triggered_by=triggered_by,
        script=name_of(connector, item.parameters),
        pace=_PACES[world.settings.timings],
        base_url=world.config.base_url,
        token=world.new_id("oauth"),
        authorised=held,
        # The first run after a withdrawal only reports it; a later one asks for a new consent.
        revoked=item.consent_id is not None and not held and item.execution_status != "USER_AUTHORIZATION_REVOKED",
        override=item.next_override or unreachable,
    )
    item.next_override = {}
    item.next_auto_sync_at = None
    item.due_at = item.run.started_at


def holds_consent(world: World, item: Item) -> bool:
    """Whether the item has a consent that is neither revoked nor expired."""
    consent = world.consents.get(item.consent_id) if item.consent_id else None
    if consent is None or consent.revoked_at is not None:
        return False
    return consent.expires_at is None or consent.expires_at > world.now()


def script_for(world: World, item: Item) -> Script:
    """The script of the item's present run."""
    if item.run.revoked:
        return Script(outcome="USER_AUTHORIZATION_REVOKED")
    script = script_of(item.run.script, world.connector(item.connector_id), authorised=item.run.authorised)
    return replace(script, **item.run.override)


def settle(world: World, item: Item) -> None:
    """Live every moment that is due, auto-syncs too."""
    now = world.now()
    changed = False
    while True:
        ahead = next(_ahead(world, item), None)
        if ahead is not None and ahead.at <= now:
            _live(world, item, ahead)
        elif ahead is None and item.next_auto_sync_at is not None and item.next_auto_sync_at <= now:
            begin_run(world, item, triggered_by="SYNC", at=max(item.next_auto_sync_at, now - _CATCHES_UP))
        else:
            break
        changed = True
    item.due_at = ahead.at if ahead else item.next_auto_sync_at
    if changed:
        world.items.put(item.id, item)


def _ahead(world: World, item: Item) -> Iterator[Moment]:
    return islice(timeline(script_for(world, item), item.run, item.products), item.run.lived, None)


def open_wait(world: World, item: Item) -> str | None:
    """The name of the wait (life.WAITS) at which the item's run stands now, if it does."""
    settle(world, item)
    waiting = item.status.startswith("WAITING") or item.execution_status == "USER_AUTHORIZATION_PENDING"
    waits = script_for(world, item).waits
    answered = len(item.run.answers)
    return waits[answered] if waiting and item.run.lived < _OVER and answered < len(waits) else None


def answer_wait(world: World, item: Item, verdict: str) -> None:
    """Give the open wait its answer: `ok`, `wrong`, `denied` or `expired`."""
    item.run.answers.append(Answer(world.now(), verdict))
    settle(world, item)
    world.items.put(item.id, item)
    world.wake.set()


def force_state(world: World, item: Item, fields: dict[str, Any], event: str | None) -> None:
    """Put the item in any state at all; its present run is over."""
    item.run.lived = _OVER
    for name, value in fields.items():
        setattr(item, name, value)
    item.updated_at = world.now()
    item.due_at = item.next_auto_sync_at
    world.items.put(item.id, item)
    world.wake.set()
    if event:
        events.emit_item_event(world, item, event)


def _live(world: World, item: Item, moment: Moment) -> None:
    awaited = (item.parameter or {}).get("name")
    item.run.lived += 1
    item.status, item.execution_status = moment.status, moment.execution_status
    item.parameter, item.user_action = moment.parameter, moment.user_action
    item.updated_at = moment.at
    item.error = None
    match moment.effect:
        case Effect.SUCCEEDED:
            _succeed(world, item, moment.at)
        case Effect.FAILED:
            _fail(world, item, moment.at, awaited)
        case Effect.WAITS_FOR_APPROVAL:
            link = f"{item.run.base_url}/oauth/authorize?token={item.run.token}"
            item.error = _error(item.execution_status) | {"attributes": {"data": link}}
            item.resources_collected_at, item.pending_resources = moment.at, True
            events.emit_item_event(world, item, "item/error")
        case Effect.LOGGED_IN:
            item.failed_logins = 0
            _grant_consent(world, item, moment.at)
            events.emit_item_event(world, item, "item/login_succeeded")
        case Effect.WAITS_FOR_INPUT | Effect.WAITS_FOR_ACTION:
            events.emit_item_event(world, item, moment.effect.value)


def _error(outcome: str, provider_message: str | None = None) -> dict[str, Any]:
    error = {"code": outcome, "message": _MESSAGES.get(outcome, "An unexpected error occurred.")}
    return error | {"providerMessage": provider_message} if provider_message else error


def _fail(world: World, item: Item, at: datetime, awaited: str | None) -> None:
    item.run.ended_at = at
    item.error = _error(item.execution_status, script_for(world, item).provider_message)
    if item.status == "LOGIN_ERROR":
        item.failed_logins += 1
    else:
        item.failed_runs += 1
        if item.failed_runs <= _HOURLY_RETRIES and _syncs_itself(world, item):
            item.next_auto_sync_at = at + timedelta(hours=1)
    events.emit_item_event(world, item, "item/error", parameter=awaited)


def _succeed(world: World, item: Item, at: datetime) -> None:
    script = script_for(world, item)
    connector = world.connector(item.connector_id)
    is_first = item.last_updated_at is None
    item.run.ended_at = item.last_updated_at = at
    item.failed_logins = item.failed_runs = 0
    stale = {script.stale} if script.stale else set()
    item.updated_products |= dict.fromkeys(set(item.products) - stale, at)
    item.status_detail = _status_detail(item, script)
    if connector.is_open_finance:
        item.resources_collected_at, item.pending_resources = at, False
    if _syncs_itself(world, item):
        item.next_auto_sync_at = at + timedelta(hours=world.settings.auto_sync_hours)
    if not item.opened:
        _open_in_ledger(world, item, connector, script, at)
    collected = world.ledger.collect(item.id, at, products=item.products, fail=stale)
    events.emit_item_event(world, item, "item/created" if is_first else "item/updated")
    if events.are_awaited(world, item):
        for account_id, changes in collected.accounts.items():
            events.emit_transaction_events(world, item, account_id, changes, at=at)


def _open_in_ledger(world: World, item: Item, connector: Connector, script: Script, at: datetime) -> None:
    profile = Profile(
        name="company" if connector.type == "BUSINESS_BANK" else "household",
        checking_accounts=script.checking_accounts,
        savings_accounts=script.savings_accounts,
        cards=script.cards,
        multiplier=script.multiplier,
        history_months=world.settings.history_months,
    )
    document = digits(item.parameters.get("cpf") or item.parameters.get("cnpj") or "")
    # Two clients' users who both type user-ok are two people.
    holder = f"{item.client_user_id or ''}:{document or item.parameters.get('user') or 'user-ok'}"
    world.ledger.open_item(item.id, profile=profile, holder=holder, institution=connector.name, at=at)
    item.opened = True


def _syncs_itself(world: World, item: Item) -> bool:
    """Whether a visit can go without the person: no MFA of any kind, and auto-sync not switched off."""
    connector = world.connector(item.connector_id)
    if connector.oauth:
        alone = holds_consent(world, item)
    else:
        alone = connector.one_step_mfa is None and not script_for(world, item).waits
    return alone and item.auto_sync_disabled_at is None and world.settings.auto_sync_hours > 0


def _status_detail(item: Item, script: Script) -> dict[str, Any] | None:
    """Null unless something was left out or warned about; products never asked for are null inside."""
    if script.outcome == "SUCCESS" and not script.warned:
        return None
    detail: dict[str, Any] = {}
    for product, key in _DETAIL_KEYS.items():
        if product not in item.products:
            detail[key] = None
            continue
        warning = {"code": script.warning_code, "message": f"Some {key} could not be read."}
        detail[key] = {
            "isUpdated": product != script.stale,
            "lastUpdatedAt": iso(item.updated_products.get(product)),
            "warnings": [warning] if product in (script.warned, script.stale) else [],
        }
    return detail


def _grant_consent(world: World, item: Item, at: datetime) -> None:
    if holds_consent(world, item):
        return
    permissions = [name for product in item.products for name in _PERMISSIONS.get(product, ())]
    is_open_finance = world.connector(item.connector_id).is_open_finance
    consent = Consent(
        id=world.new_id("consent"),
        item_id=item.id,
        products=item.products,
        permissions=permissions if is_open_finance else None,
        created_at=at,
    )
    world.consents.put(consent.id, consent)
    item.consent_id = consent.id
