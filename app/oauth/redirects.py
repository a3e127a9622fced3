"""Addresses of an authorisation: pure. Nothing here is ever taken from what a browser brings (R59)."""

from urllib.parse import parse_qs, urlsplit

from app.connections.errors import RedirectNotAllowed
from app.oauth.errors import RedirectNeeded, ReturnNotAllowed
from app.settings import LOOPBACK_HOSTS, Settings

CALLBACK_PATH = "/pluggy/callback"


def redirect_uri_for(settings: Settings, wanted: str | None) -> str:
    """Return where Pluggy sends the browser after the bank: an app's own address from the list, else our callback.

    Raises RedirectNotAllowed, and RedirectNeeded when Pluggy would refuse our callback: it takes https alone.
    """
    if wanted is not None:
        if wanted not in settings.service.oauth_redirect_uris:
            raise RedirectNotAllowed("redirect_uri")
        return wanted
    backend = settings.service.backend_url
    if backend is None or (settings.pluggy.is_real and (backend.scheme != "https" or backend.host in LOOPBACK_HOSTS)):
        raise RedirectNeeded
    return str(backend).rstrip("/") + CALLBACK_PATH


def check_return_url(settings: Settings, wanted: str | None) -> None:
    """Raise ReturnNotAllowed unless the address is one of OAUTH_RETURN_URLS whole, or none is wanted."""
    if wanted is not None and wanted not in settings.service.oauth_return_urls:
        raise ReturnNotAllowed


def with_state(uri: str, state: str) -> str:
    """Return `uri` with `state` added to its query; a deep link such as `app://back` stays as it is otherwise."""
    address, hash_sign, fragment = uri.partition("#")
    return f"{address}{'&' if '?' in address else '?'}state={state}{hash_sign}{fragment}"


def state_in(uri: str | None) -> str | None:
    """Return the state that `with_state` put into an item's redirect."""
    return parse_qs(urlsplit(uri or "").query).get("state", [None])[-1]
