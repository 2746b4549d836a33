"""The outbox as pages (通知发件箱): what waits, what was sent, what failed and wants a person."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from fangxin.accounts.access import person_of, staff
from fangxin.accounts.models import Person, Role
from fangxin.kernel import pages, permits
from fangxin.kernel.errors import BadInput, DomainError
from fangxin.kernel.refs import Ref
from fangxin.notices import queries, services, subjects, templates
from fangxin.notices.models import Notice
from fangxin.notices.permits import KEEPERS
from fangxin.notices.states import OPEN_STATES, Channel, NoticeState
from fangxin.notices.words import Line

PAGE = 50
PILES: Mapping[str, Sequence[str]] = {
    "dead": (NoticeState.DEAD,),
    "waiting": OPEN_STATES,
    "sent": (NoticeState.SENT,),
    "given_up": (NoticeState.GIVEN_UP,),
}
AT_ONCE = 1000
"""How many failed notices of a channel are sent off again by one press."""


@staff(*KEEPERS)
@require_safe
def outbox(request: HttpRequest) -> HttpResponseBase:
    """One pile of the outbox, page by page: what failed first, then what waits, was sent, was given up."""
    return _page(request)


def _page(request: HttpRequest, *, refusal: DomainError | None = None, refused: int = 0, status: int = 200) -> HttpResponse:
    """The list under the filters of the address, with a refusal at its notice if there is one."""
    person = person_of(request)
    pile = request.GET.get("state", "dead")
    pile = pile if pile in PILES else "dead"
    channel = request.GET.get("channel", "")
    channel = channel if channel in Channel.values else ""
    found = permits.rows(person, "view", Notice.objects.filter(state__in=PILES[pile]))
    if channel:
        found = found.filter(channel=channel)
    page = _slice(found, pile, request.GET.get("after", ""))
    given = {"state": pile, **({"channel": channel} if channel else {})}
    context = {
        "lines": lines(person, page.rows),
        "refused": refused,
        "refusal": refusal,
        "reason": request.POST.get("reason", "") if refusal else "",
        "pile": pile,
        "piles": _piles(pile, channel),
        "channel": channel,
        "channels": Channel.choices,
        "administers": person.has_role(Role.ADMINISTRATOR),
        "query": urlencode(given),
        "next": urlencode({**given, "after": page.next}) if page.next else "",
    }
    response = render(request, "notices/outbox.html", context, status=status)
    response["Cache-Control"] = "no-store"
    return response


def lines(person: Person, rows: Sequence[Notice]) -> list[Line]:
    """Rows with their subjects; a stranger to the subject sees neither it nor, of a reporter, the masked address."""
    known = subjects.shown(person, [Ref(row.subject) for row in rows])
    administers = person.has_role(Role.ADMINISTRATOR)
    made = []
    for row in rows:
        subject = known.get(Ref(row.subject))
        told = subject is not None or (administers and row.keys != "reporter")
        made.append(Line(row, subject, may_settle=subject is not None or administers, address=row.to_masked if told else ""))
    return made


def _slice(found: Any, pile: str, after: str) -> pages.Page[Notice]:
    """What waits or failed goes oldest first; what is done with newest first."""
    if pile in {"dead", "waiting"}:
        return pages.page(found, by="ended_at" if pile == "dead" else "next_at", after=after, size=PAGE)
    if after:
        if not after.isdecimal() or len(after) > 18:
            raise BadInput("kernel.bad_page_key", "This address leads to no page; please start from the first one.")
        found = found.filter(pk__lt=int(after))
    rows = list(found.order_by("-pk")[: PAGE + 1])
    return pages.Page(rows[:PAGE], str(rows[PAGE - 1].pk) if len(rows) > PAGE else "")


def _piles(current: str, channel: str) -> list[dict[str, Any]]:
    counts = queries.counts()
    labels = {
        "dead": _("Failed"),
        "waiting": NoticeState.WAITING.label,
        "sent": NoticeState.SENT.label,
        "given_up": NoticeState.GIVEN_UP.label,
    }
    extra = {"channel": channel} if channel else {}
    return [
        {
            "name": name,
            "label": labels[name],
            "count": counts.get(name),
            "query": urlencode({"state": name, **extra}),
            "current": name == current,
        }
        for name in PILES
    ]


def _settleable(person: Person, rows: Sequence[Notice]) -> list[Notice]:
    """Those that the person may settle: the administrator all, others what they may see the subject of."""
    return [line.notice for line in lines(person, rows) if line.may_settle]


def _one(request: HttpRequest, pk: int) -> Notice:
    person = person_of(request)
    found = _settleable(person, list(permits.rows(person, "settle", Notice.objects.filter(pk=pk))))
    if not found:
        raise Http404
    return found[0]


def _back(request: HttpRequest) -> HttpResponse:
    query = urlencode({key: request.GET[key] for key in ("state", "channel") if key in request.GET})
    return redirect(reverse("notices:outbox") + (f"?{query}" if query else ""))


def _told(request: HttpRequest, done: int, wanted: int) -> None:
    if done:
        messages.success(request, ngettext("%(n)s notice will be sent again.", "%(n)s notices will be sent again.", done) % {"n": done})
    if done < wanted:
        left = wanted - done
        text = ngettext("%(n)s notice could not be sent again.", "%(n)s notices could not be sent again.", left)
        messages.warning(request, text % {"n": left})


@staff(*KEEPERS)
@require_POST
def retry_one(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Send one failed notice off again."""
    _told(request, services.retry([_one(request, pk)], by=person_of(request).ref, at=timezone.now()), 1)
    return _back(request)


@staff(*KEEPERS)
@require_POST
def retry_many(request: HttpRequest) -> HttpResponseBase:
    """Send the ticked ones off again; with `every`, for administrators, all that failed on a channel (a gateway was mended)."""
    person = person_of(request)
    dead = permits.rows(person, "settle", Notice.objects.dead())
    if "every" in request.POST and person.has_role(Role.ADMINISTRATOR):
        channel = request.GET.get("channel", "")
        chosen = list((dead.filter(channel=channel) if channel in Channel.values else dead).order_by("ended_at", "pk")[:AT_ONCE])
    else:
        keys = [int(key) for key in request.POST.getlist("notice") if key.isdecimal() and len(key) < 19][:PAGE]
        chosen = _settleable(person, list(dead.filter(pk__in=keys)))
        if not keys:
            messages.warning(request, _("No notice was ticked."))
    _told(request, services.retry(chosen, by=person.ref, at=timezone.now()), len(chosen))
    return _back(request)


@staff(*KEEPERS)
@require_POST
def give_up(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Never send a failed notice, with the reason."""
    notice = _one(request, pk)
    try:
        services.give_up(notice, reason=request.POST.get("reason", ""), by=person_of(request).ref, at=timezone.now())
    except DomainError as error:
        return _page(request, refusal=error, refused=pk, status=409)
    messages.success(request, _("The notice was given up; the reason stays on record."))
    return _back(request)


@staff(*KEEPERS)
@require_safe
def texts(request: HttpRequest) -> HttpResponseBase:
    """Every text that the platform sends, in both languages, with its length as a text message before its blanks are filled."""
    found = [
        {
            "template": template,
            "zh": (template.subject["zh"], template.body["zh"], len(template.body["zh"]), templates.parts(template.body["zh"])),
            "en": (template.subject["en"], template.body["en"], len(template.body["en"]), templates.parts(template.body["en"])),
        }
        for template in templates.every()
    ]
    return render(request, "notices/texts.html", {"found": found})
