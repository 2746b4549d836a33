"""The key ring: which keys seal what, read from a JSON file that lives outside the database.

    {"version": 1,
     "keys": {"person": [{"id": "9f31c0aa", "algorithm": "AES-256-GCM", "key": "…", "state": "active", "created": "2026-11-02"}], …},
     "index": {"person": "…", "reporter": "…", "system": "…"}}

Every purpose has exactly one active key, which seals, and any number of retired ones, which still open. Ids are unique in the
ring. Index keys make the blind index; rotating the other keys leaves them alone. Keys are URL-safe base64 and never appear
in a representation, a message or a log.
"""

import json
import os
import secrets
import stat
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Self

from fangxin.kernel.errors import DomainError
from fangxin.kernel.vault.ciphers import KEY_ID, Algorithm, Cipher, cipher, header

INDEX_KEY_BYTES: Final = 32


class KeyRefused(DomainError):
    """The key ring can't be used as it is: missing, readable by others, malformed, or without the key that is needed."""


class Purpose(StrEnum):
    """What a key is for. Reporters (举报人) have keys of their own, so that who may read complainants can't read reporters."""

    PERSON = "person"
    REPORTER = "reporter"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the ring, with the cipher made for it."""

    id: bytes
    purpose: Purpose
    algorithm: Algorithm
    secret: bytes = field(repr=False)
    active: bool
    created: str
    """ISO date."""
    cipher: Cipher = field(init=False, repr=False, compare=False)
    header: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.id) != KEY_ID:
            raise KeyRefused("vault.key_id", "Key ids are %(wanted)d bytes, not %(found)d.", wanted=KEY_ID, found=len(self.id))
        if len(self.secret) != self.algorithm.key_bytes:
            raise KeyRefused(
                "vault.key_length",
                "Key %(key)s for %(algorithm)s must have %(wanted)d bytes, not %(found)d.",
                key=self.id.hex(),
                algorithm=self.algorithm.value,
                wanted=self.algorithm.key_bytes,
                found=len(self.secret),
            )
        object.__setattr__(self, "cipher", cipher(self.algorithm, self.secret))
        object.__setattr__(self, "header", header(self.algorithm, self.id))


def _new_key(purpose: Purpose, algorithm: Algorithm, created: date) -> Key:
    return Key(
        secrets.token_bytes(KEY_ID), purpose, algorithm, secrets.token_bytes(algorithm.key_bytes), active=True, created=created.isoformat()
    )


def _hmac_sha256(key: bytes) -> Callable[[bytes], bytes]:
    """HMAC with the two padded keys hashed once (RFC 2104 §4): a third of the cost of `hmac.digest` for each message."""
    padded = key.ljust(64, b"\0")
    inner = sha256(bytes(byte ^ 0x36 for byte in padded))
    outer = sha256(bytes(byte ^ 0x5C for byte in padded))

    def digest(message: bytes) -> bytes:
        within = inner.copy()
        within.update(message)
        around = outer.copy()
        around.update(within.digest())
        return around.digest()

    return digest


class KeyRing:
    """All keys of an installation; immutable: `rotated` answers a new ring."""

    __slots__ = ("_active", "_by_id", "_index", "_indexers")

    def __init__(self, keys: tuple[Key, ...], index: Mapping[Purpose, bytes]) -> None:
        self._by_id: Mapping[bytes, Key] = MappingProxyType({key.id: key for key in keys})
        if len(self._by_id) != len(keys):
            raise KeyRefused("vault.key_twice", "Two keys of the ring have the same id.")
        self._active: dict[Purpose, Key] = {}
        for key in keys:
            if key.active and self._active.setdefault(key.purpose, key) is not key:
                raise KeyRefused("vault.two_active", "Purpose %(purpose)s has more than one active key.", purpose=key.purpose.value)
        for purpose in Purpose:
            if purpose not in self._active:
                raise KeyRefused("vault.no_active", "Purpose %(purpose)s has no active key.", purpose=purpose.value)
            if len(index.get(purpose, b"")) != INDEX_KEY_BYTES:
                raise KeyRefused(
                    "vault.index_key",
                    "The index key of %(purpose)s must have %(wanted)d bytes.",
                    purpose=purpose.value,
                    wanted=INDEX_KEY_BYTES,
                )
        self._index = dict(index)
        self._indexers = {purpose: _hmac_sha256(key) for purpose, key in index.items()}

    def __repr__(self) -> str:
        return f"<KeyRing {self.fingerprint}: {len(self._by_id)} keys>"

    @classmethod
    def create(cls, algorithm: Algorithm = Algorithm.AES, *, on: date) -> Self:
        """A new ring with one random key for each purpose. `on` is written beside the keys."""
        index = {purpose: secrets.token_bytes(INDEX_KEY_BYTES) for purpose in Purpose}
        return cls(tuple(_new_key(purpose, algorithm, on) for purpose in Purpose), index)

    def rotated(self, purpose: str, algorithm: Algorithm | None = None, *, on: date) -> Self:
        """This ring with a new active key for the purpose; the old one is retired and still opens what it sealed.

        Without an algorithm the new key has the old one's.
        """
        old = self.active(purpose)
        new = _new_key(old.purpose, algorithm or old.algorithm, on)
        keys = tuple(replace(key, active=False) if key is old else key for key in self._by_id.values())
        return type(self)((*keys, new), self._index)

    def active(self, purpose: str) -> Key:
        """The key that seals for this purpose."""
        try:
            return self._active[Purpose(purpose)]
        except ValueError as error:
            raise KeyRefused("vault.purpose_unknown", "There is no key purpose %(purpose)s.", purpose=purpose) from error

    def key(self, key_id: bytes) -> Key:
        """The key with this id, active or retired."""
        try:
            return self._by_id[key_id]
        except KeyError as error:
            raise KeyRefused("vault.key_unknown", "Key %(key)s is not in the key ring.", key=key_id.hex()) from error

    def indexer(self, purpose: str) -> Callable[[bytes], bytes]:
        """HMAC-SHA256 under the purpose's index key, as a function from message to 32 bytes."""
        return self._indexers[self.active(purpose).purpose]

    @property
    def fingerprint(self) -> str:
        """Names the set of active keys (16 hexadecimal digits); tells nothing about the keys."""
        return sha256(b"".join(self._active[purpose].id for purpose in Purpose)).hexdigest()[:16]

    @classmethod
    def parse(cls, text: str) -> Self:
        """A ring from its JSON text. Raises KeyRefused without repeating the text."""
        try:
            content: dict[str, Any] = json.loads(text)
            if content["version"] != 1:
                raise KeyRefused("vault.ring_version", "The key ring has an unknown version.")
            keys = tuple(
                Key(
                    bytes.fromhex(item["id"]),
                    Purpose(purpose),
                    Algorithm(item["algorithm"]),
                    urlsafe_b64decode(item["key"]),
                    {"active": True, "retired": False}[item["state"]],
                    item["created"],
                )
                for purpose, items in content["keys"].items()
                for item in items
            )
            index = {Purpose(purpose): urlsafe_b64decode(key) for purpose, key in content["index"].items()}
        except (ValueError, KeyError, TypeError, AttributeError):
            # the cause is dropped: it may carry a piece of the text
            raise KeyRefused("vault.ring_malformed", "The key ring is not well-formed.") from None
        return cls(keys, index)

    def dump(self) -> str:
        """The JSON text, with the keys in it: for a key file only."""
        keys: dict[str, list[dict[str, str]]] = {purpose.value: [] for purpose in Purpose}
        for key in self._by_id.values():
            keys[key.purpose.value].append(
                {
                    "id": key.id.hex(),
                    "algorithm": key.algorithm.value,
                    "key": urlsafe_b64encode(key.secret).decode(),
                    "state": "active" if key.active else "retired",
                    "created": key.created,
                }
            )
        index = {purpose.value: urlsafe_b64encode(key).decode() for purpose, key in self._index.items()}
        return json.dumps({"version": 1, "keys": keys, "index": index}, indent=1) + "\n"

    @classmethod
    def load(cls, path: Path, *, strict: bool = True) -> Self:
        """A ring from its file; `strict` (production) refuses a file that group or others can read or write."""
        try:
            with path.open(encoding="utf-8") as file:
                mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
                if strict and mode & 0o077:
                    raise KeyRefused(
                        "vault.ring_open",
                        "Key file %(path)s has mode %(mode)s; it must be 0600 or 0400.",
                        path=str(path),
                        mode=f"{mode:04o}",
                    )
                text = file.read()
        except FileNotFoundError as error:
            raise KeyRefused("vault.ring_missing", "There is no key file at %(path)s.", path=str(path)) from error
        except (OSError, UnicodeDecodeError) as error:
            raise KeyRefused("vault.ring_unreadable", "Key file %(path)s can't be read.", path=str(path)) from error
        return cls.parse(text)

    def save(self, path: Path, *, replace_existing: bool = True) -> bool:
        """Write the ring, readable by its owner only, whole or not at all, and on disk when this returns.

        Without `replace_existing` a file that is there stays (two processes may make the first ring at once); answers
        whether this ring was written.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        try:
            with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                file.write(self.dump())
                file.flush()
                os.fsync(file.fileno())
            if replace_existing:
                temporary.replace(path)
            else:
                try:
                    path.hardlink_to(temporary)
                except FileExistsError:
                    return False
        finally:
            temporary.unlink(missing_ok=True)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return True
