"""Every job, registered by being imported."""

from worker.jobs import connections, deliveries, oauth, refresh, retention, schedule, sync, webhooks

__all__ = ["connections", "deliveries", "oauth", "refresh", "retention", "schedule", "sync", "webhooks"]
