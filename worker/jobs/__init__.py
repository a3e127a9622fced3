"""Every job, registered by being imported."""

from worker.jobs import connections, oauth, schedule, sync, webhooks

__all__ = ["connections", "oauth", "schedule", "sync", "webhooks"]
