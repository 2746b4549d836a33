"""Questions of the officers' pages: the work list under its filters, its counts, the units to dispatch to."""

import base64
import binascii
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from enum import StrEnum

from django.db.models import Q, QuerySet
from django.db.models.functions import Substr

from fangxin.accounts.models import DISPATCH_KINDS, Office, Person, Role
from fangxin.cases.models import Absence, Approval, Case, OutsideNumber, ReporterNotice
from fangxin.cases.numbers import key_of
from fangxin.cases.permits import SEES_ALL
from fangxin.cases.states import State
from fangxin.cases.workflow import WORKFLOWS
from fangxin.clocks.models import Clock
from fangxin.clocks.rules import end_of, local_date
from fangxin.kernel import pages, permits
from fangxin.kernel.errors import BadInput
from fangxin.kernel.refs import Ref
from fangxin.kernel.workdays import Calendar
from fangxin.kernel.workflow import Step

PAGE = 50
COUNTED = 1_000
"""Counts stop here: beyond it "999+" says enough, and costs no more at a million cases."""
NEARING_WORKDAYS = 2
EXCERPT = 160


class Status(StrEnum):
    """Whether a list shows what is still open."""

    OPEN = "open"
    CLOSED = "closed"
    OWED = "owed"
    """Closed, but a notice is still owed to somebody."""
    APPROVAL = "approval"
    """Open, and an application waits for the head's decision."""
    ALL = "all"


class DueBy(StrEnum):
    """How near the nearest period's end is."""

    OVERDUE = "overdue"
    TODAY = "today"
    NEARING = "nearing"


class Order(StrEnum):
    """What comes first: the nearest due date, or what came in last."""

    DUE = "due"
    NEWEST = "newest"


@dataclass(frozen=True, slots=True)
class Filters:
    """What a work list shows. Codes as in the address; empty: no restriction."""

    q: str = ""
    unit: str = ""
    kind: str = ""
    state: str = ""
    term: str = ""
    due: str = ""
    channel: str = ""
    officer: str = ""
    """`me` (with those the person stands in for), `none`, or the key of an officer."""
    status: str = Status.OPEN.value
    order: str = Order.DUE.value

    def given(self) -> dict[str, str]:
        """What differs from the plain list: the part of the address that is worth sharing."""
        plain = Filters()
        return {one.name: getattr(self, one.name) for one in fields(self) if getattr(self, one.name) != getattr(plain, one.name)}

    @property
    def by_due(self) -> bool:
        """Whether the list goes by due date; closed cases have none, and what is searched by number needs no order."""
        return self.order == Order.DUE and self.status == Status.OPEN and not self.q


@dataclass(frozen=True, slots=True)
class Counts:
    """How many open cases a person sees in each of the piles that matter; never more than `COUNTED`."""

    overdue: int
    today: int
    waiting: int | None
    """Waiting for dispatch; None for who does not dispatch."""


def offices_seen(person: Person) -> list[Office]:
    """The offices whose cases the person may see, in tree order."""
    return list(person.offices(Role.OFFICER, Role.MEDIATOR, *SEES_ALL).select_related("competent"))


def listed(person: Person, filters: Filters, offices: Sequence[Office], *, now: datetime, calendar: Calendar) -> QuerySet[Case]:
    """The cases of a list, unordered: those under these filters that the person may see. `offices` are `offices_seen`."""
    found = Case.objects.all()
    if filters.q:
        found = found.filter(pk__in=numbered(filters.q))
    elif filters.status == Status.OPEN:
        found = found.open()
    elif filters.status == Status.CLOSED:
        found = found.closed()
    elif filters.status == Status.OWED:
        found = found.closed().filter(pk__in=owing())
    elif filters.status == Status.APPROVAL:
        found = found.open().filter(pk__in=Approval.objects.open().values("case_id"))
    exact = {"kind": filters.kind, "state": filters.state, "next_term": filters.term, "channel": filters.channel}
    found = found.filter(**{name: value for name, value in exact.items() if value})
    if filters.due == DueBy.OVERDUE:
        found = found.late(now)
    elif filters.due:
        found = found.filter(next_due_at__gt=now, next_due_at__lte=_until(filters.due, now, calendar))
    mine = _of_officer(found, person, filters.officer, local_date(now)) if filters.officer else found
    return permits.rows(person, "view", _in_units(mine, person, offices, filters))


def _of_officer(found: QuerySet[Case], person: Person, officer: str, today: date) -> QuerySet[Case]:
    """Those of one officer: one's own and of whom one stands in for (代班), nobody's, or another's by key."""
    if officer == "me":
        away = Absence.objects.on(today).filter(deputy=person).values_list("person_id", flat=True)
        return found.filter(officer__in=[person.pk, *away])
    if officer == "none":
        return found.filter(officer__isnull=True)
    return found.filter(officer=int(officer)) if officer.isascii() and officer.isdigit() and len(officer) < 19 else found.none()


def owing() -> QuerySet[Case, int]:
    """Keys of closed cases that still owe a notice: a period runs for it, or one without a number of days was left open; each by its index."""
    running = Case.objects.closed().filter(next_due_at__isnull=False).values_list("pk", flat=True)
    return running.union(ReporterNotice.objects.owed().values_list("case_id", flat=True))


def numbered(text: str) -> list[int]:
    """Keys of the cases with this number, ours or an outside system's; each way by its own index, which an OR over all would not use."""
    text = text.strip()
    key = key_of(text)
    keys = [] if key is None else [key]
    keys += Case.objects.exclude(outside_number="").filter(outside_number=text).values_list("pk", flat=True)[:PAGE]
    keys += OutsideNumber.objects.filter(number=text).values_list("case_id", flat=True)[:PAGE]
    return keys


def _until(due: str, now: datetime, calendar: Calendar) -> datetime:
    today = local_date(now)
    return end_of(today if due == DueBy.TODAY else calendar.add(today, NEARING_WORKDAYS))


def _in_units(found: QuerySet[Case], person: Person, offices: Sequence[Office], filters: Filters) -> QuerySet[Case]:
    """Only the unit's subtree, or, for who sees but some units, those: a list of keys can walk the unit's index where a path can't.

    What is delegated to a mediator's office counts as with it.
    """
    mediates = Role.MEDIATOR in person.roles()
    if filters.unit:
        path = next((office.path for office in offices if office.code == filters.unit), "")
        wanted = [office.pk for office in offices if path and office.path.startswith(path)]
        if mediates:
            return found.filter(Q(unit_id__in=wanted) | Q(delegate_id__in=wanted))
        return found.filter(unit_id=wanted[0]) if len(wanted) == 1 else found.filter(unit_id__in=wanted)
    if any(path.count("/") == 1 for path in person.paths(Role.OFFICER, Role.MEDIATOR, *SEES_ALL)):
        return found
    if filters.state == State.RECEIVED:
        return found.none()  # what waits for dispatch is with no unit
    mine = [office.pk for office in offices]
    if not filters.by_due:
        return found
    return found.filter(Q(unit_id__in=mine) | Q(delegate_id__in=mine)) if mediates else found.filter(unit_id__in=mine)


def excerpt() -> Substr:
    """The first words of a narrative, for `annotate`."""
    return Substr("narrative", 1, EXCERPT)


def page_of(found: QuerySet[Case], filters: Filters, after: str = "") -> pages.Page[Case]:
    """One page of a list in its order, with the first words of each narrative (`excerpt`) instead of the whole."""
    rows = Case.objects.select_related("unit", "trader").defer("narrative", "request", "sealed_filing", "digest")
    rows = rows.annotate(excerpt=excerpt())
    if filters.by_due:
        return pages.page(found, by="next_due_at", after=after, size=PAGE, shown=rows)
    if after:
        found = found.filter(pk__lt=_key(after))
    newest = list(rows.filter(pk__in=found.order_by("-pk").values("pk")[: PAGE + 1]).order_by("-pk"))
    more = len(newest) > PAGE
    return pages.Page(newest[:PAGE], base64.urlsafe_b64encode(str(newest[PAGE - 1].pk).encode()).decode() if more else "")


def _key(after: str) -> int:
    try:
        return int(base64.urlsafe_b64decode(after))
    except (ValueError, binascii.Error) as error:
        raise BadInput("kernel.bad_page_key", "This address leads to no page; please start from the first one.") from error


def counts(person: Person, offices: Sequence[Office], *, now: datetime, calendar: Calendar, desk: bool) -> Counts:
    """The piles that matter, each counted up to the cap."""

    def count(**filters: str) -> int:
        return listed(person, Filters(**filters), offices, now=now, calendar=calendar).values("pk")[:COUNTED].count()

    return Counts(
        overdue=count(due=DueBy.OVERDUE.value),
        today=count(due=DueBy.TODAY.value),
        waiting=count(state=State.RECEIVED.value) if desk else None,
    )


def nearest_clocks(cases: Sequence[Case]) -> dict[str, Clock]:
    """The running clock behind each case's nearest due date, by the case's reference; one query."""
    wanted: dict[Ref, str] = {case.ref: case.next_term for case in cases if case.next_term}
    found = Clock.objects.running().filter(subject__in=wanted)
    return {clock.subject: clock for clock in found if wanted[Ref(clock.subject)] == clock.term}


def seen_key(case: Case) -> str:
    """A case with the state and unit it is seen in: `12.received.0`. Who sends another one back has seen something older."""
    return f"{case.pk}.{case.state}.{case.unit_id or 0}"


# --- dispatch ----------------------------------------------------------------------------------------------------------------


def destinations(person: Person, offices: Sequence[Office]) -> list[Office]:
    """The units among `offices_seen` that the person may dispatch to, in tree order; none for who does not dispatch."""
    paths = person.paths(Role.CITY_DESK)
    return [office for office in offices if office.active and office.kind in DISPATCH_KINDS and office.path.startswith(paths)]


def most_used(units: Sequence[Office], *, among: int = 500) -> list[Office]:
    """The units that the newest dispatched cases went to, the most frequent first."""
    known = {unit.pk: unit for unit in units}
    newest = Case.objects.filter(unit__isnull=False).order_by("-pk").values_list("unit_id", flat=True)[:among]
    return [known[pk] for pk, _ in Counter(newest).most_common() if pk in known]


_OFFICE_WORDS = re.compile(r"(市场监督管理|市场监管)?(局|分局|所|中心)$")


def suggested(place: str, units: Sequence[Office]) -> Office | None:
    """The unit whose name stands in the place that the channel stated: the lowest in the tree, then the longest name."""
    best, rank = None, (0, 0)
    for unit in units if place else ():
        name = _OFFICE_WORDS.sub("", unit.name)
        mine = (unit.path.count("/"), len(name))
        if len(name) > 1 and name in place and mine > rank:
            best, rank = unit, mine
    return best


# --- steps -------------------------------------------------------------------------------------------------------------------

DISPATCHES = frozenset({"dispatch", "redispatch"})
OVERSEES = frozenset({"reopen", "call_back"})


def roles_for(person: Person, case: Case) -> frozenset[str]:
    """The roles that the person has for the unit that the case is with; on the desk's queue: for the whole city.

    For a case delegated to a body that is its mediators' role too, and nothing more.
    """
    path = case.unit.path if case.unit else ""
    mine = {grant.role.value for grant in person.grants if (path.startswith(grant.path) if path else grant.path.count("/") == 1)}
    if case.delegate_id is not None and case.delegate and person.has_role(Role.MEDIATOR, case.delegate):
        mine.add(Role.MEDIATOR.value)
    return frozenset(mine)


def lawful_steps(person: Person, case: Case) -> dict[str, Step]:
    """The steps that lead on from here and that this person may take, by name."""
    roles = roles_for(person, case)
    allowed = {action: permits.may(person, action, case) for action in ("dispatch", "handle", "oversee")}

    def action(step: Step) -> str:
        return "dispatch" if step.name in DISPATCHES else "oversee" if step.name in OVERSEES else "handle"

    return {step.name: step for step in WORKFLOWS[case.kind].lawful(case.state, roles) if allowed[action(step)]}
