"""The API's description (OpenAPI 3.1) and its pages, served without anything from elsewhere.

`python -m app.openapi > docs/openapi.json` writes the description down; it needs no settings.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
from fastapi import FastAPI, Request
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel
from starlette.responses import FileResponse, Response

from app import http_errors
from app.errors import AppError
from app.etags import WITH_ETAG
from app.http import DOCS_ASSETS_PATH, DOCS_PATH, OPENAPI_PATH
from app.http_errors import NotFound
from app.idempotency import replay
from app.idempotency.errors import IdempotencyKeyReused, RequestInFlight
from app.owners import errors as caller_errors
from app.owners.principal import SCOPE_MEANINGS
from app.problems import MEDIA_TYPE, Problem, problem_responses
from app.routing import Route, make_router, public
from app.schemas import ApiModel, Input
from app.settings import (
    AuthSettings,
    DatabaseSettings,
    PluggySettings,
    RetentionSettings,
    ServiceSettings,
    Settings,
    SyncSettings,
)

TITLE: Final = "CaixaHub Banking"
VERSION: Final = "1.0.0"
SUMMARY: Final = "Bank accounts through Open Finance, as an exact ledger."
DESCRIPTION: Final = """
Connects Brazilian bank accounts through Pluggy, keeps an exact copy of their accounts and transactions, and serves it.

**Paths** end in `/`; without it they work too. **Money** is a decimal string, negative is money out. **Days** are
`YYYY-MM-DD` in the bank's time zone, **instants** RFC 3339 in UTC. **Enums** may gain values: accept unknown ones.

**Lists** answer `{"results": [...], "next_cursor": "..."}`. Send `next_cursor` back as `cursor`, with the same filter,
until it is null.

**Errors** are `application/problem+json` (RFC 9457). Decide by `code`, show `user_message` (pt-BR, or English by
`Accept-Language`), quote `request_id` when you ask for help.
""".strip()
TAGS: Final = [
    {"name": "connectors", "description": "Banks and what they need to connect."},
    {"name": "connections", "description": "Bank logins and consents: connect, repair, delete."},
    {"name": "sync", "description": "Reading the bank's data into the ledger, run by run."},
    {"name": "accounts", "description": "Accounts and cards with their balances and bills."},
    {"name": "investments", "description": "Positions."},
    {"name": "loans", "description": "Credit contracts."},
    {"name": "transactions", "description": "The ledger."},
    {"name": "transfers", "description": "Pairs of transactions that belong together, with what speaks for it."},
    {"name": "counterparties", "description": "Whom the caller pays, and is paid by."},
    {"name": "insights", "description": "What the ledger means: sums, each with the rows behind it."},
    {"name": "categories", "description": "The tree that transactions are sorted into."},
    {"name": "category rules", "description": "What an owner decides about transactions to come."},
    {"name": "events", "description": "What happened, in order."},
    {"name": "webhook endpoints", "description": "Events sent to integrators, signed, and tried again."},
    {"name": "api keys", "description": "Keys for integrators."},
    {"name": "webhooks", "description": "What Pluggy tells us."},
    {"name": "health", "description": "Probes."},
]

_STATIC: Final = Path(__file__).parent / "static"
_ASSETS: Final = {
    path.name: path
    for path in (
        _STATIC / "docs.js",
        _STATIC / "swagger-ui" / "swagger-ui.css",
        _STATIC / "swagger-ui" / "swagger-ui-bundle.js",
        _STATIC / "swagger-ui" / "favicon-32x32.png",
    )
}
_PAGE_POLICY: Final = {
    # Swagger UI styles its elements inline
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}
_IDEMPOTENCY_KEY: Final = {
    "name": replay.HEADER,
    "in": "header",
    "required": False,
    "description": "A fresh random text for each thing to do. For 24 hours the same request with the same key is done "
    f"once: the first success is answered again, with `{replay.REPLAYED}: true`.",
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": 255,
        "examples": ["5b1f6a3e-8c1d-4a70-9f42-0d6c7be1f6a9"],
    },
}
_DOCS: Final = public("the description of the API is no secret")
_SCHEME: Final = "bearer"

router = make_router("docs", prefix="")


@router.get(OPENAPI_PATH, dependencies=[_DOCS], include_in_schema=False)
async def get_openapi_document(request: Request) -> Response:
    """Return the OpenAPI document."""
    return Response(msgspec.json.encode(request.app.openapi()), media_type="application/json")


@router.get(DOCS_PATH, dependencies=[_DOCS], include_in_schema=False)
async def get_docs_page() -> Response:
    """Return the page that shows the OpenAPI document."""
    return FileResponse(_STATIC / "docs.html", headers=_PAGE_POLICY)


@router.get(DOCS_ASSETS_PATH + "{name}", dependencies=[_DOCS], include_in_schema=False)
async def get_docs_asset(name: str) -> Response:
    """Return a file of that page."""
    if name not in _ASSETS:
        raise NotFound("There is no such file.")
    return FileResponse(_ASSETS[name], headers={"Cache-Control": "public, max-age=86400"})


class Api(FastAPI):
    """FastAPI whose document also says what holds for every operation: who may call it, and what refuses it."""

    def openapi(self) -> dict[str, Any]:
        document = super().openapi()
        if "securitySchemes" not in document.setdefault("components", {}):
            _complete(document, self)
        return document


def _complete(document: dict[str, Any], app: FastAPI) -> None:
    components = document["components"]
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):  # FastAPI's own form of a 422, which we never answer
        schemas.pop(name, None)
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs"), Problem=problem)
    _give_back_nulls(schemas)
    components["schemas"] = dict(sorted(schemas.items()))
    scopes = "\n".join(f"- `{scope}`: {meaning}" for scope, meaning in SCOPE_MEANINGS.items())
    components["securitySchemes"] = {
        _SCHEME: {
            "type": "http",
            "scheme": "bearer",
            "description": "A token of the identity provider (without `scope` it has all but `pii:read`), or an API "
            f"key (`bk_…`). A key for all owners names one in the header `Banking-Owner`.\n\n{scopes}",
        }
    }
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if isinstance(route, Route) and route.include_in_schema:
            for method in route.methods or ():
                _complete_operation(document["paths"][context.path_format][method.lower()], route)


def _give_back_nulls(schemas: dict[str, Any]) -> None:
    """Show the examples as their models have them: FastAPI drops what is null, which is then required and missing."""
    for model in (*_heirs(ApiModel), *_heirs(Input)):
        extra = model.model_config.get("json_schema_extra")
        if model.__name__ in schemas and isinstance(extra, dict) and "examples" in extra:
            schemas[model.__name__]["examples"] = extra["examples"]


def _heirs(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for heir in model.__subclasses__():
        yield heir
        yield from _heirs(heir)


def _complete_operation(operation: dict[str, Any], route: Route) -> None:
    refusals: list[type[AppError]] = [http_errors.InvalidRequest]
    if route.rate is not None:
        refusals.append(http_errors.TooManyRequests)
    if route.policy.scope_needed is not None:
        operation["security"] = [{_SCHEME: [route.policy.scope_needed]}]
        refusals += [
            caller_errors.NotAuthenticated,
            caller_errors.InvalidToken,
            caller_errors.InsufficientScope,
            caller_errors.IdentityProviderUnavailable,
            http_errors.ServiceUnavailable,
        ]
    _describe_repeats(operation, route, refusals)
    if "requestBody" in operation:
        refusals += [http_errors.MalformedRequest, http_errors.PayloadTooLarge, http_errors.UnsupportedMediaType]
    own = dict(operation["responses"])
    for status, given in route.responses.items():
        if MEDIA_TYPE in given.get("content", {}):  # with the nulls of its examples, which FastAPI drops
            own[str(status)] = {**own[str(status)], "content": {**own[str(status)]["content"], **given["content"]}}
    if route.is_single:
        own["200"] = {**own["200"], **WITH_ETAG[200]}
    if 422 not in route.responses:
        own.pop("422", None)  # FastAPI's own
    for status, response in problem_responses(*refusals).items():
        own[str(status)] = _joined(response, own.get(str(status)))
    operation["responses"] = dict(sorted(own.items()))


def _describe_repeats(operation: dict[str, Any], route: Route, refusals: list[type[AppError]]) -> None:
    if route.is_done_once:
        operation.setdefault("parameters", []).append(_IDEMPOTENCY_KEY)
        refusals += [RequestInFlight, IdempotencyKeyReused]
    elif route.policy.repeats_because is not None:
        operation["description"] += f"\n\n`Idempotency-Key` is not honoured here: {route.policy.repeats_because}."


def _joined(common: dict[str, Any], own: dict[str, Any] | None) -> dict[str, Any]:
    if own is None:
        return common
    if MEDIA_TYPE not in own.get("content", {}):  # such as the 503 of a probe
        return {**own, "content": {**own.get("content", {}), **common["content"]}}
    examples = {**common["content"][MEDIA_TYPE]["examples"], **own["content"][MEDIA_TYPE]["examples"]}
    content = {**common["content"][MEDIA_TYPE], "examples": examples}
    return {"description": f"{own['description']} {common['description']}", "content": {MEDIA_TYPE: content}}


def document_text(app: FastAPI) -> str:
    """Return the document as it stands in `docs/openapi.json`: sorted, so that a difference shows what has changed."""
    return json.dumps(app.openapi(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _print_document() -> None:
    from app.main import create_app  # it imports this module

    groups: dict[str, type[BaseModel]] = {
        "service": ServiceSettings,
        "database": DatabaseSettings,
        "pluggy": PluggySettings,
        "auth": AuthSettings,
        "sync": SyncSettings,
        "retention": RetentionSettings,
    }
    unread: Any = {name: group.model_construct() for name, group in groups.items()}
    sys.stdout.write(document_text(create_app(Settings(**unread))))


if __name__ == "__main__":
    _print_document()
