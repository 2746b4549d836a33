"""Joint complaints (共同投诉, Order 121 Art 12): two representatives chosen in writing, and what they can't do alone.

What a representative does binds those represented, but changing or giving up the claim and settling need their consent. The article's
words are "代表人变更、放弃投诉请求或者……达成调解协议": it is the claim that is changed; another representative takes another written election.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from fangxin.cases.events import JointConsentGiven, RepresentativesElected
from fangxin.cases.filings import Kind
from fangxin.cases.models import Case, JointConsent, Matter, Party, PartyRole
from fangxin.cases.services import checks, sharing
from fangxin.cases.services.sharing import Said
from fangxin.kernel import journal
from fangxin.kernel.errors import BadInput, IllegalStep
from fangxin.kernel.refs import Ref

REPRESENTATIVES = 2
"""As many may be chosen (Art 12)."""
NEEDS: Mapping[str, Matter] = {"settle": Matter.SETTLE, "withdraw": Matter.WAIVE}
"""Which consent a step of a joint complaint needs of everyone represented."""
_PEOPLE = (PartyRole.COMPLAINANT, PartyRole.JOINT, PartyRole.REPRESENTATIVE)


def complainants(case: Case) -> list[Party]:
    """The people who complain jointly, in the order of the filing; an agent is none of them."""
    return list(Party.objects.filter(case=case, role__in=_PEOPLE).order_by("position"))


def is_joint(case: Case) -> bool:
    """Whether two or more people complain."""
    return case.kind == Kind.COMPLAINT and len(complainants(case)) > 1


def represented(case: Case) -> list[Party]:
    """Those whom a representative stands for; none before one was chosen (everyone speaks for himself)."""
    people = complainants(case)
    if not any(one.role == PartyRole.REPRESENTATIVE for one in people):
        return []
    return [one for one in people if one.role != PartyRole.REPRESENTATIVE]


def elect(case: Case, parties: Sequence[Party], *, by: Ref, at: datetime, note: str) -> None:
    """Record whom the complainants have chosen in writing to represent them (推选代表人); an earlier choice ends.

    The note says what paper shows it. Raises BadInput for none, for more than two, or for someone who does not complain here.
    """
    with journal.atomic():
        if not Case.objects.select_for_update().filter(pk=case.pk, state=case.state).exists():
            raise IllegalStep("kernel.stale_state", "Someone else changed %(subject)s first; please read it again.", subject=case.number)
        people = complainants(case)
        if case.kind != Kind.COMPLAINT or len(people) < REPRESENTATIVES or not case.is_open:
            raise IllegalStep("cases.not_joint", "%(case)s is not an open complaint of several people.", case=case.number)
        chosen = {one.pk for one in parties}
        if not 1 <= len(chosen) <= REPRESENTATIVES or chosen - {one.pk for one in people}:
            raise BadInput("cases.representatives", "Choose one or two of those who complain.")
        if not note.strip():
            raise BadInput("cases.election_paper", "Say by what paper they were chosen: the choice has to be in writing.")
        first = min(people, key=lambda one: one.position).pk
        for one in people:
            plain = PartyRole.COMPLAINANT if one.pk == first else PartyRole.JOINT
            one.role = PartyRole.REPRESENTATIVE if one.pk in chosen else plain
            one.save(update_fields=["role"])
        hashes = sharing.keep_notes([Said(case, at, note)], "elect_representatives", by=by)
        journal.publish([RepresentativesElected(subject=case.ref, actor=by, at=at, parties=tuple(sorted(chosen)), note=hashes[0])])


def record_consents(case: Case, matter: Matter, answers: Mapping[Party, bool], *, in_writing: bool, by: Ref, at: datetime) -> None:
    """Keep what people of a joint complaint have answered to one question (被代表人意见)."""
    people = {one.pk for one in complainants(case)}
    if len(people) < REPRESENTATIVES or any(one.pk not in people for one in answers):
        raise BadInput("cases.not_in_case", "Only those who complain in this case can agree to that.")
    with journal.atomic():
        for party, given in answers.items():
            JointConsent.objects.create(case=case, party=party, matter=matter.value, given=given, in_writing=in_writing, by=by, at=at)
        journal.publish(
            [
                JointConsentGiven(
                    subject=case.ref, actor=by, at=at, matter=matter.value,
                    agreed=tuple(sorted(party.pk for party, given in answers.items() if given)),
                    declined=tuple(sorted(party.pk for party, given in answers.items() if not given)),
                )
            ]
        )  # fmt: skip


def missing(case: Case, matter: Matter) -> list[Party]:
    """Those represented who have not (or no longer) agreed."""
    answers = JointConsent.objects.latest_answers(case, matter.value)
    return [one for one in represented(case) if one.pk not in answers or not answers[one.pk].given]


def require_consents(case: Case, step: str) -> None:
    """Raise IllegalStep if a step of a joint complaint needs a consent that is missing (Art 12); see `NEEDS`."""
    matter = NEEDS.get(step)
    if matter is None or case.kind != Kind.COMPLAINT:
        return
    absent = missing(case, matter)
    if absent:
        raise IllegalStep(
            "cases.joint_consent_missing",
            "In this joint complaint the consent of %(n)s represented persons is missing (Order 121 Art 12): %(names)s.",
            n=len(absent),
            names="、".join(one.name_masked or "—" for one in absent),
        )


@checks.before("settle")
def _before_settling(case: Case) -> None:
    require_consents(case, "settle")


@checks.before("withdraw")
def _before_withdrawing(case: Case) -> None:
    require_consents(case, "withdraw")
