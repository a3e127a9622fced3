"""What the tests of visits to the bank share."""

from app.connections.models import BankConnection
from app.database import transaction
from app.resources import Resources
from tests.stand_in import StandIn


async def patches(stand_in: StandIn) -> int:
    """How often Pluggy was asked to visit a bank."""
    counts = await stand_in.control("GET", "/requests/counts")
    return sum(int(count["total"]) for name, count in counts.items() if name.startswith("PATCH /items/"))


async def stored(resources: Resources, connection: BankConnection) -> BankConnection:
    """The connection as it stands in the database."""
    async with transaction(resources.sessions, connection.owner_id) as session:
        return await session.get_one(BankConnection, (connection.owner_id, connection.id))
