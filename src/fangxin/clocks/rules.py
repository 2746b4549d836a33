"""When a period ends: a pure function of its start, the rule's version, the calendar, pauses and extensions.

Days are days in Asia/Shanghai, whatever the server's time zone; instants are aware. The first day is out. `strict` is the last
day counted; `lenient` is the next working day if that day is off and the rule lets it roll. Alarms go by the strict date, breach
by the lenient one, because the law leaves open whether a weekend counts as a holiday (法定节假日) there.
"""

import calendar as months
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fangxin.clocks.terms import Lead, Term, TermVersion, Unit
from fangxin.kernel.errors import BadInput
from fangxin.kernel.workdays import Calendar, Days

# China has one zone and, since 1991, no summer time; the calendars begin later.
_OFFSET = timedelta(hours=8)
_SECONDS = {Unit.MINUTES: 60, Unit.HOURS: 3600}
_DATED = frozenset({Unit.DAYS, Unit.WORKDAYS, Unit.MONTHS, Unit.YEARS})


@dataclass(frozen=True, slots=True)
class Pause:
    """A span that may be left out of the count: the days in (start, end]; `end` is None while it lasts."""

    kind: str
    start: date
    end: date | None = None


@dataclass(frozen=True, slots=True)
class Extension:
    """A granted extension (延长), in the unit of the period."""

    amount: int
    unit: Unit


class Due(NamedTuple):
    """When a period ends.

    `due_at` is the instant at which the strict day is over (the next midnight in Asia/Shanghai), `breach_at` the same for the
    lenient day; for a period of hours both are start + hours. Whoever acts before `breach_at` is in time. `nearing_at` is when to
    warn, None if the rule has no warning. `provisional` is true if a day beyond the known calendar bears on the answer.
    """

    strict_on: date
    lenient_on: date
    due_at: datetime
    breach_at: datetime
    nearing_at: datetime | None
    provisional: bool


class Verdict(NamedTuple):
    """Whether a clock was stopped in time, by the lenient and by the strict date, and how far past the lenient one."""

    in_time: bool
    strict_in_time: bool
    overrun: int
    overrun_unit: Literal["days", "seconds"]


def local_date(at: datetime) -> date:
    """The day of an aware instant in Asia/Shanghai; raises BadInput for a naive one."""
    if at.tzinfo is not UTC:
        if at.tzinfo is None:
            raise BadInput("clocks.naive_time", "%(time)s has no time zone.", time=at.isoformat())
        at = at.astimezone(UTC)
    return (at + _OFFSET).date()


def end_of(day: date) -> datetime:
    """The instant at which a day in Asia/Shanghai is over."""
    return datetime(day.year, day.month, day.day, 16, tzinfo=UTC)


def add_months(day: date, count: int) -> date:
    """The same day of the month `count` months later, or that month's last day."""
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    return date(year, month + 1, min(day.day, months.monthrange(year, month + 1)[1]))


def due(
    version: TermVersion,
    calendar: Calendar,
    start: datetime,
    *,
    received: datetime | None = None,
    pauses: Sequence[Pause] = (),
    extensions: Sequence[Extension] = (),
    set_on: date | None = None,
) -> Due | None:
    """When the period of `version` that began at `start` ends.

    `received` is the first receipt, if that was earlier than `start`: the warning then counts from it. `set_on` is the day that a
    notice names, for periods of that kind. None while an open pause holds the period up, and for a period without a number (及时,
    or a notice whose day is not given): there is nothing to reckon.

    Raises BadInput for a naive time, or a pause or extension that the rule does not allow; UnknownRule where the calendar ends.
    """
    if not pauses and not extensions and set_on is None and version.unit in _DATED:
        return _plain(version, calendar, local_date(start), None if received is None else local_date(received))
    amount = version.amount + _extended(version, extensions)
    seconds = _SECONDS.get(version.unit)
    if seconds is not None:
        _stopping(version, pauses)
        return _timed(version, start, received, timedelta(seconds=amount * seconds))
    if version.unit is Unit.PROMPT or (version.unit is Unit.NOTICE and set_on is None):
        return None
    spans = _stopping(version, pauses)
    day = local_date(start)
    strict = set_on if version.unit is Unit.NOTICE else _last_day(version.unit, calendar, day, amount, spans)
    if strict is None:
        return None
    alarm = strict
    if received is not None and version.unit is not Unit.NOTICE:
        alarm = min(strict, _last_day(version.unit, calendar, local_date(received), amount, spans) or strict)
    return _dated(version, calendar, strict, alarm)


def due_batch(
    version: TermVersion, calendar: Calendar, starts: Sequence[datetime], *, received: Sequence[datetime | None] | None = None
) -> list[Due | None]:
    """`due` for many clocks that just start: no pauses, no extensions. `received` is as long as `starts`."""
    if received is None:
        received = [None] * len(starts)
    seconds = _SECONDS.get(version.unit)
    if seconds is not None:
        span = timedelta(seconds=version.amount * seconds)
        return [_timed(version, start, first, span) for start, first in zip(starts, received, strict=True)]
    if version.unit not in _DATED:
        return [None] * len(starts)
    return [
        _plain(version, calendar, local_date(start), None if first is None else local_date(first))
        for start, first in zip(starts, received, strict=True)
    ]


def due_many(version: TermVersion, calendar: Calendar, start_days: Days) -> tuple[Days, Days, NDArray[np.bool_]]:
    """Strict days, lenient days and provisional flags for an array of start days, all as `date.toordinal()`.

    For periods of working days and of natural days; raises BadInput for another unit, UnknownRule where the calendar ends.
    """
    if version.unit is Unit.WORKDAYS:
        strict = lenient = calendar.add_many(start_days, version.amount)
    elif version.unit is Unit.DAYS:
        strict = start_days + version.amount
        lenient = calendar.roll_many(strict) if version.roll else strict
    else:
        raise BadInput("clocks.unit_not_in_batch", "A period of %(unit)s can't be reckoned by the array.", unit=version.unit.value)
    if version.unit is Unit.DAYS and not version.roll:
        return strict, lenient, np.zeros(strict.shape, dtype=np.bool_)
    return strict, lenient, lenient > calendar.known_until.toordinal()


def verdict(version: TermVersion, due: Due, stopped_at: datetime) -> Verdict:
    """Whether a clock stopped at this instant was in time. A period of hours that is used up to the second is in time.

    The overrun is in natural days after the lenient date, or in seconds (begun ones count) for a period of hours.
    """
    if version.unit in _SECONDS:
        late = stopped_at - due.due_at
        overrun = -(-late // timedelta(seconds=1))
        return Verdict(overrun <= 0, overrun <= 0, max(overrun, 0), "seconds")
    day = local_date(stopped_at)
    return Verdict(day <= due.lenient_on, day <= due.strict_on, max((day - due.lenient_on).days, 0), "days")


# --- reckoning ---------------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1 << 15)  # cases come in by the thousand a day, days by the one
def _plain(version: TermVersion, calendar: Calendar, start: date, received: date | None) -> Due:
    strict = _counted(version.unit, calendar, start, version.amount)
    alarm = strict if received is None or received >= start else _counted(version.unit, calendar, received, version.amount)
    return _dated(version, calendar, strict, alarm)


def _counted(unit: Unit, calendar: Calendar, day: date, amount: int) -> date:
    if unit is Unit.WORKDAYS:
        return calendar.add(day, amount)
    if unit is Unit.DAYS:
        return day + timedelta(amount)
    return add_months(day, amount * (12 if unit is Unit.YEARS else 1))


def _dated(version: TermVersion, calendar: Calendar, strict: date, alarm: date) -> Due:
    lenient = calendar.roll(strict) if version.roll else strict
    leans = version.roll or version.unit is Unit.WORKDAYS
    return Due(
        strict_on=strict,
        lenient_on=lenient,
        due_at=end_of(strict),
        breach_at=end_of(lenient),
        nearing_at=None if version.nearing is None else _before(version.nearing, calendar, alarm),
        provisional=leans and lenient > calendar.known_until,
    )


def _before(lead: Lead, calendar: Calendar, alarm: date) -> datetime:
    if lead.unit is Unit.WORKDAYS:
        return end_of(calendar.add(alarm, -lead.amount))
    if lead.unit is Unit.DAYS:
        return end_of(alarm - timedelta(lead.amount))
    return end_of(alarm) - timedelta(seconds=lead.amount * _SECONDS[lead.unit])


def _timed(version: TermVersion, start: datetime, received: datetime | None, span: timedelta) -> Due:
    at = (start if start.tzinfo is UTC else _aware(start)) + span
    day = (at + _OFFSET).date()
    nearing = None
    if version.nearing is not None:
        alarm = at if received is None else min(at, _aware(received) + span)
        nearing = alarm - timedelta(seconds=version.nearing.amount * _SECONDS[version.nearing.unit])
    return Due(day, day, at, at, nearing, False)  # noqa: FBT003 -- positional for speed; hours don't rest on the calendar


def _aware(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise BadInput("clocks.naive_time", "%(time)s has no time zone.", time=at.isoformat())
    return at.astimezone(UTC)


def _extended(version: TermVersion, extensions: Sequence[Extension]) -> int:
    """How much the extensions add; raises BadInput where the rule does not allow them."""
    rule = version.extension
    if extensions and rule is None:
        raise BadInput("clocks.not_extendable", "The period %(version)s can't be extended.", version=version.id)
    if rule is None:
        return 0
    if len(extensions) > rule.times:
        raise BadInput("clocks.extended_too_often", "The period %(version)s can't be extended again.", version=version.id)
    for extension in extensions:
        if extension.unit is not rule.unit or extension.amount < 1 or (rule.amount is not None and extension.amount > rule.amount):
            raise BadInput(
                "clocks.extension_not_allowed",
                "The period %(version)s can't be extended by %(amount)s %(unit)s.",
                version=version.id,
                amount=extension.amount,
                unit=extension.unit.value,
            )
    return sum(extension.amount for extension in extensions)


def _stopping(version: TermVersion, pauses: Sequence[Pause]) -> list[tuple[date, date | None]]:
    """The spans that stop the count, in order and without overlap; raises BadInput for a kind that the rule does not know."""
    kinds = {rule.kind: rule.stops for rule in version.pauses}
    spans: list[tuple[date, date | None]] = []
    for pause in sorted(pauses, key=lambda one: one.start):
        if pause.kind not in kinds:
            raise BadInput(
                "clocks.pause_not_allowed", "The period %(version)s has no pause for %(kind)s.", version=version.id, kind=pause.kind
            )
        if pause.end is not None and pause.end < pause.start:
            raise BadInput("clocks.pause_backwards", "A pause can't end before it begins.")
        if not kinds[pause.kind]:
            continue
        first, last = pause.start, pause.end
        if spans:
            before = spans[-1][1]
            if before is None:
                continue
            if first <= before:
                last = None if last is None else max(before, last)
                spans[-1] = (spans[-1][0], last)
                continue
        spans.append((first, last))
    return spans


def _last_day(unit: Unit, calendar: Calendar, start: date, amount: int, spans: Iterable[tuple[date, date | None]]) -> date | None:
    """The last day counted, leaving out what the spans hold of it; None if a span that holds it up is still open."""
    last = _counted(unit, calendar, start, amount)
    for first, end in spans:
        if first >= last:
            break
        if end is None:
            return None
        out = _left_out(unit, calendar, max(first, start), end)
        last = calendar.add(last, out) if unit is Unit.WORKDAYS else last + timedelta(out)
    return last


def _left_out(unit: Unit, calendar: Calendar, first: date, end: date) -> int:
    """How many days of the unit lie in (first, end]."""
    if end <= first:
        return 0
    return calendar.count(first, end) if unit is Unit.WORKDAYS else (end - first).days


# --- in a sentence -----------------------------------------------------------------------------------------------------------


class _English:
    gap = " "
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    weekdays = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    units = {
        Unit.MINUTES: "minute",
        Unit.HOURS: "hour",
        Unit.DAYS: "day",
        Unit.WORKDAYS: "working day",
        Unit.MONTHS: "month",
        Unit.YEARS: "year",
    }
    pauses = {"testing": "testing or appraisal", "identification": "identification", "recusal": "recusal"}

    def short(self, day: date) -> str:
        return f"{day.day} {self.months[day.month - 1]}"

    def day(self, day: date) -> str:
        return f"{self.weekdays[day.weekday()]} {self.short(day)} {day.year}"

    def moment(self, at: datetime) -> str:
        local = at.astimezone(UTC) + _OFFSET
        return f"{self.day(local.date())}{self.gap}{local:%H:%M}"

    def length(self, amount: int, unit: Unit) -> str:
        return f"{amount} {self.units[unit]}{'' if amount == 1 else 's'}"

    def span(self, length: str, start: str, end: str) -> str:
        return f"{length} from {start}: {end}"

    def standing(self, length: str, start: str, pause: Pause) -> str:
        return f"{length} from {start}: stands still since {self.day(pause.start)} for {self.pauses.get(pause.kind, pause.kind)}"

    def prompt(self, start: str) -> str:
        return f"promptly from {start}, the law names no number of days"

    def notice(self, day: str | None) -> str:
        return "until the day that the notice sets" + (f", {day}" if day else "")

    def as_if(self, version: TermVersion) -> str:
        return f"reckoned as if {version.id} had been in force"

    def extended(self, lengths: list[str]) -> str:
        return f"extended by {' and '.join(lengths)}"

    def left_out(self, length: str, kind: str) -> str:
        return f"{length} of {self.pauses.get(kind, kind)} not counted"

    def skipped(self, off: int) -> str:
        return f"{off} day{'' if off == 1 else 's'} off skipped"

    def made_up(self, days: list[date]) -> str:
        return f"make-up day{'' if len(days) == 1 else 's'} {' and '.join(map(self.short, days))} counted"

    def rolled(self, day: date) -> str:
        return f"that day is off, so late only after {self.day(day)}"

    def provisional(self, until: date) -> str:
        return f"provisional, the holidays after {self.day(until)} are not announced"

    def sentence(self, parts: list[str]) -> str:
        head, basis, *notes = parts
        return "; ".join([head, basis, *notes])

    def listed(self, parts: list[str]) -> str:
        return ", ".join(parts)


class _Chinese(_English):
    gap = ""
    units = {
        Unit.MINUTES: "分钟",
        Unit.HOURS: "小时",
        Unit.DAYS: "日",
        Unit.WORKDAYS: "个工作日",
        Unit.MONTHS: "个月",
        Unit.YEARS: "年",
    }
    pauses = {"testing": "检测、鉴定", "identification": "权利人辨认、鉴别", "recusal": "回避"}

    def short(self, day: date) -> str:
        return f"{day.month}月{day.day}日"

    def day(self, day: date) -> str:
        return f"{day.year}年{self.short(day)}（星期{'一二三四五六日'[day.weekday()]}）"

    def length(self, amount: int, unit: Unit) -> str:
        return f"{amount}{self.units[unit]}"

    def span(self, length: str, start: str, end: str) -> str:
        return f"自{start}起{length}，至{end}届满"

    def standing(self, length: str, start: str, pause: Pause) -> str:
        return f"自{start}起{length}，{self.day(pause.start)}起因{self.pauses.get(pause.kind, pause.kind)}停止计算"

    def prompt(self, start: str) -> str:
        return f"自{start}起应当及时办理，法律未规定具体日数"

    def notice(self, day: str | None) -> str:
        return f"以通知书载明的期限为准{f'，至{day}届满' if day else ''}"

    def as_if(self, version: TermVersion) -> str:
        return f"起算日不在{version.id}施行期间，按视同施行计算"

    def extended(self, lengths: list[str]) -> str:
        return f"经批准延长{'、'.join(lengths)}"

    def left_out(self, length: str, kind: str) -> str:
        return f"{self.pauses.get(kind, kind)}所需{length}不计入"

    def skipped(self, off: int) -> str:
        return f"其间休息日{off}天不计"

    def made_up(self, days: list[date]) -> str:
        return f"{'、'.join(map(self.short, days))}调休上班计入"

    def rolled(self, day: date) -> str:
        return f"届满日为休息日，{self.day(day)}之后方为逾期"

    def provisional(self, until: date) -> str:
        return f"{until.year}年{self.short(until)}之后的放假安排尚未公布，日期为暂定"

    def sentence(self, parts: list[str]) -> str:
        head, basis, *notes = parts
        return "；".join([head, f"依据{basis}", *notes]) + "。"

    def listed(self, parts: list[str]) -> str:
        return "，".join(parts)


_ENGLISH, _CHINESE = _English(), _Chinese()


def explain(
    term: Term,
    version: TermVersion,
    calendar: Calendar,
    due: Due | None,
    start: datetime,
    language: str,
    pauses: Sequence[Pause] = (),
    extensions: Sequence[Extension] = (),
) -> str:
    """One sentence on how a due date came about, in Chinese (a language code that begins with zh) or English.

    `due` is what `due()` answered for the same arguments, None included. The first day named is out, as the law counts.
    """
    if term.id != version.term:
        raise BadInput("clocks.version_of_another", "%(version)s is no version of %(term)s.", version=version.id, term=term.id)
    say = _CHINESE if language.startswith("zh") else _ENGLISH
    day = local_date(start)
    parts = [_head(say, version, due, start, pauses), version.basis(language)]
    if extensions:
        parts.append(say.extended([say.length(one.amount, one.unit) for one in extensions]))
    if due is not None and version.unit in _DATED:
        parts += _notes(say, version, calendar, due, day, pauses=pauses)
    if not version.covers(day):
        parts.append(say.as_if(version))
    return say.sentence(parts)


def _head(say: _English, version: TermVersion, due: Due | None, start: datetime, pauses: Sequence[Pause]) -> str:
    first = say.day(local_date(start))
    if version.unit is Unit.PROMPT:
        return say.prompt(first)
    if version.unit is Unit.NOTICE:
        return say.notice(None if due is None else say.day(due.strict_on))
    length = say.length(version.amount, version.unit)
    if due is None:
        return say.standing(length, first, next(one for one in pauses if one.end is None))
    if version.unit in _SECONDS:
        return say.span(length, say.moment(start), say.moment(due.due_at))
    return say.span(length, first, say.day(due.strict_on))


def _notes(say: _English, version: TermVersion, calendar: Calendar, due: Due, day: date, *, pauses: Sequence[Pause]) -> list[str]:
    """What bore on the date: pauses, days off and make-up days, the roll, and what is not yet known."""
    notes: list[str] = []
    for first, end in _stopping(version, pauses):
        if end is not None and first < due.strict_on:
            # Pauses that overlap are told together, under the first one's kind.
            kind = next(one.kind for one in pauses if one.start == first)
            notes.append(say.left_out(say.length(_left_out(version.unit, calendar, max(first, day), end), version.unit), kind))
    if version.unit is Unit.WORKDAYS:
        off = (due.strict_on - day).days - calendar.count(day, due.strict_on)
        made_up = sorted(one for one in calendar.make_up if day < one <= due.strict_on)
        words = ([say.skipped(off)] if off else []) + ([say.made_up(made_up)] if made_up else [])
        notes += [say.listed(words)] if words else []
    if due.lenient_on != due.strict_on:
        notes.append(say.rolled(due.lenient_on))
    if due.provisional:
        notes.append(say.provisional(calendar.known_until))
    return notes
