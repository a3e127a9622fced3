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
]
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
}


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller of a request; `id` is the owner whose data it reaches."""

    id: UUID
    scopes: frozenset[str]
    kind: Literal["person", "api_key"]

    def may(self, scope: Scope) -> bool:
        """Tell whether the caller bears the scope."""
        return scope in self.scopes
