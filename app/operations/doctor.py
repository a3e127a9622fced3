"""`banking doctor`: everything that must be right for data to flow, each finding with its remedy."""

from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

import httpx
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from app import openapi
from app.clock import utc_now
from app.connections.models import ItemOwner
from app.database import transaction
from app.health import flow as health
from app.operations import api_key, connections
from app.operations.report import Report
from app.owed import OwedWork
from app.pluggy.errors import PluggyAuthError, PluggyError, PluggyNotFound
from app.resources import Resources
from app.upstream import RedisAbsent, SharedLimiter
from app.webhooks import registration, repository

LATE_SECONDS: Final = 300.0
SKEW: Final = timedelta(seconds=30)
TRIAL_ITEMS: Final = 20
_HTTP_SECONDS: Final = 10.0


class Level(StrEnum):
    """How a finding weighs; `FAIL` alone makes the exit code 1."""

    OK = "ok"
    WARN = "warn"
    FAIL = "FAIL"


class Finding(NamedTuple):
    """What was looked at, how it stands, and what to do."""

    subject: str
    level: Level
    detail: str
    remedy: str = ""


Check = Callable[[Resources], AsyncIterator[Finding]]


async def examine(resources: Resources, connection: UUID | None = None) -> Report:
    """Return all findings, the connection's report after them when one is named."""
    findings = [finding async for finding in _database(resources)]
    can_query = all(finding.level != Level.FAIL for finding in findings)
    checks: list[Check] = [_settings, _redis, _pluggy, _clock, _quotas, _webhook]
    for check in [*checks, *([_work, _rejections, _plan] if can_query else [])]:
        findings += [finding async for finding in check(resources)]
    lines = [line for finding in findings for line in _told(finding)]
    is_well = all(finding.level != Level.FAIL for finding in findings)
    if connection is not None and can_query:
        shown = await connections.show(resources, connection)
        return Report([*lines, "", *shown.lines], is_well and shown.is_well)
    return Report(lines, is_well)


def _told(finding: Finding) -> list[str]:
    lines = [f"{finding.level.value.ljust(4)}  {finding.subject.ljust(12)}  {finding.detail}"]
    return lines + ([f"{' ' * 20}-> {finding.remedy}"] if finding.remedy else [])


async def _database(resources: Resources) -> AsyncIterator[Finding]:
    state = (await health.check_readiness(resources)).database
    remedies = {
        "unreachable": "Check DATABASE_URL and that PostgreSQL runs.",
        "not_migrated": "Run: alembic upgrade head",
    }
    level = Level.OK if state == "ok" else Level.FAIL
    yield Finding("database", level, f"{state}, service {openapi.VERSION}", remedies.get(state, ""))


async def _redis(resources: Resources) -> AsyncIterator[Finding]:
    state = (await health.check_readiness(resources)).redis
    if state == "ok":
        yield Finding("redis", Level.OK, "ok")
    else:
        yield Finding("redis", Level.WARN, state, "Check REDIS_URL. Nothing is lost meanwhile, work starts later.")


async def _settings(resources: Resources) -> AsyncIterator[Finding]:
    settings = resources.settings
    real, sandbox = settings.pluggy.is_real, settings.pluggy.use_sandbox
    where = (
        f"{settings.service.environment}, Pluggy at {settings.pluggy.base_url}, sandbox {'on' if sandbox else 'off'}"
    )
    if settings.is_production and not real:
        yield Finding("environment", Level.FAIL, where, "Production reads a stand-in: remove PLUGGY_BASE_URL.")
    elif settings.is_production and sandbox:
        yield Finding("environment", Level.WARN, where, "Sandbox banks show in production: unset PLUGGY_USE_SANDBOX.")
    else:
        yield Finding("environment", Level.OK, where)


async def _pluggy(resources: Resources) -> AsyncIterator[Finding]:
    try:
        await registration.list_webhooks(resources)
    except PluggyAuthError as refusal:
        yield _refused_credentials(refusal)
        return
    except PluggyError as error:
        yield Finding("credentials", Level.FAIL, str(error), "Check PLUGGY_BASE_URL, the network, and Pluggy's status.")
        return
    left, ceiling = await api_key.remaining_seconds(resources), resources.settings.pluggy.api_key_cache_hours
    life = "not shared while Redis is away" if left is None else f"key used for {left / 60:.0f} min more"
    yield Finding("credentials", Level.OK, f"accepted, {life} (ceiling {ceiling} h)")
    yield await _api_version(resources)


def _refused_credentials(refusal: PluggyAuthError) -> Finding:
    if refusal.code == "CLIENT_DISABLED":
        remedy = (
            "The pair is right, so change nothing here: ask Pluggy to enable the application again "
            "(a trial may have ended). Syncs then go on by themselves."
        )
        return Finding("credentials", Level.FAIL, "Pluggy has disabled this application (CLIENT_DISABLED).", remedy)
    remedy = "Copy both from the dashboard's application, restart, then: banking cache clear-api-key"
    detail = "Pluggy refuses PLUGGY_CLIENT_ID and PLUGGY_CLIENT_SECRET."
    return Finding("credentials", Level.FAIL, detail, remedy)


async def _api_version(resources: Resources) -> Finding:
    """Whether this application has the cursor endpoint that syncs read: an unknown account is answered with a code."""
    nobody = UUID(int=4 << 76)
    try:
        async for _ in resources.pluggy.iter_transaction_pages_by_id(nobody, [nobody]):
            break
    except PluggyNotFound as refusal:
        if refusal.code is None:
            remedy = "Ask Pluggy to enable cursor transactions for this application."
            return Finding("api version", Level.WARN, "GET /v2/transactions answers 404 without a code", remedy)
    except PluggyError as error:
        return Finding("api version", Level.WARN, str(error), "Syncs need GET /v2/transactions.")
    return Finding("api version", Level.OK, "GET /v2/transactions is there")


async def _clock(resources: Resources) -> AsyncIterator[Finding]:
    try:
        async with httpx.AsyncClient(timeout=_HTTP_SECONDS, trust_env=False) as http:
            asked_at = utc_now()
            told = (await http.get(str(resources.settings.pluggy.base_url))).headers.get("date")
        skew = parsedate_to_datetime(told) - asked_at if told else None
    except (httpx.HTTPError, ValueError):
        skew = None
    if skew is None:
        yield Finding("clock", Level.WARN, "Pluggy tells no time to compare with.")
    elif abs(skew) > SKEW:
        remedy = "Set the clock by NTP: tokens, keys and signatures depend on it."
        yield Finding("clock", Level.FAIL, f"{skew.total_seconds():+.0f} s from Pluggy's", remedy)
    else:
        yield Finding("clock", Level.OK, f"{skew.total_seconds():+.0f} s from Pluggy's")


async def _webhook(resources: Resources) -> AsyncIterator[Finding]:
    settings = resources.settings
    if not settings.receives_webhooks:
        remedy = "Set BACKEND_URL to an https address that Pluggy can reach; a tunnel will do for development."
        yield Finding("webhook", Level.WARN, "reconcile-only: changes are found by reading on schedule", remedy)
        return
    if not settings.pluggy.webhook_secrets:
        yield Finding("webhook", Level.FAIL, "no secret", "Set PLUGGY_WEBHOOK_SECRET: openssl rand -hex 32")
        return
    url = registration.webhook_url(settings)
    try:
        held = registration.find_ours(await registration.list_webhooks(resources), url)
    except PluggyError as error:
        yield Finding("webhook", Level.FAIL, f"can't be looked up: {error}", "See credentials.")
    else:
        faults = ("not registered",) if held is None else registration.faults_of(held, settings)
        if faults:
            yield Finding("webhook", Level.FAIL, f"{url}: {', '.join(faults)}", "Run: banking webhooks register")
        else:
            yield Finding("webhook", Level.OK, f"registered for all events at {url}")
    answer = await registration.probe(settings, settings.pluggy.webhook_secrets[0])
    if answer == "202":
        yield Finding("reachable", Level.OK, "a delivery to BACKEND_URL is taken")
    else:
        remedy = "Check DNS, TLS and the proxy, and that the API runs with this PLUGGY_WEBHOOK_SECRET."
        level = Level.WARN if answer == "401" and settings.pluggy.webhook_allowed_ips else Level.FAIL
        yield Finding("reachable", level, f"a delivery to BACKEND_URL is answered {answer}", remedy)


async def _work(resources: Resources) -> AsyncIterator[Finding]:
    oldest = (await health.check_readiness(resources)).oldest_owed_seconds or 0.0
    if oldest > LATE_SECONDS:
        yield Finding(
            "owed work",
            Level.FAIL,
            f"the oldest is {oldest:.0f} s late",
            "Is a worker running? Start: python -m worker",
        )
    else:
        yield Finding("owed work", Level.OK, f"the oldest is {oldest:.0f} s late")
    async with transaction(resources.sessions, None) as session:
        dead = await session.scalar(select(func.count()).select_from(OwedWork).where(text("due_at = 'infinity'")))
    if dead:
        yield Finding(
            "dead work",
            Level.FAIL,
            f"{dead} piece(s) of work were given up",
            "Run: banking work list, then: banking work redrive",
        )


async def _rejections(resources: Resources) -> AsyncIterator[Finding]:
    async with transaction(resources.sessions, None) as session:
        counts = await repository.list_rejection_counts(session)
    recent: list[datetime] = [each.last_at for each in counts if utc_now() - each.last_at < timedelta(days=1)]
    if recent:
        remedy = (
            "Run: banking webhooks rejected. Deliveries of Pluggy's among them are lost until a reading finds them."
        )
        yield Finding("rejections", Level.WARN, f"deliveries were turned away, last at {max(recent):%H:%M:%SZ}", remedy)


async def _quotas(resources: Resources) -> AsyncIterator[Finding]:
    try:
        usage = await SharedLimiter(resources.redis).usage()
    except RedisAbsent:
        return  # told already
    spent = [each for each in usage if each.used >= each.of or each.paused_seconds > 0]
    for each in spent:
        detail = f"{each.group}: {each.used} of {each.of} requests this minute, paused {each.paused_seconds:.0f} s more"
        remedy = "It goes on by itself. If it lasts: Pluggy limits each egress address, see docs/scaling.md."
        yield Finding("quotas", Level.WARN, detail, remedy)
    if not spent:
        used, most = max((each.used / each.of, each) for each in usage)
        yield Finding("quotas", Level.OK, f"{most.group} is used most: {used:.0%} of this minute's share")


async def _plan(resources: Resources) -> AsyncIterator[Finding]:
    try:
        async with transaction(resources.sessions, None) as session:
            items = await session.scalar(select(func.count()).select_from(ItemOwner)) or 0
    except SQLAlchemyError as error:
        yield Finding("plan", Level.WARN, type(error).__name__)
        return
    detail = f"{items} item(s) held"
    if resources.settings.pluggy.is_real and items >= TRIAL_ITEMS:
        remedy = "A trial ends after 14 days and about 20 items: see that the application is on a paid plan."
        yield Finding("plan", Level.WARN, detail, remedy)
    else:
        yield Finding("plan", Level.OK, detail)
