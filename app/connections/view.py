"""A connection as a client sees it. Pure."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from app.connections.models import BankConnection
from app.connections.schemas import (
    ActionRead,
    AutoRefreshRead,
    ConnectionRead,
    ConnectionRow,
    ConsentSummary,
    InstitutionRead,
    LastSyncRead,
    OptionRead,
    ProductRead,
    ProductWarningRead,
    PromptRead,
    RetriesRead,
)
from app.connections.service import Overview
from app.connections.status import DELETED, VISITING, Action, judge
from app.consents.validity import reason_of
from app.freshness import freshness_of
from app.pluggy.models import ExecutionStatus, ItemStatus
from app.settings import SyncSettings


class View(NamedTuple):
    """For whom and when: the figures in force, the language of texts, the moment."""

    figures: SyncSettings
    language: str
    now: datetime


def shown_row(connection: BankConnection, view: View) -> ConnectionRow:
    """Return what a list shows of a connection."""
    return ConnectionRow(**_row(connection, view))


def shown(overview: Overview, view: View) -> ConnectionRead:
    """Return all that is shown of a connection."""
    connection, run, elsewhere = overview
    interval = timedelta(hours=view.figures.auto_sync_interval_hours)
    return ConnectionRead(
        **_row(connection, view),
        retries=RetriesRead(
            used=connection.retries_used, of=view.figures.outdated_max_retries, next_at=connection.next_retry_at
        ),
        auto_refresh=auto_refresh_of(connection, view.now),
        product_freshness=list(product_freshness(connection)),
        freshness=freshness_of(connection, interval=interval, now=view.now),
        consent=consent_summary(connection, view.now),
        last_sync=None if run is None else LastSyncRead.model_validate(run),
        same_institution=list(elsewhere),
    )


def _row(connection: BankConnection, view: View) -> dict[str, Any]:
    verdict = judge(connection, view.now)
    action = verdict.action
    return {
        **{name: getattr(connection, name) for name in _COPIED},
        "institution": InstitutionRead(
            connector_id=connection.connector_id,
            name=connection.institution_name,
            image_url=connection.institution_image_url,
            is_open_finance=connection.is_open_finance,
            is_oauth=connection.is_oauth,
            is_sandbox=connection.is_sandbox,
            health=connection.connector_health,
        ),
        "health": verdict.health,
        "is_ready": verdict.is_ready,
        "is_failed": verdict.is_failed,
        "action_required": None if action is None else _shown_action(action, connection, view.language),
    }


_COPIED = (
    "id",
    "item_id",
    "products",
    "status",
    "execution_status",
    "error_code",
    "poll_status",
    "poll_deadline_at",
    "last_read_at",
    "item_updated_at",
    "next_sync_at",
    "consent_expires_at",
    "created_at",
    "updated_at",
)


def _shown_action(action: Action, connection: BankConnection, language: str) -> ActionRead:
    return ActionRead(
        kind=action.kind,
        reason=action.reason,
        user_message=action.user_message(language),
        provider_message=connection.provider_message,
        prompt=None if action.prompt is None else _shown_prompt(action.prompt),
        url=action.url,
        expires_at=action.expires_at,
        retry_at=action.retry_at,
    )


def _shown_prompt(prompt: dict[str, Any]) -> PromptRead:
    def text(name: str) -> str | None:
        value = prompt.get(name)
        return None if value in (None, "") else str(value)

    options = [OptionRead(value=each.get("value"), label=each.get("label")) for each in prompt.get("options") or ()]
    return PromptRead(
        name=text("name"),
        label=text("label"),
        type=text("type"),
        data=text("data"),
        options=options,
        validation=text("validation"),
        validation_message=text("validationMessage"),
        placeholder=text("placeholder"),
        assistive_text=text("assistiveText"),
        instructions=text("instructions"),
    )


def auto_refresh_of(connection: BankConnection, now: datetime) -> AutoRefreshRead:
    """Return whether Pluggy visits the bank on its own, and why not."""
    consent = consent_summary(connection, now)
    rules = (
        ("item_deleted", connection.status == DELETED),
        ("consent_ended", consent.reason in ("revoked", "expired")),
        ("disabled", connection.auto_sync_disabled_at is not None),
        ("visit_under_way", connection.status in VISITING),
        ("credentials_needed", connection.status == ItemStatus.LOGIN_ERROR),
        ("mfa", connection.next_auto_sync_at is None and connection.mfa_parameter is not None),
        ("not_scheduled", connection.next_auto_sync_at is None),
    )
    reason = next((reason for reason, holds in rules if holds), None)
    return AutoRefreshRead(is_on=reason is None, reason=reason, next_at=connection.next_auto_sync_at)


def consent_summary(connection: BankConnection, now: datetime) -> ConsentSummary:
    """Return how the consent stood when it was last read, and whether it still holds."""
    reason = reason_of(
        is_open_finance=connection.is_open_finance,
        is_deleted=connection.status == DELETED,
        is_granted=connection.consent_granted_at is not None,
        revoked_at=connection.consent_revoked_at,
        expires_at=connection.consent_expires_at,
        now=now,
    )
    return ConsentSummary(
        type="open_finance" if connection.is_open_finance else "direct",
        is_valid=reason == "active",
        reason=reason,
        granted_at=connection.consent_granted_at,
        expires_at=connection.consent_expires_at,
        revoked_at=connection.consent_revoked_at,
    )


def product_freshness(connection: BankConnection) -> Iterator[ProductRead]:
    """Yield how fresh each product is; Pluggy gives details only of a run that was not whole."""
    details = {_product(name): state for name, state in (connection.status_detail or {}).items() if state}
    is_whole = (connection.status, connection.execution_status) == (ItemStatus.UPDATED, ExecutionStatus.SUCCESS)
    for product in connection.products:
        state = details.get(product)
        if state is None:
            yield ProductRead(
                product=product, is_updated=is_whole, last_updated_at=connection.item_updated_at, warnings=[]
            )
        else:
            yield ProductRead(
                product=product,
                is_updated=state.get("isUpdated") is True,
                last_updated_at=state.get("lastUpdatedAt"),
                warnings=[
                    ProductWarningRead(
                        code=warning.get("code"),
                        message=warning.get("message"),
                        provider_message=warning.get("providerMessage"),
                    )
                    for warning in state.get("warnings") or ()
                ],
            )


def _product(key: str) -> str:
    """Return Pluggy's product behind a key of `statusDetail`: creditCards is CREDIT_CARDS."""
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key).upper()
    return "INVESTMENTS_TRANSACTIONS" if name == "INVESTMENT_TRANSACTIONS" else name
