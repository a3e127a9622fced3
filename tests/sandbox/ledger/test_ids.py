"""Ids that carry their address: they read back, look random, and can't be made up."""

import uuid

from sandbox.ledger.draws import Draws, seed_key
from sandbox.ledger.ids import Address, Ids, Kind

KEY = seed_key("one")


def test_an_id_reads_back_as_the_address_it_was_made_of() -> None:
    ids = Ids(KEY)
    addresses = [
        Address(Kind.TRANSACTION, ids.item_tag("item-1"), 3, 314, 41),
        Address(Kind.RELEASE, (1 << 40) - 1, 15, 2895, (1 << 20) - 1),
        Address(Kind.ACCOUNT, 0, 0, -1200, 0),
    ]

    read = [ids.decode(ids.encode(*address)) for address in addresses]

    assert read == addresses


def test_an_id_is_a_random_looking_uuid_in_any_case() -> None:
    ids = Ids(KEY)

    made = ids.encode(Kind.TRANSACTION, 7, 1, 300, 2)

    assert uuid.UUID(made).version == 4
    assert uuid.UUID(made).variant == uuid.RFC_4122
    assert ids.decode(made.upper()) == Address(Kind.TRANSACTION, 7, 1, 300, 2)


def test_ids_of_another_seed_and_made_up_ones_are_unknown() -> None:
    ids = Ids(KEY)
    foreign = Ids(seed_key("two")).encode(Kind.TRANSACTION, 7, 1, 300, 2)
    own = ids.encode(Kind.TRANSACTION, 7, 1, 300, 2)
    flipped = own[:-1] + ("0" if own[-1] != "0" else "1")

    assert ids.decode(foreign) is None
    assert ids.decode("00000000-0000-4000-8000-000000000001") is None
    assert ids.decode("no uuid") is None
    assert ids.decode(flipped) is None


def test_draws_depend_on_key_and_parts_alone() -> None:
    """The pinned numbers hold on every machine: neither hash() nor the global random state is asked."""
    first = Draws(KEY, "item", 3)
    again = Draws(KEY, "item", 3)
    other = Draws(KEY, "item", 4)

    numbers = [first.below(1000) for _ in range(5)]

    assert numbers == [again.below(1000) for _ in range(5)]
    assert numbers != [other.below(1000) for _ in range(5)]
    assert numbers == [166, 653, 29, 123, 356]


def test_samples_hold_no_element_twice() -> None:
    sample = Draws(KEY, "sample").sample(range(10), 8)

    assert len(set(sample)) == 8
