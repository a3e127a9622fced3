"""`banking`, the operators' commands: what they do to the service is audited, what they print holds no secret."""

import argparse
import asyncio
import getpass
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final
from uuid import UUID

from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from app.database import API_STATEMENT_MS
from app.errors import AppError
from app.jobs import Kind
from app.logs import configure_logs
from app.operations import api_key, connections, doctor, inbox, keys, work
from app.operations.report import Report
from app.pluggy.errors import PluggyError
from app.pluggy.limits import Lane
from app.resources import Resources, open_resources
from app.settings import Settings, SettingsError, load_settings
from app.webhooks.models import EventStatus

Command = Callable[[Resources, argparse.Namespace], Awaitable[Report]]

_NOT_WELL: Final = 1
_NOT_DONE: Final = 2


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command. Exit code 0 when all is well, 1 when the command found something wrong, 2 when it failed."""
    given = make_parser().parse_args(arguments)
    try:
        settings = load_settings()
    except SettingsError as error:
        sys.exit(str(error))
    configure_logs(settings.service.model_copy(update={"log_level": "ERROR"}), stream=sys.stderr)
    sys.exit(asyncio.run(run(settings, given)))


async def run(settings: Settings, given: argparse.Namespace) -> int:
    """Carry out a parsed command, print what it tells and return the exit code."""
    command: Command = given.command
    try:
        async with open_resources(settings, statement_ms=API_STATEMENT_MS, lane=Lane.USER) as resources:
            report = await command(resources, given)
    except AppError as refusal:
        print(refusal.detail, file=sys.stderr)
        return _NOT_DONE
    except PluggyError as error:
        print(f"Pluggy: {error}", file=sys.stderr)
        return _NOT_DONE
    except (SQLAlchemyError, RedisError, OSError) as error:
        print(f"{type(error).__name__}: run `banking doctor` for the cause.", file=sys.stderr)
        return _NOT_DONE
    print("\n".join(report.lines))
    return 0 if report.is_well else _NOT_WELL


def make_parser() -> argparse.ArgumentParser:
    """Return the grammar of the commands; `command` of what it parses is the function to call."""
    parser = argparse.ArgumentParser(prog="banking", description="Operate a CaixaHub Banking service.")
    areas = parser.add_subparsers(required=True, metavar="AREA")
    examine = areas.add_parser("doctor", help="find what keeps data from flowing, with remedies")
    examine.add_argument("--connection", type=UUID, metavar="ID", help="look at one connection too")
    examine.set_defaults(command=lambda resources, given: doctor.examine(resources, given.connection))
    _add_webhooks(areas)
    _add_connections(areas)
    _add_work(areas)
    _add_secrets(areas)
    return parser


def _area(areas: Any, name: str, text: str) -> Any:
    return areas.add_parser(name, help=text).add_subparsers(required=True, metavar="COMMAND")


def _command(area: Any, name: str, text: str, command: Command) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = area.add_parser(name, help=text, description=text)
    parser.set_defaults(command=command)
    return parser


def _add_webhooks(areas: Any) -> None:
    area = _area(areas, "webhooks", "Pluggy's events: the inbox and the webhook that fills it")
    listed = _command(
        area,
        "list",
        "show the last events",
        lambda resources, given: inbox.list_events(
            resources, status=given.status, item_id=given.item, limit=given.limit
        ),
    )
    listed.add_argument("--status", choices=[status.value for status in EventStatus])
    listed.add_argument("--item", type=UUID, metavar="ITEM_ID")
    listed.add_argument("--limit", type=int, default=20)
    one = _command(area, "show", "show one event", lambda resources, given: inbox.show_event(resources, given.id))
    one.add_argument("id", type=UUID)
    again = _command(
        area,
        "replay",
        "let events have their effect once more",
        lambda resources, given: inbox.replay(resources, given.ids, actor=operator()),
    )
    again.add_argument("ids", type=UUID, nargs="+", metavar="ID")
    _command(area, "rejected", "show what was turned away", lambda resources, _: inbox.list_rejections(resources))
    _command(
        area,
        "register",
        "make or repair the webhook at Pluggy",
        lambda resources, _: inbox.register(resources, actor=operator()),
    )
    _command(
        area,
        "rotate-secret",
        "have Pluggy send PLUGGY_WEBHOOK_SECRET_NEXT",
        lambda resources, _: inbox.rotate_secret(resources, actor=operator()),
    )


def _add_connections(areas: Any) -> None:
    area = _area(areas, "connections", "all connections, or one by its id or its item's")
    _command(area, "list", "show the newest ones", lambda resources, _: connections.list_newest(resources))
    shown = _command(area, "show", "show how it stands", lambda resources, given: connections.show(resources, given.id))
    shown.add_argument("id", type=UUID)
    synced = _command(
        area,
        "sync",
        "read it now; the bank is not visited",
        lambda resources, given: connections.request_sync(resources, given.id, actor=operator()),
    )
    synced.add_argument("id", type=UUID)
    adopted = _command(
        area,
        "adopt",
        "take in an item that is older than this service",
        lambda resources, given: connections.adopt(resources, given.item, given.owner, actor=operator()),
    )
    adopted.add_argument("item", type=UUID, metavar="ITEM_ID")
    adopted.add_argument("--owner", type=UUID, required=True, metavar="OWNER_ID")


def _add_secrets(areas: Any) -> None:
    cache = _area(areas, "cache", "what Redis holds")
    _command(
        cache,
        "clear-api-key",
        "forget the cached API key of Pluggy",
        lambda resources, _: api_key.clear(resources, actor=operator()),
    )
    sealed = _area(areas, "keys", "what is encrypted")
    _command(
        sealed,
        "reseal",
        "seal everything under the first of ENCRYPTION_KEYS",
        lambda resources, _: keys.reseal(resources, actor=operator()),
    )


def _add_work(areas: Any) -> None:
    owed = _area(areas, "work", "owed work")
    listed = _command(
        owed,
        "list",
        "show what is owed and what is dead",
        lambda resources, given: work.list_work(resources, limit=given.limit),
    )
    listed.add_argument("--limit", type=int, default=50)
    again = _command(
        owed,
        "redrive",
        "try dead work again: one piece, a kind, or all",
        lambda resources, given: work.redrive(resources, given.kind, given.ref, actor=operator()),
    )
    again.add_argument("kind", type=Kind, nargs="?", choices=list(Kind))
    again.add_argument("ref", type=UUID, nargs="?", metavar="REF")
    _command(
        owed,
        "reconcile",
        "read every connection once, after a restored backup",
        lambda resources, _: work.reconcile(resources, actor=operator()),
    )


def operator() -> str:
    """Return who acts, for the audit trail: the person behind sudo before the account."""
    return f"operator:{os.environ.get('SUDO_USER') or getpass.getuser()}"


if __name__ == "__main__":
    main()
