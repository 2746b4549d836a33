"""A new calendar arrives (放假通知): provisional dates are computed again, each change is journalled, nothing else is touched."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from fangxin.clocks import calendars
from fangxin.clocks.calendars import YearCalendar
from fangxin.clocks.events import CalendarLoaded, ClockRecomputed
from fangxin.clocks.keeping import calendar_of, current_calendar, keep, years_of
from fangxin.clocks.models import Adjustment, CalendarVersion, Clock, ClockQuerySet
from fangxin.clocks.services import reckon, store_due
from fangxin.kernel import journal
from fangxin.kernel.errors import BadInput
from fangxin.kernel.refs import Ref, ref

_BATCH = 500
_RECOUNTED = ("calendar", "strict_on", "lenient_on", "nearing_at", "due_at", "breach_at", "provisional", "paused", "announced", "next_at")


@dataclass(frozen=True, slots=True)
class Loaded:
    """What loading a calendar did, or in a dry run would do."""

    label: str
    year: int
    new: bool
    looked_at: int
    changed: int


class _DryRun(Exception):
    def __init__(self, loaded: Loaded) -> None:
        super().__init__()
        self.loaded = loaded


def load_calendar(path: Path, *, by: Ref, at: datetime, rerule: bool = False, dry_run: bool = False) -> Loaded:
    """Load one year's calendar from a file and recompute the running clocks whose dates were provisional.

    With `rerule` (a revised notice for a year already known, as in January 2020) every running clock is counted again on the new
    calendar. One transaction; the same file again changes nothing; a dry run does everything and undoes it. Raises BadInput for a
    file that can't be one.
    """
    year = calendars.load_file(path)
    try:
        with journal.atomic():
            loaded = _load(year, by=by, at=at, rerule=rerule)
            if dry_run:
                raise _DryRun(loaded)  # noqa: TRY301 -- leaving by an exception is what undoes it
    except _DryRun as tried:
        return tried.loaded
    return loaded


def _load(year: YearCalendar, *, by: Ref, at: datetime, rerule: bool) -> Loaded:
    before, _ = current_calendar(at)
    known = {one.year: one for one in years_of(CalendarVersion.objects.get(pk=before.pk))}
    if known.get(year.year) == year:
        return Loaded(before.label, year.year, new=False, looked_at=0, changed=0)
    if year.year in known and not rerule:
        raise BadInput(
            "clocks.year_known",
            "The calendar of %(year)s is known already; a revised notice needs --rerule, which counts running clocks again.",
            year=year.year,
        )
    known[year.year] = year
    after = keep(list(known.values()), at=at)
    looked_at, changed = _recount(after, rerule=rerule, by=by, at=at)
    told = CalendarLoaded(
        subject=ref("calendar", after.pk), actor=by, at=at, label=after.label, year=year.year, digest=after.digest, recomputed=changed
    )
    journal.publish([told])
    return Loaded(after.label, year.year, new=True, looked_at=looked_at, changed=changed)


def _affected(*, rerule: bool) -> ClockQuerySet:
    return Clock.objects.running() if rerule else Clock.objects.provisional()


def _recount(after: CalendarVersion, *, rerule: bool, by: Ref, at: datetime) -> tuple[int, int]:
    """Count the affected clocks on the new calendar. One that is held up by a pause only changes its calendar; its dates come later."""
    calendar = calendar_of(after.pk)
    last = looked_at = total = 0
    while clocks := list(_affected(rerule=rerule).filter(pk__gt=last).order_by("pk").select_for_update()[:_BATCH]):
        adjustments: dict[int, list[Adjustment]] = defaultdict(list)
        for one in Adjustment.objects.filter(clock__in=clocks).order_by("pk"):
            adjustments[one.clock_id].append(one)
        changed: list[Clock] = []
        events: list[ClockRecomputed] = []
        for clock in clocks:
            due = reckon(clock, adjustments[clock.pk], calendar)
            was = (clock.strict_on, clock.lenient_on, clock.due_at, clock.breach_at, clock.provisional)
            if rerule and due and was == (due.strict_on, due.lenient_on, due.due_at, due.breach_at, due.provisional):
                continue
            clock.calendar_id = after.pk
            store_due(clock, due)
            changed.append(clock)
            events.append(
                ClockRecomputed(
                    subject=Ref(clock.subject), actor=by, at=at, term=clock.term, calendar=after.label, was_strict=was[0], was_lenient=was[1],
                    strict=clock.strict_on, lenient=clock.lenient_on, provisional=clock.provisional,
                )
            )  # fmt: skip
        Clock.objects.bulk_update(changed, _RECOUNTED)
        journal.publish(events)
        looked_at += len(clocks)
        total += len(changed)
        last = clocks[-1].pk
    return looked_at, total
