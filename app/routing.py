"""The kind of route every slice uses: it says who may call it, and checks that before it reads anything (R55)."""

import inspect
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar, Final, NamedTuple, get_args

import structlog
from fastapi import APIRouter, FastAPI, params
from fastapi._compat import ModelField
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Receive, Send
from starlette.types import Scope as AsgiScope

from app.clock import utc_now
from app.etags import tagged
from app.exact_json import ExactRequest
from app.http import API_ROOT, client_address, network_of
from app.http_errors import InvalidRequest, TooManyRequests
from app.idempotency import replay
from app.owners.errors import InsufficientScope, InvalidToken, NotAuthenticated
from app.owners.principal import Principal, Scope
from app.query_models import with_models_read
from app.rates import Rate, RateLimiter

OWNER_HEADER: Final = "Banking-Owner"


@dataclass(frozen=True)
class Policy(params.Depends):
    """Who may call a route: a caller with `scope_needed`, or anyone for the reason given; and how often.

    A POST by a caller is done once for an `Idempotency-Key`, unless `repeats_because` says why not.
    """

    scope_needed: Scope | None = None
    public_because: str | None = None
    rate: Rate | None = None
    repeats_because: str | None = None


def requires(scope: Scope, *, rate: Rate | None = None, repeats_because: str | None = None) -> Policy:
    """Return the policy of a route for callers that bear the scope; stands in the route's `dependencies`.

    `rate` is that of the method unless given: `Rate.COSTLY` for what asks the bank or much of the database. A POST
    that returns a secret or takes credentials says so in `repeats_because`: its answers are not kept (R60).
    """
    return Policy(scope_needed=scope, rate=rate, repeats_because=repeats_because)


def public(because: str, *, rate: Rate | None = Rate.PUBLIC) -> Policy:
    """Return the policy of a route that anyone may call; the reason is for whoever reviews it. None: never limited."""
    return Policy(public_because=because, rate=rate)


def make_router(tag: str, *, prefix: str = API_ROOT.rstrip("/")) -> APIRouter:
    """Return a slice's router. Paths begin and end with `/`; a function's name is its operation's id, so unique."""
    return APIRouter(prefix=prefix, tags=[tag], route_class=Route, generate_unique_id_function=lambda route: route.name)


class Route(APIRoute):
    """A route with exactly one policy.

    In this order: caller, scope, rate, names of parameters, type of body, answers kept for an `Idempotency-Key`, the
    rest.
    """

    takes_any_query: ClassVar[bool] = False
    """True for pages that other services send browsers to, with parameters of their own."""

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

    @property
    def rate(self) -> Rate | None:
        """The class whose limit holds for this route."""
        if self.policy.scope_needed is None or self.policy.rate is not None:
            return self.policy.rate
        return Rate.READ if "GET" in (self.methods or ()) else Rate.WRITE

    @property
    def is_done_once(self) -> bool:
        """True when `Idempotency-Key` holds here."""
        policy = self.policy
        return "POST" in (self.methods or ()) and policy.scope_needed is not None and policy.repeats_because is None

    @property
    def is_single(self) -> bool:
        """True for the reading of one resource, whose answer bears an ETag."""
        return "GET" in (self.methods or ()) and self.path.endswith("}/")

    def matches(self, scope: AsgiScope) -> tuple[Match, AsgiScope]:
        """Tell whether the request is this route's; `connections/oauth/` is never the connection called `oauth`."""
        path = scope["path"]
        if path != self.path and path in scope["app"].state.fixed_paths:  # and no pattern is tried before its turn
            return Match.NONE, {}
        return super().matches(scope)

    async def handle(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Answer the request; a 405 names what every route of this path takes."""
        if scope["method"] not in (self.methods or ()):
            routes = [route for route in scope["app"].routes if isinstance(route, Route)]
            taken = {m for route in routes if route.matches(scope)[0] is not Match.NONE for m in route.methods or ()}
            raise HTTPException(405, headers={"Allow": ", ".join(sorted(taken))})
        await super().handle(scope, receive, send)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = _telling_known_fields(self._handler(), _body_names(self.body_field))
        scope, rate = self.policy.scope_needed, self.rate
        is_done_once, is_single = self.is_done_once, self.is_single
        known = frozenset(_query_names(self.dependant))
        takes_json, takes_any_query = self.body_field is not None, self.takes_any_query

        async def checked(given: Request) -> Response:
            request = ExactRequest(given.scope, given.receive)
            await _admit(request, scope, rate)
            if request.scope["query_string"] and not takes_any_query:
                _refuse_unknown(request, known)
            if takes_json:
                _refuse_other_types(request)
            if is_done_once and replay.HEADER in request.headers:
                return await replay.answer_once(request, handle)
            response = await handle(request)
            return tagged(request, response) if is_single else response

        return checked

    def _handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle, documented = super().get_route_handler(), self.dependant
        quick_dependant = with_models_read(documented)
        if quick_dependant is None:
            return handle
        self.dependant = quick_dependant
        quick = super().get_route_handler()
        self.dependant = documented

        async def handle_quickly(request: Request) -> Response:
            try:
                return await quick(request)
            except RequestValidationError:
                return await handle(request)  # names all faults together

        return handle_quickly


class RoutePolicy(NamedTuple):
    """A line of the policy table."""

    method: str
    path: str
    policy: Policy
    rate: Rate | None
    is_done_once: bool
    is_documented: bool


def policy_table(app: FastAPI) -> list[RoutePolicy]:
    """Return who may call what, one line for each method of each route. Raises TypeError for a route without policy."""
    if careless := routes_without_policy(app):
        raise TypeError(f"routes without a policy: {careless}")
    return [
        RoutePolicy(method, route.path_format, route.policy, route.rate, route.is_done_once, route.include_in_schema)
        for route in (context.original_route for context in iter_route_contexts(app.routes))
        if isinstance(route, Route)
        for method in sorted(route.methods or ())
    ]


def fixed_paths(app: FastAPI) -> frozenset[str]:
    """Return the paths without parameters: each is one resource, whatever pattern it fits too."""
    return frozenset(line.path for line in policy_table(app) if "{" not in line.path)


def routes_without_policy(app: FastAPI) -> list[str]:
    """Return the paths of routes that were added without saying who may call them; empty in a sound service."""
    contexts = iter_route_contexts(app.routes)
    return [context.path or repr(context.route) for context in contexts if not isinstance(context.route, Route)]


async def _admit(request: Request, scope: Scope | None, rate: Rate | None) -> None:
    if scope is None:
        if rate is not None:
            _spend(request, rate, _address(request))
        return
    try:
        principal: Principal = await request.app.state.authenticator.authenticate(
            request.headers.get("authorization"), request.headers.get(OWNER_HEADER)
        )
    except (NotAuthenticated, InvalidToken):
        _spend(request, Rate.REFUSED, _address(request))
        raise
    structlog.contextvars.bind_contextvars(owner_id=str(principal.id))
    if not principal.may(scope):
        raise InsufficientScope(scope)
    request.state.principal = principal
    if rate is not None:
        _spend(request, rate, f"{principal.id} {principal.actor}")


def _spend(request: Request, rate: Rate, caller: str) -> None:
    limiter: RateLimiter = request.app.state.limiter
    allowance = limiter.spend(rate, caller)
    if allowance is None:
        return
    request.state.answer_headers = allowance.headers
    if allowance.is_spent:
        retry_at = utc_now() + timedelta(seconds=allowance.reset_seconds)
        raise TooManyRequests(f"The limit is {allowance.limit} requests a minute.", action="retry", retry_at=retry_at)


def _address(request: Request) -> str:
    return network_of(client_address(request, request.app.state.settings.service.trusted_proxies))


def _query_names(dependant: Dependant) -> Iterator[str]:
    for field in dependant.query_params:
        annotation = field.field_info.annotation
        if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
            yield from (inner.alias or name for name, inner in annotation.model_fields.items())
        else:
            yield field.alias
    for inner_dependant in dependant.dependencies:
        yield from _query_names(inner_dependant)


def _body_names(body: ModelField | None) -> list[str]:
    annotation = None if body is None else body.field_info.annotation
    members = (annotation, *get_args(annotation))
    models = [each for each in members if inspect.isclass(each) and issubclass(each, BaseModel)]
    return sorted({inner.alias or name for model in models for name, inner in model.model_fields.items()})


def _telling_known_fields(
    handle: Callable[[Request], Coroutine[Any, Any, Response]], known: list[str]
) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    """Have the fault of a field that is not known name those that are: the validator itself does not say."""

    async def telling(request: Request) -> Response:
        try:
            return await handle(request)
        except RequestValidationError as refusal:
            for fault in refusal.errors():
                if fault["type"] == "extra_forbidden" and len(fault["loc"]) == 2 and fault["loc"][0] == "body":
                    fault["ctx"] = {"known": ", ".join(known)}
            raise

    return telling if known else handle


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
