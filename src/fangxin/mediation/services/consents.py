"""Invitation to mediation and the consent of both sides (调解邀请、同意), without which it can't begin."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from fangxin.cases import services as cases
from fangxin.cases.models import Case, Side
from fangxin.cases.states import State
from fangxin.kernel import journal
from fangxin.kernel.errors import BadInput, IllegalStep
from fangxin.kernel.refs import Ref
from fangxin.mediation import laws, queries
from fangxin.mediation.events import ConsentRecorded, PartiesInvited
from fangxin.mediation.models import Consent, Invitation
from fangxin.mediation.services import telling
from fangxin.mediation.services.shared import IN_MEDIATION, keep_note, paired, require
from fangxin.mediation.states import Means, Question

RULES = {Question.MEDIATION: laws.CONSENT, Question.DELEGATION: laws.DELEGATION}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a side said to a question, and how."""

    side: Side
    given: bool
    means: Means


def invite(
    case: Case, means: Mapping[Side, Means], *, by: Ref, at: datetime, question: Question = Question.MEDIATION, note: str = ""
) -> None:
    """Invite sides to mediation, or ask them about its delegation (调解邀请); a side told by text message gets one from here.

    Must not be called inside a transaction if a message is to be sent: the number is looked up first, and the look is journalled.
    Raises BadInput if nobody is invited, or for a message to a side whose telephone is not known. Law: Order 121 Arts 18, 19.
    """
    if not means:
        raise BadInput("mediation.nobody_invited", "Say how at least one side is invited.")
    messages = telling.invitations(case, question, means, by=by, at=at)
    with journal.atomic():
        require(case)
        note_hash = keep_note(case, "invite", note, by=by, at=at)
        Invitation.objects.bulk_create(
            [Invitation(case=case, question=question, side=side, means=how, by=by, at=at) for side, how in means.items()]
        )
        journal.publish(
            [
                PartiesInvited(
                    subject=case.ref,
                    actor=by,
                    at=at,
                    law=laws.cited(RULES[question], at),
                    question=question.value,
                    means=paired(means),
                    note=note_hash,
                )
            ]
        )
        telling.send(messages, by=by, at=at)


def record_consents(case: Case, question: Question, answers: Sequence[Answer], *, by: Ref, at: datetime, note: str = "") -> None:
    """Record what sides answered (同意或者拒绝): who, when, how. A later answer replaces an earlier one; both stay on record.

    Raises BadInput for no answer. Law: Order 121 Arts 18, 19; a clear refusal is ground (2) of Art 23.
    """
    if not answers:
        raise BadInput("mediation.no_answer", "Say what at least one side answered.")
    with journal.atomic():
        require(case, IN_MEDIATION)
        note_hash = keep_note(case, "record_consent", note, by=by, at=at)
        Consent.objects.bulk_create(
            [Consent(case=case, question=question, side=one.side, given=one.given, means=one.means, by=by, at=at) for one in answers]
        )
        journal.publish(
            [
                ConsentRecorded(
                    subject=case.ref,
                    actor=by,
                    at=at,
                    law=laws.cited(RULES[question], at),
                    question=question.value,
                    side=one.side.value,
                    given=one.given,
                    means=one.means.value,
                    note=note_hash if place == 0 else "",
                )
                for place, one in enumerate(answers)
            ]
        )


def begin(case: Case, *, by: Ref, at: datetime, note: str = "") -> None:
    """Begin mediation (启动调解); lawful only with the recorded consent of both sides (Order 121 Art 18).

    Raises IllegalStep naming the side whose consent is missing, or that has refused.
    """
    with journal.atomic():
        require(case, {State.ACCEPTED.value})
        check_consents(queries.on_mediation(case))
        cases.start_mediation(case, by=by, at=at, note=note)


def check_consents(given: Mapping[Side, bool | None]) -> None:
    """Refuse unless both sides have said yes."""
    if given[Side.COMPLAINANT] is False:
        raise IllegalStep("mediation.refused_by_complainant", "The complainant refused mediation: it can't begin (ground 2 of Art 23).")
    if given[Side.RESPONDENT] is False:
        raise IllegalStep("mediation.refused_by_respondent", "The respondent refused mediation: it can't begin (ground 2 of Art 23).")
    missing = [side for side in Side if given[side] is None]
    if len(missing) == len(Side):
        raise IllegalStep("mediation.consents_missing", "Mediation needs the consent of both sides; none is recorded yet.")
    if missing == [Side.COMPLAINANT]:
        raise IllegalStep("mediation.consents_missing", "Mediation needs the consent of both sides; the complainant's is not recorded yet.")
    if missing == [Side.RESPONDENT]:
        raise IllegalStep("mediation.consents_missing", "Mediation needs the consent of both sides; the respondent's is not recorded yet.")
