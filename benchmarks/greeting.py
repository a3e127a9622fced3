"""The service with one more route that does nothing: what a request costs at least. For uvicorn's `--factory`."""

from fastapi import FastAPI, Response

from app.main import create_app
from app.routing import make_router, public

router = make_router("benchmark")


@router.get("/hello/", dependencies=[public("a benchmark", rate=None)])
async def say_hello() -> Response:
    """Say hello."""
    return Response(b"hello", media_type="text/plain")


def create() -> FastAPI:
    """Return the service."""
    app = create_app()
    app.router.routes.extend(router.routes)
    return app
