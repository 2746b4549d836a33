"""Working cases together (合并办理): reversible, and nothing of either is given up.

Two complaints of one dispute, or of many people against one trader, are handled in one go: what is done with the leading case is done
with the others too, each by its own table, clocks and journal (`together`). People, numbers and periods stay with each case, so that no
figure changes by it. Repeated reports are another thing (Order 121 Art 35): see `reports`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from fangxin.cases.events import CaseCombined, CaseSeparated
from fangxin.cases.filings import Kind
from fangxin.cases.models import Case, Combination, Party
from fangxin.cases.services import sharing
from fangxin.cases.services.sharing import Said
from fangxin.kernel import journal
from fangxin.kernel.errors import BadInput, IllegalStep, StaleState
from fangxin.kernel.refs import Ref

NEAR = timedelta(days=60)
"""How far apart two complaints against one trader may have come in to be offered as the same matter."""
OFFERED = 8


@dataclass(frozen=True, slots=True)
class Likely:
    """A case that may be the same matter, and why it is thought so."""

    case: Case
    same_person: bool
    same_trader: bool


def combine(member: Case, lead: Case, *, by: Ref, at: datetime, note: str) -> None:
    """Work a case together with a leading one from now on (合并办理), with the reason.

    Raises IllegalStep unless both are open complaints (or undetermined), stand in the same state with the same unit, and neither is
    already worked together with another in a way that would make a chain.
    """
    with journal.atomic():
        held = {case.pk: case for case in Case.objects.select_for_update().filter(pk__in=[member.pk, lead.pk]).order_by("pk")}
        member, lead = _fresh(member, held), _fresh(lead, held)
        if member.pk == lead.pk:
            raise BadInput("cases.combine_itself", "A case can't be worked together with itself.")
        if {member.kind, lead.kind} - {Kind.COMPLAINT.value, Kind.UNDETERMINED.value} or member.kind != lead.kind:
            raise IllegalStep("cases.combine_kinds", "Only complaints, or undetermined filings, can be worked together.")
        if (member.state, member.unit_id) != (lead.state, lead.unit_id) or not lead.is_open:
            raise IllegalStep(
                "cases.combine_apart", "%(member)s and %(lead)s must be open, in the same state and with the same unit.",
                member=member.number, lead=lead.number,
            )  # fmt: skip
        if lead.lead_id is not None or member.lead_id is not None or Combination.objects.standing().filter(lead=member).exists():
            raise IllegalStep("cases.combine_chain", "One of the two is worked together with another case already: take that back first.")
        try:
            with transaction.atomic():
                Combination.objects.create(lead=lead, member=member, by=by, at=at)
        except IntegrityError as error:
            raise StaleState(
                "kernel.stale_state", "Someone else changed %(subject)s first; please read it again.", subject=member.number
            ) from error
        Case.objects.filter(pk=member.pk).update(lead=lead)
        hashes = sharing.keep_notes([Said(member, at, note)], "combine", by=by)
        journal.publish([CaseCombined(subject=member.ref, actor=by, at=at, lead=lead.ref, note=hashes[0])])


def separate(member: Case, *, by: Ref, at: datetime, note: str) -> None:
    """Take that back (撤销合并): the case goes on by itself from where it stands, its periods are its own as before."""
    with journal.atomic():
        held = Case.objects.select_for_update().get(pk=member.pk)
        if held.lead_id is None:
            raise IllegalStep("cases.not_combined", "%(case)s is not worked together with another case.", case=held.number)
        lead = held.lead_id
        Combination.objects.standing().filter(member=held).update(ended_by=by, ended_at=at)
        Case.objects.filter(pk=held.pk).update(lead=None)
        hashes = sharing.keep_notes([Said(held, at, note)], "separate", by=by)
        journal.publish([CaseSeparated(subject=held.ref, actor=by, at=at, lead=Ref(f"{Case.ref_kind}:{lead}"), note=hashes[0])])


def members(lead: Case) -> list[Case]:
    """The cases that are worked together with this one today, oldest first."""
    return list(Case.objects.filter(lead=lead).select_related("unit", "competent", "officer", "trader").order_by("pk"))


def together(cases: Sequence[Case]) -> list[Case]:
    """These cases and those worked together with them that stand in the same state, each once."""
    known = {case.pk: case for case in cases}
    for one in Case.objects.filter(lead__in=known).select_related("unit", "competent").order_by("pk"):
        leader = known.get(one.lead_id or 0)
        if leader is not None and one.state == leader.state and one.unit_id == leader.unit_id:
            known.setdefault(one.pk, one)
    return list(known.values())


def likely(case: Case) -> list[Likely]:
    """Open cases that may be the same matter: of the same person (by blind index), or against the same trader within 60 days.

    Each way by its own index; an empty telephone number, or a trader that nobody matched, matches nothing. Three queries.
    """
    if case.kind not in {Kind.COMPLAINT, Kind.UNDETERMINED} or not case.is_open:
        return []
    indexes = [
        bytes(one) for one in Party.objects.filter(case=case, phone_index__isnull=False).values_list("phone_index", flat=True) if one
    ]
    same = set(Party.objects.with_phone(indexes).exclude(case=case).values_list("case_id", flat=True)[:200]) if indexes else set()
    near = Case.objects.open().filter(kind=case.kind).exclude(pk=case.pk).select_related("unit", "trader")
    found = {one.pk: one for one in near.filter(pk__in=same).order_by("-pk")[:OFFERED]}
    if case.trader_id:
        since, until = case.first_received_at - NEAR, case.first_received_at + NEAR
        mine = near.filter(trader=case.trader_id, first_received_at__range=(since, until)).order_by("-first_received_at")
        found |= {one.pk: one for one in mine[:OFFERED]}
    rated = [Likely(one, pk in same, bool(case.trader_id) and one.trader_id == case.trader_id) for pk, one in found.items()]
    return sorted(rated, key=lambda one: (not (one.same_person and one.same_trader), not one.same_person, -one.case.pk))[:OFFERED]


def _fresh(case: Case, held: dict[int, Case]) -> Case:
    """The case as it is stored now. Raises StaleState if it has moved since it was read."""
    found = held.get(case.pk)
    if found is None or (found.state, found.unit_id) != (case.state, case.unit_id):
        raise StaleState("kernel.stale_state", "Someone else changed %(subject)s first; please read it again.", subject=case.number)
    return found
