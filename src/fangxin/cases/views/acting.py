"""Steps on the case page: return to the desk, response, setting the kind."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from fangxin.accounts.access import person_of, staff
from fangxin.cases import filings, queries, services, words
from fangxin.cases.forms import KindForm, ReportBackForm, RespondForm, ReturnForm
from fangxin.cases.models import Case
from fangxin.cases.views.detail import FORMS, case_page, kind_may_be_set, seen_case
from fangxin.cases.views.listing import key_of
from fangxin.cases.workflow import WORKFLOWS
from fangxin.kernel.errors import DomainError, IllegalStep, StaleState


@staff()
@require_POST
def return_to_desk(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Give the case back to the desk."""

    def take(case: Case, form: ReturnForm) -> None:
        services.return_to_desk(case, by=person_of(request).ref, at=timezone.now(), note=form.cleaned_data["note"])

    return _act(request, pk, "return_to_desk", take)


@staff()
@require_POST
def respond(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Record a contact with the person."""

    def take(case: Case, form: RespondForm) -> None:
        given = form.cleaned_data
        services.respond([case], method=given["method"], by=person_of(request).ref, at=timezone.now(), note=given["note"])

    return _act(request, pk, "respond", take)


@staff()
@require_POST
def report_back(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Reply to the hotline."""

    def take(case: Case, form: ReportBackForm) -> None:
        services.report_back([case], by=person_of(request).ref, at=timezone.now(), note=form.cleaned_data["note"])

    return _act(request, pk, "report_back", take)


@staff()
@require_POST
def set_kind(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Decide what an undetermined case is."""

    def take(case: Case, form: KindForm) -> None:
        given = form.cleaned_data
        services.set_kind(case, filings.Kind(given["kind"]), by=person_of(request).ref, at=timezone.now(), note=given["note"])

    return _act(request, pk, "set_kind", take)


def _act(request: HttpRequest, pk: int, name: str, take: Callable[[Case, Any], None]) -> HttpResponseBase:
    """One step with one case: back to its page, with the refusal (409) or the form (422) if it could not be taken."""
    person = person_of(request)
    case = seen_case(person, pk)
    form = FORMS[name](request.POST, auto_id=f"{name}_%s")
    steps = queries.lawful_steps(person, case)
    try:
        if request.POST.get("seen") != key_of(case):
            raise StaleState("kernel.stale_state", "Someone else changed %(subject)s first; please read it again.", subject=case.number)
        if not (kind_may_be_set(case, steps) if name == "set_kind" else name in steps):
            raise _refused(case, name)
        if not form.is_valid():
            return case_page(request, case, form=(name, form), status=422)
        take(case, form)
    except DomainError as error:
        return case_page(request, seen_case(person, pk), refusal=words.refusal(error), form=(name, form), status=409)
    messages.success(request, _("Done: %(step)s.") % {"step": words.STEPS[name]})
    try:
        seen_case(person, pk)
    except Http404:  # it is no longer with a unit of theirs
        return redirect("cases:list")
    return redirect("cases:detail", pk=pk)


def _refused(case: Case, name: str) -> DomainError:
    """Why a step is not offered: the table does not lead there; PermissionDenied if it does, but not for this person."""
    if name == "set_kind" and case.kind != filings.Kind.UNDETERMINED:
        return IllegalStep("cases.kind_is_set", "This case is a %(kind)s already.", kind=case.kind)
    if name == "set_kind" and case.is_open:
        raise PermissionDenied
    lawful = name != "set_kind" and case.state in WORKFLOWS[case.kind].steps[name].sources
    if lawful:
        raise PermissionDenied
    return IllegalStep("kernel.illegal_step", "Step “%(step)s” is not possible in state “%(state)s”.", step=name, state=case.state)
