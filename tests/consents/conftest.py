"""The persons and the service of the tests of connections."""

from tests.connections.conftest import everything_stored, logged, person, settings

__all__ = ["everything_stored", "logged", "person", "settings"]
