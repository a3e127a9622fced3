"""The persons and the service of the tests of connections."""

from tests.connections.conftest import logged, person, settings

__all__ = ["logged", "person", "settings"]
