"""The sweep: raises nearing, due and breached exactly once each, whatever was missed before.

Oldest first by key, without a cap and without a look-back; cost follows what has passed a threshold, not what runs.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import F, Q

from fangxin.clocks.events import ClockBreached, ClockDue, ClockNearing
from fangxin.clocks.models import Announced, Clock
from fangxin.kernel import journal
from fangxin.kernel.journal import Event
from fangxin.kernel.refs import SYSTEM, Ref

logger = logging.getLogger(__name__)

_EVENTS: dict[Announced, type[Event]] = {Announced.NEARING: ClockNearing, Announced.DUE: ClockDue, Announced.BREACHED: ClockBreached}
_NEXT: dict[Announced, Any] = {Announced.NEARING: F("due_at"), Announced.DUE: F("breach_at"), Announced.BREACHED: None}

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
        found = list(_ahead(now, after).values_list("next_at", "pk")[:batch])
        if not found:
            return swept
        keys = [key for _, key in found]
        try:
            _announce(keys, now, swept)
        except Exception:
            logger.warning("a sweep batch failed, going one by one", exc_info=True)
            for key in keys:
                _announce_one(key, now, swept)
        if progress:
            progress(len(keys))
        after = found[-1]


def _ahead(now: datetime, after: Key | None) -> Any:
    clocks = Clock.objects.to_announce(now)
    if after is None:
        return clocks
    return clocks.filter(Q(next_at__gt=after[0]) | Q(pk__gt=after[1]), next_at__gte=after[0])


def _announce_one(key: int, now: datetime, swept: Swept) -> None:
    try:
        _announce([key], now, swept)
    except Exception:
        logger.exception("clock %s can't be swept", key)
        swept.failed.append(key)


def _announce(keys: Sequence[int], now: datetime, swept: Swept) -> None:
    """One transaction: lock, see what has passed, write, tell. Rows that someone else holds are theirs to announce."""
    counts: dict[Announced, int] = defaultdict(int)
    with journal.atomic():
        levels: dict[Announced, list[int]] = defaultdict(list)
        events: list[Event] = []
        for clock in Clock.objects.filter(pk__in=keys, next_at__lte=now).select_for_update(skip_locked=True).order_by("next_at", "pk"):
            thresholds = {Announced.NEARING: clock.nearing_at, Announced.DUE: clock.due_at, Announced.BREACHED: clock.breach_at}
            passed = [level for level, instant in thresholds.items() if level > clock.announced and instant is not None and instant <= now]
            for level in passed:
                events.append(
                    _EVENTS[level](
                        subject=Ref(clock.subject), actor=SYSTEM, at=now, clock=clock.pk, term=clock.term, threshold=thresholds[level]
                    )  # type: ignore[call-arg]  # the three share their fields
                )
                counts[level] += 1
            levels[passed[-1]].append(clock.pk)
        for level, chunk in levels.items():
            Clock.objects.filter(pk__in=chunk).update(announced=level, next_at=_NEXT[level])
        journal.publish(events)
    swept.nearing += counts[Announced.NEARING]
    swept.due += counts[Announced.DUE]
    swept.breached += counts[Announced.BREACHED]
