"""A stand-in behind a real server on a free port, in a thread of its own."""

from contextlib import AbstractContextManager

from sandbox.app import create_app
from sandbox.world import Config
from tests.serving import serving as serving_app


def serving(seed: str) -> AbstractContextManager[str]:
    """Its address; stopped when the block ends."""
    return serving_app(create_app(Config(seed=seed)))
