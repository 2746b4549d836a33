"""Manual dispatch (分送): one case or several to one unit."""

from collections.abc import Sequence

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from fangxin.accounts.access import person_of, staff
from fangxin.accounts.models import Office, Person, Role
from fangxin.cases import queries, services, words
from fangxin.cases.forms import DispatchForm
from fangxin.cases.models import Case
from fangxin.cases.states import State
from fangxin.cases.views.listing import QUICK, address, key_of, rows_response
from fangxin.kernel import permits
from fangxin.kernel.errors import BadInput, DomainError, StaleState

MOST = 200
"""So many cases go out at once at most."""


@staff(Role.CITY_DESK)
@require_http_methods(["GET", "HEAD", "POST"])
def dispatch(request: HttpRequest) -> HttpResponseBase:
    """GET: a page to choose the unit on, for who has no script. POST: send the cases (`case`, as in `key_of`) to the unit."""
    person = person_of(request)
    sent = request.POST if request.method == "POST" else request.GET
    keys = sent.getlist("case")[:MOST]
    cases = _cases(person, keys)
    units = queries.destinations(person, queries.offices_seen(person))
    if request.method != "POST":
        return _page(request, cases, DispatchForm(None, units)) if cases else redirect("cases:list")
    form = DispatchForm(request.POST, units)
    if not form.is_valid() or form.chosen is None:
        return _answer(request, cases, form, " ".join(map(str, form.non_field_errors())), 422)
    try:
        _send(cases, keys, form.chosen, person, form.cleaned_data["note"])
    except DomainError as error:
        return _answer(request, _cases(person, keys), form, words.refusal(error), 409)
    done = ngettext("%(n)s case dispatched to %(unit)s.", "%(n)s cases dispatched to %(unit)s.", len(cases)) % {
        "n": len(cases),
        "unit": form.chosen.name,
    }
    if request.headers.get("HX-Request") and "list" in request.POST:
        return rows_response(request, QueryDict(request.POST["list"]), done=done)
    messages.success(request, done)
    if "list" in request.POST:
        return redirect(address(QueryDict(request.POST["list"]).dict()))
    return redirect("cases:detail", pk=cases[0].pk)


def _send(cases: Sequence[Case], keys: Sequence[str], unit: Office, person: Person, note: str) -> None:
    if not cases:
        raise BadInput("cases.none_chosen", "Choose at least one case.")
    stale = [case for case in cases if key_of(case) not in keys]
    if stale:
        raise StaleState("kernel.stale_state", "Someone else changed %(subject)s first; please read it again.", subject=stale[0].number)
    if not note.strip() and any(case.state == State.DISPATCHED for case in cases):
        raise BadInput("cases.note_for_redispatch", "To dispatch a case anew, say why.")
    services.dispatch(cases, unit, by=person.ref, at=timezone.now(), note=note)


def _cases(person: Person, keys: Sequence[str]) -> list[Case]:
    """The cases of these keys that the person may dispatch; another one among them is a 404, as if it weren't there."""
    numbers = {int(number) for number, *_ in (key.split(".") for key in keys) if number.isascii() and number.isdigit() and len(number) < 19}
    found = permits.rows(person, "dispatch", Case.objects.filter(pk__in=numbers).select_related("unit")).order_by("next_due_at", "pk")
    cases = list(found)
    if len(cases) != len(numbers):
        raise Http404
    return cases


def _answer(request: HttpRequest, cases: Sequence[Case], form: DispatchForm, refusal: str, status: int) -> HttpResponse:
    """A refusal: beside the list for HTMX, else on the page."""
    if request.headers.get("HX-Request") and "list" in request.POST:
        return rows_response(request, QueryDict(request.POST["list"]), status=status, refusal=refusal)
    return _page(request, cases, form, refusal, status)


def _page(request: HttpRequest, cases: Sequence[Case], form: DispatchForm, refusal: str = "", status: int = 200) -> HttpResponse:
    suggestion = next((office for case in cases if (office := queries.suggested(case.place, form.units))), None)
    usual = [unit for unit in queries.most_used(form.units) if unit != suggestion]
    sent = request.POST if request.method == "POST" else request.GET
    context = {
        "cases": [(case, key_of(case)) for case in cases],
        "dispatch_form": form,
        "units": form.units,
        "quick": [*([suggestion] if suggestion else []), *usual][:QUICK],
        "suggestion": suggestion,
        "list": sent.get("list"),
        "refusal": refusal,
        "needs_note": any(case.state == State.DISPATCHED for case in cases),
    }
    response = render(request, "cases/dispatch.html", context, status=status)
    response["Cache-Control"] = "no-store"
    return response
