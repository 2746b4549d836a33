"""What a file is by its first bytes (文件类型识别). Its name and what the browser says about it don't count. Pure."""

from typing import Final

import puremagic

from fangxin.kernel.errors import BadInput

JPEG: Final = "image/jpeg"
PNG: Final = "image/png"
WEBP: Final = "image/webp"
GIF: Final = "image/gif"
PDF: Final = "application/pdf"
MP3: Final = "audio/mpeg"
M4A: Final = "audio/mp4"
WAV: Final = "audio/wav"
AMR: Final = "audio/amr"
AMR_WB: Final = "audio/amr-wb"
OGG: Final = "audio/ogg"
DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

EXTENSIONS: Final = {
    JPEG: (".jpg", ".jpeg"),
    PNG: (".png",),
    WEBP: (".webp",),
    GIF: (".gif",),
    PDF: (".pdf",),
    MP3: (".mp3",),
    M4A: (".m4a",),
    WAV: (".wav",),
    AMR: (".amr",),
    AMR_WB: (".awb",),
    OGG: (".ogg", ".oga", ".opus"),
    DOCX: (".docx",),
}
"""The endings that a file of each type may have; the first is given to one that has another."""

IMAGES: Final = frozenset({JPEG, PNG, WEBP, GIF})
SOUNDS: Final = frozenset({MP3, M4A, WAV, AMR, AMR_WB, OGG})
TAKEN: Final = IMAGES | SOUNDS | {PDF}
"""What may be uploaded; DOCX is only for documents of our own making."""

_BEGINNINGS: Final = (
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"%PDF-", PDF),
    (b"#!AMR-WB\n", AMR_WB),
    (b"#!AMR\n", AMR),
    (b"OggS", OGG),
    (b"ID3", MP3),
)
_STILL: Final = frozenset({b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"avif", b"avis"})


def sniff(content: bytes) -> str:
    """The media type, one of `TAKEN`.

    Raises BadInput for everything else, naming what it seems to be. That it is whole and nothing but that is for
    `cleaning.clean` to see.
    """
    if not content:
        raise BadInput("files.empty", "The file is empty.")
    for beginning, media_type in _BEGINNINGS:
        if content.startswith(beginning):
            return media_type
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return WEBP
    if content[:4] == b"RIFF" and content[8:12] == b"WAVE":
        return WAV
    if content[4:8] == b"ftyp":
        if content[8:12] in _STILL:
            raise BadInput("files.heic", "HEIC and AVIF photos are not taken. Save the photo as JPEG and send it again.")
        return M4A
    if len(content) > 3 and content[0] == 0xFF and content[1] & 0xE6 == 0xE2:  # an MPEG frame of layer III
        return MP3
    if b"%PDF-" in content[:1024]:
        raise BadInput("files.pdf_prefix", "Something stands before the PDF in this file. Save it as a new PDF and send it again.")
    raise BadInput(
        "files.not_taken",
        "Files of this kind (%(kind)s) are not taken. Send photos (JPEG, PNG, WebP, GIF), PDF or sound recordings (MP3, M4A, WAV, AMR, OGG).",
        kind=_guess(content),
    )


def _guess(content: bytes) -> str:
    """What puremagic thinks of it, for the refusal only."""
    try:
        return puremagic.from_string(content[:4096]).lstrip(".").upper() or "?"
    except (puremagic.PureError, ValueError):
        return "?"
