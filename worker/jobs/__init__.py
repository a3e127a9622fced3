"""Every job, registered by being imported."""

from worker.jobs import (
    categories,
    connections,
    deliveries,
    derived,
    oauth,
    refresh,
    retention,
    schedule,
    sync,
    webhooks,
)

__all__ = [
    "categories",
    "connections",
    "deliveries",
    "derived",
    "oauth",
    "refresh",
    "retention",
    "schedule",
    "sync",
    "webhooks",
]
