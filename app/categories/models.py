"""Categories: Pluggy's tree, which is everybody's, and those that owners add to it."""

from uuid import UUID

from sqlalchemy import Text, func
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base, Instant, Sequence


class PluggyCategory(Base):
    """A category of Pluggy's tree, as it was last read. A control table: it belongs to no owner."""

    __tablename__ = "pluggy_categories"

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    parent_id: Mapped[str | None] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    name_pt: Mapped[str] = mapped_column(Text)
    read_at: Mapped[Instant]


class Category(Base):
    """A category of an owner's own. In columns that may hold either kind, its id stands as text."""

    __tablename__ = "categories"

    owner_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    parent_id: Mapped[str | None] = mapped_column(Text)
    """Above it: a category of Pluggy's or another of the owner's."""

    name: Mapped[str] = mapped_column(Text)
    change_number: Mapped[Sequence]
    created_at: Mapped[Instant] = mapped_column(server_default=func.now())
    updated_at: Mapped[Instant] = mapped_column(server_default=func.now())
