"""The staff API's addresses: request → one service or query → one answer."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from ninja import Body, Query, Router, Status
from ninja.errors import ValidationError

from fangxin.accounts.bearer import caller, token_of, writer
from fangxin.accounts.models import Office, Person
from fangxin.cases import acts, lookups, queries, words
from fangxin.cases.api import shapes
from fangxin.cases.forms import DispatchForm, FilterForm
from fangxin.cases.models import Case, OutsideNumber, Party
from fangxin.cases.numbers import key_of, number_of
from fangxin.cases.services import Outcome, Receipt, dispatch, drafting
from fangxin.cases.states import State
from fangxin.cases.workflow import law_of
from fangxin.clocks.keeping import current_calendar
from fangxin.clocks.models import Clock
from fangxin.clocks.rules import local_date
from fangxin.kernel import permits
from fangxin.kernel.errors import BadInput, DomainError, NotPermitted, StaleState

router = Router(tags=["cases"])
DISPATCH = "dispatch"
LONGEST_KEY = 100


# --- who and where -----------------------------------------------------------------------------------------------------------


@router.get("/me", response=shapes.MeOut, summary="Whom the token speaks for")
def me(request: HttpRequest) -> shapes.MeOut:
    """The person, their office and roles (`role@office path`), and what the token may do until when."""
    token = token_of(request)
    person = token.person
    return shapes.MeOut(
        login=person.login,
        name=person.name,
        office=person.office.code,
        roles=sorted(f"{grant.role.value}@{grant.path}" for grant in person.grants),
        scope=token.scope,
        expires_at=token.expires_at,
    )


@router.get("/units", response=list[shapes.UnitOut], summary="Offices whose cases you may see")
def units(request: HttpRequest) -> list[shapes.UnitOut]:
    """In the order of the tree. A new filing can be given to those that are `dispatchable`."""
    person = caller(request)
    seen = {office.pk: office for office in queries.offices_seen(person)}
    mine = {office.pk for office in lookups.units_for(person)} if _enters(person) else set()
    codes = dict(Office.objects.values_list("pk", "code"))
    return [
        shapes.UnitOut(
            code=office.code,
            name=office.name,
            kind=office.kind,
            parent=codes.get(office.parent_id or 0),
            competent=codes.get(office.competent_id or 0),
            dispatchable=office.pk in mine,
        )
        for office in seen.values()
    ]


# --- filings -----------------------------------------------------------------------------------------------------------------


@router.post(
    "/cases",
    response={200: shapes.ReceiptOut | shapes.BatchOut, 201: shapes.ReceiptOut},
    summary="Register one filing or up to 500",
    openapi_extra={"parameters": [{"in": "header", "name": "Idempotency-Key", "schema": {"type": "string", "maxLength": LONGEST_KEY}}]},
)
def create(
    request: HttpRequest,
    response: HttpResponse,
    filings: Body[shapes.OneOrMany],
) -> Any:
    """One filing as an object: 201 with its number, 409 if the rules refuse it. Many as an array: 200 with a receipt for each, and one bad row
    keeps none of the others out. With an `Idempotency-Key` the same request is answered as before and registers nothing twice.
    """
    person, now = writer(request), timezone.now()
    if not _enters(person):
        raise NotPermitted("kernel.not_permitted", "You may not do this here.")
    idempotency_key = request.headers.get("Idempotency-Key", "")
    if len(idempotency_key) > LONGEST_KEY:
        raise ValidationError([{"loc": ["header", "Idempotency-Key"], "type": "string_too_long", "msg": _("This is too long.")}])
    rows = filings if isinstance(filings, list) else [filings]
    units = {unit.code: unit for unit in lookups.units_for(person)}
    desk = bool(queries.destinations(person, list(units.values())))
    prepared = [_prepare(row, units, now, desk=desk) for row in rows]
    good = [one for one in prepared if isinstance(one, drafting.Entered)]

    def answer(receipts: Sequence[Receipt]) -> str:
        told = iter(receipts)
        return json.dumps([one if isinstance(one, dict) else _receipt(next(told), one) for one in prepared], ensure_ascii=False)

    if idempotency_key:
        text, again = drafting.register_once(
            person, good, key=idempotency_key, body=request.body.decode(errors="backslashreplace"), answer=answer, at=now
        )
        if again:
            response["Idempotent-Replayed"] = "true"
    else:
        text = answer(drafting.register(person, good, at=now))
    receipts = [
        shapes.ReceiptOut(**one, error=_refusal(one["refused"])) if "refused" in one else shapes.ReceiptOut(**one)
        for one in json.loads(text)
    ]
    if isinstance(filings, list):
        return Status(200, shapes.BatchOut(receipts=receipts))
    first = receipts[0]
    if first.error is not None:
        refused = json.loads(text)[0]["refused"]
        raise DomainError(refused["code"], refused["template"], **refused["params"])
    return Status(201 if first.outcome == "created" else 200, first)


def _enters(person: Person) -> bool:
    return not person.roles().isdisjoint(lookups.ENTERS)


def _prepare(
    row: shapes.FilingIn | shapes.BadRow, units: Mapping[str, Office], now: datetime, *, desk: bool
) -> drafting.Entered | dict[str, Any]:
    """A row as it is registered; one that can't be, as it is answered. `units` are those that the person may give it to, an officer's own first."""
    if isinstance(row, shapes.BadRow):
        return {"outcome": Outcome.REFUSED.value, "errors": row.errors}
    filing = row.filing(at=now)
    if row.unit and row.unit not in units:
        return _refused(BadInput("cases.unit_not_yours", "You may not give a filing to unit %(unit)s.", unit=row.unit))
    code = row.unit or ("" if desk else next(iter(units), ""))
    if code:
        filing = replace(filing, unit_code=code, dispatched_at=max(now, filing.received_at) if desk else None)
    return drafting.Entered(filing, row.trader)


def _receipt(receipt: Receipt, entered: drafting.Entered) -> dict[str, Any]:
    if receipt.error is not None:
        return _refused(receipt.error)
    numbers = [number_of(pk) for pk in receipt.case_ids]
    return {"outcome": receipt.outcome.value, "cases": numbers, "missing": drafting.missing(entered.filing)}


def _refused(error: DomainError) -> dict[str, Any]:
    """A refusal as it is kept: told in the language of whoever asks."""
    params = {name: str(value) for name, value in error.params.items()}
    return {"outcome": Outcome.REFUSED.value, "refused": {"code": error.code, "template": error.message, "params": params}}


def _refusal(kept: dict[str, Any]) -> shapes.Refusal:
    return told(DomainError(kept["code"], kept["template"], **kept["params"]))


def told(error: DomainError) -> shapes.Refusal:
    """A refusal in the language of the request."""
    return shapes.Refusal(code=error.code, message=words.refusal(error), params={name: str(value) for name, value in error.params.items()})


# --- cases -------------------------------------------------------------------------------------------------------------------


@router.get("/cases", response=shapes.ListOut, summary="The work list")
def search(request: HttpRequest, search: Query[shapes.Search]) -> shapes.ListOut:
    """The cases that you may see under these filters, page by page; the same rows, in the same order, as the page."""
    person, now = caller(request), timezone.now()
    _kept, calendar = current_calendar(now)
    offices = queries.offices_seen(person)
    given = {name: value for name, value in search.dict(exclude={"after"}).items() if value}
    form = FilterForm(given, offices)
    if form.errors:
        raise _shape("query", form)
    filters = form.filters()
    page = queries.page_of(queries.listed(person, filters, offices, now=now, calendar=calendar), filters, search.after)
    return shapes.ListOut(cases=[shapes.LineOut(**_line(case)) for case in page.rows], next=page.next)


@router.get("/cases/{number}", response=shapes.CaseOut, summary="One case, masked")
def read(request: HttpRequest, number: str) -> shapes.CaseOut:
    """What the page shows without a purpose: names and numbers masked, texts scrubbed. Plain text is not given to programs."""
    return case_out(_seen(caller(request), number))


@router.get("/cases/{number}/acts", response=shapes.ActsOut, summary="What can be done with it now")
def offered(request: HttpRequest, number: str) -> shapes.ActsOut:
    """The steps that the procedure, the case's state and your roles allow, each with its fields, its article and what it will do."""
    person, now = caller(request), timezone.now()
    case = _seen(person, number)
    steps = queries.lawful_steps(person, case)
    found = [
        shapes.ActOut(
            name=offer.act.name,
            label=str(offer.act.label),
            law=offer.law,
            effects=[str(one) for one in offer.effects],
            fields=_fields(offer.form),
        )
        for offer in acts.offers(person, case, steps, now)
    ]
    step = next((name for name in ("dispatch", "redispatch") if name in steps), None)
    if step and acts.find(DISPATCH) is None:
        law = law_of(step, case.kind, local_date(now)).text(get_language() or "zh-hans")
        form = DispatchForm(None, _destinations(person))
        found.insert(0, shapes.ActOut(name=DISPATCH, label=str(words.STEPS[step]), law=law, effects=[], fields=_fields(form, "other")))
    return shapes.ActsOut(seen=queries.seen_key(case), acts=found)


@router.post("/cases/{number}/acts/{name}", response=shapes.ActDone, summary="Take a step")
def take(request: HttpRequest, number: str, name: str, body: shapes.ActIn) -> shapes.ActDone:
    """The same steps, checks and refusals as on the page. With `seen`, a case that somebody else has moved meanwhile is refused (409)."""
    person, now = writer(request), timezone.now()
    case = _seen(person, number)
    if body.seen is not None and body.seen != queries.seen_key(case):
        raise StaleState("kernel.stale_state", "Someone else changed %(subject)s first; please read it again.", subject=case.number)
    act = acts.find(name)
    if act is not None:
        form = act.form(_data(body, act.form.base_fields), case=case, person=person, prefix=name)
        if not form.is_valid():
            raise _shape("fields", form)
        acts.take(act, case, form, person=person, now=now)
    elif name == DISPATCH:
        _dispatch(person, case, body, now)
    else:
        raise Http404
    try:
        return shapes.ActDone(done=name, case=case_out(_seen(person, number)))
    except Http404:  # it is no longer with a unit of theirs
        return shapes.ActDone(done=name, case=None)


def _dispatch(person: Person, case: Case, body: shapes.ActIn, now: datetime) -> None:
    if not permits.may(person, "dispatch", case):
        raise PermissionDenied
    form = DispatchForm(_data(body, DispatchForm.base_fields), _destinations(person))
    if not form.is_valid() or form.chosen is None:
        raise _shape("fields", form)
    if not form.cleaned_data["note"].strip() and case.state == State.DISPATCHED:
        raise BadInput("cases.note_for_redispatch", "To dispatch a case anew, say why.")
    dispatch([case], form.chosen, by=person.ref, at=now, note=form.cleaned_data["note"])


def _destinations(person: Person) -> list[Office]:
    return queries.destinations(person, queries.offices_seen(person))


def _seen(person: Person, number: str) -> Case:
    """The case of this number, if the person may see it; else it isn't there."""
    key = key_of(number)
    found = Case.objects.select_related("unit", "competent", "officer", "trader", "delegate").filter(pk=key or 0)
    case = permits.rows(person, "view", found).first()
    if case is None:
        raise Http404
    return case


def _data(body: shapes.ActIn, fields: Any) -> QueryDict:
    """Fields of a body as a form reads them; a name that the form doesn't have is refused, or a mistyped one would pass for an empty one."""
    strange = [name for name in body.fields if name not in fields]
    if strange:
        raise ValidationError(
            [{"loc": ["body", "fields", name], "type": "extra_forbidden", "msg": _("There is no such field.")} for name in strange]
        )
    data = QueryDict(mutable=True)
    for name, value in body.fields.items():
        if isinstance(value, list):
            data.setlist(name, value)
        elif value is True:
            data[name] = "on"
        elif value is not None and value is not False:
            data[name] = str(value)
    return data


def _shape(place: str, form: forms.Form) -> ValidationError:
    """A form's complaints as errors of shape."""
    return ValidationError(
        [
            {"loc": [place, *([] if name == "__all__" else [name])], "type": "invalid", "msg": str(text)}
            for name, texts in form.errors.items()
            for text in texts
        ]
    )


_TYPES: Sequence[tuple[type[forms.Field], str]] = (
    (forms.FileField, "file"),
    (forms.MultipleChoiceField, "choices"),
    (forms.ModelMultipleChoiceField, "choices"),
    (forms.ChoiceField, "choice"),
    (forms.ModelChoiceField, "choice"),
    (forms.BooleanField, "boolean"),
    (forms.DateTimeField, "datetime"),
    (forms.DateField, "date"),
    (forms.DecimalField, "decimal"),
    (forms.IntegerField, "integer"),
)


def _fields(form: forms.Form, *without: str) -> list[shapes.FieldOut]:
    return [
        shapes.FieldOut(
            name=name,
            label=str(field.label or name),
            type=next((word for kind, word in _TYPES if isinstance(field, kind)), "text"),
            required=field.required,
            choices=[(str(value), str(label)) for value, label in _choices(field)],
            max_length=getattr(field, "max_length", None),
            help=str(field.help_text),
        )
        for name, field in form.fields.items()
        if name not in without
    ]


def _choices(field: forms.Field) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    for value, label in getattr(field, "choices", ()):
        found += label if isinstance(label, list | tuple) else [(value, label)]
    return found


_AS_THEY_ARE = (
    "kind", "state", "channel", "outside_number", "title", "first_received_at", "closed_at", "next_term", "next_due_at",
)  # fmt: skip
_WHOLE = (
    "narrative", "request", "claimed_fen", "recovered_fen", "occurred_on", "place", "goods_or_service", "object_class", "problem_class",
    "field_of_law", "anonymous", "consent_publish", "consent_delegate", "respondent_uscc", "respondent_address", "platform",
    "competent_received_at", "dispatched_at", "responded_at", "decided_at",
)  # fmt: skip


def _line(case: Case) -> dict[str, Any]:
    return {
        **{name: getattr(case, name) for name in _AS_THEY_ARE},
        "number": case.number,
        "respondent": case.trader.name if case.trader else case.respondent_name,
        "unit": case.unit.code if case.unit else None,
        "seen": queries.seen_key(case),
    }


def case_out(case: Case) -> shapes.CaseOut:
    """A case as programs get it: masked."""
    people = Party.objects.filter(case=case).order_by("position")
    clocks = sorted(Clock.objects.of(case.ref), key=lambda one: (one.stopped_at is not None, one.pk))
    return shapes.CaseOut(
        **_line(case),
        **{name: getattr(case, name) for name in _WHOLE},
        trader=case.trader_id,
        competent=case.competent.code if case.competent else None,
        officer=case.officer.name if case.officer else None,
        persons=[
            shapes.PartyOut(
                role=one.role, name=one.name_masked, phone=one.phone_masked, id_number=one.id_masked, address=one.address_masked
            )
            for one in people
        ],
        other_numbers=list(OutsideNumber.objects.filter(case=case).order_by("pk").values_list("channel", "number")),
        periods=[
            shapes.PeriodOut(
                term=one.term,
                name=words.term_name(one.term),
                started_at=one.started_at,
                due_at=one.due_at,
                last_day=one.strict_on,
                late_after=one.lenient_on,
                provisional=one.provisional,
                paused=one.paused,
                stopped_at=one.stopped_at,
                verdict=one.verdict or "",
            )
            for one in clocks
        ],
    )
