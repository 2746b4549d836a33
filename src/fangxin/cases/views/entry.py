"""Taking a filing down while somebody speaks (录入): the entry screen, its drafts, and what is looked up meanwhile."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from fangxin.accounts.access import person_of, staff
from fangxin.accounts.models import Office, Person
from fangxin.cases import lookups, queries, words
from fangxin.cases.entry_form import EntryForm, refilled, typed
from fangxin.cases.models import Case, DiscardReason, Draft, DraftOutcome
from fangxin.cases.numbers import number_of
from fangxin.cases.services import drafting
from fangxin.kernel import pages, permits
from fangxin.kernel.errors import DomainError
from fangxin.registry import lookups as register
from fangxin.registry.models import Trader

REGISTERING = frozenset({"next", "open", "dispatch"})
"""The buttons that make a case of what stands there."""
LONGEST_LOOKED_UP = 300
_TAKEN = "cases.draft_taken"


@staff(*lookups.ENTERS)
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponseBase:
    """GET: an empty screen, or a draft to go on with (`draft`), below the number of what was just registered (`done`). POST: one of its buttons."""
    person = person_of(request)
    if request.method == "POST":
        return _pressed(request, person)
    tab = uuid4().hex
    if "draft" in request.GET:
        draft = _mine(person, request.GET["draft"])
        fields = drafting.open_draft(draft, tab=tab, by=person.ref, at=timezone.now())
        form = EntryForm(refilled(fields), units=lookups.units_for(person))
        return _page(request, form, token=draft.token, tab=tab, draft=draft)
    last = Draft.objects.filter(person=person).order_by("-pk").values_list("channel", flat=True).first()
    form = EntryForm(units=lookups.units_for(person), initial={"channel": last} if last else None)
    return _page(request, form, token=uuid4().hex, tab=tab, done=_done(request, person))


def _pressed(request: HttpRequest, person: Person) -> HttpResponseBase:
    button, token, tab = (str(request.POST.get(name, "")) for name in ("do", "token", "tab"))
    units = lookups.units_for(person)
    if not (_is_key(token) and _is_key(tab)):
        raise Http404
    data: QueryDict = request.POST
    if button == "add":
        data = QueryDict(mutable=True)
        data.update(request.POST)
        total = data.get("further-TOTAL_FORMS", "0")
        data["further-TOTAL_FORMS"] = str(int(total) + 1) if total.isascii() and total.isdigit() and len(total) < 5 else "1"
    form = EntryForm(data, units=units)
    if button == "add":
        return _page(request, form, token=token, tab=tab, draft=_kept(person, data, token, tab))
    if button not in REGISTERING:
        return _save_and_stay(request, form, person, token, tab)
    return _register(request, form, person, button, token, tab)


def _save_and_stay(request: HttpRequest, form: EntryForm, person: Person, token: str, tab: str) -> HttpResponseBase:
    try:
        draft = drafting.save_draft(person, typed(request.POST), token=token, tab=tab, at=timezone.now())
    except DomainError as error:
        return _page(request, form, token=token, tab=tab, refusal=words.refusal(error), status=409)
    messages.success(request, _("The draft is saved."))
    return redirect(f"{reverse('cases:new')}?draft={draft.pk}")


def _register(request: HttpRequest, form: EntryForm, person: Person, button: str, token: str, tab: str) -> HttpResponseBase:
    now = timezone.now()
    valid = form.is_valid()
    if valid and not form.cleaned_data["narrative"].strip():
        form.add_error("narrative", _("Without a word about what happened there is nothing to register."))
    unit = _unit(form, person, button)
    if not form.is_valid():
        return _page(request, form, token=token, tab=tab, draft=_kept(person, request.POST, token, tab), status=422)
    desk = bool(queries.destinations(person, list(form.units.values())))
    entered = form.entered(at=now, unit=unit, dispatched_at=now if desk else None)
    try:
        taken = drafting.take_draft(person, typed(request.POST), entered, token=token, tab=tab, at=now)
    except DomainError as error:
        if error.code == _TAKEN:  # what stands here goes on as another draft, or it would be lost
            token, tab = uuid4().hex, uuid4().hex
        draft = _kept(person, request.POST, token, tab)
        return _page(request, form, token=token, tab=tab, draft=draft, refusal=words.refusal(error), status=409)
    numbers = "、".join(number_of(pk) for pk in taken.case_ids)
    if button == "open" and permits.may(person, "view", Case(pk=taken.case_ids[0])):
        messages.success(request, _("Registered as %(numbers)s.") % {"numbers": numbers})
        return redirect("cases:detail", pk=taken.case_ids[0])
    lacks = drafting.missing(entered.filing)
    query = {"done": taken.draft.pk, **({"missing": ",".join(lacks)} if lacks else {}), **({"again": 1} if taken.again else {})}
    return redirect(f"{reverse('cases:new')}?{urlencode(query)}")


def _unit(form: EntryForm, person: Person, button: str) -> Office | None:
    """Where it goes: for the desk nowhere yet, unless it is sent at once; for an officer to their own unit."""
    chosen = form.units.get(str(form.cleaned_data.get("unit") or "")) if hasattr(form, "cleaned_data") else None
    if queries.destinations(person, list(form.units.values())):
        if button == "dispatch" and chosen is None and "unit" not in form.errors:
            form.add_error("unit", _("Choose the unit."))
        return chosen if button == "dispatch" else None
    return chosen or next(iter(form.units.values()), None)


def _kept(person: Person, data: QueryDict, token: str, tab: str) -> Draft | None:
    """Keep what can't be registered as it is, as far as this window may; the refusal is told by whoever asks for it."""
    try:
        return drafting.save_draft(person, typed(data), token=token, tab=tab, at=timezone.now())
    except DomainError:
        return Draft.objects.open().filter(person=person, token=token).first()


def _page(
    request: HttpRequest, form: EntryForm, *, token: str, tab: str, draft: Draft | None = None, status: int = 200, **extra: Any
) -> HttpResponse:
    person = person_of(request)
    desk = bool(queries.destinations(person, list(form.units.values())))
    context = {
        "form": form,
        "token": token,
        "tab": tab,
        "draft": draft,
        "drafts": permits.rows(person, "resume", Draft.objects.open()).exclude(pk=draft.pk if draft else 0).count(),
        "desk": desk,
        "choose_unit": desk or len(form.units) > 1,
        "own_unit": None if desk else next(iter(form.units.values()), None),
        **_state(form),
        **extra,
    }
    response = render(request, "cases/entry/new.html", context, status=status)
    response["Cache-Control"] = "no-store"
    return response


def _state(form: EntryForm) -> dict[str, Any]:
    """What the law asks for and is not there, and what looks wrong; nothing for an empty screen."""
    if not form.is_bound or not form.is_valid():
        return {"missing": [], "warnings": {}}
    return {"missing": _lacks(drafting.missing(form.entered(at=timezone.now()).filing)), "warnings": form.warnings()}


def _lacks(names: Sequence[str]) -> list[tuple[str, str]]:
    """Fields that the law asks for, each with its label."""
    return [(name, str(LACKS[name])) for name in names if name in LACKS]


LACKS: Mapping[str, Any] = words.ASKED


def _done(request: HttpRequest, person: Person) -> dict[str, Any] | None:
    """What was registered last from this screen: its numbers are told to the caller."""
    key = request.GET.get("done", "")
    draft = Draft.objects.filter(pk=int(key), person=person, outcome=DraftOutcome.TAKEN).first() if _is_number(key) else None
    if draft is None:
        return None
    seen = set(permits.rows(person, "view", Case.objects.filter(pk__in=draft.case_ids)).values_list("pk", flat=True))
    return {
        "cases": [(pk, number_of(pk), pk in seen) for pk in draft.case_ids],
        "missing": _lacks(request.GET.get("missing", "").split(",")),
        "again": "again" in request.GET,
    }


# --- drafts ------------------------------------------------------------------------------------------------------------------


@staff(*lookups.ENTERS)
@sensitive_post_parameters()
@require_POST
def save(request: HttpRequest) -> HttpResponseBase:
    """Keep what stands on the screen, every few seconds; answers with the line that says so, and with what is missing yet."""
    person, now = person_of(request), timezone.now()
    token, tab = (str(request.POST.get(name, "")) for name in ("token", "tab"))
    if not (_is_key(token) and _is_key(tab)):
        raise Http404
    form = EntryForm(request.POST, units=lookups.units_for(person))
    try:
        draft = drafting.save_draft(person, typed(request.POST), token=token, tab=tab, at=now)
    except DomainError as error:
        return _part(request, "cases/entry/new.html#saved", {"refusal": words.refusal(error)}, 409)
    return _part(request, "cases/entry/new.html#saved", {"draft": draft, "form": form, **_state(form)})


@staff(*lookups.ENTERS)
@require_safe
def drafts(request: HttpRequest) -> HttpResponseBase:
    """My drafts, those waiting longest first."""
    mine = permits.rows(person_of(request), "resume", Draft.objects.open()).defer("sealed")
    page = pages.page(mine, by="updated_at", after=str(request.GET.get("after", "")))
    context = {"drafts": page.rows, "next": page.next, "reasons": DiscardReason.choices}
    return _part(request, "cases/entry/drafts.html", context)


@staff(*lookups.ENTERS)
@require_POST
def discard(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Give one of my drafts up, with the reason."""
    person = person_of(request)
    drafting.discard_draft(_mine(person, str(pk)), str(request.POST.get("reason", "")), by=person.ref, at=timezone.now())
    messages.success(request, _("The draft is discarded."))
    return redirect("cases:drafts")


def _mine(person: Person, key: str) -> Draft:
    """The draft, if it is this person's; else it isn't there."""
    if not _is_number(key):
        raise Http404
    return get_object_or_404(permits.rows(person, "resume", Draft.objects.all()), pk=int(key))


# --- look-ups ----------------------------------------------------------------------------------------------------------------


@staff(*lookups.ENTERS)
@require_POST
def find_trader(request: HttpRequest) -> HttpResponseBase:
    """Traders whose name, other name or code begins with `q`, as options to choose from."""
    units = lookups.units_for(person_of(request))
    found = register.traders(_asked(request, "q"))
    rows = [
        (one, lookups.unit_for(lookups.places_of("", one.trader), units) if one.trader.town or one.trader.division else None)
        for one in found
    ]
    return _part(request, "cases/entry/found.html#traders", {"found": rows, "asked": bool(_asked(request, "q"))})


@staff(*lookups.ENTERS)
@require_POST
def find_place(request: HttpRequest) -> HttpResponseBase:
    """Counties and towns whose name begins with `q`, as options to choose from, each with the unit there."""
    units = lookups.units_for(person_of(request))
    found = [(one, lookups.unit_for([one], units)) for one in register.place_names(_asked(request, "q"))]
    return _part(request, "cases/entry/found.html#places", {"found": found})


@staff(*lookups.ENTERS)
@require_POST
def where(request: HttpRequest) -> HttpResponseBase:
    """The place that the respondent's address names (else the place of the event, else the register's) and the unit that it would go to."""
    units = lookups.units_for(person_of(request))
    key = str(request.POST.get("trader", ""))
    trader = Trader.objects.select_related("town__county", "division").filter(pk=int(key)).first() if _is_number(key) else None
    found = lookups.places_of(_asked(request, "address") or _asked(request, "place"), trader)
    return _part(request, "cases/entry/found.html#where", {"found": found, "unit": lookups.unit_for(found, units)})


@staff(*lookups.ENTERS)
@sensitive_post_parameters()
@sensitive_variables("phone", "id_number")
@require_POST
def earlier(request: HttpRequest) -> HttpResponseBase:
    """Earlier cases of this telephone or identity number, those against the same trader marked. Sent by POST: a number stays out of every log."""
    person = person_of(request)
    key = str(request.POST.get("trader", ""))
    found = lookups.earlier(
        person,
        phone=_asked(request, "phone"),
        id_number=_asked(request, "id_number"),
        trader=int(key) if _is_number(key) else None,
        respondent=_asked(request, "respondent_name"),
    )
    rows = [(case, words.heading(case), case.pk in found.same) for case in found.cases]
    return _part(request, "cases/entry/found.html#earlier", {"earlier": found, "rows": rows, "most": lookups.COUNTED})


def _asked(request: HttpRequest, name: str) -> str:
    return str(request.POST.get(name, "")).replace("\0", "").strip()[:LONGEST_LOOKED_UP]


def _part(request: HttpRequest, template: str, context: Mapping[str, Any], status: int = 200) -> HttpResponse:
    response = render(request, template, dict(context), status=status)
    response["Cache-Control"] = "no-store"
    return response


def _is_key(text: str) -> bool:
    """A token as `uuid4().hex` makes it."""
    return len(text) == 32 and text.isalnum() and text.isascii()


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19
