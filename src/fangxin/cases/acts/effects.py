"""What an act will do, in sentences, reckoned beforehand with the rules of the clocks: nothing is written (试算).

Each function answers sentences to be put together: `[*stops(case, timing.ACCEPTANCE, at), *starts(case, timing.MEDIATION, at)]`.
`at` is the moment that the act would be taken.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date, datetime

from django.utils import timezone
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _

from fangxin.cases import words
from fangxin.cases.models import Case
from fangxin.cases.services import timing
from fangxin.clocks import rules, services, terms
from fangxin.clocks.keeping import calendar_of, known_calendar
from fangxin.clocks.models import Adjustment, AdjustmentKind, Clock
from fangxin.clocks.rules import Due, local_date
from fangxin.clocks.terms import Term, TermVersion, Unit
from fangxin.kernel.errors import DomainError, UnknownRule
from fangxin.kernel.workdays import Calendar

_TIMED = frozenset({Unit.MINUTES, Unit.HOURS})


@dataclass(slots=True)
class _Known:
    """What one page asks of a case's clocks again and again, read once."""

    subject: str
    clocks: list[Clock] | None = None
    newest: Calendar | None = None
    calendars: dict[int, Calendar] = field(default_factory=dict)


_known: ContextVar[_Known | None] = ContextVar("known", default=None)


@contextmanager
def remembering(case: Case) -> Iterator[None]:
    """Within it the clocks and calendars of this case are read once, however many acts ask for them. For showing, not for acting."""
    token = _known.set(_Known(case.ref))
    try:
        yield
    finally:
        _known.reset(token)


def stops(case: Case, term: str, at: datetime) -> list[str]:
    """“Stops the period “…” of 7 working days (1 working day left)”; nothing where it does not run."""
    clock = running(case, term)
    return [] if clock is None else [_stopped(clock, at)]


def starts(case: Case, term: str, at: datetime, *, set_on: date | None = None) -> list[str]:
    """“Starts 60 days of “mediation”: last day Tue 2026-01-19”, with the day after which it is late where that is another one.

    Nothing where the period runs already or was not in force; a period without a number (及时) is told as that. `set_on` is the day
    that a notice names.
    """
    known = terms.term(term)
    day = local_date(at)
    try:
        version = known.on(day, as_if=case.as_if)
    except UnknownRule:
        if known.layer is terms.Layer.LAW:
            return [_("No rule for “%(term)s” is known for this day.") % {"term": words.term_name(term)}]
        return []
    if running(case, term) is not None:
        return []
    if version.unit is Unit.PROMPT:
        return [_("“%(term)s” is then owed promptly; the law names no number of days.") % {"term": words.term_name(term)}]
    if version.unit is Unit.NOTICE and set_on is None:
        return [_("Starts “%(term)s”, which ends on the day that you set.") % {"term": words.term_name(term)}]
    due = rules.due(version, _newest(), at, set_on=set_on)
    return [] if due is None else [_started(known, version, due)]


def pauses(case: Case, term: str, at: datetime) -> list[str]:
    """That the days from now on are left out of a running period, which goes on when the pause ends."""
    clock = running(case, term)
    if clock is None or clock.paused:
        return []
    told = {"term": words.term_name(term), "left": words.left(clock, now=at, calendar=_calendar(clock)).text}
    return [_("The period “%(term)s” stands still from the day that you set (%(left)s); days until the result are not counted.") % told]


def resumes(case: Case, term: str, at: datetime) -> list[str]:
    """When a paused period will end if its pause ends today."""
    clock = running(case, term)
    if clock is None or not clock.paused:
        return []
    try:
        due = services.derive(clock, as_of=at)
    except DomainError:
        return []
    told = {"term": words.term_name(term), "day": dated(due)}
    return [_("The period “%(term)s” goes on; if the pause ends today, its last day is %(day)s.") % told]


def extends(case: Case, term: str, amount: int) -> list[str]:
    """Until when a running period lasts if it is extended by this many of its units; nothing where its rule doesn't allow it."""
    clock = running(case, term)
    if clock is None:
        return []
    version = terms.book().version(clock.version)
    if version.extension is None:
        return []
    more = Adjustment(clock=clock, kind=AdjustmentKind.EXTENSION, amount=amount, unit=version.extension.unit.value)
    try:
        due = services.reckon(clock, [*Adjustment.objects.filter(clock=clock).order_by("pk"), more], _calendar(clock))
    except DomainError:
        return []
    length = words.length(amount, version.extension.unit)
    told = {"term": words.term_name(term), "length": length, "day": dated(due) if due else _("not set yet")}
    return [_("Extends the period “%(term)s” by up to %(length)s, then until %(day)s.") % told]


def closes(case: Case, at: datetime, *, stopping: Sequence[str] = (), keeps: Sequence[str] = ()) -> list[str]:
    """What closing brings: the periods in `stopping` end with their verdict, what else runs no longer applies, unless it `keeps`.

    The same as `sharing.close` does: the hotline's and the first answer end too, and what is owed and overdue ends late.
    """
    ended = {*stopping, timing.HOTLINE_CLOSING, timing.ANSWER}
    told: list[str] = []
    void: list[str] = []
    running_ = [clock for clock in _running(case) if clock.term not in keeps]
    for clock in sorted(running_, key=lambda one: terms.term(one.term).layer is not terms.Layer.LAW):
        overdue = clock.term in timing.OWED and clock.breach_at is not None and clock.breach_at <= at
        if clock.term in ended or overdue:
            told.append(_stopped(clock, at))
        elif not terms.term(clock.term).right:
            void.append(words.term_name(clock.term))
    if void:
        told.append(_("No longer applies: %(terms)s.") % {"terms": _(", ").join(void)})
    return [*told, _("Closes the case.")]


def running(case: Case, term: str) -> Clock | None:
    """The running clock of a period of this case."""
    return next((clock for clock in _running(case) if clock.term == term), None)


def _running(case: Case) -> list[Clock]:
    known = _known.get()
    mine = known if known is not None and known.subject == case.ref else None
    if mine is not None and mine.clocks is not None:
        return mine.clocks
    found = list(Clock.objects.running().filter(subject=case.ref).order_by("pk"))
    if mine is not None:
        mine.clocks = found
    return found


def _newest() -> Calendar:
    known = _known.get()
    if known is None:
        return known_calendar()
    known.newest = known.newest or known_calendar()
    return known.newest


def dated(due: Due) -> str:
    """A last day with what a reader must know of it: the day after which it is late, and whether it can still move."""
    text = weekday_day(due.strict_on)
    if due.lenient_on != due.strict_on:
        text = _("%(day)s (a day off: late only after %(lenient)s)") % {"day": text, "lenient": weekday_day(due.lenient_on)}
    if due.provisional:
        text = _("%(day)s, provisional until the next holiday notice") % {"day": text}
    return text


def weekday_day(day: date) -> str:
    """A day with its weekday: Tue 2026-01-19."""
    return _("%(weekday)s %(date)s") % {"weekday": WEEKDAYS_ABBR[day.weekday()], "date": day.isoformat()}


def _stopped(clock: Clock, at: datetime) -> str:
    version = terms.book().version(clock.version)
    left = words.left(clock, now=at, calendar=_calendar(clock)).text
    told = {"term": words.term_name(clock.term), "length": words.length(version.amount, version.unit), "left": left}
    if version.unit is Unit.NOTICE:
        return _("Ends the period “%(term)s” (%(left)s).") % told
    return _("Stops the period “%(term)s” of %(length)s (%(left)s).") % told


def _started(term: Term, version: TermVersion, due: Due) -> str:
    told = {"term": words.term_name(term.id), "length": words.length(version.amount, version.unit)}
    if version.unit in _TIMED:
        told |= {"day": weekday_day(due.strict_on), "time": f"{timezone.localtime(due.due_at):%H:%M}"}
        return _("Starts %(length)s of “%(term)s”, due %(day)s %(time)s.") % told
    if version.unit is Unit.NOTICE:
        return _("Starts “%(term)s”, last day %(day)s.") % {**told, "day": dated(due)}
    return _("Starts %(length)s of “%(term)s”, last day %(day)s.") % {**told, "day": dated(due)}


def _calendar(clock: Clock) -> Calendar:
    known = _known.get()
    if known is None:
        return calendar_of(clock.calendar_id)
    if clock.calendar_id not in known.calendars:
        known.calendars[clock.calendar_id] = calendar_of(clock.calendar_id)
    return known.calendars[clock.calendar_id]


__all__ = ["closes", "dated", "extends", "pauses", "remembering", "resumes", "running", "starts", "stops", "weekday_day"]
