"""Pages for who has no account: a trader applies, a consumer answers through their secret link."""

from datetime import datetime
from typing import Any, TypeVar

from django.contrib.auth.decorators import login_not_required
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from fangxin.accounts import throttle
from fangxin.files import uploads
from fangxin.kernel.errors import DomainError
from fangxin.odr import grounds, words
from fangxin.odr.forms import ApplicationForm, OfferForm, RateForm, TextForm
from fangxin.odr.models import Dispute
from fangxin.odr.services import Paper, Reply, answer, apply, as_consumer, dispute_of
from fangxin.odr.services.enterprises import APPLICANT
from fangxin.odr.states import DisputeState, Origin
from fangxin.odr.views.showing import shown
from fangxin.odr.views.signing import address_of, refuse

PAPERS = (("licence", "licence"), ("pledge_paper", "pledge"), ("statement", "statement"))
"""Fields of the form and what each file is."""
R = TypeVar("R", bound=HttpResponse)
_LINK = throttle.Allowance(free=40, first=throttle.CLIENT.first, longest=throttle.CLIENT.longest, memory=throttle.CLIENT.memory)
"""Answers through one consumer's link in a day, before they cost time."""


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def apply_page(request: HttpRequest) -> HttpResponseBase:
    """A trader applies to take part in ODR; no sign-in. Counted by trader and by address."""
    if request.method != "POST":
        return render(request, "odr/public/apply.html", {"form": ApplicationForm(papers_needed=True), "pledge": grounds.pledge().lines})
    form, status = ApplicationForm(request.POST, request.FILES, papers_needed=True), 422
    _name_too_large(request, form)
    if form.is_valid():
        now, address = timezone.now(), address_of(request)
        counters = [
            throttle.counted(throttle.CLIENT, "odr-apply", form.cleaned_data["uscc"], address),
            throttle.counted(throttle.ADDRESS, "odr-apply-address", address),
        ]
        try:
            throttle.charge(counters, at=now)
            made = apply(form.application(papers_of(form)), by=APPLICANT, at=now)
        except DomainError as error:
            status = refuse(form, error)
        else:
            return render(request, "odr/public/applied.html", {"enterprise": made})
    return render(request, "odr/public/apply.html", {"form": form, "pledge": grounds.pledge().lines}, status=status)


def papers_of(form: ApplicationForm) -> list[Paper]:
    """The files that came with an application."""
    found = []
    for name, category in PAPERS:
        file: UploadedFile[bytes] | None = form.cleaned_data.get(name)
        if file is not None:
            found.append(Paper(file.name or name, file.read(), category))
    return found


def _name_too_large(request: HttpRequest, form: ApplicationForm) -> None:
    for name in uploads.too_large(request):
        form.add_error(None, _("“%(name)s” is too large.") % {"name": name})


# --- the consumer's link -----------------------------------------------------------------------------------------------------

_DONE: dict[str, Any] = {
    Reply.SAY: gettext_lazy("Sent."),
    Reply.COUNTER: gettext_lazy("Your proposal was sent."),
    Reply.ACCEPT: gettext_lazy("You accepted the offer."),
    Reply.DECLINE: gettext_lazy("You declined the offer; the negotiation goes on."),
    Reply.GIVE_UP: gettext_lazy("The negotiation is over."),
    Reply.CONSENT: gettext_lazy("The bureau will have it if it is not settled."),
    Reply.NO_CONSENT: gettext_lazy("It will not go to the bureau."),
    Reply.RATE: gettext_lazy("Thank you."),
}


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def consumer(request: HttpRequest, token: str) -> HttpResponseBase:
    """A dispute for its consumer, who holds the secret link: offers, and what they can answer. It shows no personal data.

    An unknown link is charged to the address that tried it, an answer to the link.
    """
    now = timezone.now()
    dispute = dispute_of(token)
    if dispute is None:
        throttle.charge([throttle.counted(throttle.ADDRESS, "odr-link", address_of(request))], at=now)
        return _private(render(request, "odr/public/dead_link.html", status=404))
    if request.method != "POST":
        return _consumer_page(request, dispute, token, now, done=_DONE.get(request.GET.get("done", "")))
    try:
        reply = Reply(request.POST.get("reply", ""))
    except ValueError:
        return _consumer_page(request, dispute, token, now, status=422)
    forms = _forms(request, reply)
    form = forms.get(reply)
    if form is not None and not form.is_valid():
        return _consumer_page(request, dispute, token, now, forms=forms, status=422)
    try:
        throttle.charge([throttle.counted(_LINK, "odr-answer", str(dispute.pk))], at=now)
        answer(dispute, reply, as_consumer(dispute), at=now, **given_in(request, reply, form))
    except DomainError as error:
        fresh = dispute_of(token) or dispute
        status = 429 if isinstance(error, throttle.TooManyAttempts) else 409
        return _consumer_page(request, fresh, token, now, forms=forms, refusal=words.refusal(error), status=status)
    response = redirect("odr:consumer", token=token)
    response["Location"] += f"?done={reply.value}"
    return _private(response)


def _forms(request: HttpRequest, reply: Reply | None) -> dict[Reply, Any]:
    """The forms of the page; the one that was sent is filled in."""

    def sent(one: Reply) -> Any:
        return request.POST if reply is one else None

    return {
        Reply.SAY: TextForm(sent(Reply.SAY), prefix="say", label=_("Message to the trader")),
        Reply.COUNTER: OfferForm(sent(Reply.COUNTER), prefix="counter"),
        Reply.GIVE_UP: TextForm(sent(Reply.GIVE_UP), prefix="give_up", label=_("Reason, if you like"), needed=False),
        Reply.RATE: RateForm(sent(Reply.RATE), prefix="rate"),
    }


def given_in(request: HttpRequest, reply: Reply, form: Any) -> dict[str, Any]:
    """What the service wants to know, from the form of a reply."""
    given: dict[str, Any] = {}
    if reply in {Reply.ACCEPT, Reply.DECLINE}:
        given["offer"] = offer_in(request)
    elif isinstance(form, OfferForm):
        given |= {"remedy": form.cleaned_data["remedy"], "amount_fen": form.amount_fen(), "text": form.cleaned_data["text"]}
    elif isinstance(form, TextForm):
        given["text"] = form.cleaned_data["text"]
    elif isinstance(form, RateForm):
        given["rating"] = form.cleaned_data["rating"]
    return given


def offer_in(request: HttpRequest) -> int:
    """The offer that is answered; 0 for none."""
    number = request.POST.get("offer", "")
    return int(number) if number.isascii() and number.isdecimal() and len(number) < 19 else 0


def _consumer_page(
    request: HttpRequest,
    dispute: Dispute,
    token: str,
    now: datetime,
    *,
    forms: Any = None,
    refusal: str = "",
    done: Any = "",
    status: int = 200,
) -> HttpResponse:
    found = _forms(request, None) if forms is None else forms
    context = {
        "shown": shown(dispute, now=now),
        "dispute": dispute,
        "token": token,
        "over": dispute.is_open and now >= dispute.due_at,
        "say_form": found[Reply.SAY],
        "counter_form": found[Reply.COUNTER],
        "give_up_form": found[Reply.GIVE_UP],
        "rate_form": found[Reply.RATE],
        "asks_consent": dispute.origin == Origin.DIRECT and (dispute.is_open or dispute.state == DisputeState.UNSETTLED),
        "refusal": refusal,
        "done": done,
    }
    return _private(render(request, "odr/public/consumer.html", context, status=status))


def _private(response: R) -> R:
    """The address holds a secret: it goes to no other site and into no search engine."""
    response["Referrer-Policy"] = "same-origin"  # not none: a browser would send the forms with "Origin: null", which are refused
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
