"""What documents announce. The subject is what the document is about (`case:42`); numbers and codes only, never a value of a form."""

from dataclasses import dataclass
from typing import ClassVar

from fangxin.kernel.journal import Event


@dataclass(frozen=True, kw_only=True)
class DocumentIssued(Event):
    """A document got its number (制发文书)."""

    name: ClassVar[str] = "documents.DocumentIssued"
    document: str
    form: str
    number: str
    office: str
    sha256: str
    """Of the DOCX."""


@dataclass(frozen=True, kw_only=True)
class DocumentDelivered(Event):
    """A document reached somebody (送达); `at` is when. A message counts when its gateway took it."""

    name: ClassVar[str] = "documents.DocumentDelivered"
    document: str
    form: str
    number: str
    to: str
    method: str
    delivery: int
    proof: str = ""
    """SHA-256 of the proof, if a file is one."""


@dataclass(frozen=True, kw_only=True)
class DocumentVoided(Event):
    """A document that nobody had been served was made void (作废); its number stays taken."""

    name: ClassVar[str] = "documents.DocumentVoided"
    document: str
    form: str
    number: str
    reason: str
    """SHA-256 of the reason; its words stand in the row."""
