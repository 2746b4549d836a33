"""The case page (诉求详情): facts, people, periods, history, and the steps that lead on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
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
from fangxin.cases import queries, timeline, words
from fangxin.cases.filings import Channel
from fangxin.cases.forms import DispatchForm, KindForm, ReportBackForm, RespondForm, ReturnForm, RevealForm
from fangxin.cases.models import Case, CaseLink, LinkKind, OutsideNumber, Party, PartyRole
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

FORMS: Mapping[str, type[forms.Form]] = {
    "return_to_desk": ReturnForm,
    "respond": RespondForm,
    "report_back": ReportBackForm,
    "set_kind": KindForm,
}


@dataclass(frozen=True, slots=True)
class Action:
    """A step that the person may take now, with its form and its article."""

    name: str
    label: Any
    url: str
    law: str
    form: forms.Form


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
    found = Case.objects.select_related("unit", "competent", "officer", "trader").filter(pk=pk)
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
    request: HttpRequest, case: Case, *, refusal: str = "", form: tuple[str, forms.Form] | None = None, status: int = 200, **extra: Any
) -> HttpResponse:
    """The page of a case, with a refusal and a form that was sent back if there is one."""
    person, now = person_of(request), timezone.now()
    steps = queries.lawful_steps(person, case)
    notes = permits.may(person, "read_notes", case)
    people = list(Party.objects.filter(case=case).order_by("position"))
    context = {
        "case": case,
        "key": key_of(case),
        "heading": words.heading(case),
        "people": [one for one in people if one.role != PartyRole.RESPONDENT_CONTACT],
        "contacts": [one for one in people if one.role == PartyRole.RESPONDENT_CONTACT],
        "may_reveal": permits.may(person, "reveal", case),
        "reveal_form": RevealForm(auto_id=False),
        "numbers": list(OutsideNumber.objects.filter(case=case)),
        "links": linked(person, case),
        "periods": periods(case, now),
        "history": timeline.history(case, notes=notes),
        "actions": actions(case, steps, now, form),
        "refusal": refusal,
        "main_panels": [render_to_string(name, dict(filled), request) for name, filled in panels.shown("case.main", request, case)],
        "side_panels": [render_to_string(name, dict(filled), request) for name, filled in panels.shown("case.side", request, case)],
        **dispatching(person, case, steps, now),
        **extra,
    }
    response = render(request, "cases/detail.html", context, status=status)
    response["Cache-Control"] = "no-store"
    return response


def actions(case: Case, steps: Mapping[str, Step], now: datetime, sent: tuple[str, forms.Form] | None) -> list[Action]:
    """The steps with a form of their own here, in the order they are usually taken."""
    offered = [name for name in ("respond", "report_back", "return_to_desk") if name in steps]
    if case.channel != Channel.HOTLINE_12345 and "report_back" in offered:
        offered.remove("report_back")
    if kind_may_be_set(case, steps):
        offered.insert(0, "set_kind")
    urls = {"respond": "cases:respond", "report_back": "cases:report-back", "return_to_desk": "cases:return", "set_kind": "cases:kind"}
    return [
        Action(
            name,
            words.STEPS[name],
            urls[name],
            article(case, name, now) if name in steps else "",
            sent[1] if sent and sent[0] == name else FORMS[name](auto_id=f"{name}_%s"),
        )
        for name in offered
    ]


def kind_may_be_set(case: Case, steps: Mapping[str, Step]) -> bool:
    """Whoever may answer an undetermined filing may decide what it is."""
    return case.kind == "undetermined" and case.is_open and ("dispatch" in steps or "return_to_desk" in steps or "answer" in steps)


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


def linked(person: Person, case: Case) -> list[tuple[str, Case | None]]:
    """The cases that belong with this one, each with how; None for one that the person may not see."""
    links = list(CaseLink.objects.filter(Q(first=case) | Q(second=case)).order_by("pk"))
    others = [link.second_id if link.first_id == case.pk else link.first_id for link in links]
    seen = {one.pk: one for one in permits.rows(person, "view", Case.objects.filter(pk__in=others))}
    return [(str(LinkKind(link.kind).label), seen.get(other)) for link, other in zip(links, others, strict=True)]


def periods(case: Case, now: datetime) -> list[Period]:
    """The case's clocks, those that run first, each explained in the reader's language."""
    clocks = sorted(Clock.objects.of(case.ref), key=lambda one: (one.stopped_at is not None, one.due_at or now, one.pk))
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
