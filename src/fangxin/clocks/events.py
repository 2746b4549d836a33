"""What clocks announce. The subject is the thing whose clock it is (`case:42`)."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from fangxin.kernel.journal import Event


@dataclass(frozen=True, kw_only=True)
class ClocksStarted(Event):
    """Periods began: for each its name, rule version and start; with the calendar its dates follow from these."""

    name: ClassVar[str] = "clocks.ClocksStarted"
    calendar: str
    clocks: tuple[tuple[str, str, str], ...]
    as_if: bool = False


@dataclass(frozen=True, kw_only=True)
class ClockStopped(Event):
    """A period ended, with the verdict that stays."""

    name: ClassVar[str] = "clocks.ClockStopped"
    term: str
    verdict: str
    overrun: int | None = None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class ClockReinstated(Event):
    """What had ended a period was taken back: it runs on from its original start, and the verdict it had (`was`) counts no more."""

    name: ClassVar[str] = "clocks.ClockReinstated"
    term: str
    was: str
    strict: date | None


@dataclass(frozen=True, kw_only=True)
class _Alarm(Event):
    name: ClassVar[str] = "clocks._Alarm"
    clock: int
    term: str
    threshold: datetime


@dataclass(frozen=True, kw_only=True)
class ClockNearing(_Alarm):
    """The alarm before the last day."""

    name: ClassVar[str] = "clocks.ClockNearing"


@dataclass(frozen=True, kw_only=True)
class ClockDue(_Alarm):
    """The strict last day is over."""

    name: ClassVar[str] = "clocks.ClockDue"


@dataclass(frozen=True, kw_only=True)
class ClockBreached(_Alarm):
    """The lenient last day is over: the period is breached."""

    name: ClassVar[str] = "clocks.ClockBreached"


@dataclass(frozen=True, kw_only=True)
class ClockAdjusted(Event):
    """A pause, its end, an extension, a restart or an override changed a clock's dates."""

    name: ClassVar[str] = "clocks.ClockAdjusted"
    term: str
    kind: str
    approver: str
    was: date | None
    now: date | None


@dataclass(frozen=True, kw_only=True)
class ClockRecomputed(Event):
    """A new calendar settled or moved a clock's dates."""

    name: ClassVar[str] = "clocks.ClockRecomputed"
    term: str
    calendar: str
    was_strict: date | None
    was_lenient: date | None
    strict: date | None
    lenient: date | None
    provisional: bool


@dataclass(frozen=True, kw_only=True)
class CalendarLoaded(Event):
    """A notice of the State Council became a calendar version."""

    name: ClassVar[str] = "clocks.CalendarLoaded"
    label: str
    year: int
    digest: str
    recomputed: int
