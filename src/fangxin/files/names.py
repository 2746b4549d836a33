"""File names as people chose them: made harmless for a header and a disk, and scrubbed for a list. Pure."""

import re
import unicodedata
from pathlib import PurePosixPath
from typing import Final

from fangxin.files.sniffing import EXTENSIONS
from fangxin.kernel.scrub import scrub

LONGEST: Final = 100
_UNSAFE = re.compile(r'[\\/:*?"<>|%;]+')
_SPACE = re.compile(r"\s+")


def cleaned(name: str, media_type: str) -> str:
    """The name without folders, control signs and signs that turn the direction of reading, with an ending that fits the content.

    `投诉.exe` with a photo in it becomes `投诉_exe.jpg`.
    """
    last = re.split(r"[\\/]", unicodedata.normalize("NFC", name))[-1]
    plain = "".join(sign for sign in _SPACE.sub(" ", last) if unicodedata.category(sign)[0] != "C")
    plain = _UNSAFE.sub("_", plain).strip(" .")
    path = PurePosixPath(plain or "file")
    fitting = EXTENSIONS[media_type]
    ending = path.suffix.lower()
    stem = path.stem if ending in fitting else path.name.replace(".", "_")
    return stem.strip(" .")[:LONGEST] + (ending if ending in fitting else fitting[0])


def shown(name: str) -> str:
    """A cleaned name as it may stand in the clear: personal data that can be found in it masked."""
    path = PurePosixPath(name)
    return scrub(path.stem).text + path.suffix


def neutral(sha256: str, media_type: str) -> str:
    """What a reporter's file is called in the clear: nothing of the name they gave it."""
    return f"file-{sha256[:8]}{EXTENSIONS[media_type][0]}"
