"""Use cases of categories, each inside the caller's transaction."""

from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.categories import repository
from app.categories.built_in import NAMES, is_pluggys, parent_of
from app.categories.errors import (
    CategoryCycle,
    CategoryInUse,
    CategoryIsShared,
    CategoryNotFound,
    TooManyCategories,
    UnknownCategory,
)
from app.categories.models import Category
from app.category_rules import repository as rules
from app.changes import hold_changes, next_change
from app.clock import utc_now
from app.events.service import record_event
from app.ids import new_id
from app.transactions import decisions

OWN_AT_MOST: Final = 500


class Node(NamedTuple):
    """A category in the owner's tree; `own` where it is the owner's."""

    id: str
    parent_id: str | None
    name: str
    name_pt: str
    own: Category | None = None


Tree = dict[str, Node]


_BUILT_IN: Final = {id_: Node(id_, parent_of(id_), *names) for id_, names in NAMES.items()}


async def get_tree(session: AsyncSession, owner_id: UUID) -> Tree:
    """Return all categories by id: Pluggy's in the order of their ids, then the owner's by name.

    Before Pluggy's tree was ever read, or when it lacks one, what is built in stands for it.
    """
    read = {row.id: Node(row.id, row.parent_id, row.name, row.name_pt) for row in await repository.tree(session)}
    shared = _BUILT_IN | read
    own = {
        str(row.id): Node(str(row.id), row.parent_id, row.name, row.name, row)
        for row in await repository.own(session, owner_id)
    }
    return {id_: shared[id_] for id_ in sorted(shared)} | own


async def get(session: AsyncSession, owner_id: UUID, category_id: str) -> Node:
    """Return one category. Raises CategoryNotFound."""
    node = (await get_tree(session, owner_id)).get(category_id)
    if node is None:
        raise CategoryNotFound(category_id)
    return node


async def check(session: AsyncSession, owner_id: UUID, category_id: str | None, *, pointer: str) -> None:
    """Raises UnknownCategory unless the category is there; null always is. `pointer` is where it stood."""
    if category_id is not None and category_id not in await get_tree(session, owner_id):
        raise UnknownCategory(pointer)


async def create(session: AsyncSession, owner_id: UUID, *, name: str, parent_id: str | None) -> Node:
    """Return a new category of the owner's. Raises UnknownCategory, TooManyCategories."""
    await hold_changes(session, owner_id)
    tree = await get_tree(session, owner_id)
    if parent_id is not None and parent_id not in tree:
        raise UnknownCategory("/body/parent_id")
    if sum(node.own is not None for node in tree.values()) >= OWN_AT_MOST:
        raise TooManyCategories(OWN_AT_MOST)
    number = await next_change(session, owner_id)
    row = Category(owner_id=owner_id, id=new_id(), parent_id=parent_id, name=name, change_number=number)
    session.add(row)
    await session.flush()
    return Node(str(row.id), parent_id, name, name, row)


async def get_own(session: AsyncSession, owner_id: UUID, category_id: str) -> tuple[Category, Tree]:
    """Return a category that the owner may change, kept as it is, and the tree around it.

    Raises CategoryNotFound, CategoryIsShared.
    """
    await hold_changes(session, owner_id)
    tree = await get_tree(session, owner_id)
    node = tree.get(category_id)
    if node is None:
        raise CategoryNotFound(category_id)
    if node.own is None:
        raise CategoryIsShared(category_id)
    return node.own, tree


async def change(session: AsyncSession, row: Category, tree: Tree, changes: dict[str, Any]) -> Node:
    """Rename or move a category; equal values are not written. Raises UnknownCategory, CategoryCycle."""
    parent_id = changes.get("parent_id", row.parent_id)
    _refuse_cycle(str(row.id), parent_id, tree)
    if any(getattr(row, name) != value for name, value in changes.items()):
        row.change_number = await next_change(session, row.owner_id)
        for name, value in changes.items():
            setattr(row, name, value)
        row.updated_at = utc_now()
        await session.flush()
    return Node(str(row.id), row.parent_id, row.name, row.name, row)


def _refuse_cycle(category_id: str, parent_id: str | None, tree: Tree) -> None:
    if parent_id is not None and parent_id not in tree:
        raise UnknownCategory("/body/parent_id")
    above = parent_id
    while above is not None:
        if above == category_id:
            raise CategoryCycle
        node = tree.get(above)
        above = node.parent_id if node is not None else None


async def delete(
    session: AsyncSession, row: Category, tree: Tree, *, reassign_to: str | None, is_released: bool
) -> None:
    """Delete a category; those below it move up. What is in it goes to `reassign_to`, or is decided anew.

    `is_released` lets rules, Pluggy and the classifier decide about its transactions again. Raises CategoryInUse where
    neither is said and something is in it, or where rules need a category; UnknownCategory.
    """
    category_id = str(row.id)
    if reassign_to is not None and (reassign_to not in tree or reassign_to == category_id):
        raise UnknownCategory("/query/reassign_to")
    used = await decisions.count_in(session, row.owner_id, category_id)
    in_rules = await rules.count_with_category(session, row.owner_id, category_id)
    if (used or in_rules) and reassign_to is None and not (is_released and not in_rules):
        raise CategoryInUse(transactions=used, rules=in_rules)
    number = await next_change(session, row.owner_id)
    moved = await decisions.move_all(
        session, row.owner_id, from_id=category_id, to_id=reassign_to, change_number=number
    )
    await rules.give_category(session, row.owner_id, from_id=category_id, to_id=reassign_to, change_number=number)
    await repository.move_children(session, row, change_number=number)
    await session.delete(row)
    await session.flush()
    if moved:
        await record_event(session, row.owner_id, "transactions.changed", {"updated": moved})


def shown_fields(node: Node) -> dict[str, Any]:
    """Return what the API shows of a category."""
    return {
        "id": node.id,
        "parent_id": node.parent_id,
        "name": node.name,
        "name_pt": node.name_pt,
        "is_own": not is_pluggys(node.id),
    }
