"""What exchange announces; none carries personal data."""

from dataclasses import dataclass
from typing import ClassVar

from fangxin.kernel.journal import Event


@dataclass(frozen=True, kw_only=True)
class FileImported(Event):
    """A file was taken in to its end; the subject is the run, the actor who started it."""

    name: ClassVar[str] = "exchange.FileImported"
    sha256: str
    profile: str
    profile_digest: str
    as_if: bool
    rows: int
    created: int
    updated: int
    unchanged: int
    quarantined: int


@dataclass(frozen=True, kw_only=True)
class RowRetried(Event):
    """A quarantined row was taken in, perhaps with some columns corrected."""

    name: ClassVar[str] = "exchange.RowRetried"
    outcome: str
    columns: tuple[str, ...] = ()
    cases: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RowDropped(Event):
    """A quarantined row was given up for a reason."""

    name: ClassVar[str] = "exchange.RowDropped"
    reason: str


@dataclass(frozen=True, kw_only=True)
class DispositionsExported(Event):
    """Dispositions were written to a file for their channel."""

    name: ClassVar[str] = "exchange.DispositionsExported"
    profile: str
    sha256: str
    count: int


@dataclass(frozen=True, kw_only=True)
class DispositionsAcknowledged(Event):
    """A channel confirmed dispositions, or refused some."""

    name: ClassVar[str] = "exchange.DispositionsAcknowledged"
    sha256: str
    accepted: int
    refused: int
    unknown: int
