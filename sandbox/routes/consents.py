"""Consents: what a person allowed, from when, until when."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from sandbox.clock import iso
from sandbox.http import PathId, WorldDep
from sandbox.records import Consent
from sandbox.wire import Json, not_found, page_of

router = APIRouter(tags=["Consent"])


def _view(consent: Consent) -> dict[str, Any]:
    view = {
        "id": consent.id,
        "itemId": consent.item_id,
        "products": consent.products,
        "createdAt": iso(consent.created_at),
        "expiresAt": iso(consent.expires_at),
        "revokedAt": iso(consent.revoked_at),
    }
    return view if consent.permissions is None else {**view, "openFinancePermissionsGranted": consent.permissions}


@router.get("/consents")
async def list_consents(world: WorldDep, item_id: Annotated[UUID, Query(alias="itemId")]) -> Json:
    """Newest first; those of a deleted item remain, revoked."""
    consents = [_view(consent) for consent in world.consents if consent.item_id == str(item_id)]
    return Json(page_of(consents[::-1]))


@router.get("/consents/{id}")
async def get_consent(world: WorldDep, consent_id: PathId) -> Json:
    if consent := world.consents.get(consent_id.lower()):
        return Json(_view(consent))
    raise not_found("consent")
