"""What the probes answer."""

from typing import Literal

from pydantic import ConfigDict

from app.schemas import ApiModel


class Health(ApiModel):
    """The process answers."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "ok"}]})

    status: Literal["ok"] = "ok"


class Readiness(ApiModel):
    """Whether this process can serve. `degraded` still serves: work starts later, within 30 s."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"status": "ready", "database": "ok", "redis": "ok", "oldest_owed_seconds": 0.4}]
        }
    )

    status: Literal["ready", "degraded", "unavailable"]
    database: Literal["ok", "unreachable", "not_migrated"]
    redis: Literal["ok", "unreachable"]
    oldest_owed_seconds: float | None
    """How long the oldest due piece of work has been waiting; null when none is due or it can't be known."""
