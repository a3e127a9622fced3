"""Every job, registered by being imported."""

from worker.jobs import connections, oauth, refresh, schedule, sync, webhooks

__all__ = ["connections", "oauth", "refresh", "schedule", "sync", "webhooks"]
