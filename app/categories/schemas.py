"""What the API accepts and shows of categories."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from app.schemas import ApiModel, Input
from app.transactions.filters import CategoryId

_OWN: dict[str, Any] = {
    "id": "01990b12-6e0f-7a3c-9b54-2f1e0d9c8b7a",
    "parent_id": "11000000",
    "name": "Almoço no trabalho",
    "name_pt": "Almoço no trabalho",
    "is_own": True,
}
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]


class CategoryNode(ApiModel):
    """A category and its place in the tree."""

    model_config = ConfigDict(json_schema_extra={"examples": [_OWN]})

    id: CategoryId
    parent_id: Annotated[CategoryId | None, Field(description="The category above; null at the top.")]
    name: Annotated[str, Field(description="In English; as the owner wrote it, where it is an own one.")]
    name_pt: Annotated[str, Field(description="In Portuguese; likewise.")]
    is_own: Annotated[bool, Field(description="Made by the owner, who may change it. The others are Pluggy's.")]


class CategoryRequest(Input):
    """A category of one's own."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Almoço no trabalho", "parent_id": "11000000"}]})

    name: Name
    parent_id: Annotated[CategoryId | None, Field(description="Put it below this one, Pluggy's or own.")] = None


class CategoryUpdate(Input):
    """What shall change; a field that is left out stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Almoço"}]})

    name: Annotated[Name, Field(json_schema_extra=lambda schema: schema.pop("default", None))] = "-"
    parent_id: Annotated[CategoryId | None, Field(description="Null moves it to the top.")] = None

    @model_validator(mode="after")
    def _has_a_field(self) -> "CategoryUpdate":
        if not self.model_fields_set:
            raise ValueError("At least one field is needed.")
        return self
