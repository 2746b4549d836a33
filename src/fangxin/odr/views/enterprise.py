"""An enterprise's own pages: inbox, dispute, performance, export, account (企业端). They read disputes, never cases."""

import csv
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST, require_safe

from fangxin.cases.views.exporting import cell
from fangxin.clocks.keeping import current_calendar
from fangxin.files import guards, serving, uploads
from fangxin.files import queries as files_queries
from fangxin.files import services as files
from fangxin.files.models import Attachment
from fangxin.kernel import journal, pages, vault
from fangxin.kernel.errors import BadInput, DomainError
from fangxin.odr import access, queries, words
from fangxin.odr.access import Realm
from fangxin.odr.events import DisputesExported
from fangxin.odr.forms import ContactForm, OfferForm, TextForm, UploadForm
from fangxin.odr.models import Account, Dispute
from fangxin.odr.services import accounts, disputes, enterprises, for_enterprise, passing, telling
from fangxin.odr.states import EnterpriseState, Origin, Side
from fangxin.odr.views.public import offer_in
from fangxin.odr.views.showing import figures, shown

CAP = 50_000
PAGE = 30


def _own(realm: Realm, pk: int) -> Dispute:
    """A dispute of the enterprise's own; any other isn't there."""
    found = Dispute.objects.of(realm.account.enterprise).select_related("enterprise__office", "enterprise__trader").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


@access.enterprise()
@require_safe
def inbox(request: HttpRequest, realm: Realm) -> HttpResponseBase:
    """Open disputes by nearest deadline; with `?done` those that have ended, the newest first."""
    now = timezone.now()
    own = Dispute.objects.of(realm.account.enterprise)
    done = "done" in request.GET
    if done:
        page = pages.page(own.filter(ended_at__isnull=False), by="ended_at", after=request.GET.get("after", ""), size=PAGE)
    else:
        page = pages.page(own.open(), by="due_at", after=request.GET.get("after", ""), size=PAGE)
    calendar = current_calendar(now)[1]
    waiting = queries.open_offers(page.rows)
    rows = [
        {
            "dispute": one,
            "left": words.left(one, now=now, calendar=calendar),
            "turn": one.answered_at is None or (one.pk in waiting and waiting[one.pk].side == Side.CONSUMER),
        }
        for one in page.rows
    ]
    return render(request, "odr/enterprise/inbox.html", {"rows": rows, "next": page.next, "done": done, "realm": realm})


@access.enterprise()
@require_safe
def dispute(request: HttpRequest, realm: Realm, pk: int) -> HttpResponseBase:
    """One dispute: what is claimed, what was said, how to answer."""
    return _dispute_page(request, realm, _own(realm, pk))


_FORMS: dict[str, Callable[[Any], Any]] = {
    "say": lambda data: TextForm(data, prefix="say", methods=True, label=_("Message, or record of a call or a meeting")),
    "offer": lambda data: OfferForm(data, prefix="offer", methods=True),
    "decline": lambda data: TextForm(data, prefix="decline", label=_("Reason"), needed=False),
    "refuse": lambda data: TextForm(data, prefix="refuse", label=_("Reason")),
}


@access.enterprise()
@require_POST
def reply(request: HttpRequest, realm: Realm, pk: int, name: str) -> HttpResponseBase:
    """Say, offer, accept, decline or refuse, for the enterprise."""
    found, now = _own(realm, pk), timezone.now()
    if name not in {*_FORMS, "accept"}:
        raise Http404
    form = _FORMS[name](request.POST) if name in _FORMS else None
    if form is not None and not form.is_valid():
        return _dispute_page(request, realm, found, sent=(name, form), status=422)
    given = form.cleaned_data if form is not None else {}
    try:
        speaker = for_enterprise(realm.account, found, given.get("method") or "online")
        offer = offer_in(request)
        if name == "say":
            disputes.say(found, speaker, text=given["text"], at=now)
        elif name == "offer" and isinstance(form, OfferForm):
            disputes.offer(found, speaker, remedy=given["remedy"], amount_fen=form.amount_fen(), text=given["text"], at=now)
        elif name == "accept":
            disputes.accept(found, speaker, offer_id=offer, at=now)
        elif name == "decline":
            disputes.decline(found, speaker, offer_id=offer, text=given["text"], at=now)
        else:
            disputes.refuse(found, speaker, text=given["text"], at=now)
            passing.finish(found, at=now)
    except DomainError as error:
        sent = (name, form) if form is not None else None
        return _dispute_page(request, realm, _own(realm, pk), refusal=words.refusal(error), sent=sent, status=409)
    realm.say(_("Recorded."))
    return redirect("odr:dispute", pk=pk)


@access.enterprise()
@sensitive_variables("plain")
@require_POST
def contact(request: HttpRequest, realm: Realm, pk: int) -> HttpResponseBase:
    """The consumer's name and telephone number, once, for a purpose that is on record; see `contact_needed`."""
    found = _own(realm, pk)
    form = ContactForm(request.POST)
    if not form.is_valid():
        return _dispute_page(request, realm, found, status=422)
    sealed = telling.contact(found)
    if sealed is None or not disputes.contact_needed(found, timezone.now()):
        refusal = _("The contact is shown only while you negotiate, and for 30 days after you settled.")
        return _dispute_page(request, realm, found, refusal=refusal, status=409)
    subject = found.case.ref if found.origin == Origin.BUREAU and found.case is not None else found.ref
    try:
        plain = vault.reveal(
            sealed,
            fields=("name", "phone"),
            subject=subject,
            purpose=form.cleaned_data["purpose"],
            actor=realm.account.ref,
            at=timezone.now(),
        )
    except DomainError as error:
        return _dispute_page(request, realm, found, refusal=words.refusal(error), status=409)
    return _dispute_page(request, realm, found, plain=plain)


@access.enterprise()
@require_POST
def upload(request: HttpRequest, realm: Realm, pk: int) -> HttpResponseBase:
    """Attach a file to a dispute."""
    found, now = _own(realm, pk), timezone.now()
    form = UploadForm(request.POST, request.FILES, prefix="upload")
    try:
        if uploads.too_large(request):
            raise BadInput("odr.file_too_large", "The file is too large.")
        if not form.is_valid():
            return _dispute_page(request, realm, found, sent=("upload", form), status=422)
        guards.require(realm.account, "add", found.ref)
        file: UploadedFile[bytes] = form.cleaned_data["file"]
        files.keep(file.read(), name=file.name or "", subject=found.ref, category="evidence", by=realm.account.ref, at=now)
    except DomainError as error:
        return _dispute_page(request, realm, found, refusal=words.refusal(error), status=409)
    realm.say(_("The file is attached."))
    return redirect("odr:dispute", pk=pk)


@access.enterprise()
@require_POST
def download(request: HttpRequest, realm: Realm, pk: int, row: int) -> HttpResponseBase:  # noqa: ARG001 -- the shape of a view of this realm
    """One file of a dispute of the enterprise's own; the look is on record."""
    found = _own(realm, pk)
    attachment = Attachment.objects.of(found.ref).live().filter(pk=row).first()
    if attachment is None or not guards.may(realm.account, "view", found.ref):
        raise Http404
    content = files.read(attachment, purpose="mediation", actor=realm.account.ref, at=timezone.now())
    return serving.download(attachment, content)


def _dispute_page(
    request: HttpRequest,
    realm: Realm,
    found: Dispute,
    *,
    sent: tuple[str, Any] | None = None,
    refusal: str = "",
    plain: Any = None,
    status: int = 200,
) -> HttpResponse:
    now = timezone.now()
    filled = {f"{name}_form": sent[1] if sent and sent[0] == name else make(None) for name, make in _FORMS.items()}
    context = {
        "shown": shown(found, now=now),
        "dispute": found,
        "realm": realm,
        "over": found.is_open and now >= found.due_at,
        "files": files_queries.of(found.ref),
        "upload_form": sent[1] if sent and sent[0] == "upload" else UploadForm(prefix="upload"),
        "contact_form": ContactForm(prefix="contact"),
        "may_contact": disputes.contact_needed(found, now),
        "plain": plain,
        "refusal": refusal,
        **filled,
    }
    response = render(request, "odr/enterprise/dispute.html", context, status=status)
    response["Cache-Control"] = "no-store, max-age=0"
    return response


@access.enterprise()
@require_safe
def performance(request: HttpRequest, realm: Realm) -> HttpResponseBase:
    """How the enterprise does, beside all ODR enterprises together."""
    now = timezone.now()
    context = {**figures(Dispute.objects.of(realm.account.enterprise), now=now), "realm": realm}
    return render(request, "odr/enterprise/performance.html", context)


@access.enterprise()
@require_safe
def export(request: HttpRequest, realm: Realm) -> HttpResponseBase:  # noqa: ARG001 -- the shape of a view of this realm
    """The enterprise's own disputes as CSV, the newest first: streamed, capped, without personal data."""
    now = timezone.now()
    own = Dispute.objects.of(realm.account.enterprise).order_by("-pk")
    with journal.atomic():
        rows = own.values("pk")[:CAP].count()
        journal.publish([DisputesExported(subject=realm.account.ref, actor=realm.account.ref, at=now, rows=rows)])
    response = StreamingHttpResponse(_lines(own[:CAP], translation.get_language()), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="odr-{localtime(now):%Y%m%d-%H%M}.csv"'
    response["Cache-Control"] = "no-store"
    return response


class _Echo:
    def write(self, text: str) -> str:
        return text


def _lines(own: Any, language: str | None) -> Iterator[str]:
    """The file line by line; the language is given, for the stream is read after the request's own is gone."""
    writer = csv.writer(_Echo())
    with translation.override(language):
        head = [_("number"), _("state"), _("reached the enterprise"), _("due"), _("first answer"), _("ended"), _("title"), _("what happened"), _("asked for"), _("amount claimed (yuan)"), _("amount settled (yuan)"), _("rating")]  # fmt: skip
    yield "\ufeff" + str(writer.writerow(head))
    for one in own.iterator(chunk_size=500):
        with translation.override(language):
            values = [
                one.number, one.get_state_display(), _time(one.opened_at), _time(one.due_at), _time(one.answered_at), _time(one.ended_at), one.title,
                one.narrative, one.request, words.yuan(one.claimed_fen), words.yuan(one.settled_fen), one.rating,
            ]  # fmt: skip
        yield str(writer.writerow([cell(value) for value in values]))


def _time(at: datetime | None) -> str:
    return f"{localtime(at):%Y-%m-%d %H:%M}" if at else ""


# --- account -----------------------------------------------------------------------------------------------------------------


@access.enterprise()
@require_safe
def account(request: HttpRequest, realm: Realm) -> HttpResponseBase:
    """My account, my colleagues', and the way out."""
    return _account_page(request, realm)


@access.enterprise()
@require_POST
def colleague(request: HttpRequest, realm: Realm) -> HttpResponseBase:
    """Make a one-time link for a colleague's account; it is shown once."""
    try:
        _made, token = accounts.invite(realm.account.enterprise, by=realm.account.ref, at=timezone.now())
    except DomainError as error:
        return _account_page(request, realm, refusal=words.refusal(error), status=409)
    return _account_page(request, realm, link=telling.address("odr:invitation", token))


@access.enterprise()
@require_POST
def switch(request: HttpRequest, realm: Realm, pk: int) -> HttpResponseBase:
    """Switch a colleague's account off or on; not one's own."""
    other = Account.objects.filter(pk=pk, enterprise=realm.account.enterprise).exclude(pk=realm.account.pk).first()
    if other is None:
        raise Http404
    accounts.switch_account(other, active=request.POST.get("active") == "1", by=realm.account.ref, at=timezone.now())
    return redirect("odr:account")


@access.enterprise()
@require_POST
def leave(request: HttpRequest, realm: Realm) -> HttpResponseBase:
    """Ask to leave ODR; the bureau reviews it."""
    try:
        if request.POST.get("sure") != "1":
            raise BadInput("odr.not_sure", "Please confirm that the enterprise wants to leave.")
        enterprises.ask_exit(realm.account, at=timezone.now())
    except DomainError as error:
        return _account_page(request, realm, refusal=words.refusal(error), status=409)
    realm.say(_("The bureau will review your exit. Running disputes go on until then."))
    return redirect("odr:account")


def _account_page(request: HttpRequest, realm: Realm, *, link: str = "", refusal: str = "", status: int = 200) -> HttpResponse:
    context = {
        "realm": realm,
        "accounts": accounts.accounts_of(realm.account.enterprise),
        "link": link,
        "refusal": refusal,
        "may_leave": realm.account.enterprise.state == EnterpriseState.ACTIVE,
    }
    response = render(request, "odr/enterprise/account.html", context, status=status)
    response["Cache-Control"] = "no-store, max-age=0"
    return response
