"""HTTP of exports."""

from typing import Annotated, Any

from fastapi import Query, Request, Response

from app.audit.service import record_act
from app.clock import local_day, utc_now
from app.dependencies import OwnerDep, ResourcesDep, SessionDep
from app.exports import service
from app.exports.download import Download, Slots
from app.exports.schemas import ExportRequest
from app.rates import Rate
from app.routing import make_router, requires

router = make_router("transactions")

_EXAMPLES = {
    "text/csv": "\ufeffData;Instituição;Conta;Descrição;…\r\n04/03/2026;Banco do Teste;Conta Corrente;PADARIA;…\r\n",
    "application/x-ofx": "OFXHEADER:100\r\nDATA:OFXSGML\r\nVERSION:102\r\n…",
    "application/jsonl": '{"id":"01990a61-22c8-7d05-b1a4-6f0e7c9d3b12","date":"2026-03-04","amount":"-123.90",…}\n',
}
_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file, as an attachment. One that ends without its last chunk is not whole: ask again.",
        "content": {name: {"schema": {"type": "string"}, "example": text} for name, text in _EXAMPLES.items()},
        "headers": {
            "Content-Disposition": {
                "description": "The name of the file.",
                "schema": {"type": "string", "examples": ['attachment; filename="transactions-2026-03-04.csv"']},
            }
        },
    }
}


@router.get(
    "/transactions/export/",
    dependencies=[requires("transactions:read", rate=Rate.COSTLY)],
    summary="Export transactions",
    response_class=Download,
    status_code=200,  # FastAPI can't read it off Download
    responses=_ANSWER,
)
async def export_transactions(
    owner: OwnerDep,
    session: SessionDep,
    resources: ResourcesDep,
    request: Request,
    asked: Annotated[ExportRequest, Query()],
) -> Response:
    """Return a file with the rows that the list shows under the same filter, all as they were at one moment.

    Amounts are exact in each format. In CSV a text that a spreadsheet program would take for a formula begins with an
    apostrophe. OFX has a statement for each account and currency, `FITID` is our id of the row and stays; add
    `status=POSTED` for programs that never correct a row they have taken in. JSON Lines holds the rows as the list
    has them. Without any row a file is still a file of its kind.
    """
    now, kind = utc_now(), service.FILE_KINDS[asked.format]
    await record_act(session, "transactions.exported", actor=owner.actor, owner_id=owner.id)
    parts = service.export(resources.sessions, owner.id, asked, now=now, slots=_slots(request))
    return Download(
        await anext(parts),
        parts,
        media_type=kind.media_type,
        file_name=f"transactions-{local_day(now):%Y-%m-%d}.{kind.suffix}",
    )


def _slots(request: Request) -> Slots:
    """Return the process's slots, made at its first export."""
    state = request.app.state
    slots: Slots | None = getattr(state, "export_slots", None)
    if slots is None:
        slots = state.export_slots = Slots()
    return slots
