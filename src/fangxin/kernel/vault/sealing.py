"""Sealing, the blind index and (for this package only) opening, with the installation's key ring."""

import json
import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from json.encoder import encode_basestring
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.utils import timezone

from fangxin.kernel.vault.ciphers import HEADER, NONCE, key_id_of, unseal
from fangxin.kernel.vault.ring import KeyRefused, KeyRing

INDEX_BYTES: Final = 16
_NONCES_AT_ONCE: Final = 256
_quote = encode_basestring


class _Names(dict[str, str]):
    """Field names as JSON keys, made once: half the cost of encoding a row."""

    def __missing__(self, name: str) -> str:
        made = _quote(name) + ":"
        if len(self) < 1000:
            self[name] = made
        return made


_NAMES = _Names()
_loaded: dict[str, tuple[tuple[int, int, int], KeyRing]] = {}
_NOT_DIGITS = re.compile(r"[^0-9]+")
_SPACE = re.compile(r"\s+")


def key_ring() -> KeyRing:
    """The installation's ring, from the file (or the JSON text) in `settings.VAULT_KEYS`.

    A changed file is read again, so that running processes follow a rotation. In development a ring is made on first use;
    production refuses with KeyRefused.
    """
    where = str(settings.VAULT_KEYS)
    if where.startswith("{"):
        known = _loaded.get(where)
        if known is None:
            known = _loaded[where] = ((0, 0, 0), KeyRing.parse(where))
        return known[1]
    try:
        status = os.stat(where)  # noqa: PTH116 -- once for every sealed row of a form: a Path would double its cost
    except FileNotFoundError:
        if not settings.PRODUCTION:
            KeyRing.create(on=timezone.localdate()).save(Path(where), replace_existing=False)
            status = os.stat(where)  # noqa: PTH116 -- as above
        else:
            raise KeyRefused("vault.ring_missing", "There is no key file at %(path)s.", path=where) from None
    stamp = (status.st_mtime_ns, status.st_ino, status.st_mode)
    known = _loaded.get(where)
    if known is None or known[0] != stamp:
        known = _loaded[where] = (stamp, KeyRing.load(Path(where), strict=settings.PRODUCTION))
    return known[1]


def place_of(model: Any, column: str) -> str:
    """The place of a model's sealed column, `<app>.<model>.<column>`: what `seal` and `reveal` are told."""
    return f"{model._meta.label_lower}.{column}"  # noqa: SLF001 -- Django's documented Model._meta


def seal(purpose: str, place: str, row_id: int, fields: Mapping[str, str]) -> bytes:
    """One row's personal fields as one sealed value; b"" if none of them says anything.

    `purpose` names the keys (`person`, `reporter`, `system`), `place` the column (see `place_of`); the value opens at this
    place and row only, so the row's id is known before it is sealed.
    """
    return seal_many(purpose, place, ((row_id, fields),))[0]


def seal_many(purpose: str, place: str, rows: Iterable[tuple[int, Mapping[str, str]]]) -> list[bytes]:
    """`seal` for a batch, in the order of the rows."""
    key = key_ring().active(purpose)
    head, encrypt = key.header, key.cipher.encrypt
    bound = head + place.encode() + b":"
    sealed: list[bytes] = []
    rows = iter(rows)
    while batch := list(islice(rows, _NONCES_AT_ONCE)):
        nonces = os.urandom(NONCE * len(batch))
        for start, (row_id, fields) in zip(range(0, len(nonces), NONCE), batch, strict=True):
            plain = ",".join([_NAMES[name] + _quote(value) for name, value in fields.items() if value])
            if plain:
                nonce = nonces[start : start + NONCE]
                sealed.append(head + nonce + encrypt(nonce, f"{{{plain}}}".encode("utf-8", "surrogatepass"), bound + b"%d" % row_id))
            else:
                sealed.append(b"")
    return sealed


def blind_index(purpose: str, field: str, value: str) -> bytes:
    """Sixteen bytes by which an equal value can be found without being read; b"" for a value that says nothing.

    Equal are: telephone numbers whatever their spaces, dashes and +86; identity numbers in either case; names and the rest
    in either width. Different purposes and fields never agree. `field` is `phone`, `id_number`, `name`, …. An empty index
    must never be looked up: it would match everybody.
    """
    return blind_index_many(purpose, field, (value,))[0]


def blind_index_many(purpose: str, field: str, values: Iterable[str]) -> list[bytes]:
    """`blind_index` of one field for a batch."""
    digest = key_ring().indexer(purpose)
    normal = normaliser(field)
    prefix = f"{field}\0".encode()
    return [
        digest(prefix + plain.encode("utf-8", "surrogatepass"))[:INDEX_BYTES] if value and (plain := normal(value)) else b""
        for value in values
    ]


def normaliser(field: str) -> Callable[[str], str]:
    """The function that brings values of a field to the form that the blind index compares."""
    if field == "phone" or field.endswith("_phone"):
        return _phone
    return _identity if field in {"id", "id_number"} else _words


def _phone(value: str) -> str:
    digits = _NOT_DIGITS.sub("", unicodedata.normalize("NFKC", value))
    digits = digits.removeprefix("00") if digits.startswith("0086") else digits
    return digits[2:] if len(digits) > 11 and digits.startswith("86") else digits


def _identity(value: str) -> str:
    return _SPACE.sub("", unicodedata.normalize("NFKC", value)).upper()


def _words(value: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", value).split())


def open_sealed(place: str, row_id: int, blob: bytes, *, purpose: str | None) -> dict[str, str]:
    """Plain fields of one row; for this package only (`reveal` and rotation), never for apps.

    A value sealed under another purpose than the given one is refused with KeyRefused; SealBroken for one that was altered or moved.
    """
    plain = open_bytes(place, row_id, blob, purpose=purpose)
    fields: dict[str, str] = json.loads(plain.decode("utf-8", "surrogatepass")) if plain else {}
    return fields


def open_bytes(place: str, row_id: int, blob: bytes, *, purpose: str | None) -> bytes:
    """The bytes that were sealed; b"" for b""."""
    if not blob:
        return b""
    key = key_ring().key(key_id_of(blob))
    if purpose is not None and key.purpose != purpose:
        raise KeyRefused("vault.other_purpose", "The value at %(place)s is sealed for another purpose.", place=f"{place}:{row_id}")
    return unseal(key.cipher, key.header, f"{place}:{row_id}".encode(), blob)


def seal_bytes(purpose: str, place: str, row_id: int, content: bytes) -> bytes:
    """A file's content as one sealed value, bound to its place and row as fields are; `reveal_bytes` opens it."""
    key = key_ring().active(purpose)
    nonce = os.urandom(NONCE)
    return key.header + nonce + key.cipher.encrypt(nonce, content, key.header + f"{place}:{row_id}".encode())


def resealed(purpose: str, place: str, row_id: int, blob: bytes, *, to_row: int | None = None) -> bytes:
    """The same value under the active key of the purpose, whichever key sealed it; nobody sees it meanwhile.

    For rotation, and for a row that comes under another purpose (a complaint turns out to be a report). With `to_row` the
    value is bound to that row from now on.
    """
    if to_row is None and is_current(purpose, blob):
        return blob
    plain = open_bytes(place, row_id, blob, purpose=None)
    return seal_bytes(purpose, place, row_id if to_row is None else to_row, plain)


def reindexed(purpose: str, place: str, row_id: int, blob: bytes, field: str) -> bytes:
    """The blind index of one sealed field under another purpose, for a row that is resealed; nobody sees the value meanwhile."""
    plain: dict[str, str] = json.loads(open_bytes(place, row_id, blob, purpose=None) or b"{}")
    return blind_index(purpose, field, plain.get(field, ""))


def is_current(purpose: str, blob: bytes) -> bool:
    """Whether the active key of the purpose sealed it (nothing to seal counts as current)."""
    return not blob or blob[:HEADER] == key_ring().active(purpose).header
