"""The folder of sealed files: whole or not at all, on disk before anyone speaks of them."""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from django.conf import settings

from fangxin.files.models import PLACE_CONTENT, Blob
from fangxin.kernel.errors import DomainError
from fangxin.kernel.vault import resealed
from fangxin.kernel.vault.ciphers import HEADER
from fangxin.kernel.vault.sealing import is_current

TEMPORARY: Final = ".part"


class ContentMissing(DomainError):
    """A file that the database speaks of is not in the folder."""


def folder() -> Path:
    """Where the files lie: FANGXIN_HOME/files."""
    return Path(settings.FILES_HOME)


def write(path: str, sealed: bytes) -> None:
    """Put a sealed file at its place: written beside it, flushed to disk, then renamed, and the folder flushed too.

    Killed at any moment it leaves the file whole, or a temporary one that `services.sweep_orphans` clears away.
    """
    target = folder() / path
    for parent in [folder(), *reversed(target.relative_to(folder()).parents[:-1])]:
        place = parent if parent.is_absolute() else folder() / parent
        if not place.exists():
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            _flush(place.parent)
    temporary = target.with_name(f"{target.name}.{secrets.token_hex(6)}{TEMPORARY}")
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(sealed)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    _flush(target.parent)


def read(path: str) -> bytes:
    """A sealed file. Raises ContentMissing if it is not there."""
    try:
        return (folder() / path).read_bytes()
    except FileNotFoundError as error:
        raise ContentMissing("files.missing", "The content of this file is missing from the store.") from error


def remove(path: str) -> None:
    """Delete a file; nothing happens if it is not there."""
    (folder() / path).unlink(missing_ok=True)


def walk() -> Iterator[Path]:
    """Every file in the folder, temporary ones included."""
    if folder().is_dir():
        yield from (path for path in folder().rglob("*") if path.is_file())


def bring_to_active_keys(blob: Blob) -> bool:
    """For key rotation: seal the file of a live blob anew if another key than the active one sealed it.

    The row stays locked meanwhile, so the file is not erased under it.
    """
    held = Blob.objects.live().select_for_update().filter(pk=blob.pk).first()
    if held is None:
        return False
    target = folder() / held.path
    try:
        with target.open("rb") as file:
            if is_current(held.keys, file.read(HEADER)):
                return False
    except FileNotFoundError as error:
        raise ContentMissing("files.missing", "The content of this file is missing from the store.") from error
    write(held.path, resealed(held.keys, PLACE_CONTENT, held.pk, target.read_bytes()))
    return True


def _flush(place: Path) -> None:
    handle = os.open(place, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
