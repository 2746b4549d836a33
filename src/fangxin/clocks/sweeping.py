"""The sweep: raises nearing, due and breached exactly once each, whatever was missed before.

Oldest first by key, without a cap and without a look-back; cost follows what has passed a threshold, not what runs.
"""

import logging
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from django.db import InterfaceError, OperationalError, ProgrammingError, connection
from django.db.models import Q

from fangxin.clocks.events import ClockBreached, ClockDue, ClockNearing
from fangxin.clocks.models import Announced, Clock, ClockQuerySet
from fangxin.kernel import journal
from fangxin.kernel.journal import Event
from fangxin.kernel.refs import SYSTEM, Ref

logger = logging.getLogger(__name__)

_EVENTS: dict[Announced, type[ClockNearing | ClockDue | ClockBreached]] = {
    Announced.NEARING: ClockNearing,
    Announced.DUE: ClockDue,
    Announced.BREACHED: ClockBreached,
}
_NEXT = {Announced.NEARING: "due_at", Announced.DUE: "breach_at", Announced.BREACHED: "NULL"}
_READ = ("pk", "subject", "term", "announced", "nearing_at", "due_at", "breach_at")

Key = tuple[datetime, int]


@dataclass(slots=True)
class Swept:
    """What one sweep announced."""

    nearing: int = 0
    due: int = 0
    breached: int = 0
    failed: list[int] = field(default_factory=list)
    """Clocks that could not be swept; the rest was, and these are tried again next time."""


def sweep(now: datetime, *, batch: int = 500, progress: Callable[[int], None] | None = None) -> Swept:
    """Announce every threshold passed by `now`; safe to run twice, or by two at once."""
    swept = Swept()
    after: Key | None = None
    while True:
        ahead = _ahead(now, after)
        try:
            found = _announce(ahead[:batch], now, swept)
        except (OperationalError, ProgrammingError, InterfaceError):
            raise  # the database, not a row: whoever called tries again
        except Exception:
            logger.warning("a sweep batch failed, going one by one", exc_info=True)
            found = [(at, pk) for at, pk in ahead.values_list("next_at", "pk")[:batch] if at]
            for _, key in found:
                _announce_one(key, now, swept)
        if progress and found:
            progress(len(found))
        if len(found) < batch:
            return swept
        after = found[-1]


def _ahead(now: datetime, after: Key | None) -> ClockQuerySet:
    clocks = Clock.objects.to_announce(now)
    if after is None:
        return clocks
    return clocks.filter(Q(next_at__gt=after[0]) | Q(pk__gt=after[1]), next_at__gte=after[0])


def _announce_one(key: int, now: datetime, swept: Swept) -> None:
    try:
        _announce(Clock.objects.to_announce(now).filter(pk=key), now, swept)
    except (OperationalError, ProgrammingError, InterfaceError):
        raise
    except Exception:
        logger.exception("clock %s can't be swept", key)
        swept.failed.append(key)


def _announce(clocks: ClockQuerySet, now: datetime, swept: Swept) -> list[Key]:
    """One transaction: lock, see what has passed, write, tell; answers the keys. Rows that someone else holds are theirs to announce."""
    counts: dict[Announced, int] = defaultdict(int)
    found: list[Key] = []
    with journal.atomic():
        levels: dict[Announced, list[int]] = defaultdict(list)
        events: list[Event] = []
        for pk, subject, term, announced, *instants in clocks.select_for_update(skip_locked=True).values_list(*_READ):
            found.append((instants[announced] or instants[1], pk))  # what `next_at` says, without reading it
            passed = [
                (level, instant)
                for level, instant in zip(_EVENTS, instants, strict=True)
                if instant and level > announced and instant <= now
            ]
            for level, instant in passed:
                events.append(_EVENTS[level](subject=Ref(subject), actor=SYSTEM, at=now, clock=pk, term=term, threshold=instant))
                counts[level] += 1
            levels[passed[-1][0]].append(pk)
        for level, chunk in levels.items():
            _mark(chunk, level)
        journal.publish(events)
    swept.nearing += counts[Announced.NEARING]
    swept.due += counts[Announced.DUE]
    swept.breached += counts[Announced.BREACHED]
    return found


def _mark(keys: list[int], level: Announced) -> None:
    """By hand: the ORM takes longer to write a query over hundreds of keys than the database to run it."""
    marks = ", ".join(["%s"] * len(keys))
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE clocks_clock SET announced = %s, next_at = {_NEXT[level]} WHERE id IN ({marks})", [int(level), *keys])  # noqa: S608 -- column names and marks
