"""The persons and the service of the tests of connections."""

from tests.connections.conftest import person, settings

__all__ = ["person", "settings"]
