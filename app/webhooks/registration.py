"""Our one webhook at Pluggy: made, checked and repaired over its API (R42), and its secret changed without a gap."""

from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID, uuid4

import httpx
import msgspec
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import in_transaction
from app.errors import AppError
from app.http import API_ROOT
from app.metrics.instruments import WEBHOOK_REPAIRS
from app.pluggy.client import WebhookChange
from app.pluggy.limits import Lane
from app.pluggy.models import Webhook
from app.resources import Resources
from app.settings import Settings
from app.webhooks import reconciliation
from app.webhooks.handlers import PROBE

log = structlog.get_logger()

ALL_EVENTS: Final = "all"
_PROBE_SECONDS: Final = 10.0


class RegistrationRefused(AppError):
    """The webhook can't be registered or changed as things stand; the text says what to do."""

    status, code, title = 409, "webhook_registration_refused", "Webhook registration refused"


class Registration(NamedTuple):
    """The webhook at Pluggy, and what had to be done to have it so; `elsewhere` are other addresses of this service."""

    webhook_id: UUID
    url: str
    repairs: tuple[str, ...]
    elsewhere: tuple[str, ...]


def webhook_url(settings: Settings) -> str:
    """Return where Pluggy is to deliver. Raises RegistrationRefused in reconcile-only mode."""
    if not settings.receives_webhooks:
        raise RegistrationRefused("BACKEND_URL is missing or local: set it to an https address that Pluggy can reach.")
    return f"{str(settings.service.backend_url).rstrip('/')}{API_ROOT}webhooks/pluggy/"


async def ensure_registered(resources: Resources) -> Registration:
    """Have the webhook exist, enabled, for all events, with a secret in force; repair only what is wrong.

    Whatever was missed meanwhile is found by reading all connections (R31). Raises RegistrationRefused, PluggyError.
    """
    settings = resources.settings
    url, secrets = webhook_url(settings), settings.pluggy.webhook_secrets
    if not secrets:
        raise RegistrationRefused("PLUGGY_WEBHOOK_SECRET is not set: no delivery could prove itself.")
    webhooks = await list_webhooks(resources)
    held = find_ours(webhooks, url)
    pluggy = resources.pluggy.for_lane(Lane.BATCH)
    headers = {settings.pluggy.webhook_secret_header: secrets[0]}
    if held is None:
        held = await pluggy.create_webhook(url, ALL_EVENTS, headers=headers)
        repairs: tuple[str, ...] = ("created",)
    else:
        repairs = faults_of(held, settings)
        if repairs:
            change = WebhookChange(
                event=ALL_EVENTS if "event" in repairs else None,
                headers={**(held.headers or {}), **headers} if "secret" in repairs else None,
                enabled=True if "disabled" in repairs else None,
            )
            held = await pluggy.update_webhook(held.id, change)
    if repairs:
        for repair in repairs:
            WEBHOOK_REPAIRS.labels(repair).inc()
        log.warning("webhook_repaired", webhook_id=str(held.id), repairs=list(repairs))
        await in_transaction(resources.sessions, None, _reconcile)
    return Registration(held.id, url, repairs, tuple(_elsewhere(webhooks, url)))


async def _reconcile(session: AsyncSession) -> None:
    await reconciliation.owe_all(session)


async def list_webhooks(resources: Resources) -> list[Webhook]:
    """Return the application's webhooks. Raises PluggyError."""
    return [each async for page in resources.pluggy.iter_webhook_pages() for each in page.results]


def find_ours(webhooks: Sequence[Webhook], url: str) -> Webhook | None:
    """Return the webhook of this address, the one for all events before others."""
    ours = [each for each in webhooks if each.url == url]
    return min(ours, key=lambda each: each.event != ALL_EVENTS, default=None)


def faults_of(webhook: Webhook, settings: Settings) -> tuple[str, ...]:
    """Return what is wrong with our webhook: `event`, `disabled`, `secret`. Headers not shown count as right."""
    faults = []
    if webhook.event != ALL_EVENTS:
        faults.append("event")
    if webhook.disabled_at is not None:
        faults.append("disabled")
    if webhook.headers is not None and _secret_of(webhook, settings) not in settings.pluggy.webhook_secrets:
        faults.append("secret")
    return tuple(faults)


def _secret_of(webhook: Webhook, settings: Settings) -> str | None:
    name = settings.pluggy.webhook_secret_header.lower()
    return next((value for key, value in (webhook.headers or {}).items() if key.lower() == name), None)


def _elsewhere(webhooks: Sequence[Webhook], url: str) -> list[str]:
    path = f"{API_ROOT}webhooks/pluggy"
    return [each.url for each in webhooks if each.url and each.url != url and each.url.rstrip("/").endswith(path)]


async def rotate_secret(resources: Resources) -> Registration:
    """Have Pluggy send PLUGGY_WEBHOOK_SECRET_NEXT from now on, once the API is seen to take it: no delivery is lost.

    Raises RegistrationRefused, PluggyError.
    """
    settings = resources.settings
    secret = settings.pluggy.webhook_secret_next
    if secret is None:
        raise RegistrationRefused("Set PLUGGY_WEBHOOK_SECRET_NEXT for the API and here, restart the API, and repeat.")
    registration = await ensure_registered(resources)
    answer = await probe(settings, secret.get_secret_value())
    if answer != "202":
        raise RegistrationRefused(
            f"The API at {registration.url} does not take the next secret yet ({answer}): "
            "restart it with PLUGGY_WEBHOOK_SECRET_NEXT set, and repeat. Nothing was changed."
        )
    held = find_ours(await list_webhooks(resources), registration.url)
    headers = {**((held and held.headers) or {}), settings.pluggy.webhook_secret_header: secret.get_secret_value()}
    await resources.pluggy.update_webhook(registration.webhook_id, WebhookChange(headers=headers))
    return registration


async def probe(settings: Settings, secret: str) -> str:
    """Deliver an event without effect to BACKEND_URL as Pluggy would; return the status, or why there is none."""
    body = msgspec.json.encode({"event": PROBE, "eventId": f"probe-{uuid4()}"})
    headers = {settings.pluggy.webhook_secret_header: secret, "Content-Type": "application/json"}
    try:
        async with httpx.AsyncClient(timeout=_PROBE_SECONDS, trust_env=False, follow_redirects=False) as http:
            answer = await http.post(webhook_url(settings), content=body, headers=headers)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return type(error).__name__
    return str(answer.status_code)
