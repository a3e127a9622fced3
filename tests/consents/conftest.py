"""The persons and the service of the tests of connections."""

from tests.connections.conftest import everything_stored, logged, person, settings, stranger

__all__ = ["everything_stored", "logged", "person", "settings", "stranger"]
