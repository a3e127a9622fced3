"""Delivering events: attempts in rounds on the virtual clock, static headers, signature, giving up."""

import asyncio
import base64
import hashlib
import hmac
import time
from datetime import datetime, timedelta
from functools import partial

import httpx

from sandbox.records import Attempt, Delivery, Webhook
from sandbox.world import World

# Three rounds of three attempts: at once, after 15 minutes, after two hours more; scaled by a setting.
_ROUNDS = (0, 900, 8100)
_GAPS = (0, 5, 15)
ATTEMPTS_AT = tuple(start + gap for start in _ROUNDS for gap in _GAPS)
_FIRST_ROUND_ONLY = "item/login_succeeded"
_AT_ONCE = 32
_KEPT = 2000
SIGNATURE_HEADER = "X-HMAC-SHA512-Signature"


def signature(secret: str, body: bytes) -> str:
    """Base64 of HMAC-SHA512 over the raw body, the secret as UTF-8."""
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha512).digest()).decode()


def next_attempt_at(delivery: Delivery, scale: float) -> datetime | None:
    """When the attempt after those made is due; None when they are used up."""
    made = len(delivery.attempts)
    allowed = len(_GAPS) if delivery.event == _FIRST_ROUND_ONLY else len(ATTEMPTS_AT)
    return delivery.created_at + timedelta(seconds=ATTEMPTS_AT[made] * scale) if made < allowed else None


class Courier:
    """Carries what is due, at most 32 at once; a delivery under way is never started twice."""

    def __init__(self, world: World, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._world = world
        limits = httpx.Limits(max_connections=_AT_ONCE)
        self._client = httpx.AsyncClient(limits=limits, transport=transport, follow_redirects=False, trust_env=False)
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._slots = asyncio.Semaphore(_AT_ONCE)

    def dispatch(self) -> datetime | None:
        """Start every delivery that is due; answers when the next one will be."""
        now = self._world.now()
        ahead = []
        for delivery in self._world.deliveries:
            if delivery.due_at is None or delivery.id in self._under_way:
                continue
            if delivery.due_at > now:
                ahead.append(delivery.due_at)
                continue
            task = asyncio.create_task(self._carry(delivery))
            self._under_way[delivery.id] = task
            task.add_done_callback(partial(self._done, delivery.id))
        return min(ahead, default=None)

    def _done(self, delivery_id: str, _: asyncio.Task[None]) -> None:
        self._under_way.pop(delivery_id, None)
        self._world.wake.set()

    async def drain(self) -> None:
        """Wait until nothing is under way."""
        while self._under_way:
            await asyncio.gather(*self._under_way.values(), return_exceptions=True)

    async def close(self) -> None:
        for task in self._under_way.values():
            task.cancel()
        await self.drain()
        await self._client.aclose()

    async def _carry(self, delivery: Delivery) -> None:
        webhook = self._world.webhooks.get(delivery.webhook_id) if delivery.webhook_id else None
        if delivery.webhook_id and (webhook is None or webhook.disabled_at is not None):
            self._finish(delivery, "dropped")
            return
        async with self._slots:
            attempt = await self._attempt(delivery, webhook)
        delivery.attempts.append(attempt)
        if attempt.status is not None and 200 <= attempt.status < 300:
            self._finish(delivery, "delivered")
        elif attempt.status in self._world.settings.webhook_not_retried:
            self._finish(delivery, "lost")
        else:
            delivery.due_at = next_attempt_at(delivery, self._world.settings.webhook_retry_scale)
            if delivery.due_at is None:
                self._finish(delivery, "lost")
            else:
                self._save(delivery)
        if webhook is not None and delivery.due_at is None:
            self._keep_score(webhook, is_lost=delivery.state == "lost")

    async def _attempt(self, delivery: Delivery, webhook: Webhook | None) -> Attempt:
        body = delivery.body.encode()
        headers = {"content-type": "application/json", "user-agent": "pluggy-stand-in"}
        secret = self._world.settings.webhook_signing_secret
        if webhook is not None:
            headers |= webhook.headers
        if secret:
            headers[SIGNATURE_HEADER] = signature(secret, body)
        if delivery.forged:
            headers = {name: "forged" if name in _proofs(webhook) else value for name, value in headers.items()}
        started = time.monotonic()
        status, error = None, None
        try:
            timeout = self._world.settings.webhook_timeout_seconds
            async with asyncio.timeout(timeout):
                response = await self._client.post(delivery.url, content=body, headers=headers, timeout=timeout)
            status = response.status_code
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError, UnicodeError) as failure:
            error = type(failure).__name__
        milliseconds = int((time.monotonic() - started) * 1000)
        return Attempt(at=self._world.now(), status=status, error=error, milliseconds=milliseconds)

    def _finish(self, delivery: Delivery, state: str) -> None:
        delivery.state, delivery.due_at = state, None
        self._save(delivery)
        self._prune()

    def _save(self, delivery: Delivery) -> None:
        if self._world.deliveries.get(delivery.id) is delivery:  # else forgotten by a reset meanwhile
            self._world.deliveries.put(delivery.id, delivery)

    def _prune(self) -> None:
        excess = len(self._world.deliveries) - _KEPT
        for delivery in self._world.deliveries if excess > 0 else ():
            if excess > 0 and delivery.due_at is None:
                self._world.deliveries.drop(delivery.id)
                excess -= 1

    def _keep_score(self, webhook: Webhook, *, is_lost: bool) -> None:
        webhook.lost_in_a_row = webhook.lost_in_a_row + 1 if is_lost else 0
        limit = self._world.settings.webhook_disable_after
        if limit and webhook.lost_in_a_row >= limit:
            webhook.disabled_at = webhook.updated_at = self._world.now()
        if self._world.webhooks.get(webhook.id) is webhook:
            self._world.webhooks.put(webhook.id, webhook)


def _proofs(webhook: Webhook | None) -> set[str]:
    """The headers that prove where a delivery comes from."""
    return {SIGNATURE_HEADER, *(webhook.headers if webhook else ())}
