"""Pages of mediation: the calendar of sessions, the bench of delegated disputes, the terms of an agreement as written."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import groupby

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from fangxin.accounts.access import person_of, staff
from fangxin.accounts.models import Person, Role
from fangxin.cases import queries as case_queries
from fangxin.cases import words
from fangxin.cases.forms import RevealForm
from fangxin.cases.models import Case, Side
from fangxin.clocks.keeping import current_calendar
from fangxin.clocks.rules import end_of, local_date
from fangxin.kernel import permits, vault
from fangxin.kernel.errors import DomainError
from fangxin.mediation import queries, services
from fangxin.mediation.acts import offering
from fangxin.mediation.forms import CalendarForm, WrittenDownForm
from fangxin.mediation.models import PLACE_AGREEMENT, Agreement, Session
from fangxin.mediation.services.shared import IN_MEDIATION
from fangxin.mediation.states import Mode, Way

BODIES = ("association", "station")


@staff()
@never_cache
@require_safe
def calendar(request: HttpRequest) -> HttpResponseBase:
    """Sessions to come by day, and above them those of which nothing has been written down yet."""
    person, now = person_of(request), timezone.now()
    offices = case_queries.offices_seen(person)
    form = CalendarForm(request.GET, offices)
    mine, office = form.chosen()
    today = end_of(local_date(now) - timedelta(days=1))
    after = request.GET.get("after", "")
    page = queries.calendar(person, mine=mine, office=office, since=today, after=after)
    context = {
        "form": form,
        "days": by_day(page.rows),
        "next": page.next,
        "query": "&".join(f"{name}={value}" for name, value in (("who", "mine" if mine else ""), ("office", office)) if value),
        "open": [] if after else queries.unrecorded(person, mine=mine, office=office, until=today),
        "today": local_date(now),
        "has_bench": has_bench(person),
    }
    return render(request, "mediation/calendar.html", context)


def by_day(sessions: Sequence[Session]) -> list[tuple[date, list[Session]]]:
    """Sessions under their days, as they come."""
    return [(day, list(found)) for day, found in groupby(sessions, key=lambda one: local_date(one.starts_at))]


def has_bench(person: Person) -> bool:
    """Whether disputes can be delegated to a body of this person's."""
    return person.has_role(Role.MEDIATOR) and person.office.kind in BODIES


@staff(Role.MEDIATOR)
@never_cache
@require_safe
def bench(request: HttpRequest) -> HttpResponseBase:
    """Disputes delegated to the person's body, by nearest due date."""
    person, now = person_of(request), timezone.now()
    page = queries.bench(person, after=request.GET.get("after", ""))
    _kept, days = current_calendar(now)
    clocks = case_queries.nearest_clocks(page.rows)
    waiting = queries.reported(page.rows)
    rows = [
        {
            "case": case,
            "heading": words.heading(case),
            "who": case.trader.name if case.trader else case.respondent_name,
            "left": words.left(clocks[case.ref], now=now, calendar=days) if case.ref in clocks else None,
            "period": words.term_name(case.next_term) if case.next_term else "",
            "reported": case.pk in waiting,
        }
        for case in page.rows
    ]
    return render(request, "mediation/bench.html", {"rows": rows, "next": page.next, "today": local_date(now)})


@staff(Role.MEDIATOR)
@never_cache
@sensitive_variables("form")
@require_http_methods(["GET", "HEAD", "POST"])
def dispute(request: HttpRequest, pk: int) -> HttpResponseBase:
    """One delegated dispute, settled on the spot and written down once."""
    person, now = person_of(request), timezone.now()
    case = _delegated(person, pk)
    form = WrittenDownForm(request.POST if request.method == "POST" else None, now=now, place=person.office.name)
    if request.method != "POST":
        return _dispute(request, case, form)
    if not form.is_valid():
        return _dispute(request, case, form, status=422)
    given = form.cleaned_data
    what = services.WrittenDown(
        mode=Mode(given["mode"]),
        began_at=given["began_at"],
        minutes=given["minutes"],
        place=given["place"],
        course=given["course"],
        way=Way(given["way"]),
        terms=given["terms"],
        recovered_fen=given["recovered"],
        signed={side: day for side in Side if (day := given[f"{side.value}_signed"])},
    )
    try:
        services.write_down(case, what, by=person.ref, at=now)
    except DomainError as error:
        return _dispute(request, _delegated(person, pk), form, refusal=words.refusal(error), status=409)
    messages.success(request, _("%(case)s: written down; the bureau has been told.") % {"case": case.number})
    return redirect("mediation:bench")


def _delegated(person: Person, pk: int) -> Case:
    """The open dispute of the person's own body; else it isn't there."""
    found = Case.objects.open().select_related("unit", "delegate", "trader", "officer").filter(pk=pk, delegate__isnull=False)
    case = permits.rows(person, "handle", found).first()
    if case is None or not offering.of_body(person, case):
        raise Http404
    return case


def _dispute(request: HttpRequest, case: Case, form: WrittenDownForm, *, refusal: str = "", status: int = 200) -> HttpResponse:
    context = {
        "case": case,
        "heading": words.heading(case),
        "form": form,
        "refusal": refusal,
        "possible": case.state in IN_MEDIATION and case.state != "suspended",
        "agreement": queries.agreement_of(case),
    }
    return render(request, "mediation/dispute.html", context, status=status)


@staff()
@never_cache
@sensitive_variables("plain")
@require_http_methods(["GET", "HEAD", "POST"])
def terms(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The terms of an agreement as written, where they hold personal data: after asking what for, journalled, shown once."""
    person = person_of(request)
    found = permits.rows(person, "view", Agreement.objects.select_related("case").filter(pk=pk)).first()
    if found is None:
        raise Http404
    if not permits.may(person, "reveal", found):
        raise PermissionDenied
    form = RevealForm(request.POST if request.method == "POST" else None, auto_id=False)
    context: dict[str, object] = {"case": found.case, "agreement": found, "reveal_form": form}
    if request.method != "POST" or not found.sealed:
        return render(request, "mediation/terms.html", context | {"plain": found.terms if not found.sealed else ""})
    if not form.is_valid():
        return render(request, "mediation/terms.html", context, status=422)
    plain = read_terms(found, purpose=form.stated(), person=person, at=timezone.now())
    return render(request, "mediation/terms.html", context | {"plain": plain})


def read_terms(agreement: Agreement, *, purpose: str, person: Person, at: datetime) -> str:
    """The terms in plain text, after the look is in the journal."""
    sealed = vault.Sealed("person", PLACE_AGREEMENT, agreement.pk, bytes(agreement.sealed))
    return vault.reveal(sealed, fields=("text",), subject=agreement.case.ref, purpose=purpose, actor=person.ref, at=at)["text"]
