"""Query models read in one step: FastAPI takes the annotation of each field apart anew at every request."""

from dataclasses import replace
from typing import Any, get_args, get_origin

from fastapi._compat import ModelField
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.requests import Request


def with_models_read(dependant: Dependant) -> Dependant | None:
    """Return what a route depends on, with its query models read in one step; None when it has none.

    RequestValidationError of it names the faults of one model, not all that the request has.
    """
    models = [field for field in dependant.query_params if _is_model(field.field_info.annotation)]
    if not models:
        return None
    others = [field for field in dependant.query_params if field not in models]
    readers = [_reader(field, path=dependant.path) for field in models]
    return replace(dependant, query_params=others, dependencies=[*dependant.dependencies, *readers])


def _reader(field: ModelField, *, path: str | None) -> Dependant:
    fields = field.field_info.annotation.model_fields  # type: ignore[union-attr] # a model: see the caller
    repeated = [inner.alias or name for name, inner in fields.items() if _is_list(inner.annotation)]

    async def read(request: Request) -> Any:
        query = request.query_params
        given: dict[str, Any] = dict(query)
        for name in repeated:
            if name in given:
                given[name] = query.getlist(name)
        value, errors = field.validate(given, loc=("query",))
        if errors:
            raise RequestValidationError(errors)
        return value

    return Dependant(call=read, name=field.name, request_param_name="request", use_cache=False, path=path)


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _is_list(annotation: Any) -> bool:
    return any(get_origin(each) is list for each in (annotation, *get_args(annotation)))
