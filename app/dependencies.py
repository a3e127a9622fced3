"""What a route may ask for."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Query, Request
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import transaction
from app.owners.principal import Principal
from app.pagination import Page
from app.resources import Resources


async def get_resources(request: Request) -> Resources:
    """Return what the process has open."""
    resources: Resources = request.app.state.resources
    return resources


async def get_owner(request: Request) -> Principal:
    """Return the caller; the route's policy has admitted it already."""
    principal: Principal = request.state.principal
    return principal


ResourcesDep = Annotated[Resources, Depends(get_resources)]
OwnerDep = Annotated[Principal, Depends(get_owner)]


async def get_session(resources: ResourcesDep, owner: OwnerDep) -> AsyncIterator[AsyncSession]:
    """Yield a session in the owner's transaction, committed before the answer is sent."""
    async with transaction(resources.sessions, owner.id) as session:
        yield session


async def get_page(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=500, description="How many rows at most.")] = 50,
    cursor: Annotated[
        str | None, Query(max_length=1024, description="`next_cursor` of the page before, with the same filter.")
    ] = None,
) -> Page:
    """Return the page that is asked for."""
    return Page(limit, cursor, (await get_resources(request)).vault)


SessionDep = Annotated[AsyncSession, Depends(get_session, scope="function")]
PageDep = Annotated[Page, Depends(get_page)]
