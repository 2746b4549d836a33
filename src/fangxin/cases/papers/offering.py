"""Which forms may be issued about a case now, and by whom; and whether one that was issued may still be delivered."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from fangxin.accounts.models import Person
from fangxin.cases.models import Case, Kind
from fangxin.cases.papers.filling import bureau
from fangxin.cases.states import State
from fangxin.documents.models import Document
from fangxin.documents.specs import FormSpec, forms
from fangxin.kernel import permits
from fangxin.kernel.errors import IllegalStep
from fangxin.kernel.refs import identity

ANY: Final = frozenset(State)
WITH_UNIT: Final = ANY - {State.RECEIVED}
ACCEPTED: Final = frozenset({State.ACCEPTED, State.MEDIATING, State.SUSPENDED, State.SETTLED, State.TERMINATED})
RESULTS: Final = frozenset({State.FILED, State.NOT_FILED, State.CONCLUDED, State.TRANSFERRED, State.REDIRECTED})


@dataclass(frozen=True, slots=True)
class Offer:
    """When a form may be issued about a case."""

    form: str
    kinds: frozenset[str]
    states: frozenset[str]
    permit: str
    """The action whose rule says who issues it; revealing the people of the case is asked for besides."""
    once: bool = False
    """One that isn't void is enough."""
    since: str = ""
    """The case's column with the moment of the decision that it makes known: a document from before speaks of an earlier one."""

    @property
    def spec(self) -> FormSpec:
        """The form itself."""
        return forms()[self.form]


COMPLAINTS, REPORTS = frozenset({Kind.COMPLAINT.value}), frozenset({Kind.REPORT.value})
_OFFERS: Final[Mapping[str, Offer]] = {
    offer.form: offer
    for offer in (
        Offer("complaint_registration", COMPLAINTS, ANY, "issue", once=True),
        Offer("report_registration", REPORTS, ANY, "issue", once=True),
        Offer("dispatch_notice", COMPLAINTS | REPORTS, WITH_UNIT, "dispatch"),
        Offer("identity_proof_notice", COMPLAINTS, frozenset({State.DISPATCHED}), "issue"),
        Offer("acceptance_decision", COMPLAINTS, ACCEPTED, "issue", since="decided_at"),
        Offer("refusal_decision", COMPLAINTS, frozenset({State.REFUSED}), "issue", since="decided_at"),
        Offer("mediation_notice", COMPLAINTS, frozenset({State.ACCEPTED, State.MEDIATING}), "handle"),
        Offer("termination_decision", COMPLAINTS, frozenset({State.TERMINATED}), "issue", since="closed_at"),
        Offer("mediation_agreement", COMPLAINTS, frozenset({State.ACCEPTED, State.MEDIATING, State.SETTLED}), "handle"),
        Offer("report_result_notice", REPORTS, RESULTS, "issue"),
    )
}
assert set(_OFFERS) == set(forms())  # noqa: S101 -- a form that nobody could issue would be a slip of ours


def offers(person: Person, case: Case) -> list[Offer]:
    """The forms that the person may issue about the case now, in the official order. At most five queries."""
    if not permits.may(person, "reveal", case):
        return []
    allowed: dict[str, bool] = {}
    issued: set[str] | None = None
    found = []
    for offer in _OFFERS.values():
        if not _fits(offer, case, person):
            continue
        if offer.permit not in allowed:
            allowed[offer.permit] = permits.may(person, offer.permit, case)
        if not allowed[offer.permit]:
            continue
        if offer.once:
            issued = set(Document.objects.of(case.ref).valid().values_list("form", flat=True)) if issued is None else issued
            if offer.form in issued:
                continue
        found.append(offer)
    return found


def serving_permit(form: str) -> str:
    """Whose rule says who delivers or voids a document: a delegated body only what it may itself write, on mediation."""
    return "handle" if _OFFERS[form].permit == "handle" else "issue"


def check_offered(person: Person, case: Case, form: str) -> Offer:
    """The offer of a form. Raises IllegalStep if it can't be issued about the case now, or not by this person."""
    for offer in offers(person, case):
        if offer.form == form:
            return offer
    raise IllegalStep("cases.form_not_offered", "This form can't be issued for %(case)s now.", case=case.number)


def _fits(offer: Offer, case: Case, person: Person) -> bool:
    if case.kind not in offer.kinds or case.state not in offer.states:
        return False
    if offer.form == "dispatch_notice":
        return case.competent is not None and bureau(offer.form, case, person) not in {None, case.competent}
    if offer.form == "report_result_notice":
        return not case.anonymous
    return True


def check_stands(document: Document) -> None:
    """Lock the case and see that what the document says still holds; for `documents.access`.

    Raises IllegalStep for a decision that was taken back since, even if it was taken again.
    """
    case = Case.objects.select_for_update().get(pk=identity(document.subject))
    offer = _OFFERS[document.form]
    states = ACCEPTED | {State.REFUSED} if offer.form == "mediation_notice" else offer.states
    if offer.form == "identity_proof_notice":
        states = offer.states
    decided = getattr(case, offer.since) if offer.since else None
    if case.state not in states or (decided is not None and document.issued_at < decided):
        raise IllegalStep(
            "cases.document_outdated",
            "What %(number)s says no longer holds: the case has moved on. Void it, and issue a new one.",
            number=document.number,
        )
