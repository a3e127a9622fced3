"""The persons and the service of the tests of connections."""

from tests.connections.conftest import everything_stored, given_settings, logged, person

__all__ = ["everything_stored", "given_settings", "logged", "person"]
