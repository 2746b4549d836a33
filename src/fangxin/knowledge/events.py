"""What the knowledge base announces; the subject is the entry."""

from dataclasses import dataclass
from typing import ClassVar

from fangxin.kernel.journal import Event


@dataclass(frozen=True, kw_only=True)
class EntrySaved(Event):
    """An entry was made, changed, put out of use or back (知识条目变更): which columns, and the hash of what it says now."""

    name: ClassVar[str] = "knowledge.EntrySaved"
    slug: str
    changed: tuple[str, ...]
    digest: str
