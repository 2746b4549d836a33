"""Two authenticated ciphers behind one interface, and the layout of a sealed value.

    version (1) · algorithm (1) · key id (4) · nonce (12) · ciphertext · tag (16)

The first six bytes and the place of the value (`cases.party.sealed:123`) are authenticated with it, so a sealed value that
is altered, or moved to another row, column or table, does not open.
"""

from enum import StrEnum
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher as Engine
from cryptography.hazmat.primitives.ciphers import modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import SM4

from fangxin.kernel.errors import DomainError

VERSION: Final = 1
KEY_ID: Final = 4
NONCE: Final = 12
TAG: Final = 16
HEADER: Final = 2 + KEY_ID
OVERHEAD: Final = HEADER + NONCE + TAG
"""Bytes that sealing adds."""


class SealBroken(DomainError):
    """A sealed value does not open: altered, moved from its place, or not sealed by this system."""


class Algorithm(StrEnum):
    """The ciphers a key can be made for; SM4 is the national standard GB/T 32907 (国密)."""

    AES = "AES-256-GCM"
    SM4 = "SM4-GCM"

    @property
    def key_bytes(self) -> int:
        """Length of a key."""
        return 32 if self is Algorithm.AES else 16


CODES: Final = {Algorithm.AES: 1, Algorithm.SM4: 2}


class Cipher(Protocol):
    """What both algorithms offer; `decrypt` raises `cryptography.exceptions.InvalidTag` on anything altered."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        """Ciphertext with its tag."""

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        """The plain bytes."""


class SM4GCM:
    """SM4 in Galois/counter mode, in the shape of the library's AESGCM."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        self._key = SM4(key)

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        """Ciphertext with its tag."""
        engine = Engine(self._key, modes.GCM(nonce)).encryptor()
        engine.authenticate_additional_data(associated_data or b"")
        return engine.update(data) + engine.finalize() + engine.tag

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        """The plain bytes; raises InvalidTag."""
        engine = Engine(self._key, modes.GCM(nonce, data[-TAG:])).decryptor()
        engine.authenticate_additional_data(associated_data or b"")
        return engine.update(data[:-TAG]) + engine.finalize()


def cipher(algorithm: Algorithm, key: bytes) -> Cipher:
    """The cipher for one key; make it once and keep it."""
    return AESGCM(key) if algorithm is Algorithm.AES else SM4GCM(key)


def header(algorithm: Algorithm, key_id: bytes) -> bytes:
    """The six bytes that every value sealed with this key begins with."""
    return bytes((VERSION, CODES[algorithm])) + key_id


def key_id_of(blob: bytes) -> bytes:
    """The id of the key that sealed it. Raises SealBroken for what is not a sealed value of a known version."""
    if len(blob) < OVERHEAD or blob[0] != VERSION:
        raise SealBroken("vault.not_sealed", "This is not a sealed value.")
    return blob[2:HEADER]


def unseal(engine: Cipher, head: bytes, where: bytes, blob: bytes) -> bytes:
    """The plain bytes of a value sealed by the key whose header is `head`, at its own place only.

    Raises SealBroken if a byte was altered or the value belongs elsewhere.
    """
    if blob[:HEADER] != head:
        raise SealBroken("vault.broken", "The sealed value at %(place)s does not open: it was altered or moved.", place=where.decode())
    try:
        return engine.decrypt(blob[HEADER : HEADER + NONCE], blob[HEADER + NONCE :], head + where)
    except InvalidTag as error:
        raise SealBroken(
            "vault.broken", "The sealed value at %(place)s does not open: it was altered or moved.", place=where.decode()
        ) from error
