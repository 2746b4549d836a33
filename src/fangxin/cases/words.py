"""How the pages say things: what is left of a period, steps, methods, purposes, refusals."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import get_language, gettext_lazy, ngettext, pgettext_lazy
from django.utils.translation import gettext as _

from fangxin.cases.models import Case, Kind
from fangxin.cases.states import State
from fangxin.clocks import terms
from fangxin.clocks.models import Clock
from fangxin.clocks.rules import local_date
from fangxin.clocks.terms import Unit
from fangxin.kernel.errors import DomainError, UnknownRule
from fangxin.kernel.workdays import Calendar

STEPS: Mapping[str, Any] = {
    "dispatch": pgettext_lazy("step", "Dispatch"),
    "redispatch": pgettext_lazy("step", "Dispatch anew"),
    "return_to_desk": pgettext_lazy("step", "Return to the desk"),
    "respond": pgettext_lazy("step", "Record a response"),
    "report_back": pgettext_lazy("step", "Reply to the hotline"),
    "set_kind": pgettext_lazy("step", "Set the kind"),
    "dispute_jurisdiction": pgettext_lazy("step", "Dispute jurisdiction"),
    "ask_identity_proof": pgettext_lazy("step", "Ask for proof of identity"),
    "accept": pgettext_lazy("step", "Accept"),
    "refuse": pgettext_lazy("step", "Refuse to accept"),
    "withdraw": pgettext_lazy("step", "Withdraw"),
    "start_mediation": pgettext_lazy("step", "Begin mediation"),
    "delegate": pgettext_lazy("step", "Delegate mediation"),
    "suspend": pgettext_lazy("step", "Suspend mediation"),
    "resume": pgettext_lazy("step", "Resume mediation"),
    "appraise": pgettext_lazy("step", "Commission a test or appraisal"),
    "settle": pgettext_lazy("step", "Settle"),
    "terminate": pgettext_lazy("step", "Terminate mediation"),
    "notify_termination": pgettext_lazy("step", "Notify of termination"),
    "extend": pgettext_lazy("step", "Extend verification"),
    "file": pgettext_lazy("step", "File for investigation"),
    "decline": pgettext_lazy("step", "Decline to file"),
    "redirect": pgettext_lazy("step", "Tell the right route"),
    "merge": pgettext_lazy("step", "Merge"),
    "notify": pgettext_lazy("step", "Notify the reporter"),
    "conclude": pgettext_lazy("step", "Conclude"),
    "answer": pgettext_lazy("step", "Answer"),
}

METHODS: Mapping[str, Any] = {
    "telephone": pgettext_lazy("method", "telephone"),
    "visit": pgettext_lazy("method", "visit or meeting"),
    "message": pgettext_lazy("method", "text message"),
    "letter": pgettext_lazy("method", "letter"),
    "outside": pgettext_lazy("method", "reply in the outside system"),
}
"""How a person was contacted; `outside` only comes with imports."""

PURPOSES: Mapping[str, Any] = {
    "contact": gettext_lazy("contact the person about the case"),
    "identity": gettext_lazy("check the person's identity"),
    "mediation": gettext_lazy("arrange mediation"),
    "documents": gettext_lazy("write or serve documents"),
    "follow_up": gettext_lazy("follow up after closing"),
    "other": gettext_lazy("another purpose"),
}
"""Why someone looks at personal data. The journal keeps the code, with what was written beside it."""

FIELDS: Mapping[str, Any] = {
    "name": gettext_lazy("name"),
    "phone": gettext_lazy("telephone"),
    "id_type": gettext_lazy("identity document"),
    "id_number": gettext_lazy("identity number"),
    "address": gettext_lazy("address"),
    "authority": gettext_lazy("power of attorney"),
    "title": gettext_lazy("title"),
    "narrative": gettext_lazy("narrative"),
    "request": gettext_lazy("request"),
    "extra": gettext_lazy("further columns of the filing"),
    "text": gettext_lazy("note"),
}
"""What a sealed value holds."""

_NEEDS: Mapping[str, Any] = {
    "note": gettext_lazy("note"),
    "unit": gettext_lazy("unit"),
    "method": gettext_lazy("method"),
    "ground": gettext_lazy("ground"),
    "approver": gettext_lazy("approver"),
}


def refusal(error: DomainError) -> str:
    """A refusal in the reader's language, with the names of steps, states and kinds instead of their codes."""
    params = dict(error.params)
    for name, words in (("step", STEPS), ("need", _NEEDS), ("state", dict(State.choices)), ("kind", dict(Kind.choices))):
        if name in params:
            params[name] = words.get(params[name], params[name])
    if "term" in params and params["term"] in terms.book().terms:
        params["term"] = term_name(params["term"])
    return _(error.message) % params if params else _(error.message)


def purpose(stated: str) -> str:
    """A stated purpose as shown: the code's words, and what was written beside it."""
    code, _sep, more = stated.partition(": ")
    words = str(PURPOSES.get(code, code))
    if code == "other" and more:
        return more
    return _("%(purpose)s (%(more)s)") % {"purpose": words, "more": more} if more else words


def term_name(key: str) -> str:
    """A period's name in the reader's language."""
    try:
        return terms.term(key).name(get_language() or "zh-hans")
    except UnknownRule:
        return key


# --- what is left ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of a period, in words. `level` is one of overdue, grace, near, fine, paused: each has its own icon and colour."""

    level: str
    text: str


def left(clock: Clock, *, now: datetime, calendar: Calendar) -> Left:
    """What is left of a running clock: until the strict date, then (grace) until the lenient one, then how far past it."""
    if clock.paused or clock.due_at is None or clock.breach_at is None or clock.strict_on is None or clock.lenient_on is None:
        return Left("paused", _("paused"))
    if now >= clock.breach_at and terms.term(clock.term).right:
        return Left("fine", _("lapsed"))
    near = "near" if clock.nearing_at is not None and now >= clock.nearing_at else "fine"
    unit = terms.book().version(clock.version).unit
    today = local_date(now)
    if unit in {Unit.HOURS, Unit.MINUTES}:
        late = now >= clock.due_at
        found = Left(
            "overdue" if late else near, (_("%(span)s overdue") if late else _("%(span)s left")) % {"span": span(abs(clock.due_at - now))}
        )
    elif now >= clock.breach_at:
        days = (today - clock.lenient_on).days
        found = Left("overdue", ngettext("%(n)s day overdue", "%(n)s days overdue", days) % {"n": days})
    elif now >= clock.due_at:
        found = Left("grace", _("late after %(day)s") % {"day": short_day(clock.lenient_on)})
    elif today == clock.strict_on:
        found = Left("near", _("due today"))
    elif unit is Unit.WORKDAYS:
        days = calendar.count(today, clock.strict_on)
        found = Left(near, ngettext("%(n)s working day left", "%(n)s working days left", days) % {"n": days})
    else:
        days = (clock.strict_on - today).days
        found = Left(near, ngettext("%(n)s day left", "%(n)s days left", days) % {"n": days})
    return found


def span(time: timedelta) -> str:
    """A stretch of time as people say it: minutes, hours and minutes, from two days on days."""
    minutes = max(1, int(time.total_seconds()) // 60)
    if minutes < 60:
        return _("%(n)s min") % {"n": minutes}
    hours, rest = divmod(minutes, 60)
    if hours >= 48:
        return ngettext("%(n)s day", "%(n)s days", hours // 24) % {"n": hours // 24}
    return _("%(h)s h %(m)s min") % {"h": hours, "m": rest} if rest and hours < 10 else _("%(h)s h") % {"h": hours}


def overrun(clock: Clock) -> str:
    """How far a stopped clock ran over; empty if it did not."""
    if not clock.overrun:
        return ""
    if terms.book().version(clock.version).unit in {Unit.HOURS, Unit.MINUTES}:
        return span(timedelta(seconds=clock.overrun))
    return ngettext("%(n)s day", "%(n)s days", clock.overrun) % {"n": clock.overrun}


def short_day(day: Any) -> str:
    """A day without its year."""
    return _("%(month)s/%(day)s") % {"month": day.month, "day": day.day}


def heading(case: Case) -> str:
    """What a case is called in a line: its title, else its first words."""
    return case.title or str(getattr(case, "excerpt", "")) or case.narrative[:80]
