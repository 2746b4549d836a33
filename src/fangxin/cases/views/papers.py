"""Documents of a case (文书): choose a form, check its blanks, look at it, issue it; take it away, deliver it with its proof, void it."""

import secrets
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from fangxin.accounts.access import person_of, staff
from fangxin.accounts.models import Person
from fangxin.cases import papers, words
from fangxin.cases.models import Case
from fangxin.cases.papers.looking import address_of
from fangxin.cases.services import sharing
from fangxin.cases.views.detail import case_page, seen_case
from fangxin.cases.views.listing import key_of
from fangxin.clocks.rules import local_date
from fangxin.documents import converting, picture, queries
from fangxin.documents import services as documents
from fangxin.documents.filling import day
from fangxin.documents.forms import DocumentForm
from fangxin.documents.models import MESSAGES, Document, Method, Recipient
from fangxin.documents.specs import FormSpec, spec
from fangxin.files import serving
from fangxin.files.services import keep
from fangxin.kernel import journal, panels, permits
from fangxin.kernel.errors import BadInput, DomainError, IllegalStep, StaleState
from fangxin.kernel.refs import Ref

DOCX_NAME, PDF_NAME = "preview.docx", "preview.pdf"
NOON = time(12)
_SENT = "fangxin_paper_form"
"""Where a form that came back waits for the panel, which knows only the request and the case."""


# --- writing and issuing -----------------------------------------------------------------------------------------------------


@staff()
@sensitive_post_parameters()
@sensitive_variables("values")
@require_http_methods(["GET", "POST"])
def paper(request: HttpRequest, pk: int, form: str) -> HttpResponseBase:
    """One form of a case. Opening it looks at the people it names, so it takes a POST; a bare address leads to the case.

    `do` says what: open, look (draw it anew), docx or pdf (a preview to take away), issue.
    """
    person = person_of(request)
    case = seen_case(person, pk)
    if request.method != "POST":
        return redirect("cases:detail", pk=pk)
    template = _form_of(form)
    now, do = timezone.now(), request.POST.get("do", "open")
    try:
        return _done(request, case, template, do, now)
    except DomainError as error:
        fresh, said = seen_case(person, pk), words.refusal(error)
        if do == "open" or not any(offer.form == form for offer in papers.offers(person, fresh)):
            return case_page(request, fresh, refusal=said, status=409)
        filled = DocumentForm(template, request.POST)  # still possible: nothing that was typed is lost
        return _page(request, fresh, template, filled, token=request.POST.get("once", ""), refusal=said, status=409, checked=False)


def _done(request: HttpRequest, case: Case, template: FormSpec, do: str, now: datetime) -> HttpResponseBase:
    person = person_of(request)
    if do == "issue":
        return _issue(request, case, template, DocumentForm(template, request.POST), now)
    papers.check_offered(person, case, template.id)
    if do == "open":
        plain = papers.look(template.id, case, actor=person.ref, at=now)
        values = papers.values(template.id, case, plain=plain, person=person, on=local_date(now))
        return _page(request, case, template, DocumentForm(template, initial=values), token=secrets.token_urlsafe(12))
    filled = DocumentForm(template, request.POST)
    if do in {"docx", "pdf"}:
        return _preview(case, template, filled, person, as_pdf=do == "pdf")
    return _page(request, case, template, filled, token=request.POST.get("once", ""), checked=False)


def _form_of(form: str) -> FormSpec:
    try:
        return spec(form)
    except BadInput as error:
        raise Http404 from error


def _issue(request: HttpRequest, case: Case, template: FormSpec, filled: DocumentForm, now: datetime) -> HttpResponseBase:
    person = person_of(request)
    if not filled.is_valid():
        return _page(request, case, template, filled, token=request.POST.get("once", ""), status=422)
    once = request.POST.get("once", "")[:64]
    with journal.atomic():
        sharing.hold([case])
        fresh = seen_case(person, case.pk)
        if request.POST.get("seen") != key_of(fresh):
            raise StaleState("kernel.stale_state", "Someone else changed %(subject)s first; please read it again.", subject=case.number)
        known = Document.objects.filter(subject=case.ref, form=template.id, once=once).first() if once else None
        if known is None:
            papers.check_offered(person, fresh, template.id)
        document = known or documents.issue(
            template.id,
            case.ref,
            filled.cleaned_data,
            office=_office(template.id, fresh, person),
            by=person.ref,
            at=now,
            once=once,
            keys=papers_keys(fresh),
        )
    messages.success(request, _("Issued: %(form)s, %(number)s.") % {"form": template.name(_language()), "number": document.number})
    return redirect(f"{reverse('cases:detail', kwargs={'pk': case.pk})}#documents")


def papers_keys(case: Case) -> str:
    """Whose keys seal a document of the case: everything about a report has the reporter's."""
    return "reporter" if case.kind == "report" else "person"


def _office(form: str, case: Case, person: Person) -> Any:
    office = papers.bureau(form, case, person)
    if office is None:
        raise IllegalStep("documents.no_bureau", "%(office)s issues no documents of a bureau.", office=person.office.name)
    return office


def _preview(case: Case, template: FormSpec, filled: DocumentForm, person: Person, *, as_pdf: bool) -> HttpResponse:
    content = documents.preview(template.id, filled.given, office=_office(template.id, case, person))
    if as_pdf:
        content = converting.to_pdf(content)
    response = HttpResponse(content, content_type=documents.PDF_TYPE if as_pdf else documents.DOCX_TYPE)
    response["Content-Disposition"] = f'attachment; filename="{PDF_NAME if as_pdf else DOCX_NAME}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'; frame-ancestors 'none'"
    response["Cache-Control"] = "no-store, private"
    return response


def _page(
    request: HttpRequest,
    case: Case,
    template: FormSpec,
    filled: DocumentForm,
    *,
    token: str,
    refusal: str = "",
    status: int = 200,
    checked: bool = True,
) -> HttpResponse:
    """The form beside its picture; `checked` shows what is wrong with what was filled in."""
    person = person_of(request)
    office = papers.bureau(template.id, case, person)
    drawn = documents.drafted(template, filled.given)
    shown = picture.paper(template, drawn, office=office.name if office else "", issued_on=day(local_date(timezone.now())))
    context = {
        "case": case,
        "key": key_of(case),
        "spec": template,
        "name": template.name(_language()),
        "form": filled if checked else DocumentForm(template, initial=filled.given),
        "token": token,
        "refusal": refusal,
        **shown,
    }
    partial = request.headers.get("HX-Request") and request.POST.get("do") == "look"
    response = render(request, "cases/papers/paper.html#picture" if partial else "cases/papers/paper.html", context, status=status)
    response["Cache-Control"] = "no-store, max-age=0"
    return response


def _language() -> str:
    return get_language() or "zh-hans"


# --- what was issued ---------------------------------------------------------------------------------------------------------


@staff()
@require_POST
def paper_pdf(request: HttpRequest, pk: int, row: int) -> HttpResponseBase:
    """A document as PDF, made when it is first asked for; reading it is journalled."""
    person = person_of(request)
    case, document = _seen_document(person, pk, row)
    now = timezone.now()
    try:
        attachment = documents.as_pdf(document, by=person.ref, at=now)
        if settings.FILES_HOST:
            response = HttpResponseRedirect(serving.address(request, attachment, person_id=person.pk, purpose=documents.PURPOSE))
            response.status_code = 303
            response["Cache-Control"] = "no-store"
            return response
        return serving.download(attachment, documents.pdf(document, actor=person.ref, at=now))
    except DomainError as error:
        return case_page(request, case, refusal=words.refusal(error), status=409)


@staff()
@require_POST
def paper_docx(request: HttpRequest, pk: int, row: int) -> HttpResponseBase:
    """A document as DOCX; reading it is journalled."""
    person = person_of(request)
    case, document = _seen_document(person, pk, row)
    if document.docx is None:
        raise Http404
    if settings.FILES_HOST:
        response = HttpResponseRedirect(serving.address(request, document.docx, person_id=person.pk, purpose=documents.PURPOSE))
        response.status_code = 303
        response["Cache-Control"] = "no-store"
        return response
    try:
        return serving.download(document.docx, documents.docx(document, purpose=documents.PURPOSE, actor=person.ref, at=timezone.now()))
    except DomainError as error:
        return case_page(request, case, refusal=words.refusal(error), status=409)


class DeliveryForm(forms.Form):
    """To whom, how, when, and what proves it."""

    to = forms.ChoiceField(label=pgettext_lazy("delivery", "To"))
    method = forms.ChoiceField(label=pgettext_lazy("delivery", "Way"), choices=Method.choices)
    served_on = forms.DateField(
        label=pgettext_lazy("delivery", "Served on"), required=False, widget=forms.DateInput(attrs={"type": "date"}), help_text=_lazy("Empty: today. A message counts from when it was sent.")
    )  # fmt: skip
    reference = forms.CharField(
        label=pgettext_lazy("delivery", "Tracking number, signature or other reference"), required=False, max_length=200
    )
    address = forms.CharField(
        label=pgettext_lazy("delivery", "Telephone or e-mail for a message"), required=False, max_length=254, help_text=_lazy("Empty: the telephone number on file.")
    )  # fmt: skip
    proof = forms.FileField(label=pgettext_lazy("delivery", "Proof (photo or PDF)"), required=False)

    def __init__(self, document: Document, data: Mapping[str, Any] | None = None, uploads: Any = None) -> None:
        super().__init__(data, uploads, auto_id=f"deliver_{document.pk}_%s")
        reach = documents.may_reach(document)
        choice = self.fields["to"]
        if isinstance(choice, forms.ChoiceField):
            choice.choices = [(to, label) for to, label in Recipient.choices if to in reach]
        for field in self.fields.values():
            field.widget.attrs["class"] = "form-select" if isinstance(field.widget, forms.Select) else "form-control"


class VoidForm(forms.Form):
    """Why a document is void."""

    reason = forms.CharField(
        label=_lazy("Reason"), max_length=500, widget=forms.Textarea(attrs={"rows": 2, "maxlength": 500, "class": "form-control"})
    )

    def __init__(self, document: Document, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data, auto_id=f"void_{document.pk}_%s")


@staff()
@sensitive_post_parameters("reference", "address")
@require_POST
def deliver_paper(request: HttpRequest, pk: int, row: int) -> HttpResponseBase:
    """Record or start the delivery of a document."""
    person = person_of(request)
    case, document = _seen_document(person, pk, row)
    _require_handling(person, case, document)
    form = DeliveryForm(document, request.POST, request.FILES)
    if not form.is_valid():
        return _sent_back(request, case, document, "deliver", form)
    given, now = form.cleaned_data, timezone.now()
    try:
        address = given["address"]
        if given["method"] in MESSAGES and not address:
            address = address_of(case, given["to"], "phone", actor=person.ref, at=now) if given["method"] == Method.SMS else ""
        proof = None
        if given["proof"] is not None:
            proof = keep(given["proof"].read(), name=given["proof"].name, subject=document.ref, category="proof", by=person.ref, at=now)
        documents.deliver(
            document,
            to=given["to"],
            method=given["method"],
            proof=proof,
            reference=given["reference"],
            address=address,
            by=person.ref,
            at=now,
            served_at=_served_at(given["served_on"], document, now),
        )
    except DomainError as error:
        return _sent_back(request, seen_case(person, pk), document, "deliver", form, refusal=words.refusal(error))
    messages.success(request, _("Delivery recorded: %(number)s.") % {"number": document.number})
    return redirect(f"{reverse('cases:detail', kwargs={'pk': pk})}#documents")


def _served_at(on: date | None, document: Document, now: datetime) -> datetime | None:
    """The moment of a day that was given: today is now, an earlier day its noon, or the issue if that was later that day."""
    if on is None or on == local_date(now):
        return None
    if on > local_date(now):
        raise BadInput("documents.served_in_future", "The day of delivery lies ahead.")
    noon = timezone.make_aware(datetime.combine(on, NOON))
    return max(noon, document.issued_at) if on == local_date(document.issued_at) else noon


@staff()
@require_POST
def void_paper(request: HttpRequest, pk: int, row: int) -> HttpResponseBase:
    """Make a document void; its number stays taken."""
    person = person_of(request)
    case, document = _seen_document(person, pk, row)
    _require_handling(person, case, document)
    form = VoidForm(document, request.POST)
    if not form.is_valid():
        return _sent_back(request, case, document, "void", form)
    try:
        documents.void(document, reason=form.cleaned_data["reason"], by=person.ref, at=timezone.now())
    except DomainError as error:
        return _sent_back(request, seen_case(person, pk), document, "void", form, refusal=words.refusal(error))
    messages.success(request, _("Voided: %(number)s.") % {"number": document.number})
    return redirect(f"{reverse('cases:detail', kwargs={'pk': pk})}#documents")


def _seen_document(person: Person, pk: int, row: int) -> tuple[Case, Document]:
    """The document of a case that the person may see; PermissionDenied if they may see the case but not its people."""
    case = seen_case(person, pk)
    found = Document.objects.select_related("office__competent", "docx__blob", "pdf__blob")
    document = get_object_or_404(found, pk=row, subject=case.ref)
    if not permits.may(person, "reveal", case):
        raise PermissionDenied
    return case, document


def _sent_back(request: HttpRequest, case: Case, document: Document, what: str, form: forms.Form, *, refusal: str = "") -> HttpResponse:
    """The case page with the form that could not be taken, as it was filled in, open in its panel."""
    request.__dict__[_SENT] = (document.pk, what, form)
    return case_page(request, case, refusal=refusal, status=409 if refusal else 422)


def _require_handling(person: Person, case: Case, document: Document) -> None:
    if not permits.may(person, papers.serving_permit(document.form), case):
        raise PermissionDenied


# --- the panel on the case page ----------------------------------------------------------------------------------------------


def panel(request: HttpRequest, case: Case) -> Mapping[str, Any] | None:
    """The documents of the case, and the forms that may be issued now."""
    person = person_of(request)
    issued = queries.with_deliveries(Ref(case.ref))
    offers = papers.offers(person, case)
    if not issued and not offers:
        return None
    may_read = bool(offers) or permits.may(person, "reveal", case)
    may = {permit: may_read and bool(issued) and permits.may(person, permit, case) for permit in ("handle", "issue")}
    sent = request.__dict__.get(_SENT)
    return {
        "case": case,
        "offers": [(offer.form, offer.spec.name(_language())) for offer in offers],
        "issued": [_shown(one, sent, may_handle=may[papers.serving_permit(one.document.form)]) for one in issued],
        "may_read": may_read,
        "purpose": documents.PURPOSE,
    }


def _shown(one: queries.Issued, sent: tuple[int, str, forms.Form] | None, *, may_handle: bool) -> dict[str, Any]:
    document = one.document
    open_form = sent if sent and sent[0] == document.pk else None
    return {
        "document": document,
        "may_handle": may_handle,
        "name": document.spec.name(_language()),
        "deliveries": one.deliveries,
        "voidable": document.voided_at is None and not any(_reached(delivery) for delivery in one.deliveries),
        "deliver": open_form[2] if open_form and open_form[1] == "deliver" else DeliveryForm(document),
        "deliverable": document.voided_at is None and bool(documents.may_reach(document)),
        "void": open_form[2] if open_form and open_form[1] == "void" else VoidForm(document),
        "open": open_form[1] if open_form else "",
    }


def _reached(delivery: Any) -> bool:
    return delivery.served_at is not None or (delivery.notice is not None and delivery.notice.state in {"waiting", "sending", "sent"})


panels.register("case.main", panels.Panel("documents", "cases/papers/panel.html", panel, order=60))
