"""The persons and the service of the tests of connections."""

from tests.connections.conftest import given_settings, person

__all__ = ["given_settings", "person"]
