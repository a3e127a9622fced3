"""HTTP of API keys."""

from collections.abc import Iterable
from uuid import UUID

from fastapi import Response, status

from app.api_keys import service
from app.api_keys.errors import ApiKeyNotFound, TooManyApiKeys
from app.api_keys.models import ApiKey
from app.api_keys.schemas import ApiKeyRead, ApiKeyRequest, ApiKeyWithSecret
from app.dependencies import OwnerDep, PageDep, ResourcesDep, SessionDep
from app.owners.errors import InsufficientScope
from app.owners.principal import SCOPE_MEANINGS, Principal
from app.pagination import InvalidCursor
from app.problems import problem_responses
from app.routing import make_router, requires
from app.schemas import Results

router = make_router("api keys")

_MANAGE = requires("api_keys:write")
_SHOW_SECRET = requires("api_keys:write", repeats_because="the answer holds a secret that is shown once")


@router.get("/api_keys/", dependencies=[_MANAGE], summary="List API keys", responses=problem_responses(InvalidCursor))
async def list_api_keys(owner: OwnerDep, session: SessionDep, page: PageDep) -> Results[ApiKeyRead]:
    """Return the caller's keys, newest first; expired ones too, revoked ones not."""
    binding = ("api_keys", owner.id)
    before = page.place(tuple[UUID], binding=binding)
    found = await service.list_page(session, owner.id, before=before[0] if before else None, limit=page.limit + 1)
    rows, cursor = page.cut(found, lambda row: (row.id,), binding=binding)
    return Results(results=[ApiKeyRead.model_validate(row) for row in rows], next_cursor=cursor)


@router.post(
    "/api_keys/",
    dependencies=[_SHOW_SECRET],
    status_code=status.HTTP_201_CREATED,
    summary="Make an API key",
    responses=problem_responses(TooManyApiKeys),
)
async def create_api_key(
    asked: ApiKeyRequest, owner: OwnerDep, session: SessionDep, resources: ResourcesDep, response: Response
) -> ApiKeyWithSecret:
    """Make a key for the caller's data and show its secret, this once.

    It bears scopes of the caller only, and never `api_keys:write`: keys are made by people.
    """
    _refuse_more_than(owner, asked.scopes)
    key, secret = await service.create(
        session,
        resources.vault,
        owner.id,
        name=asked.name,
        scopes=asked.scopes,
        lifetime_days=asked.expires_in_days,
        actor=owner.actor,
    )
    response.headers["Location"] = f"/api/banking/api_keys/{key.id}/"
    return _with_secret(key, secret)


@router.get(
    "/api_keys/{api_key_id}/",
    dependencies=[_MANAGE],
    summary="Get an API key",
    responses=problem_responses(ApiKeyNotFound),
)
async def get_api_key(api_key_id: UUID, owner: OwnerDep, session: SessionDep) -> ApiKeyRead:
    """Return one key, without its secret."""
    return ApiKeyRead.model_validate(await service.get(session, owner.id, api_key_id))


@router.post(
    "/api_keys/{api_key_id}/rotate/",
    dependencies=[_SHOW_SECRET],
    summary="Rotate an API key",
    responses=problem_responses(ApiKeyNotFound),
)
async def rotate_api_key(
    api_key_id: UUID, owner: OwnerDep, session: SessionDep, resources: ResourcesDep
) -> ApiKeyWithSecret:
    """Give the key a new secret and its whole lifetime anew; the old secret works for 24 hours more."""
    key = await service.get(session, owner.id, api_key_id)
    _refuse_more_than(owner, key.scopes)
    return _with_secret(*await service.rotate(session, resources.vault, key, actor=owner.actor))


@router.delete(
    "/api_keys/{api_key_id}/",
    dependencies=[_MANAGE],
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Revoke an API key",
    responses=problem_responses(ApiKeyNotFound),
)
async def revoke_api_key(api_key_id: UUID, owner: OwnerDep, session: SessionDep) -> None:
    """End the key, within a minute everywhere."""
    await service.revoke(session, owner.id, api_key_id, actor=owner.actor)


def _refuse_more_than(owner: Principal, scopes: Iterable[str]) -> None:
    for scope in SCOPE_MEANINGS:
        if scope in scopes and not owner.may(scope):
            raise InsufficientScope(scope)


def _with_secret(key: ApiKey, secret: str) -> ApiKeyWithSecret:
    return ApiKeyWithSecret(**ApiKeyRead.model_validate(key).model_dump(), secret=secret)
