"""Questions about mediation: who has consented, who may preside, what comes next, what the facts suggest."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from fangxin.accounts.models import Assignment, Office, Person, Role
from fangxin.cases.models import Case, Side
from fangxin.cases.models import Consent as Filed
from fangxin.cases.services import timing
from fangxin.cases.services.checks import Suggestion
from fangxin.clocks.models import Clock
from fangxin.kernel import pages, permits
from fangxin.mediation.models import Agreement, Appraisal, Consent, Delegation, Recusal, Session
from fangxin.mediation.states import Attendance, Bearer, Decision, DelegationEnd, Question, Result, SessionState

PAGE = 50


# --- consent -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one side stands on a question; `given` is None while it has not answered."""

    question: Question
    side: Side
    given: bool | None
    answer: Consent | None = None
    """The recorded answer; None with `given` set: it was ticked on the filing."""


def standings(case: Case) -> dict[tuple[Question, Side], Standing]:
    """The newest answer of each side to each question; one query.

    That somebody complained is no consent to mediation: a complaint asks the bureau to resolve a dispute (Order 121 Art 3), and Art 18
    asks for the consent of both sides besides. The tick 是否同意委托调解 on the filing (form 1) is the complainant's answer on delegation
    until another is recorded.
    """
    newest = {(one.question, one.side): one for one in Consent.objects.filter(case=case).order_by("pk")}
    found = {}
    for question in Question:
        for side in Side:
            answer = newest.get((question.value, side.value))
            given = answer.given if answer else None
            if answer is None and (question, side) == (Question.DELEGATION, Side.COMPLAINANT) and case.consent_delegate != Filed.NOT_ASKED:
                given = case.consent_delegate == Filed.YES
            found[question, side] = Standing(question, side, given, answer)
    return found


def on_mediation(case: Case, found: dict[tuple[Question, Side], Standing] | None = None) -> dict[Side, bool | None]:
    """Whether each side consents to mediation. While the dispute is delegated, consent to that is consent to mediation as well."""
    found = standings(case) if found is None else found
    answers: dict[Side, bool | None] = {}
    for side in Side:
        own, delegated = found[Question.MEDIATION, side], found[Question.DELEGATION, side]
        answers[side] = delegated.given if own.given is None and case.delegate_id is not None and delegated.given else own.given
    return answers


# --- who may preside ---------------------------------------------------------------------------------------------------------


def host(case: Case) -> Office | None:
    """Whose people preside: the delegated body's, else the unit's."""
    return case.delegate or case.unit


def mediators(case: Case) -> QuerySet[Person]:
    """Who may preside over this case's mediation: staff of the unit or its bureau, of the body alone where it is delegated (Art 21, Art 19).

    Those whom a decision has recused are left out.
    """
    office = host(case)
    if office is None:
        return Person.objects.none()
    recused = Recusal.objects.filter(case=case, decision=Decision.GRANTED).values("mediator_id")
    if case.delegate_id is not None:
        held = Assignment.objects.filter(role=Role.MEDIATOR, office__path__startswith=office.path)
    else:
        above = office.path.rstrip("/").split("/")
        roles = (Role.OFFICER, Role.MEDIATOR)
        held = Assignment.objects.filter(Q(office__path__startswith=office.path) | Q(office__code__in=above), role__in=roles)
        held = held.exclude(person__office__kind__in=("association", "station"))
    return Person.objects.active().filter(pk__in=held.values("person_id")).exclude(pk__in=recused).order_by("name", "pk")


def open_recusal(case: Case) -> Recusal | None:
    """The request that waits for its decision."""
    return Recusal.objects.select_related("mediator").filter(case=case, decision="").first()


def coming(case: Case) -> Session | None:
    """The arranged session of a case."""
    return Session.objects.scheduled().select_related("mediator", "office").filter(case=case).first()


def open_delegation(case: Case) -> Delegation | None:
    """The delegation that goes on."""
    return Delegation.objects.open().select_related("office").filter(case=case).first()


def agreement_of(case: Case) -> Agreement | None:
    """What the parties agreed on."""
    return Agreement.objects.filter(case=case).first()


# --- what the facts suggest --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Facts:
    """What acts and panel need to know of a case; read once a page."""

    coming: Session | None
    agreement: Agreement | None
    delegation: Delegation | None
    recusal: Recusal | None
    standings: dict[tuple[Question, Side], Standing]


def facts(case: Case) -> Facts:
    """They, kept on the instance: a page reads its case anew, so they are as old as the case is. Five queries the first time."""
    found = vars(case).get("_mediation")
    if not isinstance(found, Facts):
        found = Facts(coming(case), agreement_of(case), open_delegation(case), open_recusal(case), standings(case))
        vars(case)["_mediation"] = found
    return found


def suggestions(case: Case, at: datetime) -> list[Suggestion]:
    """The grounds of Order 121 Art 23 that the facts on record speak for, the clearest first. Five queries."""
    refusing = [side for side, given in on_mediation(case).items() if given is False]
    found = [Suggestion("2", _("%(side)s refused mediation.") % {"side": _side(side)}) for side in refusing]
    last = Session.objects.filter(case=case, state__in=(SessionState.HELD, SessionState.MISSED)).order_by("-recorded_at", "-pk").first()
    if last is not None:
        for side, came in ((Side.COMPLAINANT, last.complainant), (Side.RESPONDENT, last.respondent)):
            if came == Attendance.ABSENT:
                found.append(Suggestion("2", _("%(side)s stayed away from a session without cause.") % {"side": _side(side)}))
        if last.result == Result.FAILED:
            found.append(Suggestion("3", _("At the last session it became clear that they can't agree.")))
    appraisal = Appraisal.objects.filter(case=case).order_by("-pk").first()
    if appraisal is not None and appraisal.bearer == Bearer.NOT_AGREED:
        found.append(Suggestion("4", _("They did not agree on who bears the cost of the test or appraisal.")))
    back = Delegation.objects.filter(case=case, end=DelegationEnd.HANDED_BACK).order_by("-pk").first()
    if back is not None and back.ground:
        found.append(Suggestion(back.ground, _("The delegated body handed the dispute back on this ground.")))
    clock = Clock.objects.running().filter(subject=case.ref, term=timing.MEDIATION).first()
    if clock is not None and not clock.paused and clock.due_at is not None and at >= clock.due_at:
        found.append(Suggestion("5", _("The period of mediation is over without an agreement.")))
    return found


def _side(side: Side) -> str:
    return _("The complainant") if side is Side.COMPLAINANT else _("The respondent")


# --- lists -------------------------------------------------------------------------------------------------------------------


def calendar(person: Person, *, mine: bool, office: str = "", since: datetime, after: str = "") -> pages.Page[Session]:
    """Arranged sessions that the person may see, soonest first, from an instant on; one query a page."""
    found = permits.rows(person, "view", Session.objects.scheduled()).filter(starts_at__gte=since)
    if mine:
        found = found.filter(mediator=person)
    if office:
        found = found.filter(office__code=office)
    return pages.page(found.select_related("case", "case__unit", "mediator", "office"), by="starts_at", after=after, size=PAGE)


def unrecorded(person: Person, *, mine: bool, office: str = "", until: datetime) -> Sequence[Session]:
    """Arranged sessions whose day is over and of which nothing was written down; the oldest first, so many at most."""
    found = permits.rows(person, "view", Session.objects.scheduled()).filter(starts_at__lt=until)
    if mine:
        found = found.filter(mediator=person)
    if office:
        found = found.filter(office__code=office)
    return list(found.select_related("case", "case__unit", "mediator", "office").order_by("starts_at", "pk")[:PAGE])


def bench(person: Person, *, after: str = "") -> pages.Page[Case]:
    """Open disputes that are delegated to a body whose mediator the person is, by nearest due date."""
    bodies = person.offices(Role.MEDIATOR).filter(kind__in=("association", "station"))
    found = permits.rows(person, "view", Case.objects.open().filter(delegate__in=bodies))
    return pages.page(
        found.select_related("unit", "delegate", "trader").defer("sealed_filing", "digest"), by="next_due_at", after=after, size=PAGE
    )


def reported(cases: Sequence[Case]) -> set[int]:
    """Those cases whose body has reported an agreement that waits for the bureau; one query."""
    return set(
        Delegation.objects.open().filter(case__in=[case.pk for case in cases], reported_at__isnull=False).values_list("case_id", flat=True)
    )
