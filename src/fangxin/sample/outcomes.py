"""What a bureau does with a filing, and when: shares and delays after the published figures, lateness included."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from itertools import accumulate
from math import log

from fangxin.cases.filings import Channel, Kind
from fangxin.sample.days import calendar
from fangxin.sample.matters import Dice, Matter
from fangxin.sample.places import CITY, counties
from fangxin.sample.vocabulary import LINES

ACCEPTED = 0.775
"""Accepted complaints of all (11,028 of 14,230)."""
SETTLED = 0.5163
"""Settled mediations of those closed (national mean)."""
LATE = {
    "local.dispatch": 0.024,
    "local.answer": 0.012,
    "complaint.acceptance": 0.0017,
    "complaint.mediation": 0.0008,
    "report.verification": 0.0034,
    "hotline.closing": 0.008,
}
"""Share of each period that is missed; the last four after the published on-time rates, the first two are the city's own pledges."""
LEFT_LYING = 0.03
"""Share of the last six weeks' filings that nobody has gone on with since some early moment."""
_REFUSALS = tuple(accumulate((0.25, 0.15, 0.20, 0.02, 0.30, 0.05, 0.03)))
_TERMINATIONS = tuple(accumulate((0.17, 0.24, 0.52, 0.02, 0.03, 0.01, 0.0, 0.01)))
_TERMINATED = (1, 2, 3, 4, 3, 6, 7, 8)
"""The items of those; the fifth, no agreement within the period, is there only when it is over."""
_FILED = 0.19
_COUNTY_CODES = tuple(counties())
SHANGHAI = timezone(timedelta(hours=8))
_MIDNIGHT = time(tzinfo=SHANGHAI)
_OPENING, _CLOSING = 8 * 60 + 30, 17 * 60 + 30


@dataclass(slots=True)
class Outcome:
    """What became of one filing. Instants are aware UTC; None: has not happened until the sample's last day, or never will.

    `kind` is what the filing is in truth (a hotline order doesn't say). For a mixed filing both the complaint's and the report's
    fields are set. `refusal` and `termination` are item numbers of Order 121 Art 16 and Art 23.
    """

    channel: Channel
    number: str
    kind: Kind
    uscc: str
    """The trader in truth; empty if none is concerned."""
    division: str
    """Code of the county where it belongs."""
    object_class: str
    problem_class: str
    unit_code: str
    """Office that handles it, once dispatched."""
    dispatched_at: datetime | None = None
    responded_at: datetime | None = None
    decided_at: datetime | None = None
    accepted: bool | None = None
    refusal: int | None = None
    mediated_at: datetime | None = None
    mediation: str = ""
    """agreed or terminated."""
    termination: int | None = None
    verified_at: datetime | None = None
    filed: bool | None = None
    answered_at: datetime | None = None
    """A consultation's answer; for a complaint or report from 12345 the reply to the hotline."""
    closed_at: datetime | None = None
    recovered_fen: int = 0
    satisfied_process: int | None = None
    """1 (not at all) to 5, of those who were called back."""
    satisfied_result: int | None = None
    duplicate_of: str = ""
    """channel:number of the filing that says the same."""
    late: tuple[str, ...] = ()
    """Periods that were missed by what has happened."""


def _office_time(dice: Dice, day: date) -> datetime:
    return datetime.combine(day, _MIDNIGHT) + timedelta(minutes=_OPENING + dice.below(_CLOSING - _OPENING), seconds=dice.below(60))


def _within(dice: Dice, usual: float, limit: float) -> float:
    """An exponential delay of that usual length, below the limit."""
    return min(-usual * log(1 - dice.random()), limit * (0.5 + 0.49 * dice.random()))


class Bureau:
    """Handles filings one after the other; `end` is the last local instant of which anything is known."""

    def __init__(self, dice: Dice, end: datetime) -> None:
        self._dice = dice
        self._end = end
        self._calendar = calendar()
        self._edge = end - timedelta(42)

    def handle(self, matter: Matter, channel: Channel, number: str, received: datetime, duplicate_of: str, *, serial: bool) -> Outcome:
        """The outcome of a filing received at that local time; `serial`: from somebody who lives on complaints (Art 17)."""
        dice = self._dice
        unit, division, uscc, object_class = CITY, CITY, "", ""
        if matter.trader >= 0:
            place = matter.respondent.place
            division, uscc = place.county, matter.respondent.uscc
            unit = place.office if dice.chance(0.7) and not matter.elsewhere else place.county
            object_class = "" if matter.elsewhere else LINES[matter.line].name
        elif dice.chance(0.6):
            unit = division = dice.pick(_COUNTY_CODES)
        horizon = self._end
        if received > self._edge and dice.chance(LEFT_LYING):
            horizon = min(horizon, received + timedelta(seconds=dice.below(30 * 3600)))
        made = Outcome(
            channel,
            number,
            matter.kind,
            uscc,
            division,
            object_class,
            "" if matter.elsewhere else matter.problem,
            unit,
            duplicate_of=duplicate_of,
        )
        late: list[str] = []
        self._take_in(made, received, late)
        if matter.kind is Kind.CONSULTATION or channel is Channel.HOTLINE_12345:
            self._answer(made, late)
        if matter.kind is Kind.CONSULTATION:
            made.closed_at = made.answered_at
        if matter.kind in (Kind.COMPLAINT, Kind.MIXED):
            self._complaint(made, matter, late, serial=serial)
        if matter.kind in (Kind.REPORT, Kind.MIXED):
            self._report(made, late)
        if made.closed_at and dice.chance(0.35):
            good = made.kind is Kind.CONSULTATION or made.mediation == "agreed" or bool(made.filed)
            made.satisfied_process = 5 if dice.chance(0.86) else 1 + dice.below(4)
            made.satisfied_result = 5 if dice.chance(0.9 if good else 0.45) else 1 + dice.below(4)
        made.late = tuple(late)
        _forget(made, horizon)
        return made

    def _take_in(self, made: Outcome, received: datetime, late: list[str]) -> None:
        dice = self._dice
        if dice.chance(LATE["local.dispatch"]):
            late.append("local.dispatch")
            delay = 121 + dice.random() * 600
        else:
            delay = 1 + _within(dice, 26, 118)
        made.dispatched_at = received + timedelta(seconds=int(delay * 60))
        if dice.chance(LATE["local.answer"]):
            late.append("local.answer")
            hours = 24.1 + dice.random() * 50
        else:
            hours = max(delay / 60 + 0.1, _within(dice, 5, 23.9))
        made.responded_at = received + timedelta(seconds=int(hours * 3600))

    def _workday(self, start: datetime, last: int, *, missed: bool) -> datetime:
        """An office time on one of the working days up to `last` after `start`, mostly the middle ones, or some days past it."""
        n = last + 1 + self._dice.below(5) if missed else 1 + int(last * (self._dice.random() + self._dice.random()) / 2)
        return _office_time(self._dice, self._calendar.add(start.date(), n))

    def _miss(self, term: str, late: list[str]) -> bool:
        missed = self._dice.chance(LATE[term])
        if missed:
            late.append(term)
        return missed

    def _answer(self, made: Outcome, late: list[str]) -> None:
        assert made.dispatched_at is not None  # noqa: S101 -- set by _take_in
        assert made.responded_at is not None  # noqa: S101 -- set by _take_in
        if self._miss("hotline.closing", late):
            made.answered_at = self._workday(made.dispatched_at, 5, missed=True)
        elif made.kind is Kind.CONSULTATION and self._dice.chance(0.7):
            made.answered_at = made.responded_at
        else:
            made.answered_at = self._workday(made.dispatched_at, 5, missed=False)
        made.answered_at = max(made.answered_at, made.responded_at)

    def _complaint(self, made: Outcome, matter: Matter, late: list[str], *, serial: bool) -> None:
        assert made.dispatched_at is not None  # noqa: S101 -- set by _take_in
        assert made.responded_at is not None  # noqa: S101 -- set by _take_in
        dice = self._dice
        decided = self._workday(made.dispatched_at, 7, missed=self._miss("complaint.acceptance", late))
        made.decided_at = max(decided, made.responded_at + timedelta(minutes=20))
        ground = 1 if matter.elsewhere else 2 if made.duplicate_of else 3 if serial and dice.chance(0.6) else 0
        # What is refused for those reasons anyway leaves less to be refused by chance.
        if not ground and not dice.chance(ACCEPTED / 0.94):
            ground = dice.weighted(_REFUSALS) + 1
        made.accepted = ground == 0
        if ground:
            made.refusal = ground
            made.closed_at = made.decided_at
            return
        agreed = dice.chance(SETTLED)
        start = made.decided_at.date()
        if self._miss("complaint.mediation", late):
            day = self._calendar.roll(start + timedelta(69 + dice.below(20)))
            agreed = False
        else:
            day = self._calendar.roll(start + timedelta(int(_within(dice, 11 if agreed else 20, 55))))
            if (day - start).days > 58:
                day = self._calendar.add(day, -1)
        made.mediated_at = made.closed_at = max(_office_time(dice, day), made.decided_at + timedelta(minutes=30))
        made.mediation = "agreed" if agreed else "terminated"
        if agreed:
            made.recovered_fen = int(min(matter.amount, 20_000) * (0.5 + 0.95 * dice.random()) * 100)
        else:
            made.termination = 5 if "complaint.mediation" in late else _TERMINATED[dice.weighted(_TERMINATIONS)]

    def _report(self, made: Outcome, late: list[str]) -> None:
        assert made.dispatched_at is not None  # noqa: S101 -- set by _take_in
        assert made.responded_at is not None  # noqa: S101 -- set by _take_in
        dice = self._dice
        verified = self._workday(made.dispatched_at, 15, missed=self._miss("report.verification", late))
        made.verified_at = max(verified, made.responded_at + timedelta(minutes=20))
        made.filed = not made.duplicate_of and dice.chance(_FILED)
        day = made.verified_at.date() + timedelta(20 + dice.below(65))
        ended = _office_time(dice, self._calendar.roll(day)) if made.filed else made.verified_at
        made.closed_at = max(ended, made.closed_at) if made.closed_at else ended


_STAGES: tuple[tuple[str, dict[str, object]], ...] = (
    ("dispatched_at", {}),
    ("responded_at", {}),
    ("answered_at", {}),
    ("decided_at", {"accepted": None, "refusal": None}),
    ("mediated_at", {"mediation": "", "termination": None, "recovered_fen": 0}),
    ("verified_at", {"filed": None}),
    ("closed_at", {"satisfied_process": None, "satisfied_result": None}),
)
_LATE_AT = {
    "local.dispatch": "dispatched_at",
    "local.answer": "responded_at",
    "hotline.closing": "answered_at",
    "complaint.acceptance": "decided_at",
    "complaint.mediation": "mediated_at",
    "report.verification": "verified_at",
}


def _forget(made: Outcome, horizon: datetime) -> None:
    """Take back what happens after the horizon and all that it brought; the rest becomes UTC."""
    for name, brought in _STAGES:
        at: datetime | None = getattr(made, name)
        if at is None:
            continue
        if at <= horizon:
            setattr(made, name, at.astimezone(UTC))
            continue
        setattr(made, name, None)
        for other, nothing in brought.items():
            setattr(made, other, nothing)
    if made.late:
        made.late = tuple(term for term in made.late if getattr(made, _LATE_AT[term]) is not None)
    if made.dispatched_at is None:
        made.unit_code = ""
