"""Who calls, and what it may do."""

from dataclasses import dataclass
from typing import Literal, get_args
from uuid import UUID

Scope = Literal[
    "connections:read",
    "connections:write",
    "accounts:read",
    "transactions:read",
    "transactions:write",
    "insights:read",
    "webhooks:write",
    "pii:read",
    "api_keys:write",
]
KeyScope = Literal[
    "connections:read",
    "connections:write",
    "accounts:read",
    "transactions:read",
    "transactions:write",
    "insights:read",
    "webhooks:write",
    "pii:read",
]
"""What an API key may bear: all but the making of keys, so that a stolen key can't outlive its revocation."""

SCOPES: frozenset[str] = frozenset(get_args(Scope))
DEFAULT_SCOPES = SCOPES - {"pii:read"}
"""What a token without `scope` may do."""

SCOPE_MEANINGS: dict[Scope, str] = {
    "connections:read": "Read connections, consents, sync runs and events.",
    "connections:write": "Connect, refresh, repair and delete connections.",
    "accounts:read": "Read accounts, balances and bills.",
    "transactions:read": "Read transactions.",
    "transactions:write": "Categorise and annotate.",
    "insights:read": "Read insights.",
    "webhooks:write": "Manage webhook endpoints.",
    "pii:read": "See documents and account numbers unmasked.",
    "api_keys:write": "Manage API keys; for people's tokens only.",
}


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller of a request; `id` is the owner whose data it reaches, `key_id` the API key it came with."""

    id: UUID
    scopes: frozenset[str]
    kind: Literal["person", "api_key"]
    key_id: UUID | None = None

    def may(self, scope: Scope) -> bool:
        """Tell whether the caller bears the scope."""
        return scope in self.scopes

    @property
    def actor(self) -> str:
        """Who acts, as audit entries and limits name it: `owner:<id>` or `api_key:<id>`."""
        return f"owner:{self.id}" if self.key_id is None else f"api_key:{self.key_id}"
