"""The bank's own page: where a person authorises, refuses, or lets an authorisation expire."""

from typing import Annotated
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from sandbox.html import page
from sandbox.http import WorldDep
from sandbox.lifetime import answer_wait, open_wait
from sandbox.records import Item
from sandbox.world import World

router = APIRouter(include_in_schema=False)
_VERDICTS = {"approve": "ok", "deny": "denied", "expire": "expired"}
_TITLES = {
    "oauth": "Autorizar o compartilhamento",
    "qr": "Confirmar o acesso pelo código QR",
    "device": "Confirmar o acesso no aplicativo",
    "device-pending": "Autorizar este dispositivo",
}
_PRODUCTS = {
    "ACCOUNTS": "Contas e saldos",
    "CREDIT_CARDS": "Cartões de crédito e faturas",
    "TRANSACTIONS": "Transações",
    "PAYMENT_DATA": "Dados dos pagamentos",
    "INVESTMENTS": "Investimentos",
    "INVESTMENTS_TRANSACTIONS": "Movimentações dos investimentos",
    "IDENTITY": "Dados cadastrais",
    "LOANS": "Empréstimos e financiamentos",
}


def _waiting_item(world: World, token: str) -> tuple[Item, str] | None:
    """The item whose present run has that token, and the wait it stands at for somebody at the bank."""
    for item in world.items:
        if token and item.run.token == token and (wait := open_wait(world, item)) in _TITLES:
            return item, str(wait)
    return None


@router.get("/oauth/authorize")
async def show_authorization(world: WorldDep, token: Annotated[str, Query(max_length=100)] = "") -> Response:
    """The consent page; a link that was used, expired or never existed says so."""
    found = _waiting_item(world, token)
    if found is None:
        return _over()
    item, wait = found
    products = "".join(f"<li>{_PRODUCTS[product]}</li>" for product in item.products if product in _PRODUCTS)
    connector = world.connector(item.connector_id)
    expires = ((item.parameter or item.user_action or {}).get("expiresAt") or "")[:19].replace("T", " ")
    return page(
        "consent.html",
        title=_TITLES[wait],
        bank=connector.name,
        color=connector.color,
        products_html=products,
        expires=f"{expires} UTC" if expires else "sem prazo",
        token=token,
    )


@router.post("/oauth/authorize")
async def decide(request: Request, world: WorldDep) -> Response:
    """Take the decision to the item, then send the person to `oauthRedirectUri` with `itemId` added to its query."""
    form = parse_qs((await request.body()).decode("utf-8", "replace"))
    found = _waiting_item(world, form.get("token", [""])[0])
    verdict = _VERDICTS.get(form.get("decision", [""])[0])
    if found is None or verdict is None:
        return _over()
    item, _ = found
    answer_wait(world, item, verdict)
    if item.oauth_redirect_uri and verdict != "expired":
        return RedirectResponse(with_item_id(item.oauth_redirect_uri, item.id), status_code=302)
    return page("done.html", title="Tudo certo" if verdict == "ok" else "Autorização encerrada", text=_text(verdict))


def _text(verdict: str) -> str:
    if verdict == "ok":
        return "A autorização foi concedida. Você já pode fechar esta janela e voltar ao aplicativo."
    return "O acesso não foi concedido. Volte ao aplicativo para tentar de novo."


def _over() -> Response:
    text = "Este pedido não existe, já foi respondido ou expirou. Volte ao aplicativo para começar de novo."
    return page("done.html", status=410, title="Pedido encerrado", text=text)


def with_item_id(uri: str, item_id: str) -> str:
    """`uri` with `itemId` added to whatever its query holds already."""
    parts = urlsplit(uri)
    query = "&".join(filter(None, (parts.query, urlencode({"itemId": item_id}))))
    return urlunsplit(parts._replace(query=query))
