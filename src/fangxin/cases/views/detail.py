"""The case page (诉求详情): facts, people, periods, history, and the steps that lead on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from fangxin.accounts.access import person_of, staff
from fangxin.accounts.models import Person
from fangxin.cases import acts, grounds, queries, timeline, words
from fangxin.cases.forms import DispatchForm, RevealForm
from fangxin.cases.models import CallBack, Case, CaseLink, LinkKind, OutsideNumber, Party, PartyRole, Side
from fangxin.cases.notices import OPEN_TO_BOTH
from fangxin.cases.services import complaints, mending, outcomes
from fangxin.cases.services.timing import RIGHTS
from fangxin.cases.states import State
from fangxin.cases.views.listing import QUICK, key_of
from fangxin.cases.workflow import law_of
from fangxin.clocks import rules, terms
from fangxin.clocks.keeping import calendar_of, current_calendar
from fangxin.clocks.models import Adjustment, Clock
from fangxin.clocks.rules import local_date
from fangxin.clocks.services import extensions_of, pauses_of
from fangxin.kernel import panels, permits
from fangxin.kernel.workdays import Calendar
from fangxin.kernel.workflow import Step


@dataclass(frozen=True, slots=True)
class Period:
    """One clock as the page shows it."""

    clock: Clock
    name: str
    layer: str
    left: words.Left | None
    overrun: str
    explanation: str
    basis: str
    timed: bool
    """Counted in hours: the due instant is shown, not days."""
    adjustments: Sequence[tuple[Adjustment, str]]
    """Each with its approver's name."""


def seen_case(person: Person, pk: int) -> Case:
    """The case, if the person may see it; else it isn't there."""
    found = Case.objects.select_related("unit", "competent", "officer", "trader", "delegate", "lead").filter(pk=pk)
    case = permits.rows(person, "view", found).first()
    if case is None:
        raise Http404
    return case


@staff()
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponseBase:
    """One case."""
    return case_page(request, seen_case(person_of(request), pk))


def case_page(
    request: HttpRequest, case: Case, *, refusal: str = "", form: tuple[str, acts.ActForm] | None = None, status: int = 200, **extra: Any
) -> HttpResponse:
    """The page of a case, with a refusal and a form that was sent back if there is one."""
    person, now = person_of(request), timezone.now()
    steps = queries.lawful_steps(person, case)
    notes = permits.may(person, "read_notes", case)
    people = list(Party.objects.filter(case=case).order_by("position"))
    links, whole = linked(person, case)
    context = {
        "case": case,
        "key": key_of(case),
        "heading": words.heading(case),
        "people": [one for one in people if one.role != PartyRole.RESPONDENT_CONTACT],
        "contacts": [one for one in people if one.role == PartyRole.RESPONDENT_CONTACT],
        "may_reveal": permits.may(person, "reveal", case),
        "reveal_form": RevealForm(auto_id=False),
        "numbers": list(OutsideNumber.objects.filter(case=case)),
        "links": links,
        **merged(person, case),
        "outcome": outcome(case, now),
        "periods": periods(case, now),
        "history": timeline.history(case, notes=notes, clues=whole),
        "offers": acts.offers(person, case, steps, now, sent=form),
        "refusal": refusal,
        "main_panels": [render_to_string(name, dict(filled), request) for name, filled in panels.shown("case.main", request, case)],
        "side_panels": [render_to_string(name, dict(filled), request) for name, filled in panels.shown("case.side", request, case)],
        **dispatching(person, case, steps, now),
        **extra,
    }
    response = render(request, "cases/detail.html", context, status=status)
    response["Cache-Control"] = "no-store"
    return response


def article(case: Case, step: str, now: datetime) -> str:
    """The article that allows a step today."""
    return law_of(step, case.kind, local_date(now)).text(get_language() or "zh-hans")


def dispatching(person: Person, case: Case, steps: Mapping[str, Step], now: datetime) -> dict[str, Any]:
    """What the dispatch form of this case shows; nothing for who does not dispatch it."""
    step = next((name for name in ("dispatch", "redispatch") if name in steps), None)
    if step is None:
        return {}
    units = [unit for unit in queries.destinations(person, queries.offices_seen(person)) if unit.pk != case.unit_id]
    suggestion = queries.suggested(case.place, units)
    usual = [unit for unit in queries.most_used(units) if unit != suggestion]
    return {
        "dispatch_step": words.STEPS[step],
        "dispatch_law": article(case, step, now),
        "dispatch_form": DispatchForm(None, units),
        "units": units,
        "quick": [*([suggestion] if suggestion else []), *usual][:QUICK],
        "suggestion": suggestion,
        "needs_note": step == "redispatch",
    }


def linked(person: Person, case: Case) -> tuple[list[tuple[str, Case | None]], bool]:
    """The cases that belong with this one, each with how; None for one that the person may not see. Second: whether none was kept back.

    Of a report, or what may turn out to be one, whoever may not see it is not even told that it is there (Order 121 Art 37).
    """
    links = list(CaseLink.objects.select_related("first", "second").defer("first__narrative", "second__narrative").filter(Q(first=case) | Q(second=case)).order_by("pk"))  # fmt: skip
    others = [(link, link.second if link.first_id == case.pk else link.first) for link in links]
    seen = set(permits.rows(person, "view", Case.objects.filter(pk__in=[other.pk for _link, other in others])).values_list("pk", flat=True))
    told = [(link, other) for link, other in others if other.pk in seen or other.kind in OPEN_TO_BOTH]
    return [(str(LinkKind(link.kind).label), other if other.pk in seen else None) for link, other in told], len(told) == len(others)


def merged(person: Person, case: Case) -> dict[str, Any]:
    """The case that this one is worked together with, and those worked together with this one; None for one that may not be seen.

    Of those that may not be seen only the number is told, and of what may be a report not even that (Order 121 Art 37).
    """
    members = Case.objects.filter(lead=case).order_by("pk")
    wanted = [*members.values_list("pk", flat=True), *([case.lead_id] if case.lead_id else [])]
    seen = {one.pk: one for one in permits.rows(person, "view", Case.objects.filter(pk__in=wanted))} if wanted else {}
    return {
        "lead": seen.get(case.lead_id) if case.lead_id else None,
        "members": [seen[pk] for pk in wanted if pk in seen and pk != case.lead_id],
        "members_hidden": members.filter(kind__in=OPEN_TO_BOTH).exclude(pk__in=seen).count() if wanted else 0,
    }


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a case, for its page."""

    ground: str
    """The item of the article, in words."""
    told: Sequence[tuple[str, str, datetime]]
    """Who was told of a termination: side, way, when."""
    still_to_tell: Sequence[str]
    call_backs: Sequence[CallBack]
    corrections: Sequence[tuple[str, str, str, datetime]]
    """Kind, step undone, state again, when."""


def outcome(case: Case, now: datetime) -> Outcome | None:
    """What became of a case; None while it goes on and nothing was ever undone."""
    corrections = mending.corrections_of(case)
    if case.is_open and not corrections:
        return None
    told = complaints.sides_told(case) if case.state == State.TERMINATED else []
    known = {one.side for one in told}
    states = dict(State.choices)
    return Outcome(
        ground=_ground(case, now),
        told=[(one.get_side_display(), str(words.METHODS.get(one.method, one.method)), one.at) for one in told],
        still_to_tell=[str(label) for side, label in Side.choices if side not in known] if case.state == State.TERMINATED else [],
        call_backs=outcomes.call_backs_of(case),
        corrections=[
            (one.get_kind_display(), str(words.STEPS.get(one.undone, one.undone)), str(states.get(one.again, one.again)), one.at)
            for one in corrections
        ],
    )


def _ground(case: Case, now: datetime) -> str:
    step = {State.REFUSED.value: "refuse", State.TERMINATED.value: "terminate"}.get(case.state)
    if step is None or not case.ground:
        return ""
    known = grounds.grounds(step, local_date(case.closed_at or now))
    language = get_language() or "zh-hans"
    return next((one.label(language) for one in known if one.number == case.ground), case.ground)


def periods(case: Case, now: datetime) -> list[Period]:
    """The case's clocks, those that run first, duties before rights, each explained in the reader's language."""
    clocks = sorted(Clock.objects.of(case.ref), key=lambda one: (one.stopped_at is not None, one.term in RIGHTS, one.due_at or now, one.pk))
    adjustments: dict[int, list[Adjustment]] = {}
    for one in Adjustment.objects.filter(clock__in=[clock.pk for clock in clocks]).order_by("pk"):
        adjustments.setdefault(one.clock_id, []).append(one)
    people = timeline.names(one.approver for mine in adjustments.values() for one in mine)
    _kept, today = current_calendar(now)
    calendars = {key: calendar_of(key) for key in {clock.calendar_id for clock in clocks}}
    return [_period(clock, adjustments.get(clock.pk, []), people, calendars[clock.calendar_id], today, now) for clock in clocks]


def _period(
    clock: Clock, adjustments: list[Adjustment], people: Mapping[str, str], counted_on: Calendar, today: Calendar, now: datetime
) -> Period:
    language = get_language() or "zh-hans"
    term = terms.term(clock.term)
    version = term.version(clock.version)
    due = None
    if not clock.paused and clock.strict_on and clock.lenient_on and clock.due_at and clock.breach_at:
        due = rules.Due(clock.strict_on, clock.lenient_on, clock.due_at, clock.breach_at, clock.nearing_at, clock.provisional)
    explanation = rules.explain(
        term, version, counted_on, due, clock.started_at, language, pauses_of(adjustments), extensions_of(adjustments)
    )
    return Period(
        clock=clock,
        name=term.name(language),
        layer=str(LAYERS[term.layer]()),
        left=words.left(clock, now=now, calendar=today) if clock.stopped_at is None else None,
        overrun=words.overrun(clock),
        explanation=explanation,
        basis=version.basis(language),
        timed=version.unit in {terms.Unit.HOURS, terms.Unit.MINUTES},
        adjustments=[(one, people.get(one.approver, one.approver)) for one in adjustments],
    )


LAYERS = {
    terms.Layer.LAW: lambda: _("by law"),
    terms.Layer.LOCAL: lambda: _("the city's pledge"),
    terms.Layer.HOTLINE: lambda: _("hotline rule"),
    terms.Layer.PLATFORM: lambda: _("platform rule"),
}
