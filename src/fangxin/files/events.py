"""What the app announces. The subject is what the file is attached to; names of files are personal data and never stand here."""

from dataclasses import dataclass
from typing import ClassVar

from fangxin.kernel.journal import Event


@dataclass(frozen=True, kw_only=True)
class FileKept(Event):
    """A file was attached (附件存入)."""

    name: ClassVar[str] = "files.FileKept"

    attachment: str
    sha256: str
    received_sha256: str
    """Hash of what was sent, before it was cleaned."""
    media_type: str
    size: int
    category: str


@dataclass(frozen=True, kw_only=True)
class FileOpened(Event):
    """Somebody read or took a copy of a file (附件调阅)."""

    name: ClassVar[str] = "files.FileOpened"

    attachment: str
    sha256: str
    purpose: str
    """Why, as stated; personal data in it is masked."""


@dataclass(frozen=True, kw_only=True)
class FileRemoved(Event):
    """A file was taken off its subject (附件移除); its content is kept."""

    name: ClassVar[str] = "files.FileRemoved"

    attachment: str
    sha256: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class FileErased(Event):
    """A file's content was destroyed (附件销毁), or, while another subject still has the same one, its link to this subject."""

    name: ClassVar[str] = "files.FileErased"

    attachment: str
    sha256: str
    ground: str
    destroyed: bool


@dataclass(frozen=True, kw_only=True)
class FileResealed(Event):
    """A file came under other keys, because its subject turned out to be another kind of thing (a report)."""

    name: ClassVar[str] = "files.FileResealed"

    attachment: str
    sha256: str
    keys: str
