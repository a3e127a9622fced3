"""Encryption of personal values, and keyed hashes to find them again (R64)."""

import hashlib
import hmac
import os
from collections.abc import Mapping
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE_BYTES = 12
_NONCES_AT_ONCE = 256


_nonces: list[bytes] = []
os.register_at_fork(after_in_child=_nonces.clear)  # a forked child draws its own


def _draw_nonces() -> bytes:
    """Return a random nonce, never one twice; drawn many at once, as asking for each costs as much as encrypting."""
    noise = os.urandom(_NONCE_BYTES * _NONCES_AT_ONCE)
    first, *others = (noise[at : at + _NONCE_BYTES] for at in range(0, len(noise), _NONCE_BYTES))
    _nonces.extend(others)
    return first


class VaultError(Exception):
    """A sealed value can't be opened: its key is gone, or it was moved or altered."""


class Vault:
    """Seals values with AES-256-GCM under the current key, opens them with any live key.

    A sealed value is `key id length, key id, nonce, ciphertext`. `place` names where it belongs (table, column and
    row) and is authenticated, so a value copied to another row does not open. `header` is what each value sealed under
    the current key begins with.
    """

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._sealers = {name: AESGCM(_derive(key, b"seal")) for name, key in keys.items()}
        self._hashes = {name: hmac.new(_derive(key, b"hash"), digestmod=hashlib.sha256) for name, key in keys.items()}
        self._current = next(iter(keys))
        self._encrypt = self._sealers[self._current].encrypt
        self.header = bytes([len(self._current.encode())]) + self._current.encode()
        self.content_key = _derive(keys[self._current], b"content")

    def seal(self, value: bytes, *, place: bytes) -> bytes:
        """Return `value` encrypted for `place`."""
        try:
            nonce = _nonces.pop()
        except IndexError:
            nonce = _draw_nonces()
        return self.header + nonce + self._encrypt(nonce, value, place)

    def open(self, sealed: bytes, *, place: bytes) -> bytes:
        """Return the value sealed for `place`. Raises VaultError."""
        end = 1 + sealed[0]
        sealer = self._sealers.get(sealed[1:end].decode())
        if sealer is None:
            raise VaultError("the key of this value is not among ENCRYPTION_KEYS")
        try:
            return sealer.decrypt(sealed[end : end + _NONCE_BYTES], sealed[end + _NONCE_BYTES :], place)
        except InvalidTag:
            raise VaultError("this value was altered, or belongs to another row") from None

    def fingerprint(self, value: str, *, purpose: str) -> bytes:
        """Return the keyed hash under which a value is stored for look-up."""
        return self._fingerprint(self._current, value, purpose)

    def fingerprints(self, value: str, *, purpose: str) -> list[bytes]:
        """Return the keyed hash under every live key, the current first: what a look-up compares with."""
        return [self._fingerprint(name, value, purpose) for name in self._hashes]

    def _fingerprint(self, name: str, value: str, purpose: str) -> bytes:
        state = self._hashes[name].copy()  # its key is read in already
        state.update(f"{purpose}\0{value}".encode())
        return state.digest()[:16]


def row_place(column: str, owner_id: UUID, row_id: UUID) -> bytes:
    """Return the place of a row's sealed column, e.g. `accounts.number`."""
    return owner_place(column, owner_id) + row_id.bytes


def owner_place(column: str, owner_id: UUID) -> bytes:
    """Return what the places of an owner's rows begin with; the row's own id follows."""
    return column.encode() + owner_id.bytes


def _derive(key: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"caixahub " + purpose).derive(key)
