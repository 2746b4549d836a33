"""The work list (工作台): open cases by nearest due date, the late ones on top."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from fangxin.accounts.access import person_of, staff
from fangxin.accounts.models import Office, Role
from fangxin.cases import queries, words
from fangxin.cases.forms import DispatchForm, FilterForm
from fangxin.cases.models import Case
from fangxin.cases.states import State
from fangxin.clocks.keeping import current_calendar
from fangxin.clocks.models import Clock
from fangxin.kernel.workdays import Calendar

QUICK = 9
DISPATCHABLE = frozenset({State.RECEIVED.value, State.DISPATCHED.value})


@dataclass(frozen=True, slots=True)
class Row:
    """One case of the list, ready to be drawn."""

    case: Case
    left: words.Left | None
    period: str
    clock: Clock | None
    selectable: bool
    suggestion: Office | None

    @property
    def key(self) -> str:
        """The case and what the reader sees of it, for a form to send back."""
        return key_of(self.case)


def key_of(case: Case) -> str:
    """A case with the state and unit it is seen in: `12.received.0`. Who sends another one back has seen something older."""
    return f"{case.pk}.{case.state}.{case.unit_id or 0}"


@staff()
@require_safe
def work_list(request: HttpRequest) -> HttpResponseBase:
    """The list under the filters of the address; HTMX gets the list alone."""
    partial = bool(request.headers.get("HX-Request")) and not request.headers.get("HX-History-Restore-Request")
    context = list_context(request, request.GET, now=timezone.now(), whole=not partial)
    response = render(request, "cases/list.html#rows" if partial else "cases/list.html", context)
    if partial:
        response["HX-Push-Url"] = context["address"]
    response["Vary"] = "HX-Request"
    response["Cache-Control"] = "no-store"
    return response


def list_context(request: HttpRequest, query: Mapping[str, Any], *, now: datetime, whole: bool = True) -> dict[str, Any]:
    """Everything that the list shows; without `whole` only what its partial needs. At most 12 queries a page with the session's."""
    person = person_of(request)
    _, calendar = current_calendar(now)
    offices = queries.offices_seen(person)
    form = FilterForm(query, offices)
    filters = form.filters()
    units = queries.destinations(person, offices)
    page = queries.page_of(queries.listed(person, filters, offices, now=now, calendar=calendar), filters, str(query.get("after", "")))
    given = filters.given()
    context = {
        "form": FilterForm(asdict(filters), offices),
        "filters": filters,
        "rows": rows_of(page.rows, units, now=now, calendar=calendar),
        "counts": queries.counts(person, offices, now=now, calendar=calendar, desk=bool(units)),
        "cap": queries.COUNTED,
        "query": urlencode(given),
        "address": address(given),
        "next": urlencode({**given, "after": page.next}) if page.next else "",
        "first": "after" not in query,
        "may_dispatch": bool(units),
        "may_export": person.has_role(Role.CITY_DESK) or person.has_role(Role.SUPERVISOR),
        "narrowed": bool({name for name in given if name not in {"order", "status"}}),
        "now": now,
    }
    if whole and units:
        context |= {"units": units, "quick": queries.most_used(units)[:QUICK], "dispatch_form": DispatchForm(None, units)}
    return context


def address(given: Mapping[str, str]) -> str:
    """The list's address with these filters."""
    query = urlencode(given)
    return reverse("cases:list") + (f"?{query}" if query else "")


def rows_of(cases: Any, units: list[Office], *, now: datetime, calendar: Calendar) -> list[Row]:
    """The rows of a page with what is left of each case's nearest period; one query."""
    clocks = queries.nearest_clocks(cases)
    rows = []
    for case in cases:
        clock = clocks.get(case.ref)
        left = words.left(clock, now=now, calendar=calendar) if clock else None
        selectable = bool(units) and case.state in DISPATCHABLE
        suggestion = queries.suggested(case.place, units) if selectable else None
        rows.append(Row(case, left, words.term_name(case.next_term) if clock else "", clock, selectable, suggestion))
    return rows


def rows_response(request: HttpRequest, query: Mapping[str, Any], *, status: int = 200, **extra: Any) -> HttpResponse:
    """The list's partial after something was done."""
    context = list_context(request, query, now=timezone.now(), whole=False) | extra
    return render(request, "cases/list.html#rows", context, status=status)
