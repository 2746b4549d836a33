"""How the pages say things: what is left of a period, steps, methods, purposes, refusals."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import get_language, gettext_lazy, ngettext, npgettext, pgettext_lazy
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
    "record_identity_proof": pgettext_lazy("step", "Record the proof of identity"),
    "accept": pgettext_lazy("step", "Accept"),
    "refuse": pgettext_lazy("step", "Refuse to accept"),
    "withdraw": pgettext_lazy("step", "Withdraw"),
    "start_mediation": pgettext_lazy("step", "Begin mediation"),
    "delegate": pgettext_lazy("step", "Delegate mediation"),
    "end_delegation": pgettext_lazy("step", "End the delegation"),
    "suspend": pgettext_lazy("step", "Suspend mediation"),
    "resume": pgettext_lazy("step", "Resume mediation"),
    "appraise": pgettext_lazy("step", "Commission a test or appraisal"),
    "end_appraisal": pgettext_lazy("step", "Record the result of the test or appraisal"),
    "settle": pgettext_lazy("step", "Settle"),
    "terminate": pgettext_lazy("step", "Terminate mediation"),
    "notify_termination": pgettext_lazy("step", "Notify of termination"),
    "take_back": pgettext_lazy("step", "Take the decision back"),
    "reopen": pgettext_lazy("step", "Reopen"),
    "call_back": pgettext_lazy("step", "Call back"),
    "correct_recovery": pgettext_lazy("step", "Correct the amount recovered"),
    "find_clue": pgettext_lazy("step", "Open a report on a clue"),
    "set_field": pgettext_lazy("step", "Set the field of law"),
    "verify": pgettext_lazy("step", "Record a step of the verification"),
    "extend": pgettext_lazy("step", "Extend verification"),
    "pause_verification": pgettext_lazy("step", "Leave time for a test or identification out of the count"),
    "resume_verification": pgettext_lazy("step", "Go on with the verification"),
    "file": pgettext_lazy("step", "File for investigation"),
    "decline": pgettext_lazy("step", "Decline to file"),
    "transfer": pgettext_lazy("step", "Transfer to another body"),
    "redirect": pgettext_lazy("step", "Tell the right route"),
    "merge": pgettext_lazy("step", "Close as a repeated report"),
    "notify": pgettext_lazy("step", "Notify the reporter"),
    "conclude": pgettext_lazy("step", "Conclude"),
    "reward": pgettext_lazy("step", "Note on the reward"),
    "answer": pgettext_lazy("step", "Answer"),
    "send_to_odr": pgettext_lazy("step", "Send to ODR"),
}

METHODS: Mapping[str, Any] = {
    "telephone": pgettext_lazy("method", "telephone"),
    "visit": pgettext_lazy("method", "visit or meeting"),
    "message": pgettext_lazy("method", "text message"),
    "letter": pgettext_lazy("method", "letter"),
    "outside": pgettext_lazy("method", "reply in the outside system"),
}
"""How a person was contacted; `outside` only comes with imports."""

VERIFICATIONS: Mapping[str, Any] = {
    "on_site": pgettext_lazy("verification", "on-site check"),  # 现场检查
    "inquiry": pgettext_lazy("verification", "inquiry"),  # 询问
    "documents": pgettext_lazy("verification", "documents obtained"),  # 调取资料
    "online": pgettext_lazy("verification", "online check"),  # 网络检查
    "sampling": pgettext_lazy("verification", "sample taken"),  # 抽样
    "assistance": pgettext_lazy("verification", "assistance asked for"),  # 协助调查
    "other": pgettext_lazy("verification", "another step"),
}
"""How a report is verified (核查方式)."""

FIELDS_OF_LAW: Mapping[str, Any] = {
    "general": pgettext_lazy("field of law", "general"),
    "advertising": pgettext_lazy("field of law", "advertising"),
    "unfair_competition": pgettext_lazy("field of law", "unfair competition"),
    "food": pgettext_lazy("field of law", "food"),
    "drug": pgettext_lazy("field of law", "drugs"),
    "device": pgettext_lazy("field of law", "medical devices"),
    "cosmetics": pgettext_lazy("field of law", "cosmetics"),
    "association": pgettext_lazy("field of law", "referred by a consumer association"),
}
"""What a report is about, as far as the duties to tell differ (`clocks.notices.ReportField`)."""

CONTACTS: Mapping[str, Any] = {
    "spoken": pgettext_lazy("contact", "spoke with the person"),  # 已联系
    "more": pgettext_lazy("contact", "asked for more details"),  # 请补充材料
    "negotiating": pgettext_lazy("contact", "will negotiate with the business first"),  # 愿自行协商
    "withdraws": pgettext_lazy("contact", "wants to withdraw"),  # 表示撤回
    "unreached": pgettext_lazy("contact", "reached nobody"),  # 未能联系上
}
"""What came of a contact; an attempt that reached nobody is no response."""

PROOFS: Mapping[str, Any] = {
    "received": pgettext_lazy("identity proof", "received"),  # 已提供
    "missing": pgettext_lazy("identity proof", "nothing came by the day"),  # 逾期未提供
    "declined": pgettext_lazy("identity proof", "declined"),  # 拒绝提供
    "false": pgettext_lazy("identity proof", "false"),  # 提供虚假材料
}
"""What came of a request for proof of identity."""

REPORT_GROUNDS: Mapping[str, Mapping[str, Any]] = {
    "decline": {
        "unmet": gettext_lazy("the conditions for filing are not met (Art 19)"),
        "1": gettext_lazy("slight, corrected in time, without harm (Art 20(1))"),
        "2": gettext_lazy("first violation, slight harm, corrected in time (Art 20(2))"),
        "3": gettext_lazy("proof of no fault (Art 20(3))"),
        "4": gettext_lazy("another case in which the law allows it (Art 20(4))"),
    },
    "conclude": {
        "penalty": gettext_lazy("penalty imposed (Art 60(1))"),
        "exempt": gettext_lazy("violation, exempt from penalty by law (Art 60(2))"),
        "unfounded": gettext_lazy("no violation established (Art 60(3))"),
        "transferred": gettext_lazy("transferred to another department (Art 60(4))"),
        "criminal": gettext_lazy("suspected crime, handed to the judicial organs (Art 60(5))"),
        "ended": gettext_lazy("investigation ended (Art 77(3))"),
    },
    "merge": {"repeat": gettext_lazy("the same facts again"), "new_facts": gettext_lazy("new facts, merged into the earlier report")},
}
"""Why no case is filed, and how an investigation ended (处罚程序规定 Arts 19, 20, 60, 77); why a report was closed as a repeat (Art 35)."""

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

ASKED: Mapping[str, Any] = {
    "name": gettext_lazy("name"),
    "phone": gettext_lazy("telephone"),
    "id_number": gettext_lazy("identity number"),
    "address": gettext_lazy("address"),
    "respondent_name": gettext_lazy("name of the respondent"),
    "respondent_address": gettext_lazy("address of the respondent"),
    "request": gettext_lazy("request"),
    "narrative": gettext_lazy("facts"),
    "authority": gettext_lazy("power of attorney and identity of the agent"),
    "representatives": gettext_lazy("two elected representatives"),
    "consent_publish": gettext_lazy("consent to publication"),
    "consent_delegate": gettext_lazy("consent to delegated mediation"),
}
"""What the law and the official forms ask of whoever files (Order 121 Arts 10–12, 28; 文书式样一、二)."""

_NEEDS: Mapping[str, Any] = {
    "note": gettext_lazy("note"),
    "until": gettext_lazy("day set"),
    "result": gettext_lazy("result"),
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


def length(amount: int, unit: Unit) -> str:
    """A stretch of a period: 7 working days. Empty for periods without a number."""
    told = {"n": amount}
    if unit is Unit.WORKDAYS:
        return ngettext("%(n)s working day", "%(n)s working days", amount) % told
    if unit is Unit.DAYS:
        return npgettext("period", "%(n)s day", "%(n)s days", amount) % told
    if unit in {Unit.HOURS, Unit.MINUTES}:
        return span(timedelta(hours=amount) if unit is Unit.HOURS else timedelta(minutes=amount))
    if unit is Unit.MONTHS:
        return ngettext("%(n)s month", "%(n)s months", amount) % told
    return ngettext("%(n)s year", "%(n)s years", amount) % told if unit is Unit.YEARS else ""


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


def yuan(fen: int) -> str:
    """An amount in fen as yuan: 12345 → ¥123.45."""
    return f"¥{fen // 100:,}.{fen % 100:02d}" if fen % 100 else f"¥{fen // 100:,}"


def heading(case: Case) -> str:
    """What a case is called in a line: its title, else its first words."""
    return case.title or str(getattr(case, "excerpt", "")) or case.narrative[:80]
