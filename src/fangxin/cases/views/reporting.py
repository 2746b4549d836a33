"""What reports and consultations add to the pages: the notice matrix, applications, transfer and reward, answering with the knowledge base."""

from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from fangxin.accounts.access import person_of, staff
from fangxin.cases import queries, rewards, timeline, words
from fangxin.cases.acts.answers import prefilled
from fangxin.cases.acts.approvals import application
from fangxin.cases.acts.reports import FIELDS, RESULTS
from fangxin.cases.models import Approval, Case, Kind, Reward, Transfer
from fangxin.cases.numbers import number_of
from fangxin.cases.services import telling
from fangxin.cases.states import State
from fangxin.cases.views.detail import seen_case
from fangxin.cases.views.listing import key_of
from fangxin.kernel import panels, permits
from fangxin.knowledge import queries as knowledge
from fangxin.knowledge.models import Entry


def notice_matrix(_request: HttpRequest, case: Case) -> Mapping[str, Any] | None:
    """Who must be told what about a report, by when, and whether that is done."""
    if case.kind != Kind.REPORT:
        return None
    language = get_language() or "zh-hans"
    lines = [
        {"standing": one, "text": one.duty.text(language), "basis": [cite.text(language) for cite in one.duty.cites]}
        for one in telling.standing(case)
    ]
    transfer = Transfer.objects.filter(case=case).order_by("-pk").first() if case.state == State.TRANSFERRED else None
    return {
        "case": case,
        "field": FIELDS.get(case.field_of_law or "general", case.field_of_law),
        "lines": lines,
        "reachable": telling.reachable(case),
        "transfer": transfer,
        "result": RESULTS.get(case.ground, "") if case.state == State.CONCLUDED else "",
    }


def reward_note(request: HttpRequest, case: Case) -> Mapping[str, Any] | None:
    """The note on the reward, for those who work on the report: it speaks of the reporter (Order 121 Art 37)."""
    person = person_of(request)
    if case.kind != Kind.REPORT or case.state != State.CONCLUDED or not permits.may(person, "reveal", case):
        return None
    reward = Reward.objects.filter(case=case).first()
    if reward is None:
        return None
    rule = rewards.rule(reward.rule)
    language = get_language() or "zh-hans"
    grade = next((one for one in rule.grades if one.grade == reward.grade), None)
    return {
        "reward": reward,
        "grade": grade,
        "grade_text": grade.text(language) if grade else "",
        "basis": [cite.text(language) for cite in rule.cites],
        "base": words.yuan(reward.base_fen),
        "floor": words.yuan(grade.floor_fen) if grade else "",
        "amount": words.yuan(reward.amount_fen),
        "cap": words.yuan(rule.cap_fen),
        "consult": reward.amount_fen >= rule.consult_fen,
        "unsure": rule.confidence != "high",
    }


def applications(request: HttpRequest, case: Case) -> Mapping[str, Any] | None:
    """What was applied for on this case, and what was decided."""
    if not permits.may(person_of(request), "read_notes", case):
        return None
    found = list(Approval.objects.filter(case=case).order_by("-pk"))
    if not found:
        return None
    people = timeline.names(one.decided_by for one in found)
    return {"applications": [(one, application(one), people.get(one.decided_by, one.decided_by)) for one in found]}


def use_entry(request: HttpRequest, entry: Entry) -> Mapping[str, Any] | None:
    """On a page of the knowledge base that was opened for a case: the way back with this entry's text."""
    wanted = request.GET.get("for", "")
    if not (wanted.isascii() and wanted.isdigit()) or len(wanted) > 18:
        return None
    return {"number": number_of(int(wanted)), "address": f"{reverse('cases:answering', kwargs={'pk': int(wanted)})}?entry={entry.pk}"}


@staff()
@require_safe
def answering(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Answer a consultation with the knowledge base beside it: search, insert, send. Works without script."""
    person = person_of(request)
    case = seen_case(person, pk)
    if "answer" not in queries.lawful_steps(person, case):
        raise Http404
    asked = request.GET.get("q", "").strip()[:100]
    chosen = request.GET.get("entry", "")
    entry = Entry.objects.active().filter(pk=int(chosen)).first() if chosen.isascii() and chosen.isdigit() and len(chosen) <= 18 else None
    form = prefilled(case, person, entry)
    context = {
        "case": case,
        "key": key_of(case),
        "form": form,
        "act": "hand_over" if "body" in form.fields else "answer",
        "entry": entry,
        "q": asked,
        "hits": knowledge.search(asked or f"{case.title} {case.narrative[:200]}", limit=8),
        "searched": bool(asked),
    }
    response = render(request, "cases/answering.html", context)
    response["Cache-Control"] = "no-store"
    return response


panels.register("case.main", panels.Panel("report.notices", "cases/parts/duties.html", notice_matrix, order=20))
panels.register("case.main", panels.Panel("report.reward", "cases/parts/reward.html", reward_note, order=21))
panels.register("case.side", panels.Panel("approvals", "cases/parts/applications.html", applications, order=10))
panels.register("knowledge.entry", panels.Panel("case", "cases/parts/use_entry.html", use_entry))
