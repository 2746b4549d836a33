"""The Ed25519 key that signs roots. It lies outside the database, so whoever can write the database still can't sign."""

import os
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from django.conf import settings

from fangxin.kernel.errors import BadInput


def create(path: Path) -> None:
    """Make a new signing key; refuses to overwrite one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)


@lru_cache(maxsize=4)
def _load(path: Path) -> Ed25519PrivateKey:
    if not path.exists():
        if settings.PRODUCTION:
            raise BadInput("kernel.signing_key_missing", "There is no signing key at %(path)s.", path=str(path))
        create(path)
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise BadInput("kernel.signing_key_kind", "The key at %(path)s is not an Ed25519 key.", path=str(path))
    return key


def sign(message: bytes) -> bytes:
    """64 bytes of signature."""
    return _load(settings.SIGNING_KEY).sign(message)


def signed(message: bytes, signature: bytes) -> bool:
    """Whether our key made this signature."""
    try:
        _load(settings.SIGNING_KEY).public_key().verify(signature, message)
    except InvalidSignature:
        return False
    return True
