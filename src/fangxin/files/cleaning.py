"""From what somebody sent to what is kept: recognised by content, drawn or built anew, or refused with a reason."""

import io
import re
import zipfile
from dataclasses import dataclass
from typing import Final

from fangxin.files import images, pdfs, sounds
from fangxin.files.sniffing import IMAGES, PDF, sniff
from fangxin.kernel.errors import BadInput

_MARKUP: Final = re.compile(rb"<\?php|<script[\s>/]|<!doctype\s+html|<html[\s>]|<svg[\s>]|__halt_compiler\s*\(", re.IGNORECASE)
_ARCHIVE: Final = re.compile(rb"Rar!\x1a\x07[\x00\x01]|7z\xbc\xaf\x27\x1c")  # these programs look for theirs anywhere in a file


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What is kept of a file."""

    content: bytes
    media_type: str


def clean(content: bytes, *, pixels: int) -> Cleaned:
    """What is to be kept of an uploaded file.

    Images are drawn anew, so nothing that was hidden in or behind them goes on; recordings are rebuilt from their frames; PDF is
    kept as it is after it was looked through. Raises BadInput for everything else, and for a file that is another kind of file
    at the same time (ZIP, HTML, PHP).
    """
    media_type = sniff(content)
    if media_type in IMAGES:
        kept = images.redraw(content, media_type, pixels=pixels)
    elif media_type == PDF:
        pdfs.check(content)
        kept = content
    else:
        kept = sounds.rebuilt(content, media_type)
    if zipfile.is_zipfile(io.BytesIO(kept)) or _MARKUP.search(kept) or _ARCHIVE.search(kept):
        raise BadInput("files.two_in_one", "This file is two kinds of file at once (an archive or a web page is in it).")
    return Cleaned(kept, media_type)
