"""Fault rules, and the journal of what was asked."""

import msgspec
from fastapi import APIRouter, Request

from sandbox.http import AnyObject, PathId, WorldDep
from sandbox.records import FaultRule
from sandbox.wire import ApiError, Json, not_found

router = APIRouter(tags=["Faults and requests"])


@router.get("/faults")
async def list_faults(world: WorldDep) -> Json:
    return Json(list(world.faults))


@router.post("/faults")
async def add_fault(world: WorldDep, body: AnyObject) -> Json:
    """`{kind, path?, query?, method?, status?, seconds?, skip?, remaining?}`; kinds in docs/sandbox.md."""
    try:
        rule = msgspec.convert({**body, "id": world.new_id("fault"), "hits": 0}, FaultRule)
    except msgspec.ValidationError as error:
        raise ApiError(400, str(error)) from error
    if not (400 <= rule.status <= 599 and 0 <= rule.seconds <= 86400):
        raise ApiError(400, "status must be 400 to 599, seconds 0 to 86400")
    world.faults.put(rule.id, rule)
    return Json(rule)


@router.delete("/faults")
async def clear_faults(world: WorldDep) -> Json:
    world.faults.clear()
    return Json([])


@router.delete("/faults/{id}")
async def remove_fault(world: WorldDep, fault_id: PathId) -> Json:
    rule = world.faults.drop(fault_id)
    if rule is None:
        raise not_found("fault")
    return Json(rule)


@router.get("/requests")
async def list_requests(request: Request) -> Json:
    """The last thousand requests, oldest first."""
    return Json(list(request.app.state.journal.entries))


@router.get("/requests/counts")
async def count_requests(request: Request) -> Json:
    """For each endpoint how often it was asked, and with which statuses: `{"POST /auth": {"total": 2, "200": 2}}`."""
    statuses = request.app.state.journal.statuses
    return Json(
        {
            endpoint: {"total": counts.total(), **{str(status): count for status, count in counts.items()}}
            for endpoint, counts in statuses.items()
        }
    )


@router.delete("/requests")
async def forget_requests(request: Request) -> Json:
    request.app.state.journal.clear()
    return Json({})
