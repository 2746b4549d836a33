"""What the tests of mediation share: a complaint on its way, consents, sessions."""

from datetime import datetime

from cases.casework import NOW, at, filing
from fangxin.accounts.models import Office, Person
from fangxin.cases import services as cases
from fangxin.cases.models import Case, Side
from fangxin.cases.services import receive
from fangxin.kernel.refs import SYSTEM, Ref
from fangxin.mediation import services
from fangxin.mediation.services.consents import Answer
from fangxin.mediation.services.sessions import Plan
from fangxin.mediation.states import Means, Mode, Question

__all__ = ["BOTH", "NOW", "accepted", "at", "consent", "fresh", "mediating", "plan"]

BOTH = {Side.COMPLAINANT: Means.TELEPHONE, Side.RESPONDENT: Means.TELEPHONE}
_numbers = iter(range(1, 1_000_000))


def accepted(day: str, *, officer: Person, **changes) -> Case:
    """A complaint that the county accepted on that day."""
    given = {"received_at": at(f"{day} 08:00"), **changes}
    receipt = receive([filing(f"M-{next(_numbers)}", **given)], by=SYSTEM, at=NOW)[0]
    if receipt.error:
        raise receipt.error
    case = Case.objects.get(pk=receipt.case_ids[0])
    cases.dispatch([case], Office.objects.select_related("competent").get(code="370811"), by=SYSTEM, at=at(f"{day} 09:00"))
    cases.accept([case], by=officer.ref, at=at(f"{day} 10:00"))
    return fresh(case)


def fresh(case: Case) -> Case:
    """The case as a page reads it."""
    return Case.objects.select_related("unit", "competent", "delegate", "officer", "trader").get(pk=case.pk)


def consent(
    case: Case,
    *,
    by: Ref,
    on: str = "2026-11-03",
    question: Question = Question.MEDIATION,
    complainant: bool | None = True,
    respondent: bool | None = True,
) -> None:
    """What each side answered by telephone; None: nothing."""
    said = {Side.COMPLAINANT: complainant, Side.RESPONDENT: respondent}
    answers = [Answer(side, given=given, means=Means.TELEPHONE) for side, given in said.items() if given is not None]
    services.record_consents(case, question, answers, by=by, at=at(on))


def mediating(case: Case, *, by: Ref, on: str = "2026-11-03") -> Case:
    """The same complaint in mediation."""
    consent(case, by=by, on=on)
    services.begin(case, by=by, at=at(f"{on} 11:00"))
    return fresh(case)


def plan(mediator: Person, starts: str | datetime, **changes) -> Plan:
    """An on-site session of an hour, told to both sides by telephone."""
    given = {
        "mode": Mode.ON_SITE,
        "starts_at": at(starts) if isinstance(starts, str) else starts,
        "minutes": 60,
        "mediator": mediator,
        "told": BOTH,
        "place": "任城区市场监管局二楼调解室",
        "recusal_days": 3,
        **changes,
    }
    return Plan(**given)
