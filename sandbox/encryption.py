"""Encrypted `parameters`: JSON under the application's RSA public key with OAEP padding, in base64."""

import base64
import binascii
from typing import Any

import msgspec
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from sandbox.wire import ApiError
from sandbox.world import World

# The digest of the real API is not public: both usual ones are accepted.
_PADDINGS = tuple(
    padding.OAEP(mgf=padding.MGF1(digest), algorithm=digest, label=None)
    for digest in (hashes.SHA1(), hashes.SHA256())  # noqa: S303
)


def _private_key(world: World) -> rsa.RSAPrivateKey:
    meta = world.meta
    if meta.encryption_key is None:
        made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = made.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        meta.encryption_key = pem.decode()
        world.save_meta(meta)
    key = serialization.load_pem_private_key(meta.encryption_key.encode(), password=None)
    assert isinstance(key, rsa.RSAPrivateKey)  # noqa: S101 -- the only kind stored
    return key


def public_key_pem(world: World) -> str:
    """The key that Pluggy would hand to the application."""
    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return _private_key(world).public_key().public_bytes(encoding, form).decode()


def decrypt_parameters(world: World, text: str) -> dict[str, Any]:
    """The object inside. Raises 400 when `text` was not made with our key."""
    for oaep in _PADDINGS:
        try:
            clear = _private_key(world).decrypt(base64.b64decode(text, validate=True), oaep)
            return msgspec.json.decode(clear, type=dict[str, Any])
        except (binascii.Error, ValueError, msgspec.DecodeError):
            continue
    raise ApiError(400, "Connector parameters could not be decrypted", "CONNECTOR_VALIDATION_ERROR")
