"""Looking through the connectors."""

import unicodedata
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from app.connectors.catalogue import get_catalogue
from app.pluggy.models import Connector
from app.resources import Resources


class Wanted(NamedTuple):
    """Which connectors; None leaves them all."""

    country: str | None = None
    oauth: bool | None = None
    is_open_finance: bool | None = None
    type: str | None = None
    q: str | None = None


class Place(NamedTuple):
    """Where a page of the list ends."""

    name: str
    id: int


def place_of(connector: Connector) -> Place:
    """Return the connector's place in the list: by name, then by id."""
    return Place((connector.name or "").casefold(), connector.id)


async def list_connectors(
    resources: Resources, wanted: Wanted, *, after: Place | None, limit: int
) -> tuple[Sequence[Connector], datetime]:
    """Return the wanted connectors strictly after a place, and when the list was read. Raises PluggyError."""
    snapshot = await get_catalogue(resources)
    found = [each for each in snapshot.connectors if (after is None or place_of(each) > after) and fits(each, wanted)]
    return found[:limit], snapshot.read_at


def fits(connector: Connector, wanted: Wanted) -> bool:
    """Tell whether the connector is wanted. Names are compared without case and accents."""
    return (
        wanted.country in (None, connector.country)
        and wanted.oauth in (None, bool(connector.oauth))
        and wanted.is_open_finance in (None, bool(connector.is_open_finance))
        and wanted.type in (None, connector.type)
        and (wanted.q is None or plain(wanted.q) in plain(connector.name or ""))
    )


def plain(text: str) -> str:
    """Return the text without accents and case."""
    split = unicodedata.normalize("NFKD", text.strip())
    return "".join(letter for letter in split if not unicodedata.combining(letter)).casefold()
