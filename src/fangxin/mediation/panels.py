"""What the case page shows of mediation: consents, sessions, delegation, agreement."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import get_language

from fangxin.accounts.access import person_of
from fangxin.cases import grounds
from fangxin.cases.models import Case, Kind
from fangxin.clocks.rules import local_date
from fangxin.kernel import permits
from fangxin.kernel.panels import Panel, register
from fangxin.mediation import queries
from fangxin.mediation.models import Appraisal, Delegation, Invitation, Recusal, Session
from fangxin.mediation.services.shared import IN_MEDIATION


def mediation(request: HttpRequest, case: Case) -> Mapping[str, Any] | None:
    """Everything that mediation has on record for a complaint; None for a case without mediation, and for every report."""
    if case.kind != Kind.COMPLAINT:
        return None
    person, now = person_of(request), timezone.now()
    sessions = list(
        permits.rows(person, "view", Session.objects.filter(case=case)).select_related("mediator", "office").order_by("-starts_at")
    )
    delegations = list(Delegation.objects.filter(case=case).select_related("office").order_by("-pk"))
    invitations = list(Invitation.objects.filter(case=case).order_by("pk"))
    facts = queries.facts(case)
    answered = any(one.answer for one in facts.standings.values())
    if case.state not in IN_MEDIATION and not (sessions or delegations or invitations or answered or facts.agreement):
        return None
    recusals = list(Recusal.objects.filter(case=case).select_related("mediator", "replacement").order_by("-pk"))
    invited = {(one.question, one.side): one for one in invitations}
    agreement = facts.agreement
    return {
        "case": case,
        "standings": [(one, invited.get((one.question.value, one.side.value))) for one in facts.standings.values()],
        "sessions": sessions,
        "recusals": recusals,
        "delegations": delegations,
        "appraisals": list(Appraisal.objects.filter(case=case).order_by("-pk")),
        "agreement": agreement,
        "may_read": agreement is not None and permits.may(person, "read", agreement),
        "may_reveal": agreement is not None and bool(agreement.sealed) and permits.may(person, "reveal", agreement),
        "suggestions": _suggestions(case, now) if case.state in IN_MEDIATION else [],
        "now": now,
    }


def _suggestions(case: Case, now: datetime) -> list[tuple[str, str]]:
    """Each reason to terminate with the item of the article in force."""
    language = get_language() or "zh-hans"
    items = {one.number: one.cite.text(language) for one in grounds.grounds("terminate", local_date(now))}
    return [(one.reason, items.get(one.ground, one.ground)) for one in queries.suggestions(case, now)]


register("case.main", Panel("mediation", "mediation/panel.html", mediation, order=20))
