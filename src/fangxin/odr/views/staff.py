"""The bureau's pages on ODR: enterprises and their review, disputes, and whom to invite (监管端)."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from fangxin.accounts.access import person_of, staff
from fangxin.accounts.models import Person, Role
from fangxin.cases.models import Consent
from fangxin.cases.timeline import names
from fangxin.clocks.keeping import current_calendar
from fangxin.files import queries as files_queries
from fangxin.files import words as file_words
from fangxin.kernel import pages, permits, vault
from fangxin.kernel.errors import BadInput, DomainError, StaleState
from fangxin.kernel.refs import Ref
from fangxin.odr import grounds, queries, words
from fangxin.odr.forms import ApplicationForm, DirectForm, OfferForm, StateForm, StepForm, TextForm
from fangxin.odr.models import PLACE_ENTERPRISE, Account, Dispute, Enterprise, Remark
from fangxin.odr.services import Reply, accounts, answer, apply, disputes, enterprises, for_consumer, telling
from fangxin.odr.states import DisputeState, Ending, EnterpriseState, Method, Origin
from fangxin.odr.views.public import given_in, papers_of
from fangxin.odr.views.showing import figures, shown
from fangxin.odr.views.signing import refuse
from fangxin.odr.workflow import ENTERPRISE, REVIEWERS

READERS = (Role.OFFICER, Role.MEDIATOR, Role.CITY_DESK, Role.SUPERVISOR, Role.EVALUATOR, Role.AUDITOR)
PAGE = 30
INVITE_PAGE = 50


# --- enterprises -------------------------------------------------------------------------------------------------------------


@staff(*READERS)
@require_safe
def enterprise_list(request: HttpRequest) -> HttpResponseBase:
    """ODR enterprises by state, the oldest application first."""
    person = person_of(request)
    form = StateForm(request.GET)
    state = form.cleaned_data["state"] if form.is_valid() else ""
    found = permits.rows(person, "view", Enterprise.objects.select_related("office", "trader"))
    if state:
        found = found.filter(state=state)
    page = pages.page(found, by="applied_at", after=request.GET.get("after", ""), size=PAGE)
    waiting = permits.rows(
        person, "review", Enterprise.objects.filter(state__in=(EnterpriseState.APPLIED, EnterpriseState.LEAVING))
    ).count()
    context = {"page": page, "form": form, "state": state, "waiting": waiting, "may_enter": _may_review_somewhere(person)}
    return render(request, "odr/staff/enterprises.html", context)


@staff(Role.OFFICER, Role.SUPERVISOR)
@require_http_methods(["GET", "HEAD", "POST"])
def enter(request: HttpRequest) -> HttpResponseBase:
    """Enter an application that came on paper."""
    person = person_of(request)
    if request.method != "POST":
        return render(request, "odr/staff/enter.html", {"form": ApplicationForm()})
    form, status = ApplicationForm(request.POST, request.FILES), 422
    if form.is_valid():
        try:
            made = apply(form.application(papers_of(form)), by=person.ref, at=timezone.now(), by_staff=True)
        except DomainError as error:
            status = refuse(form, error)
        else:
            messages.success(request, _("The application of %(name)s is entered.") % {"name": made.name})
            return redirect("odr:enterprise", pk=made.pk) if permits.may(person, "view", made) else redirect("odr:enterprises")
    return render(request, "odr/staff/enter.html", {"form": form}, status=status)


@staff(*READERS)
@require_safe
def enterprise(request: HttpRequest, pk: int) -> HttpResponseBase:
    """One enterprise: application, papers, accounts, performance, and the steps that lead on."""
    return _enterprise_page(request, _enterprise(person_of(request), pk))


def _enterprise(person: Person, pk: int) -> Enterprise:
    found = permits.rows(person, "view", Enterprise.objects.select_related("office", "trader").filter(pk=pk)).first()
    if found is None:
        raise Http404
    return found


def _may_review_somewhere(person: Person) -> bool:
    return person.has_role(Role.OFFICER) or person.has_role(Role.SUPERVISOR)


_STEP_FORMS: dict[str, Callable[[Any], StepForm]] = {
    "approve": lambda data: StepForm(data, prefix="approve", note_needed=False),
    "refuse": lambda data: StepForm(data, prefix="refuse", of="refusal"),
    "pledge": lambda data: StepForm(data, prefix="pledge", note_needed=False),
    "drop": lambda data: StepForm(data, prefix="drop", of="exit"),
    "propose_exit": lambda data: StepForm(data, prefix="propose_exit", of="exit"),
    "keep": lambda data: StepForm(data, prefix="keep"),
    "exit": lambda data: StepForm(data, prefix="exit", note_needed=False),
}


@staff(Role.OFFICER, Role.SUPERVISOR)
@require_POST
def step(request: HttpRequest, pk: int, name: str) -> HttpResponseBase:
    """Take one step of the review, the pledge or the exit; `invite` makes a one-time link and shows it once."""
    person, now = person_of(request), timezone.now()
    found = _enterprise(person, pk)
    if not permits.may(person, "review", found):
        raise PermissionDenied
    if name == "invite":
        return _invite(request, found, person, now)
    if name not in _STEP_FORMS:
        raise Http404
    form = _STEP_FORMS[name](request.POST)
    if not form.is_valid():
        return _enterprise_page(request, found, sent=(name, form), status=422)
    given = form.cleaned_data
    try:
        if request.POST.get("seen") != _key(found):
            raise StaleState("kernel.stale_state", "Someone else changed %(subject)s first; please read it again.", subject=found.name)
        _take(found, name, given, by=person.ref, at=now)
    except DomainError as error:
        return _enterprise_page(request, _enterprise(person, pk), refusal=words.refusal(error), sent=(name, form), status=409)
    messages.success(request, _("Recorded."))
    return redirect("odr:enterprise", pk=pk)


def _take(found: Enterprise, name: str, given: dict[str, Any], *, by: Ref, at: datetime) -> None:
    note, ground = given["note"], given.get("ground", "")
    match name:
        case "approve":
            enterprises.approve(found, by=by, at=at, note=note)
        case "refuse":
            enterprises.refuse(found, ground=ground, by=by, at=at, note=note)
        case "pledge":
            enterprises.pledge(found, by=by, at=at)
        case "drop":
            enterprises.drop(found, ground=ground, by=by, at=at, note=note)
        case "propose_exit":
            enterprises.propose_exit(found, ground=ground, by=by, at=at, note=note)
        case "keep":
            enterprises.keep(found, by=by, at=at, note=note)
        case "exit":
            enterprises.exit_enterprise(found, by=by, at=at, note=note)


def _invite(request: HttpRequest, found: Enterprise, person: Person, now: datetime) -> HttpResponse:
    """A one-time link for a new account, or for a new password of an account: to the mailbox, or shown here once."""
    number = request.POST.get("account", "")
    account = Account.objects.filter(enterprise=found, pk=int(number)).first() if number.isdecimal() and len(number) < 19 else None
    try:
        made, token = accounts.invite(found, by=person.ref, at=now, account=account)
        if request.POST.get("send") == "1":
            if not accounts.send_invitation(found, made, token, by=person.ref, at=now):
                raise BadInput("odr.no_mailbox", "The enterprise gave no mailbox; have the link shown instead.")
            messages.success(request, _("The link is on its way to the enterprise's mailbox."))
            return redirect("odr:enterprise", pk=found.pk)
    except DomainError as error:
        return _enterprise_page(request, found, refusal=words.refusal(error), status=409)
    return _enterprise_page(request, found, link=telling.address("odr:invitation", token))


@staff(Role.OFFICER)
@sensitive_variables("plain")
@require_POST
def contact(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The contact person of an enterprise in plain text, once; the look is on record."""
    person = person_of(request)
    found = _enterprise(person, pk)
    if not permits.may(person, "reveal", found):
        raise PermissionDenied
    sealed = vault.Sealed("person", PLACE_ENTERPRISE, found.pk, bytes(found.sealed))
    try:
        plain = vault.reveal(sealed, fields=("name", "phone"), subject=found.ref, purpose="contact", actor=person.ref, at=timezone.now())
    except DomainError as error:
        return _enterprise_page(request, found, refusal=words.refusal(error), status=409)
    return _enterprise_page(request, found, plain=plain)


def _key(found: Enterprise) -> str:
    return f"{found.pk}.{found.state}"


def _enterprise_page(
    request: HttpRequest,
    found: Enterprise,
    *,
    sent: tuple[str, StepForm] | None = None,
    refusal: str = "",
    link: str = "",
    plain: Any = None,
    status: int = 200,
) -> HttpResponse:
    person, now = person_of(request), timezone.now()
    reviews = permits.may(person, "review", found)
    lawful = [one.name for one in ENTERPRISE.lawful(found.state, REVIEWERS)] if reviews else []
    remarks = list(Remark.objects.filter(enterprise=found).order_by("-pk"))
    people = names([*(one.by for one in remarks), found.decided_by, found.proposed_by])
    context = {
        "enterprise": found,
        "key": _key(found),
        "steps": [
            {"name": name, "label": STEPS[name](), "form": sent[1] if sent and sent[0] == name else _STEP_FORMS[name](None)}
            for name in lawful
        ],
        "sent": sent[0] if sent else "",
        "reviews": reviews,
        "may_reveal": permits.may(person, "reveal", found),
        "invitable": reviews and found.state in {EnterpriseState.APPROVED, EnterpriseState.PLEDGED, EnterpriseState.ACTIVE},
        "accounts": accounts.accounts_of(found),
        "files": files_queries.of(found.ref),
        "file_purposes": list(file_words.PURPOSES.items()),
        "remarks": [
            {"remark": one, "by": people.get(one.by, one.by), "label": STEPS[one.step]() if one.step in STEPS else one.step}
            for one in remarks
        ],
        "decided_by": people.get(found.decided_by, ""),
        "ground": grounds.label("refusal" if found.state == EnterpriseState.REFUSED else "exit", found.ground) if found.ground else "",
        **figures(Dispute.objects.of(found), now=now),
        "pledge": grounds.pledge().lines,
        "link": link,
        "plain": plain,
        "refusal": refusal,
    }
    response = render(request, "odr/staff/enterprise.html", context, status=status)
    response["Cache-Control"] = "no-store, max-age=0"
    return response


STEPS: dict[str, Callable[[], str]] = {
    "approve": lambda: _("Admit"),
    "refuse": lambda: _("Not admit"),
    "pledge": lambda: _("Record the signed pledge"),
    "open": lambda: _("Open for disputes"),
    "drop": lambda: _("Give up on it"),
    "ask_exit": lambda: _("The enterprise asks to leave"),
    "propose_exit": lambda: _("Propose its exit"),
    "keep": lambda: _("Let it stay"),
    "exit": lambda: _("Confirm its exit"),
}


# --- whom to invite ----------------------------------------------------------------------------------------------------------


@staff(Role.OFFICER, Role.CITY_DESK, Role.SUPERVISOR, Role.EVALUATOR)
@require_safe
def invite(request: HttpRequest) -> HttpResponseBase:
    """Traders that should be invited into ODR, ranked by their complaints, with the reason."""
    number = request.GET.get("page", "1")
    page = int(number) if number.isascii() and number.isdecimal() and 0 < len(number) < 6 else 1
    start = max(page - 1, 0) * INVITE_PAGE
    found, total = queries.to_invite(person_of(request), now=timezone.now(), start=start, size=INVITE_PAGE)
    context = {
        "rows": [{"rank": start + place, "candidate": one} for place, one in enumerate(found, 1)],
        "total": total,
        "page": page,
        "next": page + 1 if start + INVITE_PAGE < total else None,
        "fewest": queries.FEWEST_COMPLAINTS,
    }
    return render(request, "odr/staff/invite.html", context)


# --- disputes ----------------------------------------------------------------------------------------------------------------


@staff(*READERS)
@require_safe
def dispute_list(request: HttpRequest) -> HttpResponseBase:
    """Disputes that still run, the nearest deadline first, or those of a state, by when they began."""
    person, now = person_of(request), timezone.now()
    state = request.GET.get("state", "")
    rows = Dispute.objects.select_related("enterprise", "case")
    if state in DisputeState.values:
        found = permits.rows(person, "view", rows.filter(state=state))
        page = pages.page(found, by="opened_at", after=request.GET.get("after", ""), size=PAGE)
    else:
        state = ""
        page = pages.page(permits.rows(person, "view", rows.open()), by="due_at", after=request.GET.get("after", ""), size=PAGE)
    calendar = current_calendar(now)[1]
    shown_rows = [{"dispute": one, "left": words.left(one, now=now, calendar=calendar)} for one in page.rows]
    context = {"rows": shown_rows, "next": page.next, "state": state, "states": DisputeState.choices}
    return render(request, "odr/staff/disputes.html", context)


@staff(*READERS)
@require_safe
def dispute(request: HttpRequest, pk: int) -> HttpResponseBase:
    """One dispute: its course, and the consumer's answers to be written down."""
    return _dispute_page(request, _dispute(person_of(request), pk))


def _dispute(person: Person, pk: int) -> Dispute:
    rows = Dispute.objects.select_related("enterprise__office", "enterprise__trader", "case").filter(pk=pk)
    found = permits.rows(person, "view", rows).first()
    if found is None:
        raise Http404
    return found


@staff(Role.OFFICER, Role.MEDIATOR, Role.CITY_DESK)
@require_POST
def consumer_answer(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Write down what the consumer said by telephone or at the window; `withdraw` ends a dispute that they take back."""
    person, now = person_of(request), timezone.now()
    found = _dispute(person, pk)
    if not permits.may(person, "handle", found):
        raise PermissionDenied
    name = request.POST.get("reply", "")
    form = _reply_form(name, request.POST)
    if form is not None and not form.is_valid():
        return _dispute_page(request, found, sent=(name, form), status=422)
    method = request.POST.get("method", "telephone")
    try:
        if name == "withdraw":
            if found.origin == Origin.BUREAU:
                raise BadInput("odr.withdraw_the_case", "This complaint is the bureau's: withdraw it on the case page.")
            disputes.end(found, Ending.WITHDRAWN, by=person.ref, at=now)
        elif name in set(Reply):
            speaker = for_consumer(person, found, method if method in Method.values else "telephone")
            reply = Reply(name)
            answer(found, reply, speaker, at=now, **given_in(request, reply, form))
        else:
            raise BadInput("odr.no_such_reply", "Choose what the consumer said.")
    except DomainError as error:
        return _dispute_page(request, _dispute(person, pk), refusal=words.refusal(error), sent=(name, form) if form else None, status=409)
    messages.success(request, _("Recorded."))
    return redirect("odr:staff-dispute", pk=pk)


def _reply_form(name: str, data: Any) -> Any:
    match name:
        case Reply.SAY:
            return TextForm(data, prefix="say", label=_("What the consumer said"))
        case Reply.COUNTER:
            return OfferForm(data, prefix="counter")
        case Reply.GIVE_UP:
            return TextForm(data, prefix="give_up", label=_("Reason"), needed=False)
    return None


def _dispute_page(
    request: HttpRequest, found: Dispute, *, sent: tuple[str, Any] | None = None, refusal: str = "", status: int = 200
) -> HttpResponse:
    person, now = person_of(request), timezone.now()
    view = shown(found, now=now)
    handles = permits.may(person, "handle", found)
    context = {
        "shown": view,
        "dispute": found,
        "case": found.case if found.case and permits.may(person, "view", found.case) else None,
        "handles": handles,
        "over": found.is_open and now >= found.due_at,
        "say_form": sent[1] if sent and sent[0] == Reply.SAY else _reply_form(Reply.SAY, None),
        "counter_form": sent[1] if sent and sent[0] == Reply.COUNTER else _reply_form(Reply.COUNTER, None),
        "give_up_form": sent[1] if sent and sent[0] == Reply.GIVE_UP else _reply_form(Reply.GIVE_UP, None),
        "methods": [choice for choice in Method.choices if choice[0] != Method.ONLINE],
        "asks_consent": found.origin == Origin.DIRECT and (found.is_open or found.state == DisputeState.UNSETTLED),
        "files": files_queries.of(found.ref),
        "file_purposes": list(file_words.PURPOSES.items()),
        "refusal": refusal,
    }
    return render(request, "odr/staff/dispute.html", context, status=status)


@staff(Role.OFFICER, Role.CITY_DESK)
@require_http_methods(["GET", "HEAD", "POST"])
def direct(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Enter a dispute that a consumer files with an enterprise itself."""
    person, now = person_of(request), timezone.now()
    found = _enterprise(person, pk)
    if not found.is_active:
        return _enterprise_page(request, found, refusal=_("This enterprise does not take part in ODR."), status=409)
    if request.method != "POST":
        return render(request, "odr/staff/direct.html", {"form": DirectForm(initial={"consent": Consent.NOT_ASKED}), "enterprise": found})
    form, status = DirectForm(request.POST), 422
    if form.is_valid():
        try:
            made = disputes.open_direct(form.filing(now), found, consent_pass=Consent(form.cleaned_data["consent"]), by=person.ref, at=now)
        except DomainError as error:
            status = refuse(form, error)
        else:
            messages.success(request, _("Dispute %(number)s has reached the enterprise.") % {"number": made.number})
            return redirect("odr:staff-dispute", pk=made.pk) if permits.may(person, "view", made) else redirect("odr:enterprise", pk=pk)
    return render(request, "odr/staff/direct.html", {"form": form, "enterprise": found}, status=status)
