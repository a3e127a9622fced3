"""GET /connectors, GET /connectors/{id}, POST /connectors/{id}/validate."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Path, Query

from sandbox.connectors import CATALOGUE, Connector, parameter_errors
from sandbox.http import AnyObject, WorldDep, as_text, split
from sandbox.wire import Json, page_of

router = APIRouter(tags=["Connector"])
ConnectorId = Annotated[int, Path(alias="id", ge=0, le=2**31)]


@router.get("/connectors")
async def list_connectors(
    world: WorldDep,
    countries: Annotated[list[str] | None, Query()] = None,
    types: Annotated[list[str] | None, Query()] = None,
    name: str = "",
    sandbox: bool = False,
    health_details: Annotated[bool, Query(alias="healthDetails")] = False,
    is_open_finance: Annotated[bool | None, Query(alias="isOpenFinance")] = None,
    payments: Annotated[bool | None, Query(alias="supportsPaymentInitiation")] = None,
    transfers: Annotated[bool | None, Query(alias="supportsSmartTransfers")] = None,
    automatic_pix: Annotated[bool | None, Query(alias="supportsAutomaticPix")] = None,
) -> Json:
    """Every connector, in one page; sandbox ones only when asked for."""
    flags = {
        "isOpenFinance": is_open_finance,
        "supportsPaymentInitiation": payments,
        "supportsSmartTransfers": transfers,
        "supportsAutomaticPix": automatic_pix,
    }
    views = [
        world.connector_view(connector, details=health_details)
        for connector in _matching(split(countries), split(types), name, sandbox=sandbox)
    ]
    return Json(page_of([view for view in views if all(flag in (None, view[key]) for key, flag in flags.items())]))


def _matching(countries: list[str], types: list[str], name: str, *, sandbox: bool) -> Iterator[Connector]:
    for connector in CATALOGUE.values():
        if connector.is_sandbox and not sandbox:
            continue
        if (countries and "BR" not in countries) or (types and connector.type not in types):
            continue
        if name.casefold() in connector.name.casefold():
            yield connector


@router.get("/connectors/{id}")
async def get_connector(
    world: WorldDep, connector_id: ConnectorId, health_details: Annotated[bool, Query(alias="healthDetails")] = False
) -> Json:
    return Json(world.connector_view(world.connector(connector_id), details=health_details))


@router.post("/connectors/{id}/validate")
async def validate_parameters(world: WorldDep, connector_id: ConnectorId, body: AnyObject) -> Json:
    """What is wrong with the parameters; 200 even when something is."""
    parameters = as_text(body)
    return Json({"parameters": parameters, "errors": parameter_errors(world.connector(connector_id), parameters)})
