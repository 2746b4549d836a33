"""Pages of the knowledge base: search, an entry with its articles, editing."""

from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import get_language, gettext
from django.views.decorators.http import require_http_methods, require_safe

from fangxin.accounts.access import person_of, staff
from fangxin.kernel import panels, permits
from fangxin.kernel.errors import DomainError
from fangxin.kernel.refs import Ref
from fangxin.knowledge import queries, services
from fangxin.knowledge.forms import EntryForm
from fangxin.knowledge.models import Entry, Topic
from fangxin.knowledge.permits import edits

FOUND = 30


def asked_for(request: HttpRequest) -> str:
    """The case that the base was opened for, as the address says it; empty for none."""
    text = request.GET.get("for", "")
    return text if text.isascii() and text.isdigit() and len(text) <= 18 else ""


@staff()
@require_safe
def entries(request: HttpRequest) -> HttpResponseBase:
    """All entries by topic, or those that fit a question, best first. At most one query for the entries."""
    person, words, language = person_of(request), request.GET.get("q", "").strip()[:100], get_language() or "zh-hans"
    keeper = edits(person)
    if words:
        found = [hit.entry for hit in queries.search(words, limit=FOUND, inactive=keeper)]
        groups = [("", found)] if found else []
    else:
        shown = list(permits.rows(person, "view", Entry.objects.order_by("-active", "slug")))
        groups = [(str(topic.label), mine) for topic in Topic if (mine := [one for one in shown if one.topic == topic])]
    context = {
        "groups": [(topic, [(one, one.name(language)) for one in mine]) for topic, mine in groups],
        "q": words,
        "case": asked_for(request),
        "keeper": keeper,
    }
    return render(request, "knowledge/list.html", context)


@staff()
@require_safe
def entry(request: HttpRequest, pk: int) -> HttpResponseBase:
    """One entry with its articles; opened for a case, with the way to use it there."""
    person, language = person_of(request), get_language() or "zh-hans"
    found = permits.rows(person, "view", Entry.objects.filter(pk=pk)).first()
    if found is None:
        raise Http404
    context = {
        "entry": found,
        "name": found.name(language),
        "basis": found.basis(language),
        "keeper": permits.may(person, "edit", found),
        "case": asked_for(request),
        "panels": [render_to_string(name, dict(filled), request) for name, filled in panels.shown("knowledge.entry", request, found)],
    }
    return render(request, "knowledge/entry.html", context)


@staff()
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int | None = None) -> HttpResponseBase:
    """Write an entry anew, or change one; what was typed comes back with a refusal (409) or an error (422)."""
    person = person_of(request)
    if not edits(person):
        raise PermissionDenied
    found = permits.rows(person, "edit", Entry.objects.filter(pk=pk)).first() if pk is not None else None
    if pk is not None and found is None:
        raise Http404
    form = EntryForm(request.POST if request.method == "POST" else None, instance=found)
    status, refusal = 200, ""
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                saved = _save(form, pk, by=person.ref)
            except DomainError as error:
                status, refusal = 409, gettext(error.message) % error.params
            else:
                return redirect("knowledge:entry", pk=saved.pk)
    return render(request, "knowledge/edit.html", {"form": form, "entry": found, "refusal": refusal}, status=status)


def _save(form: EntryForm, pk: int | None, *, by: Ref) -> Entry:
    """Hand the form to the service; the row is read again there, for the form has written its values into its own copy."""
    stated = form.cleaned_data["seen"]
    try:
        seen = datetime.fromisoformat(stated) if stated else None
    except ValueError:
        seen = None
    values = {name: form.cleaned_data[name] for name in services.COLUMNS}
    fresh = Entry.objects.get(pk=pk) if pk is not None else None
    return services.save_entry(fresh, values, slug=form.cleaned_data.get("slug", ""), by=by, at=timezone.now(), seen=seen)
