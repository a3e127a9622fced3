"""The operators' commands beside the local stack, with the settings that only its own processes have."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence

from sandbox.stack.config import ROOT, Config, NoStackError
from sandbox.stack.local import LocalStack


async def run_banking(config: Config, words: Sequence[str]) -> int:
    """Run `banking` with these words; its exit code.

    Without a running stack, all but API and worker is started for as long as the command takes: it finds what they did.
    """
    try:
        config.running()
    except NoStackError:
        return await _run_alone(config, words)
    return await _run(json.loads(config.environment_file.read_text()), words)


async def _run_alone(config: Config, words: Sequence[str]) -> int:
    print("No stack runs: starting its servers for this command. API and worker stay off.", file=sys.stderr)
    stack = LocalStack(config, lambda _: None)
    try:
        await stack.start_without_service()
        return await _run(stack.environment, words)
    finally:
        await stack.stop()


async def _run(environment: Mapping[str, str], words: Sequence[str]) -> int:
    command = [sys.executable, "-m", "app.cli", *words]
    return (await asyncio.to_thread(subprocess.run, command, cwd=ROOT, env=dict(environment), check=False)).returncode
