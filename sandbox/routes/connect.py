"""The Connect page: plays the widget's part with a connect token, so that an application can be built offline."""

from fastapi import APIRouter, Response

from sandbox.html import asset, page

router = APIRouter(include_in_schema=False)


@router.get("/connect")
async def show_connect() -> Response:
    """Everything happens in the browser, through the same API and token as the real widget's."""
    return page("connect.html")


@router.get("/connect/style.css")
async def get_style() -> Response:
    return asset("style.css")


@router.get("/connect/connect.js")
async def get_script() -> Response:
    return asset("connect.js")


@router.get("/")
async def show_front() -> Response:
    """A word for whoever opens the stand-in in a browser."""
    return page("front.html")
