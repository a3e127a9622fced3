"""The page a person sees who comes back from the bank without an app to go to."""

import base64
import hashlib
from enum import Enum
from html import escape
from pathlib import Path
from string import Template
from typing import Final, NamedTuple

from starlette.responses import Response

_HERE: Final = Path(__file__).parent
_STYLE: Final = (_HERE / "landing.css").read_text(encoding="utf-8")
_TEMPLATE: Final = Template((_HERE / "landing.html").read_text(encoding="utf-8"))
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS: Final = {
    # the page is whole: one style by its hash, an empty icon, nothing loaded, sent or framed
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Vary": "Accept-Language",
}
_TICK: Final = "M14 25l7 7 13-15"
_CROSS: Final = "M16 16l16 16M32 16l-16 16"


class Message(Enum):
    """What the page says."""

    RECEIVED = "received"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class _Text(NamedTuple):
    title: str
    text: str


_TEXTS: Final = {
    (Message.RECEIVED, "pt-BR"): _Text(
        "Autorização recebida!",
        "Você já pode fechar esta página e voltar ao aplicativo. A conexão com o banco continua sozinha.",
    ),
    (Message.RECEIVED, "en"): _Text(
        "Authorisation received!",
        "You can close this page and go back to the app. The connection to the bank goes on by itself.",
    ),
    (Message.REFUSED, "pt-BR"): _Text(
        "A autorização não foi concluída",
        "Nada foi compartilhado. Você pode fechar esta página, voltar ao aplicativo e tentar de novo.",
    ),
    (Message.REFUSED, "en"): _Text(
        "The authorisation was not completed",
        "Nothing was shared. You can close this page, go back to the app and try again.",
    ),
    (Message.UNKNOWN, "pt-BR"): _Text(
        "Este endereço não é válido",
        "Volte ao aplicativo e comece a conexão com o banco de novo.",
    ),
    (Message.UNKNOWN, "en"): _Text(
        "This address is not valid",
        "Go back to the app and start the connection to the bank again.",
    ),
}


def page(message: Message, language: str) -> Response:
    """Return the page in `pt-BR` or `en`; a 400 when the address means nothing to us."""
    told = _TEXTS[message, language]
    body = _TEMPLATE.substitute(
        lang=language,
        title=escape(told.title),
        text=escape(told.text),
        sign=_TICK if message is Message.RECEIVED else _CROSS,
        style=_STYLE,
    )
    status = 400 if message is Message.UNKNOWN else 200
    headers = {**_HEADERS, "Content-Language": language}
    return Response(body, status, headers, media_type="text/html; charset=utf-8")
