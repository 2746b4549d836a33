"""What all steps share: each applies the table, moves the clocks and tells the journal; the batch ones take many at once.

Time is given, not read: `at` is when it happened. What someone wrote is kept as a note; the journal keeps its hash.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from fangxin.cases.models import PLACE_NOTE, Case, Erasure, Note, keys_for
from fangxin.cases.services import timing
from fangxin.cases.workflow import WORKFLOWS, law_of
from fangxin.clocks.models import Clock
from fangxin.clocks.rules import local_date
from fangxin.kernel import journal, vault
from fangxin.kernel.errors import BadInput, IllegalStep, NotPermitted
from fangxin.kernel.refs import Ref, identity, kind
from fangxin.kernel.scrub import scrub
from fangxin.kernel.sql import bulk
from fangxin.kernel.workflow import Move


@dataclass(frozen=True, slots=True)
class Said:
    """When something was done with a case, and in what words; `known` are names and numbers that the words must not show."""

    case: Case
    at: datetime
    note: str = ""
    known: Sequence[str] = ()


def officer_of(by: Ref) -> dict[str, Any]:
    """The columns that make whoever takes the step the case's officer (经办人); none for a machine."""
    return {"officer_id": identity(by)} if kind(by) == "person" else {}


def check_approver(approver: Ref, by: Ref) -> None:
    """Nobody approves their own request."""
    if approver and approver == by:
        raise NotPermitted("cases.own_approval", "Someone else has to approve this than the one who asks for it.")


def plain(case: Case, step: str, *, by: Ref, at: datetime, note: str = "", approver: Ref | None = None) -> None:
    """One step with one case that moves nothing else."""
    with journal.atomic():
        take([Move(case, {}, {"approver": approver} if approver else {})], step, by=by, at=at, note=note)


def hold(cases: Sequence[Case]) -> None:
    """Lock the rows and read again what is written but once: of two at the same time the first counts."""
    columns = ("competent_received_at", "dispatched_at", "responded_at")
    held = Case.objects.select_for_update().filter(pk__in=[case.pk for case in cases]).order_by("pk")
    found = {pk: values for pk, *values in held.values_list("pk", *columns)}
    for case in cases:
        for column, value in zip(columns, found[case.pk], strict=True):
            setattr(case, column, value)


def running_clock(case: Case, term: str) -> Clock:
    """The running clock of a period. Raises IllegalStep if it doesn't run."""
    clock = Clock.objects.running().filter(subject=case.ref, term=term).first()
    if clock is None:
        raise IllegalStep("cases.no_running_period", "The period “%(term)s” does not run for %(case)s.", term=term, case=case.number)
    return clock


def own(case: Case, by: Ref) -> dict[str, Any]:
    """`officer_of`, for a step that makes a case one's own only if it is nobody's yet."""
    return {} if case.officer_id else officer_of(by)


def take(moves: Sequence[Move], step: str, *, by: Ref, at: datetime, note: str, known: Sequence[str] = ()) -> None:
    """Apply one step to cases of several kinds, at the same time and in the same words."""
    take_each(moves, [Said(move.subject, at, note, known) for move in moves], step, by=by)


def take_each(moves: Sequence[Move], words: Sequence[Said], step: str, *, by: Ref) -> None:
    """Apply one step to cases of several kinds, each by its own table, with their articles and notes."""
    for said in words:
        if said.at + timing.CLOCK_SKEW < said.case.first_received_at:
            raise BadInput("cases.before_receipt", "%(case)s was not there yet at that time.", case=said.case.number)
    hashes = keep_notes(words, step, by=by)
    kinds: dict[str, list[Move]] = {}
    for move, said, note_hash in zip(moves, words, hashes, strict=True):
        case = said.case
        WORKFLOWS[case.kind].step(step, case.state)
        law = " ".join(str(cite) for cite in law_of(step, case.kind, local_date(said.at)).cites)
        data = {"step": step, "law": law, "note": note_hash, **move.data}
        kinds.setdefault(case.kind, []).append(Move(case, move.columns, data, said.at, move.target))
    for kind_, mine in kinds.items():
        WORKFLOWS[kind_].apply_many(mine, step, by=by, at=words[0].at)


def close(
    cases: Sequence[Case],
    step: str,
    *,
    by: Ref,
    at: datetime,
    note: str,
    stops: Sequence[str],
    keeps: Collection[str] = (),
    columns: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
) -> None:
    """`close_each` at the same time and in the same words."""
    close_each([Said(case, at, note) for case in cases], step, by=by, stops=stops, keeps=keeps, columns=columns, data=data)


def close_each(
    endings: Sequence[Said],
    step: str,
    *,
    by: Ref,
    stops: Sequence[str],
    keeps: Collection[str] = (),
    columns: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
) -> None:
    """Close cases: the named periods, the hotline's and the first answer stop now; what else runs no longer applies, unless it `keeps`.

    What is owed and overdue by then stops late: a breach is not undone by ending the case in another way.
    """
    given, told = dict(columns or {}), dict(data or {})
    cases = [one.case for one in endings]
    ends = {one.case.ref: one.at for one in endings}
    with journal.atomic():
        hold(cases)
        moves = []
        for case in cases:
            at = ends[case.ref]
            target = WORKFLOWS[case.kind].step(step, case.state).target
            recovered = given.get("recovered_fen", 0)
            says = {"outcome": target, "closed_at": at, "recovered_fen": recovered, "ground": given.get("ground", ""), **told}
            moves.append(Move(case, {**given, "closed_at": at, "responded_at": case.responded_at or at}, says))
        take_each(moves, endings, step, by=by)
        ended = {*stops, timing.HOTLINE_CLOSING, timing.ANSWER}
        refs = [case.ref for case in cases]
        stopped: list[timing.Stop] = []
        left: list[timing.Stop] = []
        for start in range(0, len(refs), 500):
            running = Clock.objects.running().filter(subject__in=refs[start : start + 500]).exclude(term__in=keeps)
            for subject, term, breach_at in running.values_list("subject", "term", "breach_at"):
                stop = timing.Stop(Ref(subject), term, ends[Ref(subject)])
                overdue = term in timing.OWED and breach_at is not None and breach_at <= stop.at
                (stopped if term in ended or overdue else left).append(stop)
        timing.stop_clocks(stopped, by=by)
        timing.void_clocks(left, by=by, reason="closed")
        timing.refresh(cases)


def refuse_erased(cases: Sequence[Case]) -> None:
    """Nothing is written on a case again, and it is not reopened, once what it held of people was erased (个人信息保护法 Art 47).

    Locks the rows, as the erasure does: of the two at the same time one waits for the other. One query, none for open cases. Raises IllegalStep.
    """
    closed = [case.pk for case in cases if not case.is_open]
    if not closed:
        return
    list(Case.objects.select_for_update().filter(pk__in=closed).order_by("pk").values_list("pk"))
    erased = Erasure.objects.filter(case__in=closed, approved_at__isnull=False).select_related("case").first()
    if erased is not None:
        raise IllegalStep(
            "cases.was_erased", "What %(case)s held of people was erased: nothing can be added to it any more.", case=erased.case.number
        )


def keep_notes(words: Sequence[Said], step: str, *, by: Ref) -> list[str]:
    """Keep what someone wrote, once a case; answers the hashes that the journal carries ("" for nothing written)."""
    said = [(ending, text) for ending in words if (text := ending.note.strip())]
    refuse_erased([ending.case for ending, _text in said])
    rows, hashes = [], {}
    shown: dict[tuple[str, tuple[str, ...]], str] = {}
    for pk, (ending, text) in zip(bulk.reserve_ids(Note, len(said)), said, strict=True):
        key = (text, tuple(ending.known))
        if key not in shown:
            shown[key] = scrub(text, ending.known).text
        sealed = vault.seal(keys_for(ending.case.kind), PLACE_NOTE, pk, {"text": text}) if shown[key] != text else b""
        rows.append((pk, ending.case.pk, step, shown[key], sealed, by, ending.at))
        hashes[ending.case.pk] = sha256(text.encode()).hexdigest()
    bulk.insert(Note, ("id", "case_id", "step", "text", "sealed", "by", "at"), rows)
    return [hashes.get(ending.case.pk, "") for ending in words]
