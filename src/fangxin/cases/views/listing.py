"""The work list (工作台): open cases by nearest due date, the late ones on top."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localtime
from django.views.decorators.http import require_safe

from fangxin.accounts.access import person_of, staff
from fangxin.accounts.models import Office, Role
from fangxin.cases import queries, words
from fangxin.cases.forms import DispatchForm, FilterForm
from fangxin.cases.models import Case, Channel, Kind
from fangxin.cases.states import State
from fangxin.clocks.keeping import current_calendar
from fangxin.kernel.workdays import Calendar

QUICK = 9
DISPATCHABLE = frozenset({State.RECEIVED.value, State.DISPATCHED.value})


@dataclass(frozen=True, slots=True)
class Row:
    """One case of the list in words: what would be asked of a template fifty times is asked here, where it costs a third."""

    case: Case
    pk: int
    number: str
    kind: str
    state: str
    channel: str
    received: str
    received_iso: str
    who: str
    unit: str
    left: words.Left | None
    period: str
    provisional: bool
    key: str
    """The case and what the reader sees of it, for a form to send back; empty for one that can't be dispatched."""
    suggestion: Office | None


def key_of(case: Case) -> str:
    """`queries.seen_key`, for the forms of these pages."""
    return queries.seen_key(case)


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
    form.show(filters)
    units = queries.destinations(person, offices)
    page = queries.page_of(queries.listed(person, filters, offices, now=now, calendar=calendar), filters, str(query.get("after", "")))
    given = filters.given()
    context = {
        "form": form,
        "filters": filters,
        "rows": rows_of(page.rows, units, now=now, calendar=calendar),
        "counts": queries.counts(person, offices, now=now, calendar=calendar, desk=bool(units)),
        "cap": queries.COUNTED,
        "query": urlencode(given),
        "address": address(given),
        "base": reverse("cases:list"),
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


def rows_of(cases: Sequence[Case], units: list[Office], *, now: datetime, calendar: Calendar) -> list[Row]:
    """The rows of a page with what is left of each case's nearest period; one query."""
    clocks = queries.nearest_clocks(cases)
    kinds, states, channels, terms = (
        {value: str(label) for value, label in choices} for choices in (Kind.choices, State.choices, Channel.choices, ())
    )
    year = localtime(now).year
    rows = []
    for case in cases:
        clock = clocks.get(case.ref)
        if clock and clock.term not in terms:
            terms[clock.term] = words.term_name(clock.term)
        received = localtime(case.first_received_at)
        selectable = bool(units) and case.state in DISPATCHABLE
        rows.append(
            Row(
                case=case,
                pk=case.pk,
                number=case.number,
                kind=kinds[case.kind],
                state=states[case.state],
                channel=channels[case.channel],
                received=f"{received:%m-%d %H:%M}" if received.year == year else f"{received:%Y-%m-%d}",
                received_iso=received.isoformat(),
                who=case.trader.name if case.trader else case.respondent_name,
                unit=case.unit.name if case.unit else "",
                left=words.left(clock, now=now, calendar=calendar) if clock else None,
                period=terms[clock.term] if clock else "",
                provisional=clock.provisional if clock else False,
                key=key_of(case) if selectable else "",
                suggestion=queries.suggested(case.place, units) if selectable else None,
            )
        )
    return rows


def rows_response(request: HttpRequest, query: Mapping[str, Any], *, status: int = 200, **extra: Any) -> HttpResponse:
    """The list's partial after something was done."""
    context = list_context(request, query, now=timezone.now(), whole=False) | extra
    return render(request, "cases/list.html#rows", context, status=status)
