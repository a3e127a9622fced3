"""What the banks know, and what an observer of the API should know by now."""

from sandbox.ledger.changes import AccountChanges, Collected, Edited
from sandbox.ledger.ledger import Ledger
from sandbox.ledger.profile import Profile

__all__ = ["AccountChanges", "Collected", "Edited", "Ledger", "Profile"]
