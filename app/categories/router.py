"""HTTP of categories."""

from typing import Annotated

from fastapi import Query, Response, status

from app.categories import service
from app.categories.errors import (
    CategoryCycle,
    CategoryInUse,
    CategoryIsShared,
    CategoryNotFound,
    TooManyCategories,
    UnknownCategory,
)
from app.categories.schemas import CategoryNode, CategoryRequest, CategoryUpdate
from app.categories.service import Node
from app.dependencies import OwnerDep, SessionDep
from app.etags import WITH_ETAG, IfMatchDep, PreconditionFailed, etag_of
from app.problems import problem_responses
from app.routing import make_router, requires
from app.schemas import Results
from app.transactions.filters import CategoryId, CategoryOrNone

router = make_router("categories")

_READ = requires("transactions:read")
_WRITE = requires("transactions:write")
_ONE = "/categories/{category_id}/"


@router.get("/categories/", dependencies=[_READ], summary="List categories")
async def list_categories(owner: OwnerDep, session: SessionDep) -> Results[CategoryNode]:
    """Return the whole tree in one page: Pluggy's categories in the order of their ids, then the caller's own by name.

    A renamed category does not change its transactions: their `category.name` is as it is here when they are read.
    """
    tree = await service.get_tree(session, owner.id)
    return Results(results=[_shown(node) for node in tree.values()], next_cursor=None)


@router.post(
    "/categories/",
    dependencies=[_WRITE],
    status_code=status.HTTP_201_CREATED,
    summary="Make a category",
    responses=problem_responses(UnknownCategory, TooManyCategories),
)
async def create_category(
    asked: CategoryRequest, owner: OwnerDep, session: SessionDep, response: Response
) -> CategoryNode:
    """Make a category of one's own, at the top or below any other."""
    node = await service.create(session, owner.id, name=asked.name, parent_id=asked.parent_id)
    response.headers["Location"] = f"/api/banking/categories/{node.id}/"
    return _shown(node)


@router.get(
    _ONE,
    dependencies=[_READ],
    summary="Get a category",
    responses={**WITH_ETAG, **problem_responses(CategoryNotFound)},
)
async def get_category(
    category_id: CategoryId, owner: OwnerDep, session: SessionDep, response: Response
) -> CategoryNode:
    """Return one category, Pluggy's or the caller's own."""
    node = await service.get(session, owner.id, category_id)
    _tag(response, node)
    return _shown(node)


@router.patch(
    _ONE,
    dependencies=[_WRITE],
    summary="Rename or move a category",
    responses={
        **WITH_ETAG,
        **problem_responses(CategoryNotFound, CategoryIsShared, UnknownCategory, CategoryCycle, PreconditionFailed),
    },
)
async def update_category(
    category_id: CategoryId,
    changes: CategoryUpdate,
    owner: OwnerDep,
    session: SessionDep,
    if_match: IfMatchDep,
    response: Response,
) -> CategoryNode:
    """Rename a category of one's own, or put it elsewhere in the tree with all that is below it."""
    row, tree = await service.get_own(session, owner.id, category_id)
    if_match.check(row.change_number)
    node = await service.change(session, row, tree, changes.model_dump(exclude_unset=True))
    _tag(response, node)
    return _shown(node)


@router.delete(
    _ONE,
    dependencies=[_WRITE],
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Delete a category",
    responses=problem_responses(CategoryNotFound, CategoryIsShared, CategoryInUse, UnknownCategory, PreconditionFailed),
)
async def delete_category(
    category_id: CategoryId,
    owner: OwnerDep,
    session: SessionDep,
    if_match: IfMatchDep,
    reassign_to: Annotated[
        CategoryOrNone | None,
        Query(
            description="Where its transactions and rules go. `none`: rules, Pluggy and the built-in classifier decide "
            "about its transactions again. Needed when it is in use."
        ),
    ] = None,
) -> None:
    """Delete a category of one's own; those below it move up to where it stood."""
    row, tree = await service.get_own(session, owner.id, category_id)
    if_match.check(row.change_number)
    is_released = reassign_to == "none"
    await service.delete(session, row, tree, reassign_to=None if is_released else reassign_to, is_released=is_released)


def _tag(response: Response, node: Node) -> None:
    if node.own is not None:
        response.headers["ETag"] = etag_of(node.own.change_number)


def _shown(node: Node) -> CategoryNode:
    return CategoryNode(**service.shown_fields(node))
