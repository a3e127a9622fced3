"""Sealed values: never two alike, and at home in one place only."""

import os
from uuid import UUID

import pytest

from app.vault import Vault, VaultError, row_place

KEYS = {"k1": bytes(32)}
NONCE = slice(3, 15)  # after the length of the key's id and the id
OWNER, ROW = UUID(int=1), UUID(int=2)


def test_a_value_opens_in_its_own_row_only() -> None:
    """R64: a value copied to another row is not taken for that row's."""
    vault = Vault(KEYS)

    sealed = vault.seal(b"761.092.776-73", place=row_place("accounts.tax_number", OWNER, ROW))

    assert vault.open(sealed, place=row_place("accounts.tax_number", OWNER, ROW)) == b"761.092.776-73"
    with pytest.raises(VaultError):
        vault.open(sealed, place=row_place("accounts.tax_number", OWNER, UUID(int=3)))


def test_no_nonce_is_used_twice() -> None:
    vault = Vault(KEYS)

    nonces = {vault.seal(b"value", place=b"")[NONCE] for _ in range(2_000)}

    assert len(nonces) == 2_000


def test_a_forked_child_draws_nonces_of_its_own() -> None:
    vault = Vault(KEYS)
    vault.seal(b"value", place=b"")
    reading, writing = os.pipe()

    child = os.fork()
    if child == 0:
        os.write(writing, vault.seal(b"value", place=b"")[NONCE])
        os._exit(0)
    os.waitpid(child, 0)
    theirs = os.read(reading, 12)
    ours = {vault.seal(b"value", place=b"")[NONCE] for _ in range(300)}
    os.close(reading)
    os.close(writing)

    assert len(theirs) == 12
    assert theirs not in ours
