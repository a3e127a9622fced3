"""The kind of route every slice uses: it says who may call it, and checks that before it reads anything (R55)."""

import inspect
import json
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NoReturn

import structlog
from fastapi import APIRouter, FastAPI, params
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from app.http import API_ROOT
from app.http_errors import InvalidRequest
from app.owners.errors import InsufficientScope
from app.owners.principal import Principal, Scope

_MAX_EXPONENT = 64


@dataclass(frozen=True)
class Policy(params.Depends):
    """Who may call a route: a caller with `scope_needed`, or anyone for the reason given."""

    scope_needed: Scope | None = None
    public_because: str | None = None


def requires(scope: Scope) -> Policy:
    """Return the policy of a route for callers that bear the scope; stands in the route's `dependencies`."""
    return Policy(scope_needed=scope)


def public(because: str) -> Policy:
    """Return the policy of a route that anyone may call; the reason is for whoever reviews it."""
    return Policy(public_because=because)


def make_router(tag: str, *, prefix: str = API_ROOT.rstrip("/")) -> APIRouter:
    """Return a slice's router. Paths begin and end with `/`; a function's name is its operation's id, so unique."""
    return APIRouter(prefix=prefix, tags=[tag], route_class=Route, generate_unique_id_function=lambda route: route.name)


class Route(APIRoute):
    """A route with exactly one policy. In this order: caller, scope, names of parameters, type of body, the rest."""

    def __init__(
        self,
        path: str,
        endpoint: Callable[..., Any],
        *,
        dependencies: Sequence[params.Depends] | None = None,
        **settings: Any,
    ) -> None:
        given = list(dependencies or ())
        policies = [each for each in given if isinstance(each, Policy)]
        if len(policies) != 1:
            raise TypeError(f"{path} needs one policy among its dependencies: requires(scope) or public(because)")
        self.policy = policies[0]
        others = [each for each in given if not isinstance(each, Policy)]
        super().__init__(path, endpoint, dependencies=others, **settings)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        scope = self.policy.scope_needed
        known = frozenset(_query_names(self.dependant))
        takes_json = self.body_field is not None

        async def checked(given: Request) -> Response:
            request = _ExactRequest(given.scope, given.receive)
            if scope is not None:
                await _admit(request, scope)
            if request.scope["query_string"]:
                _refuse_unknown(request, known)
            if takes_json:
                _refuse_other_types(request)
            return await handle(request)

        return checked


def routes_without_policy(app: FastAPI) -> list[str]:
    """Return the paths of routes that were added without saying who may call them; empty in a sound service."""
    contexts = iter_route_contexts(app.routes)
    return [context.path or repr(context.route) for context in contexts if not isinstance(context.route, Route)]


async def _admit(request: Request, scope: Scope) -> None:
    principal: Principal = await request.app.state.authenticator.authenticate(request.headers.get("authorization"))
    structlog.contextvars.bind_contextvars(owner_id=str(principal.id))
    if not principal.may(scope):
        raise InsufficientScope(scope)
    request.state.principal = principal


def _query_names(dependant: Dependant) -> Iterator[str]:
    for field in dependant.query_params:
        annotation = field.field_info.annotation
        if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
            yield from (inner.alias or name for name, inner in annotation.model_fields.items())
        else:
            yield field.alias
    for inner_dependant in dependant.dependencies:
        yield from _query_names(inner_dependant)


def _refuse_unknown(request: Request, known: frozenset[str]) -> None:
    if not known.issuperset(request.query_params.keys()):
        names = ", ".join(sorted(known)) or "none"
        fault = {"pointer": "/query", "detail": f"There is a parameter that is not known here. Known: {names}."}
        raise InvalidRequest("The request does not validate.", errors=[fault])


def _refuse_other_types(request: Request) -> None:
    has_body = request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if has_body and media_type != "application/json":
        raise HTTPException(415)


class _ExactRequest(Request):
    """A request whose JSON is read strictly, and numbers without a float."""

    async def json(self) -> Any:
        if not hasattr(self, "_json"):
            body = await self.body()
            try:
                self._json = _read_json(body.decode())
            except (ValueError, RecursionError):
                raise HTTPException(400) from None
        return self._json


def _read_json(text: str) -> Any:
    value = json.loads(text, parse_float=_exact, parse_constant=_refuse_constant, object_pairs_hook=_unique_names)
    if "\\ud" in text.lower():  # half of a surrogate pair, written as an escape, is no text: nothing could store it
        json.dumps(value, ensure_ascii=False, default=str).encode()
    return value


def _exact(text: str) -> Decimal:
    number = Decimal(text)
    if abs(number.adjusted()) > _MAX_EXPONENT:  # 1e999999999 as an integer would fill the memory
        raise ValueError("the number is out of range")
    return number


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return members
