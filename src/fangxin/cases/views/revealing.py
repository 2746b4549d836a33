"""Looking at personal data in plain text (查看明文): with a purpose, journalled, shown once, kept nowhere."""

import json
from collections.abc import Iterator, Mapping

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST

from fangxin.accounts.access import person_of, staff
from fangxin.accounts.models import Person
from fangxin.cases import words
from fangxin.cases.forms import RevealForm
from fangxin.cases.models import PLACE_FILING, PLACE_NOTE, PLACE_PARTY, Case, Note, Party, keys_for
from fangxin.cases.timeline import FIND_CLUE
from fangxin.cases.views.detail import linked, seen_case
from fangxin.kernel import permits, vault
from fangxin.kernel.errors import DomainError

PARTY_FIELDS = ("name", "phone", "id_type", "id_number", "address", "authority")
FILING_FIELDS = ("title", "narrative", "request", "extra")


@staff()
@sensitive_variables("plain")
@require_POST
def reveal(request: HttpRequest, pk: int, what: str, row: int) -> HttpResponseBase:
    """One person (`party`), the filing as filed (`filing`) or a note as written (`note`) in plain text, after asking what for."""
    person = person_of(request)
    case = seen_case(person, pk)
    if not permits.may(person, "reveal", case) or (what == "note" and not permits.may(person, "read_notes", case)):
        raise PermissionDenied
    form = RevealForm(request.POST, auto_id=False)
    context = {"case": case, "what": what, "row": row, "reveal_form": form}
    if not form.is_valid():
        return _once(request, context, 422)
    sealed, fields = _sealed(case, what, row, person)
    try:
        plain = vault.reveal(sealed, fields=fields, subject=case.ref, purpose=form.stated(), actor=person.ref, at=timezone.now())
    except DomainError as error:
        return _once(request, context | {"refusal": words.refusal(error)}, 409)
    return _once(request, context | {"shown": list(_shown(plain))})


def _sealed(case: Case, what: str, row: int, person: Person) -> tuple[vault.Sealed, tuple[str, ...]]:
    if what == "party":
        party = get_object_or_404(Party, pk=row, case=case)
        return vault.Sealed(party.keys, PLACE_PARTY, party.pk, bytes(party.sealed)), PARTY_FIELDS
    if what == "filing" and row == case.pk and case.sealed_filing:
        return vault.Sealed(keys_for(case.kind), PLACE_FILING, case.pk, bytes(case.sealed_filing)), FILING_FIELDS
    if what == "note":
        note = get_object_or_404(Note, pk=row, case=case)
        # A clue is told to nobody who may not see the report that came of it, here as in the history (Order 121 Art 37).
        if note.sealed and (note.step != FIND_CLUE or linked(person, case)[1]):
            return vault.Sealed(keys_for(case.kind), PLACE_NOTE, note.pk, bytes(note.sealed)), ("text",)
    raise Http404


def _shown(plain: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What was given, with its labels; the further columns of a filing one by one."""
    for name, value in plain.items():
        if name == "extra" and value:
            yield from ((label, text) for label, text in json.loads(value).items() if text)
        elif value:
            yield str(words.FIELDS[name]), value


def _once(request: HttpRequest, context: Mapping[str, object], status: int = 200) -> HttpResponse:
    template = "cases/reveal.html#shown" if request.headers.get("HX-Request") else "cases/reveal.html"
    response = render(request, template, {"nothing": _("Nothing was given."), **context}, status=status)
    response["Cache-Control"] = "no-store, max-age=0"
    return response
