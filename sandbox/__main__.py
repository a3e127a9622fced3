"""python -m sandbox [--port 8100] [--host 127.0.0.1] [--data-dir DIR] [--seed S]: serve the stand-in."""

import argparse
import os
from pathlib import Path

import uvicorn

from sandbox.app import create_app
from sandbox.world import Config


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="A Pluggy on your desk.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8100)
    parser.add_argument("--data-dir", type=Path, help="default: $DATA_DIR/sandbox, else .data/sandbox")
    parser.add_argument(
        "--seed", default=Config.seed, help="which people and banks exist; kept from the first start on"
    )
    parser.add_argument("--base-url", help="how clients reach it, when not by host and port")
    arguments = parser.parse_args()
    config = Config(
        data_dir=arguments.data_dir or Path(os.environ.get("DATA_DIR", ".data")) / "sandbox",
        seed=arguments.seed,
        base_url=arguments.base_url or f"http://{arguments.host}:{arguments.port}",
    )
    print(f"Pluggy stand-in on {config.base_url}, data in {config.data_dir}", flush=True)
    uvicorn.run(
        create_app(config),
        host=arguments.host,
        port=arguments.port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=3,  # faults may hold connections for hours
    )


if __name__ == "__main__":
    main()
