"""The dispatch bench (分送工作台): what waits, with what is left of the two hours, sent on by keys alone; and what came back."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from fangxin.accounts.access import person_of, staff
from fangxin.accounts.models import Office, Person, Role
from fangxin.cases import proposals, queries, services, words
from fangxin.cases.forms import DispatchForm
from fangxin.cases.models import Case, JurisdictionDispute, Note
from fangxin.cases.services import jurisdiction, merging
from fangxin.cases.views.listing import Row, key_of, rows_of
from fangxin.clocks.keeping import current_calendar
from fangxin.clocks.models import Clock
from fangxin.kernel import pages, permits
from fangxin.kernel.errors import BadInput, DomainError, StaleState
from fangxin.kernel.journal.models import Entry

QUEUE = 30
"""So many cases are laid out at once; the next ones move up as these go out."""
PILES = ("waiting", "returned")


@dataclass(frozen=True, slots=True)
class Laid:
    """One waiting case as the bench lays it out."""

    row: Row
    key: str
    choices: Sequence[proposals.Proposal]
    due: str
    """When the nearest period ends, for the countdown; empty if none runs."""
    returned_by: str
    why: str
    """What the unit wrote that gave it back."""
    together: int
    """How many cases go out with it."""


@staff(Role.CITY_DESK)
@require_http_methods(["GET", "HEAD", "POST"])
def bench(request: HttpRequest) -> HttpResponseBase:
    """GET: the bench. POST: send the cases (`case`, as in `key_of`) to a unit; with HTMX the bench comes back with the next one."""
    pile = str(request.GET.get("pile", "waiting"))
    pile = pile if pile in PILES else "waiting"
    if request.method != "POST":
        return _page(request, pile, open_key=str(request.GET.get("case", "")))
    person = person_of(request)
    keys = request.POST.getlist("case")[:200]
    units = queries.destinations(person, queries.offices_seen(person))
    form = DispatchForm(request.POST, units)
    if not form.is_valid() or form.chosen is None:
        return _page(request, pile, open_key=keys[0] if keys else "", refusal=" ".join(map(str, form.non_field_errors())), status=422)
    try:
        sent = _send(person, keys, form.chosen, form.cleaned_data["note"])
    except DomainError as error:
        return _page(request, pile, open_key=keys[0] if keys else "", refusal=words.refusal(error), status=409)
    done = ngettext("%(n)s case dispatched to %(unit)s.", "%(n)s cases dispatched to %(unit)s.", sent) % {
        "n": sent,
        "unit": form.chosen.name,
    }
    if request.headers.get("HX-Request"):
        return _page(request, pile, done=done, after=keys[0])
    messages.success(request, done)
    return redirect(f"{reverse('cases:bench')}?pile={pile}")


@staff()
@require_safe
def disputes(request: HttpRequest) -> HttpResponseBase:
    """Disputes over jurisdiction (处理权限争议) that the person may see, the open ones with what is left of the seven working days."""
    person, now = person_of(request), timezone.now()
    _kept, calendar = current_calendar(now)
    shown = permits.rows(person, "view", JurisdictionDispute.objects.select_related("case", "raised_by", "other", "outcome"))
    running = list(shown.open().order_by("raised_at", "pk")[:200])  # type: ignore[attr-defined]  # the manager's own query set
    page = pages.page(shown.filter(ended_at__isnull=False), by="ended_at", after=str(request.GET.get("after", "")), size=30)
    refs = [one.case.ref for one in running]
    clocks = {
        clock.subject: clock
        for clock in Clock.objects.running().filter(subject__in=refs, term__in=(jurisdiction.NEGOTIATION, jurisdiction.DESIGNATION))
    }
    openable = {
        case.pk for case in permits.rows(person, "view", Case.objects.filter(pk__in=[one.case_id for one in (*running, *page.rows)]))
    }
    context = {
        "open": [
            (one, words.left(clocks[one.case.ref], now=now, calendar=calendar) if one.case.ref in clocks else None) for one in running
        ],
        "ended": page.rows,
        "next": page.next,
        "openable": openable,
    }
    response = render(request, "cases/bench/disputes.html", context)
    response["Cache-Control"] = "no-store"
    return response


def _send(person: Person, keys: Sequence[str], unit: Office, note: str) -> int:
    """Send the cases and those worked together with them. Raises StaleState if one has moved since it was laid out."""
    numbers = {int(head) for head, *_ in (key.split(".") for key in keys) if head.isascii() and head.isdigit() and len(head) < 19}
    cases = list(permits.rows(person, "dispatch", Case.objects.filter(pk__in=numbers).select_related("unit")).order_by("pk"))
    if not cases:
        raise BadInput("cases.none_chosen", "Choose at least one case.")
    stale = next((case for case in cases if key_of(case) not in keys), None)
    if stale is not None or len(cases) != len(numbers):
        raise StaleState(
            "kernel.stale_state", "Someone else changed %(subject)s first; please read it again.", subject=stale.number if stale else ""
        )
    every = merging.together(cases)
    services.dispatch(every, unit, by=person.ref, at=timezone.now(), note=note)
    return len(every)


def _page(
    request: HttpRequest, pile: str, *, open_key: str = "", after: str = "", refusal: str = "", done: str = "", status: int = 200
) -> HttpResponse:
    person, now = person_of(request), timezone.now()
    offices = queries.offices_seen(person)
    units = queries.destinations(person, offices)
    _kept, calendar = current_calendar(now)
    waiting = permits.rows(person, "dispatch", Case.objects.awaiting_dispatch())
    returned = waiting.filter(dispatched_at__isnull=False)
    found = (returned if pile == "returned" else waiting).select_related("unit", "trader").defer("sealed_filing", "digest")
    page = pages.page(found, by="next_due_at", size=QUEUE)
    laid = _laid(page.rows, units, rows_of(page.rows, units, now=now, calendar=calendar))
    chosen = next((one for one in laid if one.key.split(".")[0] == open_key.split(".", maxsplit=1)[0]), laid[0] if laid else None)
    disputes_seen = permits.rows(person, "view", JurisdictionDispute.objects.open())
    context = {
        "pile": pile,
        "laid": laid,
        "chosen": chosen.key if chosen else "",
        "more": bool(page.next),
        "counts": {
            "waiting": waiting.values("pk")[: queries.COUNTED].count(),
            "returned": returned.values("pk")[: queries.COUNTED].count(),
            "disputes": disputes_seen.values("pk")[: queries.COUNTED].count(),
        },
        "cap": queries.COUNTED,
        "units": units,
        "refusal": refusal,
        "done": done,
        "after": after,
        "now": now,
    }
    partial = bool(request.headers.get("HX-Request")) and not request.headers.get("HX-History-Restore-Request")
    response = render(request, "cases/bench/bench.html#bench" if partial else "cases/bench/bench.html", context, status=status)
    response["Vary"] = "HX-Request"
    response["Cache-Control"] = "no-store"
    return response


def _laid(cases: Sequence[Case], units: Sequence[Office], rows: Sequence[Row]) -> list[Laid]:
    """What the bench shows of each case: eight queries for any number of cases, with those of `rows_of`."""
    back = [case for case in cases if case.dispatched_at is not None]
    gave_back = _returns(back)
    offered = proposals.propose(cases, units, without=gave_back)
    names = {unit.code: unit.name for unit in units}
    reasons = {
        note.case_id: note.text for note in Note.objects.filter(case__in=back, step="return_to_desk").order_by("at", "pk")
    }  # the newest last
    members: dict[int, int] = {}
    for lead in Case.objects.filter(lead__in=[case.pk for case in cases]).values_list("lead_id", flat=True):
        members[lead or 0] = members.get(lead or 0, 0) + 1
    return [
        Laid(
            row=row,
            key=key_of(case),
            choices=offered[case.pk],
            due=case.next_due_at.isoformat() if case.next_due_at else "",
            returned_by=names.get(gave_back.get(case.pk, ""), gave_back.get(case.pk, "")),
            why=reasons.get(case.pk, ""),
            together=members.get(case.pk, 0),
        )
        for case, row in zip(cases, rows, strict=True)
    ]


def _returns(cases: Sequence[Case]) -> Mapping[int, str]:
    """Which unit gave each of these back last, by code."""
    keys: dict[str, int] = {case.ref: case.pk for case in cases}
    found: dict[int, str] = {}
    entries = Entry.objects.filter(subject__in=keys, event="cases.CaseReturned").order_by("seq") if keys else ()
    for entry in entries:
        data: dict[str, Any] = json.loads(entry.data)
        found[keys[entry.subject]] = str(data.get("unit", ""))
    return found
