"""Whose accounts an item shows, and at which bank."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

from sandbox.ledger import people
from sandbox.ledger.draws import Draws
from sandbox.ledger.people import Party
from sandbox.ledger.profile import Profile


@dataclass(frozen=True)
class Opening:
    """What an item was opened for; `slot` numbers the holder's institutions in the order of their first opening."""

    item_id: str
    profile: Profile
    holder: str
    institution: str
    slot: int
    at: int


@dataclass(frozen=True)
class Customer:
    """A holder at an institution: the same, and with the same movements, under every item that shows them."""

    key: bytes
    holder: str
    institution: str
    slot: int
    profile: Profile
    owner: Party

    @classmethod
    def of(cls, key: bytes, opening: Opening) -> "Customer":
        """The customer behind an item."""
        person = people.holder(key, opening.holder, is_company=opening.profile.is_company)
        owner = people.holder_at(person, opening.slot, key)
        return cls(key, opening.holder, opening.institution, opening.slot, opening.profile, owner)

    @cached_property
    def content(self) -> str:
        """What all of this customer's draws depend on."""
        return f"{self.holder}/{self.institution}/{self.profile.name}"

    @property
    def is_company(self) -> bool:
        """Whether the holder is a company."""
        return self.profile.is_company

    def draws(self, *parts: object) -> Draws:
        """Draws for something of this customer."""
        return Draws(self.key, self.content, *parts)

    def person(self, *parts: str | int) -> Party:
        """Somebody this customer knows, always the same for the same parts."""
        return _known_person(self.key, self.content, parts)

    def company(self, *parts: str | int, name: str | None = None) -> Party:
        """The same for a company, with a name of its own or a drawn one."""
        return _known_company(self.key, self.content, parts, name)


@lru_cache(maxsize=20_000)
def _known_person(key: bytes, content: str, parts: tuple[str | int, ...]) -> Party:
    return people.person(Draws(key, content, *parts))


@lru_cache(maxsize=20_000)
def _known_company(key: bytes, content: str, parts: tuple[str | int, ...], name: str | None) -> Party:
    return people.company(Draws(key, content, *parts), name)
