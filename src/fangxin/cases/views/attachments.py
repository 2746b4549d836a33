"""Adding files to a case and taking them off."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from fangxin.accounts.access import person_of, staff
from fangxin.accounts.models import Person
from fangxin.cases import attachments
from fangxin.cases.models import Case
from fangxin.cases.views.detail import case_page, seen_case
from fangxin.files import guards, services, words
from fangxin.files.forms import CategoryForm, RemovalForm
from fangxin.files.models import Attachment
from fangxin.files.uploads import too_large
from fangxin.kernel.errors import BadInput, DomainError


@staff()
@require_POST
def attach(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Keep the files of the form, each by itself: one that is refused is named with its reason while the others go in.

    A script that sends them one by one gets the panel alone. 409 if a file was refused, 422 if there was none.
    """
    person = person_of(request)
    case = seen_case(person, pk)
    if not guards.may(person, "add", case.ref):
        raise PermissionDenied
    form = CategoryForm(request.POST)
    sent = [one for one in request.FILES.getlist("files") if one is not None]
    outcome = attachments.Outcome()
    if form.is_valid():
        outcome = _keep(sent, case, person, form.cleaned_data["category"])
        refusal = words.refusal(services.too_large())
        outcome.refused += [(name, refusal) for name in too_large(request)]
    nothing = not (outcome.kept or outcome.known or outcome.refused)
    if nothing:
        outcome.refused.append(("", _("Choose at least one file.") if form.is_valid() else _("Say what the files are.")))
    setattr(request, "upload_outcome", outcome)  # noqa: B010 -- the panel's context is made from the request
    status = 422 if nothing else 409 if outcome.refused else 200
    if request.headers.get("X-Requested-With") == "XMLHttpRequest":
        response = render(request, "cases/parts/attachments.html", dict(attachments.panel(request, case)), status=status)
        response["Cache-Control"] = "no-store"
        return response
    if status == 200:
        messages.success(request, told(outcome))
        return redirect("cases:detail", pk=case.pk)
    return case_page(request, case, status=status)


@staff()
@require_POST
def detach(request: HttpRequest, pk: int, row: int) -> HttpResponseBase:
    """Take a file off the case, for a reason."""
    person = person_of(request)
    case = seen_case(person, pk)
    attachment = Attachment.objects.of(case.ref).live().filter(pk=row, made=False).first()
    if attachment is None:
        raise Http404
    if not guards.may(person, "remove", case.ref):
        raise PermissionDenied
    form = RemovalForm(request.POST)
    if not form.is_valid():
        raise BadInput("files.no_such_reason", "Choose why the file is removed.")
    services.remove(attachment, reason=form.cleaned_data["reason"], by=person.ref, at=timezone.now())
    messages.success(request, _("The file was removed."))
    return redirect("cases:detail", pk=case.pk)


def told(outcome: attachments.Outcome) -> str:
    """What went in, in a sentence."""
    text = ngettext("%(n)s file added.", "%(n)s files added.", len(outcome.kept)) % {"n": len(outcome.kept)} if outcome.kept else ""
    if outcome.known:
        known = ngettext("%(n)s file was here already.", "%(n)s files were here already.", len(outcome.known)) % {"n": len(outcome.known)}
        text = f"{text} {known}".strip()
    return text


def _keep(sent: "list[UploadedFile[Any]]", case: Case, person: Person, category: str) -> attachments.Outcome:
    outcome = attachments.Outcome()
    for one in sent:
        name, now = one.name or "", timezone.now()
        try:
            kept = services.keep(one.read(), name=name, subject=case.ref, category=category, by=person.ref, at=now)
        except DomainError as error:
            outcome.refused.append((name, words.refusal(error)))
            continue
        (outcome.kept if kept.at == now else outcome.known).append(name)
    return outcome
