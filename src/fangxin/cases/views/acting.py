"""Acts on the case page: one view for all of them."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from fangxin.accounts.access import person_of, staff
from fangxin.cases import acts, words
from fangxin.cases.views.detail import case_page, seen_case
from fangxin.cases.views.listing import key_of
from fangxin.kernel.errors import DomainError, StaleState


@staff()
@require_POST
def act(request: HttpRequest, pk: int, name: str) -> HttpResponseBase:
    """Do one thing with one case: back to its page, with the refusal (409) or the form (422) if it could not be done."""
    person = person_of(request)
    case = seen_case(person, pk)
    chosen = acts.find(name)
    if chosen is None:
        raise Http404
    form = chosen.form(request.POST, case=case, person=person, prefix=name)
    try:
        if request.POST.get("seen") != key_of(case):
            raise StaleState("kernel.stale_state", "Someone else changed %(subject)s first; please read it again.", subject=case.number)
        if not form.is_valid():
            return case_page(request, case, form=(name, form), status=422)
        acts.take(chosen, case, form, person=person, now=timezone.now())
    except DomainError as error:
        return case_page(request, seen_case(person, pk), refusal=words.refusal(error), form=(name, form), status=409)
    messages.success(request, _("Done: %(step)s.") % {"step": chosen.label})
    try:
        seen_case(person, pk)
    except Http404:  # it is no longer with a unit of theirs
        return redirect("cases:list")
    return redirect("cases:detail", pk=pk)
