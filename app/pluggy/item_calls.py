"""Calls about connections: connect tokens, connectors, items, consents."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from uuid import UUID

import msgspec

from app.pluggy.calls import Calls, joined
from app.pluggy.models import Connector, Consent, Item, ParameterCheck
from app.pluggy.pages import Page, records_as
from app.pluggy.wire import Wire


class ConnectOptions(Wire, frozen=True, omit_defaults=True):
    """What the items made with a connect token inherit."""

    client_user_id: str | None = None
    webhook_url: str | None = None
    oauth_redirect_uri: str | None = None
    avoid_duplicates: bool | None = None
    products: tuple[str, ...] | None = None


class NewItem(Wire, frozen=True, omit_defaults=True):
    """The body of POST /items. `parameters` hold a person's credentials, by the names of the connector's."""

    connector_id: int
    parameters: Mapping[str, str]
    client_user_id: str | None = None
    webhook_url: str | None = None
    oauth_redirect_uri: str | None = None
    products: tuple[str, ...] | None = None
    avoid_duplicates: bool | None = None

    def __repr__(self) -> str:
        return f"NewItem(connector_id={self.connector_id})"  # never the credentials


class ItemChange(Wire, frozen=True, omit_defaults=True):
    """The body of PATCH /items; empty it asks for a new run with the stored credentials."""

    parameters: Mapping[str, str] | None = None
    client_user_id: str | None = None
    webhook_url: str | None = None
    products: tuple[str, ...] | None = None

    def __repr__(self) -> str:
        return "ItemChange(...)"  # never the credentials


class _ConnectToken(msgspec.Struct, rename="camel"):
    access_token: str


class ItemCalls(Calls):
    """Every call raises PluggyUnavailable or PluggyRefused, PluggyNotFound for an unknown id."""

    async def create_connect_token(self, *, item_id: UUID | None = None, options: ConnectOptions | None = None) -> str:
        """A token for one opening of the widget, good for 30 minutes; with `item_id` it updates that item.

        Source: POST /connect_token.
        """
        body = {"itemId": item_id, "options": options}
        given = {name: value for name, value in body.items() if value is not None}
        return (await self._write("POST", "/connect_token", _ConnectToken, given)).access_token

    def iter_connector_pages(
        self,
        *,
        include_sandbox: bool = False,
        countries: Sequence[str] = (),
        types: Sequence[str] = (),
        name: str | None = None,
        is_open_finance: bool | None = None,
        health_details: bool | None = None,
    ) -> AsyncGenerator[Page[Connector], None]:
        """Yield pages of connectors; the sandbox ones come on top. Source: GET /connectors."""
        query = {
            "sandbox": include_sandbox or None,
            "countries": joined(countries),
            "types": joined(types),
            "name": name,
            "isOpenFinance": is_open_finance,
            "healthDetails": health_details,
        }
        return self._iter_numbered("/connectors", Connector, query, page_size=None)

    async def get_connector(self, connector_id: int, *, health_details: bool | None = None) -> Connector:
        """One connector. Source: GET /connectors/{id}."""
        return await self._get(f"/connectors/{connector_id}", Connector, {"healthDetails": health_details})

    async def validate_parameters(self, connector_id: int, parameters: Mapping[str, str]) -> ParameterCheck:
        """Whether a connector would take these parameters. Source: POST /connectors/{id}/validate."""
        return await self._write("POST", f"/connectors/{connector_id}/validate", ParameterCheck, parameters)

    async def create_item(self, item: NewItem) -> Item:
        """The new item, UPDATING. Never repeated: after PluggyUnavailable the item may or may not exist.

        Raises PluggyItemExists when duplicates are avoided. Source: POST /items.
        """
        return await self._write("POST", "/items", Item, item)

    async def get_item(self, item_id: UUID) -> Item:
        """One item. Source: GET /items/{id}."""
        return await self._get(f"/items/{item_id}", Item)

    def iter_item_pages(
        self, *, client_user_id: str | None = None, connector_id: int | None = None, after: str | None = None
    ) -> AsyncGenerator[Page[Item], None]:
        """Yield pages of items, newest first. Off unless Pluggy enabled it for the team: then 403, PluggyAuthError.

        Source: GET /v2/items.
        """
        query = {"clientUserId": client_user_id, "connectorId": connector_id}
        return self._iter_cursor("/v2/items", records_as(Item), query, after)

    async def update_item(self, item_id: UUID, change: ItemChange | None = None) -> Item:
        """Have Pluggy visit the bank again, with new credentials if given (20 a minute for all items together).

        Raises PluggyTooSoon, PluggyAlreadyUpdating. Source: PATCH /items/{id}.
        """
        return await self._write("PATCH", f"/items/{item_id}", Item, change or ItemChange())

    async def send_mfa(self, item_id: UUID, parameters: Mapping[str, str]) -> Item:
        """Answer the prompt an item waits for, by the name of its `parameter`. Source: POST /items/{id}/mfa."""
        return await self._write("POST", f"/items/{item_id}/mfa", Item, parameters)

    async def delete_item(self, item_id: UUID) -> None:
        """Delete the item and revoke its consent. PluggyNotFound means that it is gone. Source: DELETE /items/{id}."""
        await self._delete(f"/items/{item_id}")

    async def disable_auto_sync(self, item_id: UUID) -> Item:
        """The item, not visited by Pluggy's own schedule any more. Source: PATCH /items/{id}/disable-auto-sync."""
        return await self._write("PATCH", f"/items/{item_id}/disable-auto-sync", Item, {})

    def iter_consent_pages(self, item_id: UUID) -> AsyncGenerator[Page[Consent], None]:
        """Yield pages of an item's consents. Source: GET /consents."""
        return self._iter_numbered("/consents", Consent, {"itemId": str(item_id)}, page_size=None)

    async def get_consent(self, consent_id: UUID) -> Consent:
        """One consent. Source: GET /consents/{id}."""
        return await self._get(f"/consents/{consent_id}", Consent)
