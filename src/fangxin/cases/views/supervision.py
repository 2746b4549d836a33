"""Supervision (督办): what is overdue and who sits on it, by unit and by person; giving cases to others; who stands in for whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Min, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from fangxin.accounts.access import person_of, staff
from fangxin.accounts.models import Office, Person, Role
from fangxin.cases import ladder, queries, words
from fangxin.cases.models import Absence, Case, Escalation
from fangxin.cases.services import oversight
from fangxin.cases.views.listing import key_of, rows_of
from fangxin.clocks.keeping import current_calendar
from fangxin.clocks.rules import end_of, local_date
from fangxin.kernel import pages, permits
from fangxin.kernel.errors import BadInput, DomainError, StaleState
from fangxin.kernel.workdays import Calendar

OVERSEERS = (Role.SUPERVISOR, Role.CITY_DESK)
PAGE = 50


@dataclass(frozen=True, slots=True)
class Load:
    """How much a unit or a person has on the desk (工作负荷)."""

    name: str
    code: str
    """Of the office, or the key of the person; empty for what nobody handles."""
    depth: int
    open: int
    unassigned: int
    nearing: int
    overdue: int
    oldest_at: datetime | None
    away: str = ""


@staff(*OVERSEERS)
@require_safe
def supervision(request: HttpRequest) -> HttpResponseBase:
    """The overview of units, the people of one unit (`unit`), and the overdue cases, the oldest first."""
    return _page(request)


@staff(*OVERSEERS)
@require_POST
def reassign(request: HttpRequest) -> HttpResponseBase:
    """Give the chosen cases (`case`, as in `key_of`) to one officer, all or none."""
    person = person_of(request)
    keys = request.POST.getlist("case")[:200]
    numbers = {int(head) for head, *_rest in (key.split(".") for key in keys) if head.isascii() and head.isdigit() and len(head) < 19}
    cases = list(permits.rows(person, "oversee", Case.objects.filter(pk__in=numbers).select_related("unit", "officer")))
    try:
        chosen = str(request.POST.get("officer", ""))
        to = Person.objects.active().filter(pk=int(chosen)).first() if chosen.isascii() and chosen.isdigit() and len(chosen) < 19 else None
        if not cases or to is None:
            raise BadInput("cases.reassign_what", "Choose at least one case and an officer.")
        stale = next((case for case in cases if key_of(case) not in keys), None)
        if stale is not None or len(cases) != len(numbers):
            raise StaleState(
                "kernel.stale_state", "Someone else changed %(subject)s first; please read it again.", subject=stale.number if stale else ""
            )
        oversight.assign(cases, to, by=person.ref, at=timezone.now(), note=str(request.POST.get("note", ""))[:2000])
    except DomainError as error:
        return _page(request, refusal=words.refusal(error), status=409)
    messages.success(
        request,
        ngettext("%(n)s case given to %(person)s.", "%(n)s cases given to %(person)s.", len(cases)) % {"n": len(cases), "person": to.name},
    )
    unit = str(request.POST.get("unit", ""))
    return redirect(reverse("cases:supervision") + (f"?unit={unit}" if unit in _codes(person) else ""))


def _codes(person: Person) -> set[str]:
    return set(person.offices(*OVERSEERS).values_list("code", flat=True))


def _page(request: HttpRequest, *, refusal: str = "", status: int = 200) -> HttpResponse:
    person, now = person_of(request), timezone.now()
    _kept, calendar = current_calendar(now)
    offices = list(person.offices(*OVERSEERS).select_related("competent"))
    sent = request.POST if request.method == "POST" else request.GET
    unit = next((office for office in offices if office.code == sent.get("unit")), None)
    mine = permits.rows(person, "oversee", Case.objects.open())
    loads = _by_unit(mine, offices, now, calendar)
    late = mine.late(now)  # type: ignore[attr-defined]  # the manager's own query set
    if unit is not None:
        late = late.filter(unit__path__startswith=unit.path)
    officers = list(Person.objects.holding(Role.OFFICER, unit).select_related("office").order_by("office__path", "pk")) if unit else []
    page = pages.page(late.select_related("unit", "trader", "officer").defer("narrative", "request", "sealed_filing", "digest").annotate(excerpt=queries.excerpt()), by="next_due_at", after=str(sent.get("after", "")), size=PAGE)  # fmt: skip
    levels = _levels(page.rows)
    rows = rows_of(page.rows, [], now=now, calendar=calendar)
    context = {
        "loads": loads,
        "unit": unit,
        "people": _by_person(mine, unit, officers, now, calendar) if unit else [],
        "officers": officers,
        "rows": [(row, key_of(row.case), levels.get(row.pk)) for row in rows],
        "next": page.next,
        "rungs": [(rung, rung.name(get_language() or "zh-hans")) for rung in ladder.ladder()],
        "refusal": refusal,
        "sent": sent,
    }
    response = render(request, "cases/supervision/overview.html", context, status=status)
    response["Cache-Control"] = "no-store"
    return response


def _measures(now: datetime, calendar: Calendar) -> dict[str, Any]:
    until = end_of(calendar.add(local_date(now), queries.NEARING_WORKDAYS))
    late = Q(next_due_at__lte=now)
    return {
        "open": Count("pk"),
        "unassigned": Count("pk", filter=Q(officer__isnull=True)),
        "nearing": Count("pk", filter=Q(next_due_at__gt=now, next_due_at__lte=until)),
        "overdue": Count("pk", filter=late),
        "oldest_at": Min("next_due_at", filter=late),
    }


def _by_unit(mine: QuerySet[Case], offices: Sequence[Office], now: datetime, calendar: Calendar) -> list[Load]:
    """One line an office with all below it, in tree order; the desk's queue first. One query."""
    counted: dict[int | None, Any] = {row["unit"]: row for row in mine.order_by().values("unit").annotate(**_measures(now, calendar))}
    top = min((office.path.count("/") for office in offices), default=1)
    loads = [_load(_("waiting for dispatch"), "", 0, [counted[None]])] if None in counted else []
    for office in offices:
        below = [counted[one.pk] for one in offices if one.within(office.path) and one.pk in counted]
        if below:
            loads.append(_load(office.name, office.code, office.path.count("/") - top, below))
    return loads


def _by_person(mine: QuerySet[Case], unit: Office, officers: Sequence[Person], now: datetime, calendar: Calendar) -> list[Load]:
    """One line an officer of the unit, those without a case included; what nobody handles first. Two queries."""
    counted: dict[int | None, Any] = {
        row["officer"]: row
        for row in mine.filter(unit__path__startswith=unit.path).order_by().values("officer").annotate(**_measures(now, calendar))
    }
    away = {
        one.person_id: _("away until %(day)s, %(deputy)s stands in") % {"day": f"{one.until_on:%m-%d}", "deputy": one.deputy.name}
        for one in Absence.objects.on(local_date(now)).filter(person__in=[one.pk for one in officers]).select_related("deputy")
    }
    loads = [_load(_("nobody yet"), "", 0, [counted[None]])] if None in counted else []
    others = {pk for pk in counted if pk is not None} - {one.pk for one in officers}
    named = {one.pk: one for one in (*officers, *Person.objects.filter(pk__in=others))} if others else {one.pk: one for one in officers}
    for pk, one in named.items():
        rows = [counted[pk]] if pk in counted else []
        loads.append(_load(one.name, str(pk), 0, rows, away.get(pk, "")))
    return loads


def _load(name: str, code: str, depth: int, rows: Sequence[dict[str, Any]], away: str = "") -> Load:
    oldest = min((row["oldest_at"] for row in rows if row["oldest_at"]), default=None)
    total = {key: sum(row[key] for row in rows) for key in ("open", "unassigned", "nearing", "overdue")}
    return Load(name=name, code=code, depth=depth, oldest_at=oldest, away=away, **total)


def _levels(cases: Sequence[Case]) -> dict[int, str]:
    """How far up each of these was taken, in words."""
    names = {rung.level: rung.name(get_language() or "zh-hans") for rung in ladder.ladder()}
    return {one.case_id: names.get(one.level, str(one.level)) for one in Escalation.objects.filter(case__in=cases).order_by("level", "at")}


# --- absences ----------------------------------------------------------------------------------------------------------------


class AbsenceForm(forms.Form):
    """Who is away, from when to when, and who stands in."""

    person = forms.ModelChoiceField(label=gettext_lazy("Who is away"), queryset=Person.objects.none())
    deputy = forms.ModelChoiceField(label=gettext_lazy("Who stands in"), queryset=Person.objects.none())
    from_on = forms.DateField(label=gettext_lazy("First day"), widget=forms.DateInput(attrs={"type": "date"}))
    until_on = forms.DateField(label=gettext_lazy("Last day"), widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, data: Any, person: Person) -> None:
        super().__init__(data, auto_id="absence_%s")
        for field in self.fields.values():
            field.widget.attrs["class"] = "form-select" if isinstance(field, forms.ModelChoiceField) else "form-control"
        offices = Office.objects.below([*person.paths(Role.SUPERVISOR), person.office.path])
        staff_there = Person.objects.active().filter(office__in=offices).select_related("office").order_by("office__path", "pk")
        who, deputy = self.fields["person"], self.fields["deputy"]
        if isinstance(who, forms.ModelChoiceField) and isinstance(deputy, forms.ModelChoiceField):
            mine = staff_there.filter(Q(pk=person.pk) | Q(office__in=Office.objects.below(person.paths(Role.SUPERVISOR))))
            who.queryset, deputy.queryset = mine, staff_there
            who.initial = person.pk


@staff(Role.OFFICER, Role.CITY_DESK, Role.SUPERVISOR, Role.MEDIATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def absences(request: HttpRequest) -> HttpResponseBase:
    """Absences that the person may see, and a form for another: one's own, or of the offices that one supervises."""
    person = person_of(request)
    form = AbsenceForm(request.POST if request.method == "POST" else None, person)
    status, refusal = 200, ""
    if request.method == "POST":
        status = 422
        if form.is_valid():
            given = form.cleaned_data
            try:
                oversight.set_absence(
                    given["person"], given["deputy"], from_on=given["from_on"], until_on=given["until_on"], by=person.ref, at=timezone.now()
                )
            except DomainError as error:
                refusal, status = words.refusal(error), 409
            else:
                messages.success(request, _("The absence is entered."))
                return redirect("cases:absences")
    today = local_date(timezone.now())
    shown = permits.rows(person, "view", Absence.objects.filter(until_on__gte=today, ended_at__isnull=True))
    context = {
        "form": form,
        "refusal": refusal,
        "absences": shown.select_related("person__office", "deputy").order_by("from_on", "pk")[:200],
        "today": today,
    }
    return render(request, "cases/supervision/absences.html", context, status=status)


@staff(Role.OFFICER, Role.CITY_DESK, Role.SUPERVISOR, Role.MEDIATOR)
@require_POST
def end_absence(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Call an absence off: one's own, or as a supervisor."""
    person = person_of(request)
    absence = get_object_or_404(permits.rows(person, "view", Absence.objects.select_related("person", "deputy")), pk=pk)
    if absence.person_id != person.pk and not person.has_role(Role.SUPERVISOR, absence.person.office):
        raise PermissionDenied
    try:
        oversight.end_absence(absence, by=person.ref, at=timezone.now())
    except DomainError as error:
        messages.error(request, words.refusal(error))
    return redirect("cases:absences")
