"""How pages speak of files: kinds, categories, purposes, sizes, refusals."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from fangxin.files import sniffing
from fangxin.kernel.errors import DomainError

CATEGORIES: dict[str, Any] = {
    "evidence": pgettext_lazy("file", "evidence"),
    "identity": pgettext_lazy("file", "proof of identity"),
    "authority": pgettext_lazy("file", "power of attorney"),
    "correspondence": pgettext_lazy("file", "letter or reply"),
    "recording": pgettext_lazy("file", "record of a talk or session"),
    "other": pgettext_lazy("file", "other material"),
    "document": pgettext_lazy("file", "official document"),
    "proof": pgettext_lazy("file", "proof of delivery"),
}
"""What a file is in its subject; upper apps may add their own."""

UPLOADED: Sequence[str] = ("evidence", "identity", "authority", "correspondence", "recording", "other")
"""Those that the upload form offers."""

PURPOSES: Mapping[str, Any] = {
    "examine": pgettext_lazy("purpose of reading a file", "examine the facts"),
    "mediation": pgettext_lazy("purpose of reading a file", "mediate"),
    "decision": pgettext_lazy("purpose of reading a file", "prepare a decision or document"),
    "hand_over": pgettext_lazy("purpose of reading a file", "hand over to another authority"),
    "copy": pgettext_lazy("purpose of reading a file", "copy for a party"),
}
"""Why somebody takes a copy of a file; the journal keeps the code."""

_KINDS: Mapping[str, Any] = {
    **dict.fromkeys(sniffing.IMAGES, pgettext_lazy("kind of file", "picture")),
    **dict.fromkeys(sniffing.SOUNDS, pgettext_lazy("kind of file", "recording")),
    sniffing.PDF: "PDF",
    sniffing.DOCX: "DOCX",
}


def category(code: str) -> str:
    """A category in words."""
    return str(CATEGORIES.get(code, code))


def kind(media_type: str) -> str:
    """What kind of file it is, in a word and with its ending: picture (JPG)."""
    ending = sniffing.EXTENSIONS.get(media_type, (".?",))[0].lstrip(".").upper()
    word = str(_KINDS.get(media_type, ending))
    return word if word == ending else f"{word} {ending}"


def size(count: int) -> str:
    """Bytes as people read them: 340 KB, 2.4 MB."""
    return f"{max(1, round(count / 1024))} KB" if count < 1024 * 1024 else f"{count / 1024 / 1024:.1f} MB"


def purpose(code: str) -> str:
    """A purpose in words."""
    return str(PURPOSES.get(code, code))


def refusal(error: DomainError) -> str:
    """A refusal in the reader's language."""
    return _(error.message) % error.params if error.params else _(error.message)
