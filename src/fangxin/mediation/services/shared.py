"""What the services of mediation share."""

from collections.abc import Collection, Mapping
from datetime import datetime

from fangxin.accounts.models import Person
from fangxin.cases.models import Case, Kind, Side
from fangxin.cases.services import sharing
from fangxin.cases.services.sharing import Said
from fangxin.cases.states import State
from fangxin.kernel.errors import BadInput, IllegalStep, StaleState
from fangxin.kernel.refs import Ref, identity, kind
from fangxin.mediation.states import Means

IN_MEDIATION = frozenset({State.ACCEPTED.value, State.MEDIATING.value, State.SUSPENDED.value})


def require(case: Case, states: Collection[str] = IN_MEDIATION) -> None:
    """Lock the case. Raises IllegalStep unless it is a complaint in one of these states, StaleState if it moved on meanwhile.

    Called inside the service's transaction.
    """
    if case.kind != Kind.COMPLAINT:
        raise IllegalStep("mediation.only_complaints", "Only a complaint is mediated.")
    if case.state not in states:
        raise IllegalStep("mediation.not_in_state", "This is not possible in state “%(state)s”.", state=case.state)
    held = Case.objects.select_for_update().filter(pk=case.pk).values_list("state", "delegate_id").first()
    if held != (case.state, case.delegate_id):
        raise StaleState("kernel.stale_state", "Someone else changed %(subject)s first; please read it again.", subject=case.number)


def keep_note(case: Case, step: str, note: str, *, by: Ref, at: datetime) -> str:
    """Keep what someone wrote (scrubbed, and sealed as written); answers its hash for the event."""
    return sharing.keep_notes([Said(case, at, note)], step, by=by)[0]


def person_of(by: Ref) -> Person | None:
    """Who acts, if it is a person."""
    return Person.objects.select_related("office").filter(pk=identity(by)).first() if kind(by) == Person.kind else None


def paired(means: Mapping[Side, Means]) -> tuple[tuple[str, str], ...]:
    """Sides and how they were told, as events carry them."""
    return tuple((side.value, means[side].value) for side in Side if side in means)


def written(text: str, code: str, message: str) -> str:
    """A text that has to be there. Raises BadInput with the given words for an empty one."""
    if not text.strip():
        raise BadInput(code, message)
    return text.strip()
