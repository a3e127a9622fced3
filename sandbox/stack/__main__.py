"""`python -m sandbox.stack run`, `demo`, `token` or `banking`: what the Makefile's targets of these names do."""

import argparse
import asyncio
import signal
import sys

from sandbox.stack.api import Api, Json, service_of
from sandbox.stack.banking import run_banking
from sandbox.stack.children import StackError
from sandbox.stack.config import Config
from sandbox.stack.demo import fill_ledger, show_addresses, show_ledger
from sandbox.stack.files import write_private
from sandbox.stack.issuer import TokenIssuer
from sandbox.stack.local import LocalStack
from sandbox.stack.verify import verify


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.stack", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="start everything, show a synced ledger, serve until Ctrl-C")
    commands.add_parser("demo", help="the same, then compare the ledger with the stand-in's, and stop")
    token = commands.add_parser("token", help="print a bearer token of the running stack")
    token.add_argument("--owner", default="demo")
    banking = commands.add_parser("banking", help="an operators' command, on the running stack or without one")
    banking.add_argument("words", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    try:
        config = Config.read()
        if arguments.command == "token":
            config.running()
            print(TokenIssuer(config.key_file).token(arguments.owner))
            return 0
        if arguments.command == "banking":
            return asyncio.run(run_banking(config, arguments.words))
        return asyncio.run(_serve(config, is_demo=arguments.command == "demo"))
    except StackError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except asyncio.CancelledError:  # a second Ctrl-C: the children end with us
        return 130


async def _serve(config: Config, *, is_demo: bool) -> int:
    """Run the stack until the demo is over or somebody ends us; both leave nothing running."""
    _end_on_signals()
    stack = LocalStack(config, _say)
    try:
        _say(f"CaixaHub Banking, local stack; data and logs in {config.data_dir}\n")
        await stack.start()
        if is_demo:
            return await _demo(stack)
        await _run(stack)
    except asyncio.CancelledError:
        _say("\nStopping.")
    finally:
        await stack.stop()
    return 0


async def _run(stack: LocalStack) -> None:
    async with service_of(stack.facts) as service:
        try:
            connections = await _show(stack, service)
        except StackError as error:
            connections = []
            _say(f"\n{error}\nThe stack goes on serving; logs are in {stack.config.data_dir}/logs.")
    _show_addresses(stack, connections)
    _say("\nServing until Ctrl-C.")
    await asyncio.Event().wait()


async def _demo(stack: LocalStack) -> int:
    if not stack.config.uses_stand_in:
        raise StackError("`make demo` compares with the stand-in; unset PLUGGY_CLIENT_ID, or use `make run`.")
    async with service_of(stack.facts) as service:
        connections = await _show(stack, service)
        _show_addresses(stack, connections)
        return await verify(service, stack.facts["sandbox_url"], connections, _say)


async def _show(stack: LocalStack, service: Api) -> list[Json]:
    if not stack.config.uses_stand_in:
        answer = await service.call("POST", "connections/create_connect_token/", {})
        _say(f"\nConnect a bank in your browser (the link lasts 30 minutes):\n  connect_url {answer['connect_url']}")
        return await service.all_rows("connections/")
    _say(f"\nA sandbox bank for the owner {stack.facts['owner']}")
    connections = await fill_ledger(service, stack.facts["sandbox_url"], _say)
    await show_ledger(service, _say)
    return connections


def _show_addresses(stack: LocalStack, connections: list[Json]) -> None:
    bearer_file = stack.config.data_dir / "bearer-header"
    write_private(bearer_file, f"Authorization: Bearer {stack.facts['token']}\n")
    show_addresses(stack.facts, bearer_file, connections, _say)


def _end_on_signals() -> None:
    """Ctrl-C, a closed terminal and a plain kill all end the stack in order."""
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - we are in one
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
