"""The endpoints, one file a noun."""

from sandbox.routes import (
    accounts,
    auth,
    bills,
    categories,
    connect,
    connectors,
    consents,
    identity,
    investments,
    items,
    loans,
    merchants,
    oauth,
    special,
    transactions,
    webhooks,
)

_API = (auth, connectors, items, consents, accounts, bills, transactions, categories)
_REST_OF_API = (investments, loans, identity, merchants, webhooks, special)
_PAGES = (oauth, connect)

ROUTERS = tuple(noun.router for noun in (*_API, *_REST_OF_API, *_PAGES))
