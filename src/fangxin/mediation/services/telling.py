"""Short messages to the two sides (告知): invitation, session, change. Numbers are looked up in the vault, and that is journalled."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from django.utils import timezone

from fangxin.accounts.models import Person
from fangxin.cases.models import PLACE_PARTY, Case, Party, PartyRole, Side
from fangxin.documents.filling import moment
from fangxin.kernel import vault
from fangxin.kernel.errors import BadInput
from fangxin.kernel.refs import Ref
from fangxin.mediation import queries
from fangxin.mediation.states import Means, Mode, Question
from fangxin.notices.services import Message, enqueue

PURPOSE = "mediation"
"""Why a number is looked up, as the journal keeps it (`cases.words.PURPOSES`)."""
ROLES: Mapping[Side, Sequence[PartyRole]] = {
    Side.COMPLAINANT: (PartyRole.AGENT, PartyRole.REPRESENTATIVE, PartyRole.COMPLAINANT, PartyRole.JOINT),
    Side.RESPONDENT: (PartyRole.RESPONDENT_CONTACT,),
}
"""Who is told for a side: who acts for it before it itself; all of the first role that has a telephone."""


class Appointment(Protocol):
    """What a message about a session says."""

    @property
    def mode(self) -> Mode: ...
    @property
    def starts_at(self) -> datetime: ...
    @property
    def place(self) -> str: ...
    @property
    def mediator(self) -> Person: ...


def invitations(case: Case, question: Question, means: Mapping[Side, Means], *, by: Ref, at: datetime) -> list[Message]:
    """The messages that invite those sides that are told so."""
    template = "mediation.delegation_question" if question is Question.DELEGATION else "mediation.invitation"
    params = {"number": case.number, "office": _bureau(case)}
    return _messages(case, template, params, _by_message(means), by=by, at=at)


def appointments(case: Case, session: Appointment, means: Mapping[Side, Means], *, changed: bool, by: Ref, at: datetime) -> list[Message]:
    """The messages about a session, arranged or changed, to those sides that are told so."""
    template = "mediation.session_changed" if changed else "mediation.session"
    params = {
        "number": case.number,
        "office": _bureau(case),
        "time": moment(timezone.localtime(session.starts_at)),
        "place": session.place.strip() or {Mode.TELEPHONE: "电话调解", Mode.ONLINE: "线上调解"}.get(session.mode, "—"),
        "mediator": session.mediator.name,
    }
    return _messages(case, template, params, _by_message(means), by=by, at=at)


def send(messages: Sequence[Message], *, by: Ref, at: datetime) -> None:
    """Put them in the outbox, in the caller's transaction."""
    if messages:
        enqueue(messages, by=by, at=at)


def _by_message(means: Mapping[Side, Means]) -> list[Side]:
    return [side for side in Side if means.get(side) == Means.MESSAGE]


def _messages(case: Case, template: str, params: Mapping[str, str], sides: Iterable[Side], *, by: Ref, at: datetime) -> list[Message]:
    return [
        Message(subject=case.ref, template=template, channel="sms", to=number, params=params, audience=side.value)
        for side in sides
        for number in _numbers(case, side, by=by, at=at)
    ]


def _numbers(case: Case, side: Side, *, by: Ref, at: datetime) -> list[str]:
    """The telephone numbers of who is told for a side. Raises BadInput if none is known."""
    people = list(Party.objects.filter(case=case, role__in=ROLES[side]).exclude(phone_masked="").order_by("position"))
    for role in ROLES[side]:
        mine = [one for one in people if one.role == role]
        if not mine:
            continue
        sealed = [vault.Sealed(one.keys, PLACE_PARTY, one.pk, bytes(one.sealed)) for one in mine]
        plain = [vault.reveal(one, fields=("phone",), subject=case.ref, purpose=PURPOSE, actor=by, at=at)["phone"] for one in sealed]
        if found := [number for number in plain if number]:
            return found
    if side is Side.COMPLAINANT:
        raise BadInput("mediation.no_telephone", "No telephone of the complainant is known; tell them in another way.")
    raise BadInput("mediation.no_telephone", "No telephone of the respondent is known; tell them in another way.")


def _bureau(case: Case) -> str:
    """In whose name mediation is done: the bureau's, also where it is delegated (Order 121 Art 19)."""
    office = case.competent or case.unit or queries.host(case)
    return office.name if office else "—"
