"""The service's webhook at the stand-in, registered over the API that the real Pluggy has."""

from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx

from sandbox.stack.config import STAND_IN_CLIENT_ID, STAND_IN_CLIENT_SECRET


async def register_webhook(stand_in: str, url: str, headers: Mapping[str, str]) -> None:
    """Have all events posted to `url` with `headers`, once: what earlier starts registered is brought up to date."""
    credentials = {"clientId": STAND_IN_CLIENT_ID, "clientSecret": STAND_IN_CLIENT_SECRET}
    async with httpx.AsyncClient(base_url=stand_in, trust_env=False, timeout=10) as client:
        client.headers["X-API-KEY"] = _checked(await client.post("/auth", json=credentials)).json()["apiKey"]
        ours = [
            webhook
            for webhook in _checked(await client.get("/webhooks")).json()["results"]
            if urlsplit(webhook["url"]).path == urlsplit(url).path
        ]
        wanted = {"url": url, "event": "all", "headers": dict(headers)}
        if ours:
            _checked(await client.patch(f"/webhooks/{ours[0]['id']}", json={**wanted, "enabled": True}))
        else:
            _checked(await client.post("/webhooks", json=wanted))
        for surplus in ours[1:]:
            _checked(await client.delete(f"/webhooks/{surplus['id']}"))


def _checked(response: httpx.Response) -> httpx.Response:
    return response.raise_for_status()
