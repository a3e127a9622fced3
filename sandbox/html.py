"""The pages a person sees, from the templates in sandbox/pages; nothing in them comes from elsewhere."""

import html
from functools import cache
from pathlib import Path
from string import Template

from fastapi import Response

_PAGES = Path(__file__).parent / "pages"
_POLICY = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:"


@cache
def _template(name: str) -> Template:
    return Template((_PAGES / name).read_text(encoding="utf-8"))


def page(name: str, *, status: int = 200, **values: str) -> Response:
    """The page with its `$values` filled in, escaped; `*_html` ones are taken as they are."""
    filled = {key: value if key.endswith("_html") else html.escape(value) for key, value in values.items()}
    headers = {"content-security-policy": _POLICY, "referrer-policy": "no-referrer", "cache-control": "no-store"}
    return Response(_template(name).substitute(filled), status, headers, media_type="text/html; charset=utf-8")


@cache
def asset(name: str) -> Response:
    """A script or style sheet of the pages."""
    kind = "text/javascript" if name.endswith(".js") else "text/css"
    text = (_PAGES / name).read_text(encoding="utf-8")
    return Response(text, headers={"cache-control": "no-cache"}, media_type=f"{kind}; charset=utf-8")
