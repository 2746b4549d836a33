"""Putting right what was decided wrongly: taking a decision back before its notice is served, reopening a closed case (更正).

Nobody gains or loses time by it: the periods that the decision ended run on from their original start, under the same rule and with
the same adjustments; those that it began no longer apply. Where the case stood before is read in the journal, not guessed.

What was served can't be taken back. Mediation that should not have begun is then terminated (Order 121 Art 23(6)); a case that was
closed wrongly is reopened by the desk or supervision.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fangxin.cases.models import Case, Correction, CorrectionKind, Told
from fangxin.cases.services import approving, sharing, timing
from fangxin.cases.states import State
from fangxin.cases.workflow import WORKFLOWS
from fangxin.clocks import services as clocks
from fangxin.clocks.models import Clock
from fangxin.clocks.rules import local_date
from fangxin.documents import queries as documents
from fangxin.kernel import journal
from fangxin.kernel.errors import IllegalStep
from fangxin.kernel.journal.models import Entry
from fangxin.kernel.refs import Ref
from fangxin.kernel.workflow import Move

FORMS: Mapping[str, str] = {
    "accept": "acceptance_decision",
    "refuse": "refusal_decision",
    "terminate": "termination_decision",
    "settle": "mediation_agreement",
    "withdraw": "",
    "decline": "report_result_notice",
}
"""The decisions that can be taken back, each with the form that makes it known; once that is served they stand."""

DECIDES = frozenset({"accept", "refuse", "decline"})
"""Steps that write `decided_at`."""


@dataclass(slots=True)
class Decision:
    """The last step that led a case to where it stands, as the journal tells it."""

    step: str
    state: str
    """Where the case stood before."""
    at: datetime
    by: Ref
    stopped: list[tuple[str, datetime]] = field(default_factory=list)
    """Periods that it ended, each with the moment that was stored."""
    begun: list[str] = field(default_factory=list)
    later: set[str] = field(default_factory=set)
    """Steps taken since, none of which moved the case."""


def last_decision(case: Case) -> Decision | None:
    """The decision that the case's state rests on; None for a case that is where it came in. One query.

    Raises IllegalStep where the journal doesn't lead to the state that the case is in: nothing is undone by guess.
    """
    entries = Entry.objects.of(case.ref).values_list("event", "recorded_at", "at", "actor", "data")
    taken, state = _replay(entries)
    if state != case.state:
        raise IllegalStep("cases.history_unclear", "The history of %(case)s does not lead to its state.", case=case.number)
    return taken[-1] if taken else None


def _replay(entries: Iterable[tuple[str, datetime, datetime, str, str]]) -> tuple[list[Decision], str]:
    taken: list[Decision] = []
    state, kind, moving = State.RECEIVED.value, "", None
    for event, recorded_at, at, actor, data in entries:
        values: dict[str, Any] = json.loads(data)
        if event in {"cases.CaseReceived", "cases.KindSet"}:
            kind = values["kind"]
        elif event in {"cases.CaseTakenBack", "cases.CaseReopened"}:
            taken.pop()
            state, moving = values["state"], None
        elif "step" in values and event.startswith("cases."):
            step = WORKFLOWS[kind].steps.get(values["step"]) if kind else None
            moving = None
            if step is not None and step.target is not None:
                moving = recorded_at
                taken.append(Decision(step.name, state, at, Ref(actor)))
                state = str(step.target)
            elif taken:
                taken[-1].later.add(values["step"])
        elif moving is not None and moving == recorded_at:
            # Entries of one transaction bear the same moment; these are what the step brought about.
            if event == "clocks.ClockStopped":
                taken[-1].stopped.append((values["term"], at))
            elif event == "clocks.ClocksStarted":
                taken[-1].begun += [term for term, *_rest in values["clocks"]]
    return taken, state


def served_at(case: Case, decision: Decision) -> datetime | None:
    """When the decision was first made known: its form served, a party told, or the reporter notified. None: not yet.

    What was served of an earlier decision that was undone doesn't count.
    """
    found: list[datetime] = []
    form = FORMS.get(decision.step, "")
    if form and documents.served_at(case.ref, form) is not None:
        served = [one.served_at for paper in documents.with_deliveries(case.ref) if paper.document.form == form for one in paper.deliveries]
        found += [moment for moment in served if moment and moment >= decision.at]
    if decision.step == "terminate":
        found += Told.objects.filter(case=case, at__gte=decision.at).values_list("at", flat=True)
    if decision.step == "decline" and "notify" in decision.later:
        found.append(decision.at)
    return min(found, default=None)


def may_be_taken_back(case: Case) -> Decision | None:
    """The decision that could be taken back now; None where there is none or it was served."""
    try:
        decision = last_decision(case)
    except IllegalStep:
        return None
    if decision is None or decision.step not in FORMS or served_at(case, decision) is not None:
        return None
    return decision


def take_back(case: Case, *, by: Ref, at: datetime, note: str) -> None:
    """Take the last decision back before its notice is served (撤回决定), with the reason; the case stands where it stood.

    Raises IllegalStep where no decision leads here, or its notice was served: then Art 23(6) or a reopening is the way.
    Law: Order 121 Art 5; no article speaks of it, and nothing that someone was told is undone.
    """
    with journal.atomic():
        sharing.hold([case])
        decision = last_decision(case)
        if decision is None or decision.step not in FORMS:
            raise IllegalStep("cases.nothing_to_take_back", "No decision that could be taken back led here.")
        served = served_at(case, decision)
        if served is not None:
            raise IllegalStep(
                "cases.served_already",
                "The notice of this decision was served on %(day)s; it can't be taken back.",
                day=local_date(served).isoformat(),
            )
        if FORMS[decision.step] and documents.on_its_way(case.ref, FORMS[decision.step]):
            raise IllegalStep("cases.notice_on_its_way", "The notice of this decision is on its way already.")
        _undo(case, decision, CorrectionKind.TAKEN_BACK, by=by, at=at, note=note)


def reopen(case: Case, *, by: Ref, at: datetime, note: str) -> None:
    """Reopen a closed case (重新办理), with the reason: it goes on where it stood before its end.

    The person was answered, so the first answer stays given; every other period runs on, late where it is late by now: closing a
    case too soon improves no figure. A settled complaint is not reopened: what was agreed binds, and what is not performed is a
    matter for the court, or for a new complaint (Order 121 Arts 16, 25). Raises IllegalStep for it, and for a case that is open.
    """
    if case.state == State.SETTLED:
        raise IllegalStep(
            "cases.settled_stays_settled",
            "A settlement is not reopened. If it is not performed, the consumer may sue or file a new complaint.",
        )
    with journal.atomic():
        sharing.hold([case])
        sharing.refuse_erased([case])
        decision = last_decision(case)
        if decision is None or case.is_open:
            raise IllegalStep("cases.nothing_to_reopen", "This case is not closed.")
        _undo(case, decision, CorrectionKind.REOPENED, by=by, at=at, note=note)


def reopened_times(case: Case) -> int:
    """How often the case has been reopened."""
    return Correction.objects.filter(case=case, kind=CorrectionKind.REOPENED).count()


def corrections_of(case: Case) -> list[Correction]:
    """What was taken back or reopened, the oldest first."""
    return list(Correction.objects.filter(case=case).order_by("at", "pk"))


def _undo(case: Case, decision: Decision, kind: CorrectionKind, *, by: Ref, at: datetime, note: str) -> None:
    reopening = kind is CorrectionKind.REOPENED
    columns: dict[str, Any] = {}
    kept = {timing.ANSWER} if reopening else set()
    if not case.is_open:
        columns |= {"closed_at": None, "ground": "", "recovered_fen": 0}
        if not reopening and case.responded_at == case.closed_at:
            columns["responded_at"] = None  # closing counted as the answer; nobody was told
    if decision.step in DECIDES:
        columns["decided_at"] = None
    was = case.state
    data: dict[str, Any] = {"undone": decision.step, "state": decision.state}
    if reopening:
        data["times"] = reopened_times(case) + 1
    sharing.take([Move(case, columns, data, target=decision.state)], "reopen" if reopening else "take_back", by=by, at=at, note=note)
    approving.lapse(case, by=by, at=at)
    _end_begun(case, decision, by=by, at=at)
    stopped = [clock for term, moment in decision.stopped if term not in kept for clock in _ended(case, term, moment)]
    clocks.reinstate(stopped, by=by, at=at)
    Correction.objects.create(
        case=case, kind=kind, undone=decision.step, was=was, again=decision.state, decided_at=decision.at, by=by, at=at
    )
    timing.refresh([case])


def _end_begun(case: Case, decision: Decision, *, by: Ref, at: datetime) -> None:
    """What the decision began no longer applies, but what is overdue by now ends late: no breach is undone."""
    running = Clock.objects.running().filter(subject=case.ref, term__in=decision.begun)
    late: list[timing.Stop] = []
    left: list[timing.Stop] = []
    for term, breach_at in running.values_list("term", "breach_at"):
        (late if breach_at is not None and breach_at <= at else left).append(timing.Stop(case.ref, term, at))
    timing.stop_clocks(late, by=by)
    timing.void_clocks(left, by=by, reason="taken_back")


def _ended(case: Case, term: str, moment: datetime) -> list[Clock]:
    found = Clock.objects.filter(subject=case.ref, term=term, stopped_at=moment).order_by("-pk")
    return list(found[:1])
