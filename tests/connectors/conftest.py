"""The persons and the service of the tests of connections."""

from tests.connections.conftest import fresh_catalogue, logged, person, settings

__all__ = ["fresh_catalogue", "logged", "person", "settings"]
