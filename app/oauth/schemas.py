"""What the API accepts and shows of authorisations."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints

from app.connections import examples
from app.connections.schemas import ConnectionRead, ParameterName, Product, Secret
from app.schemas import ApiModel, Input

_Url = Annotated[str, StringConstraints(min_length=1, max_length=500)]


class OAuthRequest(Input):
    """Which bank to connect, and for whom."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "connector_id": 600,
                    "parameters": {"cpf": "761.092.776-73"},
                    "products": ["ACCOUNTS", "TRANSACTIONS"],
                    "return_url": "https://app.example.com/banks/connected",
                }
            ]
        }
    )

    connector_id: Annotated[int, Field(ge=0, le=2**31 - 1, description="An OAuth connector, `connectors/?oauth=true`.")]
    parameters: Annotated[
        dict[ParameterName, Secret],
        Field(max_length=20, description="By the names of the connector's `credentials`; passed on, never stored."),
    ] = {}
    products: Annotated[
        list[Product], Field(max_length=20, description="Collect only these products of Pluggy, e.g. ACCOUNTS.")
    ] = []
    redirect_uri: Annotated[
        _Url | None,
        Field(
            description="Where the bank's browser comes back, when an app takes it up itself by `exchange`: one of "
            "OAUTH_REDIRECT_URIS whole, https or a deep link. Without it our callback takes it up."
        ),
    ] = None
    return_url: Annotated[
        _Url | None,
        Field(description="Where our callback sends the browser afterwards: one of OAUTH_RETURN_URLS whole."),
    ] = None


class BegunRead(ApiModel):
    """A visit to the bank under way."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "connection": examples.CONNECTION,
                    "item_id": examples.CONNECTION["item_id"],
                    "status": "WAITING_USER_INPUT",
                    "authorization_url": "https://bank.example.com/authorize?request=7f6a0c52",
                    "state": "Zk9dT2pXc1ZQb0hKZkZ3bGQ4c1l0Q2tRbXhBYnJ1eVg",
                    "expires_at": "2026-03-04T11:12:30Z",
                }
            ]
        }
    )

    connection: ConnectionRead
    item_id: UUID | None
    status: str
    authorization_url: Annotated[
        str | None,
        Field(description="The bank's page, to be opened by the person. Null in a 202: follow the connection."),
    ]
    state: Annotated[str, Field(description="Comes back with the browser; shown once, good for one use.")]
    expires_at: Annotated[datetime, Field(description="Until when the page and the state can be used.")]


class ExchangeRequest(Input):
    """What the browser brought to the app's own address."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "state": "Zk9dT2pXc1ZQb0hKZkZ3bGQ4c1l0Q2tRbXhBYnJ1eVg",
                    "item_id": "0c9d2a5e-6f0b-4c58-8f39-1a2b3c4d5e6f",
                }
            ]
        }
    )

    state: Annotated[str, Field(min_length=1, max_length=200)]
    code: Annotated[
        str | None, Field(max_length=4096, description="Accepted and ignored: Pluggy has exchanged it with the bank.")
    ] = None
    item_id: Annotated[UUID | None, Field(description="`itemId` of the landing, when it had one.")] = None
