"""What the API accepts and shows of sync runs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, StrictBool, field_validator

from app.schemas import ApiModel, Input
from app.sync.models import SyncRun, SyncRunAccount
from app.sync.repository import COUNTERS


class Counts(ApiModel):
    """What became of the records read: fetched = inserted + updated + unchanged + quarantined."""

    fetched: int
    inserted: int
    updated: int
    unchanged: int
    quarantined: int
    removed: int


class SyncRunAccountRead(ApiModel):
    """What the run did to one account."""

    account_id: UUID
    status: str
    counts: Counts
    error_code: str | None
    error_detail: str | None


class SyncRequest(Input):
    """Whether Pluggy is asked to visit the bank before we read what it has."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"refresh": "auto"}]})

    refresh: Annotated[
        Literal["auto"] | StrictBool,
        Field(
            description="`auto`: a person's token asks Pluggy to visit the bank where that is allowed, an API key only "
            "reads. `true` insists: refused with 409 while the person must do something first. `false` only reads."
        ),
    ] = "auto"

    @field_validator("refresh", mode="before")
    @classmethod
    def _of_the_three(cls, value: Any) -> Any:
        """Else there is one fault for each part of the union, with a pointer that names the part."""
        if value != "auto" and not isinstance(value, bool):
            raise ValueError('This must be true, false or "auto".')
        return value


class RefreshRead(ApiModel):
    """What became of asking Pluggy to visit the bank."""

    status: Annotated[
        str,
        Field(
            description="`requested`: a visit is under way, the run waits for it. `too_soon`: what Pluggy has counts "
            "as fresh. `not_possible`: not on request, or not before the person acts. `not_asked`. An open enum."
        ),
    ]
    next_allowed_at: Annotated[datetime | None, Field(description="From when Pluggy allows the next visit.")]


_COUNTS = {"fetched": 212, "inserted": 7, "updated": 1, "unchanged": 204, "quarantined": 0, "removed": 0}
_RUN: dict[str, Any] = {
    "id": "019414c0-5d2c-7b8a-9d3e-2f1a6c4b8e07",
    "connection_id": "019414b9-0c1a-7e55-8d6f-77b1e0a2c3d4",
    "trigger": "api",
    "status": "succeeded",
    "phase": None,
    "counts": _COUNTS,
    "accounts": [
        {
            "account_id": "019414b9-3f60-7c11-b3a8-5d0e9f7a6b21",
            "status": "succeeded",
            "counts": _COUNTS,
            "error_code": None,
            "error_detail": None,
        }
    ],
    "warnings": [],
    "error_code": None,
    "error_detail": None,
    "attempts": 1,
    "created_at": "2026-03-04T15:00:00Z",
    "started_at": "2026-03-04T15:00:01Z",
    "finished_at": "2026-03-04T15:00:04Z",
}


class SyncRunRead(ApiModel):
    """One reading of Pluggy into the ledger. `status` is an open enum; without `finished_at` the run is under way."""

    model_config = ConfigDict(json_schema_extra={"examples": [_RUN]})

    id: UUID
    connection_id: UUID
    trigger: str
    status: str
    phase: str | None
    counts: Counts
    accounts: list[SyncRunAccountRead]
    warnings: list[dict[str, Any]]
    error_code: str | None
    error_detail: str | None
    attempts: Annotated[int, Field(description="How often a worker took the run up; more than 1 after a restart.")]
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class SyncRequestedRead(SyncRunRead):
    """The run that was queued, and what became of the wish to have the bank visited."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{**_RUN, "refresh": {"status": "requested", "next_allowed_at": None}}]}
    )

    refresh: RefreshRead


def shown(run: SyncRun, parts: Sequence[SyncRunAccount]) -> SyncRunRead:
    """Return what a client sees of a run; the counts of one under way are those of its accounts so far."""
    return SyncRunRead(
        id=run.id,
        connection_id=run.connection_id,
        trigger=run.trigger,
        status=run.status,
        phase=run.phase,
        counts=_counts(run) if run.finished_at else _sum(parts),
        accounts=[
            SyncRunAccountRead(
                account_id=part.account_id,
                status=part.status,
                counts=_counts(part),
                error_code=part.error_code,
                error_detail=part.error_detail,
            )
            for part in parts
        ],
        warnings=run.warnings,
        error_code=run.error_code,
        error_detail=run.error_detail,
        attempts=run.attempts,
        created_at=run.created_at,
        started_at=run.started_at,
        finished_at=run.finished_at,
    )


def _counts(row: SyncRun | SyncRunAccount) -> Counts:
    return Counts(**{name: getattr(row, name) for name in COUNTERS})


def _sum(parts: Sequence[SyncRunAccount]) -> Counts:
    return Counts(**{name: sum(getattr(part, name) for part in parts) for name in COUNTERS})
