"""The service's webhook at the stand-in, registered over the API that the real Pluggy has."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from sandbox.stack.api import connect_to
from sandbox.stack.config import STAND_IN_CLIENT_ID, STAND_IN_CLIENT_SECRET


async def register_webhook(stand_in: str, url: str, headers: Mapping[str, str]) -> None:
    """Have all events posted to `url` with `headers`, once: what earlier starts registered is brought up to date."""
    credentials = {"clientId": STAND_IN_CLIENT_ID, "clientSecret": STAND_IN_CLIENT_SECRET}
    async with connect_to(stand_in, {}) as bank:
        key = (await bank.call("POST", "/auth", credentials))["apiKey"]
    wanted = {"url": url, "event": "all", "headers": dict(headers)}
    async with connect_to(stand_in, {"X-API-KEY": key}) as bank:
        webhooks = (await bank.call("GET", "/webhooks"))["results"]
        ours = [webhook for webhook in webhooks if urlsplit(webhook["url"]).path == urlsplit(url).path]
        for surplus in ours[1:]:
            await bank.call("DELETE", f"/webhooks/{surplus['id']}")
        if ours:
            await bank.call("PATCH", f"/webhooks/{ours[0]['id']}", {**wanted, "enabled": True})
        else:
            await bank.call("POST", "/webhooks", wanted)
