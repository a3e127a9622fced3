"""Every job, registered by being imported."""

from worker.jobs import connections, schedule, sync, webhooks

__all__ = ["connections", "schedule", "sync", "webhooks"]
