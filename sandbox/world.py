"""Everything the stand-in is, in one place: clock, ledger, records, settings."""

import asyncio
import hashlib
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from sandbox.agenda import Items
from sandbox.clock import Clock, ClockState
from sandbox.connectors import CATALOGUE, Connector, connector_view
from sandbox.ledger import Ledger
from sandbox.records import (
    CategoryRule,
    Consent,
    Delivery,
    FaultRule,
    Health,
    Item,
    Meta,
    Settings,
    Webhook,
    WebhookRule,
)
from sandbox.store import Store, Table
from sandbox.wire import ApiError

DEFAULT_CLIENT_ID = "00000000-0000-4000-8000-000000000001"
DEFAULT_CLIENT_SECRET = "sandbox-secret"  # noqa: S105 -- public, as all of the sandbox
_ONE = "one"


@dataclass(frozen=True)
class Config:
    """How a stand-in is started. `data_dir` None keeps everything in memory."""

    data_dir: Path | None = None
    seed: str = "caixahub"
    base_url: str = "http://127.0.0.1:8100"
    client_id: str = DEFAULT_CLIENT_ID
    client_secret: str = DEFAULT_CLIENT_SECRET


class World:
    def __init__(self, config: Config) -> None:
        self.config = config
        if config.data_dir is not None:
            config.data_dir.mkdir(parents=True, exist_ok=True)
        self._store = Store(config.data_dir / "sandbox.sqlite" if config.data_dir else None)
        self._open()
        path = config.data_dir / "ledger.sqlite" if config.data_dir else None
        self.ledger = Ledger(path, seed=self.meta.seed)
        self.wake = asyncio.Event()  # set when something became due earlier than the conductor thinks

    def _open(self) -> None:
        store = self._store
        self.items = Items(store)
        self.consents = Table(store, "consent", Consent)
        self.webhooks = Table(store, "webhook", Webhook)
        self.deliveries = Table(store, "delivery", Delivery)
        self.rules = Table(store, "category_rule", CategoryRule)
        self.health = Table(store, "health", Health)
        self.faults = Table(store, "fault", FaultRule)
        self.webhook_rules = Table(store, "webhook_rule", WebhookRule)
        self._meta = Table(store, "meta", Meta)
        self._settings = Table(store, "settings", Settings)
        self._clock = Table(store, "clock", ClockState)
        self.clock = Clock(self._clock.get(_ONE))
        if self._meta.get(_ONE) is None:
            self._meta.put(_ONE, Meta(seed=self.config.seed, signing_key=secrets.token_hex(32)))

    def reset(
        self, seed: str | None, *, now: datetime | None = None, frozen: bool = False, keep_webhooks: bool = False
    ) -> None:
        """Forget everything, settings too; issued keys stay valid, registered webhooks if asked."""
        meta, webhooks = self.meta, list(self.webhooks) if keep_webhooks else []
        self._store.wipe()
        self._open()
        self.save_meta(msgspec.structs.replace(meta, seed=seed or meta.seed, counters={}))
        for webhook in webhooks:
            self.webhooks.put(webhook.id, webhook)
        self.ledger.reset(self.meta.seed)
        self.wake.set()
        if now is not None or frozen:
            self.set_clock(now or self.now(), frozen=frozen)

    def close(self) -> None:
        self._store.close()
        self.ledger.close()

    @property
    def meta(self) -> Meta:
        meta = self._meta.get(_ONE)
        assert meta is not None  # noqa: S101 -- written when the store is opened
        return meta

    def save_meta(self, meta: Meta) -> None:
        self._meta.put(_ONE, meta)

    @property
    def settings(self) -> Settings:
        return self._settings.get(_ONE) or Settings()

    def save_settings(self, settings: Settings) -> None:
        self._settings.put(_ONE, settings)
        self.wake.set()

    def now(self) -> datetime:
        return self.clock.now()

    def set_clock(self, instant: datetime, *, frozen: bool) -> None:
        self.clock.set(instant, frozen=frozen)
        self._clock.put(_ONE, self.clock.state)
        self.wake.set()

    def new_id(self, kind: str) -> str:
        """The next id of a kind: a UUID that depends on the seed and on how many of the kind came before it."""
        meta = self.meta
        count = meta.counters[kind] = meta.counters.get(kind, 0) + 1
        self.save_meta(meta)
        digest = hashlib.blake2b(f"{meta.seed}|{kind}|{count}".encode(), digest_size=16).digest()
        return str(uuid.UUID(bytes=digest, version=4))

    def connector(self, connector_id: int) -> Connector:
        """Raises 404 CONNECTOR_NOT_FOUND."""
        if connector := CATALOGUE.get(connector_id):
            return connector
        raise ApiError(404, "connector not found", "CONNECTOR_NOT_FOUND")

    def health_of(self, connector: Connector) -> str:
        held = self.health.get(str(connector.id))
        return held.status if held else connector.health

    def connector_view(self, connector: Connector, *, details: bool = False) -> dict[str, Any]:
        shown = {"connectionRateLast6Hours": None, "connectionsLast6Hours": 0} if details else None
        return connector_view(connector, self.health_of(connector), details=shown)

    def item(self, item_id: str) -> Item:
        """Raises 404 ITEM_NOT_FOUND."""
        if item := self.items.get(item_id):
            return item
        raise ApiError(404, "item not found", "ITEM_NOT_FOUND")


def change_settings(settings: Settings, changes: dict[str, Any]) -> Settings:
    """`settings` with `changes` (camelCase) applied. Raises msgspec.ValidationError when one has the wrong type."""
    return msgspec.convert({**msgspec.to_builtins(settings), **changes}, Settings)
