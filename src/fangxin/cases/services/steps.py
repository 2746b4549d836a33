"""The steps of a case: each applies the table, moves the clocks and tells the journal; the batch ones take many at once.

Time is given, not read: `at` is when it happened. What someone wrote is kept as a note; the journal keeps its hash.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from fangxin.accounts.models import DISPATCH_KINDS, Office
from fangxin.cases.events import KindSet
from fangxin.cases.filings import MAIN_ROLE, Channel, Kind
from fangxin.cases.models import PLACE_FILING, PLACE_NOTE, PLACE_PARTY, Case, Note, Party, PartyRole, keys_for
from fangxin.cases.services import timing
from fangxin.cases.states import State
from fangxin.cases.workflow import WORKFLOWS, law_of
from fangxin.clocks import services as clocks
from fangxin.clocks.models import Clock
from fangxin.clocks.rules import local_date
from fangxin.kernel import journal, vault
from fangxin.kernel.errors import BadInput, IllegalStep
from fangxin.kernel.refs import Ref, identity, kind
from fangxin.kernel.scrub import scrub
from fangxin.kernel.sql import bulk
from fangxin.kernel.workflow import Move

GROUNDS = {"refuse": {"order20": 6, "order121": 7}, "terminate": {"order20": 7, "order121": 8}}
"""How many items the article has: refusal (不予受理, Order 20 Art 15, Order 121 Art 16), termination (终止调解, Art 21, Art 23)."""


@dataclass(frozen=True, slots=True)
class Said:
    """When something was done with a case, and in what words; `known` are names and numbers that the words must not show."""

    case: Case
    at: datetime
    note: str = ""
    known: Sequence[str] = ()


# --- dispatch ----------------------------------------------------------------------------------------------------------------


def dispatch(cases: Sequence[Case], unit: Office, *, by: Ref, at: datetime, note: str = "") -> None:
    """Send cases to the unit that is to handle them (分送); with a note, those already sent elsewhere are sent anew.

    Stops the 2-hour promise. The first arrival at a bureau starts the statutory period, once: township offices are parts of their
    bureau, so forwarding inside it restarts nothing, nor does sending a case out again after a return, even to another county. The law
    counts from receipt by the bureau that has jurisdiction, and who that was is known only in the end; the first arrival is never
    later, so the earlier date is kept, and nobody gains time by passing a case on. `competent` names the bureau that has it now.
    Raises IllegalStep for an office that no case may be dispatched to.
    Law: Order 121 Arts 13, 15, 41.
    """
    competent = unit.competent
    if not unit.active or competent is None or unit.kind not in DISPATCH_KINDS:
        raise IllegalStep("cases.unit_not_dispatchable", "Cases can't be dispatched to %(unit)s.", unit=unit.name)
    with journal.atomic():
        _hold(cases)
        arriving = [case for case in cases if case.competent_received_at is None]
        for step, mine in _by_step(cases).items():
            moves = []
            for case in mine:
                columns: dict[str, Any] = {"unit_id": unit.pk, "competent_id": competent.pk, "dispatched_at": at}
                if case.competent_received_at is None:
                    columns["competent_received_at"] = max(at, case.first_received_at)
                moves.append(Move(case, columns, {"unit": unit.code, "competent": competent.code}))
            _take(moves, step, by=by, at=at, note=note)
        timing.stop_clocks([timing.Stop(case.ref, timing.DISPATCH, at) for case in cases], by=by)
        begin(cases, arriving, by=by, at=at)
        timing.refresh(cases)


def _by_step(cases: Sequence[Case]) -> dict[str, list[Case]]:
    steps: dict[str, list[Case]] = {}
    for case in cases:
        steps.setdefault("redispatch" if case.state == State.DISPATCHED else "dispatch", []).append(case)
    return steps


def begin(cases: Sequence[Case], arriving: Sequence[Case], *, by: Ref, at: datetime) -> None:
    """Start what an arrival starts: the statutory period of those that arrive for the first time, the hotline's of all."""
    for as_if in (False, True):
        starts = [start for case in arriving if case.as_if is as_if for start in timing.statutory(case)]
        starts += [start for case in cases if case.as_if is as_if for start in timing.on_arrival(case, at)]
        running = set(Clock.objects.running().filter(subject__in=[start.subject for start in starts]).values_list("subject", "term"))
        timing.start_clocks([start for start in starts if (start.subject, start.term) not in running], by=by, at=at, as_if=as_if)


def return_to_desk(case: Case, *, by: Ref, at: datetime, note: str) -> None:
    """Give a misdirected case back to the desk, with the reason; never sideways (退回, Order 121 Art 41).

    The statutory period goes on (see `dispatch`). A hotline order given back in time begins anew where it goes next; one given back
    too late has used up its time.
    """
    with journal.atomic():
        unit = case.unit.code if case.unit else ""
        _take([Move(case, {"unit_id": None}, {"unit": unit})], "return_to_desk", by=by, at=at, note=note)
        hotline = {clock.term: clock for clock in Clock.objects.running().filter(subject=case.ref, term__startswith="hotline.")}
        returning, closing = hotline.get(timing.HOTLINE_RETURN), hotline.get(timing.HOTLINE_CLOSING)
        # A closing period older than this arrival goes on from a late return before.
        if returning and closing and returning.breach_at and at < returning.breach_at and closing.started_at >= returning.started_at:
            timing.void_clocks([timing.Stop(case.ref, timing.HOTLINE_CLOSING, at)], by=by, reason="returned")
        timing.stop_clocks([timing.Stop(case.ref, timing.HOTLINE_RETURN, at)], by=by)
        timing.refresh([case])


def respond(cases: Sequence[Case], *, method: str, by: Ref, at: datetime, note: str = "", known: Sequence[str] = ()) -> None:
    """Record a human contact with the complainant (回应); the first one stops the 24-hour promise. An automatic message is none.

    `known` are names and numbers that the note must not show.
    """
    with journal.atomic():
        _hold(cases)
        moves = [
            Move(case, {"responded_at": case.responded_at or at}, {"method": method, "first": case.responded_at is None}) for case in cases
        ]
        _take(moves, "respond", by=by, at=at, note=note, known=known)
        timing.stop_clocks([timing.Stop(case.ref, timing.ANSWER, at) for case in cases], by=by)
        timing.refresh(cases)


def report_back(cases: Sequence[Case], *, by: Ref, at: datetime, note: str) -> None:
    """Tell the 12345 hotline what was done with its orders (回复热线工单): stops its five working days; mediation or investigation goes on.

    Raises IllegalStep for a case that did not come from the hotline. Source: 山东省政务服务热线管理办法.
    """
    for case in cases:
        if case.channel != Channel.HOTLINE_12345:
            raise IllegalStep("cases.not_from_hotline", "This case did not come from the 12345 hotline.")
    with journal.atomic():
        _take([Move(case) for case in cases], "report_back", by=by, at=at, note=note)
        timing.stop_clocks([timing.Stop(case.ref, timing.HOTLINE_CLOSING, at) for case in cases], by=by)
        timing.void_clocks([timing.Stop(case.ref, timing.HOTLINE_RETURN, at) for case in cases], by=by, reason="handled")
        timing.refresh(cases)


def set_kind(case: Case, to: Kind, *, by: Ref, at: datetime, note: str = "") -> None:
    """Decide what an undetermined filing is (定性); its statutory period starts retroactively from receipt by the competent bureau.

    Raises IllegalStep for a case that has a kind, BadInput for a kind that is none.
    """
    if case.kind != Kind.UNDETERMINED or not case.is_open:
        raise IllegalStep("cases.kind_is_set", "This case is a %(kind)s already.", kind=case.kind)
    if to not in {Kind.COMPLAINT, Kind.REPORT, Kind.CONSULTATION}:
        raise BadInput("cases.no_such_kind", "A case can be a complaint, a report or a consultation.")
    with journal.atomic():
        changed = Case.objects.filter(pk=case.pk, kind=Kind.UNDETERMINED, state=case.state).update(kind=to.value)
        if changed != 1:
            raise IllegalStep("cases.kind_is_set", "This case is a %(kind)s already.", kind=case.kind)
        case.kind = to.value
        _reseal(case)
        _name_people(case)
        hashes = _keep_notes([Said(case, at, note)], "set_kind", by=by)
        journal.publish([KindSet(subject=case.ref, actor=by, at=at, was=Kind.UNDETERMINED.value, kind=to.value, note=hashes[0])])
        timing.void_clocks([timing.Stop(case.ref, timing.CAUTIOUS, at)], by=by, reason="kind_set")
        timing.start_clocks(timing.statutory(case), by=by, at=at, as_if=case.as_if)
        timing.refresh([case])


def _reseal(case: Case) -> None:
    """A filing that turns out to be a report comes under the reporters' keys, one that turns out to be something else leaves them."""
    keys = keys_for(case.kind)
    case.sealed_filing = vault.resealed(keys, PLACE_FILING, case.pk, bytes(case.sealed_filing))
    case.save(update_fields=["sealed_filing"])
    for party in Party.objects.filter(case=case).exclude(keys=keys):
        blob = vault.resealed(keys, PLACE_PARTY, party.pk, bytes(party.sealed))
        party.phone_index = vault.reindexed(keys, PLACE_PARTY, party.pk, blob, "phone") or None
        party.id_index = vault.reindexed(keys, PLACE_PARTY, party.pk, blob, "id_number") or None
        party.sealed, party.keys = blob, keys
        party.save(update_fields=["sealed", "keys", "phone_index", "id_index"])
    for note in Note.objects.filter(case=case).exclude(sealed=b""):
        note.sealed = vault.resealed(keys, PLACE_NOTE, note.pk, bytes(note.sealed))
        note.save(update_fields=["sealed"])


def _name_people(case: Case) -> None:
    """Whoever asked turns out to complain or to report."""
    role = MAIN_ROLE.get(Kind(case.kind))
    if role:
        Party.objects.filter(case=case, role=PartyRole.INQUIRER).update(role=role)


# --- complaints --------------------------------------------------------------------------------------------------------------


def accept(cases: Sequence[Case], *, by: Ref, at: datetime, note: str = "") -> None:
    """Accept complaints (受理): stops the acceptance period, starts the mediation period.

    A late acceptance is still an acceptance: the clock keeps the delay. Law: Order 121 Art 15, 条例 Art 46.
    """
    with journal.atomic():
        _take([Move(case, {"decided_at": at, **_officer(by)}) for case in cases], "accept", by=by, at=at, note=note)
        timing.stop_clocks([timing.Stop(case.ref, timing.ACCEPTANCE, at) for case in cases], by=by)
        timing.void_clocks([timing.Stop(case.ref, timing.HOTLINE_RETURN, at) for case in cases], by=by, reason="handled")
        for as_if in (False, True):
            starts = [timing.Start(case.ref, timing.MEDIATION, at) for case in cases if case.as_if is as_if]
            timing.start_clocks(starts, by=by, at=at, as_if=as_if)
        timing.refresh(cases)


def refuse(case: Case, *, ground: str, by: Ref, at: datetime, note: str) -> None:
    """Refuse a complaint (不予受理) on a ground of Order 121 Art 16, with reasons; the notice names the other routes of CRPL Art 39."""
    _check_ground("refuse", case, ground, at)
    _close(
        [case], "refuse", by=by, at=at, note=note, stops=(timing.ACCEPTANCE,), columns={"ground": ground, "decided_at": at, **_officer(by)}
    )


def withdraw(case: Case, *, by: Ref, at: datetime, note: str) -> None:
    """Close a complaint that was withdrawn before it was decided on (撤回); an acceptance period still open no longer applies."""
    _close([case], "withdraw", by=by, at=at, note=note, stops=())


def start_mediation(case: Case, *, by: Ref, at: datetime, note: str = "") -> None:
    """Begin mediation once both sides agree to it (调解, Order 121 Art 18)."""
    _plain(case, "start_mediation", by=by, at=at, note=note)


def suspend_mediation(case: Case, *, by: Ref, at: datetime, note: str) -> None:
    """Suspend mediation on a request for recusal (中止调解, Order 121 Art 21). The 60 days go on: the law says nothing else."""
    _plain(case, "suspend", by=by, at=at, note=note)


def resume_mediation(case: Case, *, by: Ref, at: datetime, note: str = "") -> None:
    """Go on with mediation after the request for recusal was decided."""
    _plain(case, "resume", by=by, at=at, note=note)


def start_appraisal(case: Case, *, cause: str, on: date, approver: Ref, by: Ref, at: datetime, note: str) -> None:
    """Commission a test or an appraisal (检测、鉴定): its time is not counted in the mediation period (Order 121 Art 22)."""
    with journal.atomic():
        _plain(case, "appraise", by=by, at=at, note=note, approver=approver)
        clock = _clock(case, timing.MEDIATION)
        clocks.pause(clock, cause=cause, on=on, reason=scrub(note).text, approver=approver, by=by, at=at)
        timing.refresh([case])


def end_appraisal(case: Case, *, on: date, by: Ref, at: datetime) -> None:
    """The result is there: the mediation period goes on."""
    with journal.atomic():
        clocks.resume(_clock(case, timing.MEDIATION), on=on, by=by, at=at)
        timing.refresh([case])


def settle(case: Case, *, by: Ref, at: datetime, recovered_fen: int = 0, note: str = "") -> None:
    """The parties agreed (达成调解协议, Order 121 Art 24); `recovered_fen` is what the consumer got back (挽回损失)."""
    if recovered_fen < 0:
        raise BadInput("cases.amount_negative", "The amount is negative.")
    _close([case], "settle", by=by, at=at, note=note, stops=(timing.MEDIATION,), columns={"recovered_fen": recovered_fen})


def terminate(case: Case, *, ground: str, by: Ref, at: datetime, note: str = "") -> None:
    """Terminate mediation (终止调解) on a ground of Order 121 Art 23; both parties must be told within 7 working days."""
    _check_ground("terminate", case, ground, at)
    with journal.atomic():
        _close([case], "terminate", by=by, at=at, note=note, stops=(timing.MEDIATION,), columns={"ground": ground})
        timing.start_clocks([timing.Start(case.ref, timing.TERMINATION_NOTICE, at)], by=by, at=at, as_if=case.as_if)
        timing.refresh([case])


def notify_termination(case: Case, *, by: Ref, at: datetime, note: str = "") -> None:
    """Both parties were told of the termination: stops that period (Order 121 Art 23 para 2)."""
    with journal.atomic():
        _plain(case, "notify_termination", by=by, at=at, note=note)
        timing.stop_clocks([timing.Stop(case.ref, timing.TERMINATION_NOTICE, at)], by=by)
        timing.refresh([case])


# --- reports -----------------------------------------------------------------------------------------------------------------


def extend_verification(case: Case, *, amount: int, approver: Ref, by: Ref, at: datetime, note: str) -> None:
    """Extend the verification of a report with the head's approval (延长核查, 处罚程序规定 Art 18)."""
    with journal.atomic():
        _plain(case, "extend", by=by, at=at, note=note, approver=approver)
        clock = _clock(case, timing.VERIFICATION)
        clocks.extend(clock, amount=amount, reason=scrub(note).text, approver=approver, by=by, at=at)
        timing.refresh([case])


def file_report(case: Case, *, by: Ref, at: datetime, note: str = "") -> None:
    """File a report for investigation (立案, 处罚程序规定 Art 19): stops the verification period."""
    with journal.atomic():
        _take([Move(case, {"decided_at": at, **_officer(by)})], "file", by=by, at=at, note=note)
        timing.stop_clocks([timing.Stop(case.ref, timing.VERIFICATION, at)], by=by)
        timing.start_clocks(timing.on_filing_decision(case, at), by=by, at=at, as_if=case.as_if)
        timing.refresh([case])


def decline_report(case: Case, *, by: Ref, at: datetime, note: str) -> None:
    """Decide not to file a report (不予立案, 处罚程序规定 Art 20); what the reporter must be told is still owed."""
    columns = {"decided_at": at, **_officer(by)}
    with journal.atomic():
        _close([case], "decline", by=by, at=at, note=note, stops=(timing.VERIFICATION,), keeps=timing.NOTICES, columns=columns)
        timing.start_clocks(timing.on_filing_decision(case, at), by=by, at=at, as_if=case.as_if)
        timing.refresh([case])


def notify_reporter(case: Case, *, by: Ref, at: datetime, note: str = "") -> None:
    """Tell the reporter the result where a law says so (Order 121 Art 36): stops the notice periods of the field of law."""
    with journal.atomic():
        _plain(case, "notify", by=by, at=at, note=note)
        timing.stop_clocks([timing.Stop(case.ref, term, at) for term in timing.NOTICES], by=by)
        timing.refresh([case])


def conclude_report(case: Case, *, by: Ref, at: datetime, note: str = "") -> None:
    """The investigation of a filed report is over (结案); what the reporter must be told is still owed."""
    _close([case], "conclude", by=by, at=at, note=note, stops=(), keeps=timing.NOTICES)


# --- answers -----------------------------------------------------------------------------------------------------------------


def answer(cases: Sequence[Case], *, by: Ref, at: datetime, note: str) -> None:
    """Answer consultations or hotline messages and close them (答复办结)."""
    _close(cases, "answer", by=by, at=at, note=note, stops=())


def answer_each(answers: Sequence[Said], *, by: Ref) -> None:
    """`answer` for many at once, each at its own time and in its own words."""
    _close_each(answers, "answer", by=by, stops=())


def redirect(case: Case, *, by: Ref, at: datetime, note: str) -> None:
    """Tell the person the right route and close (告知其他途径, Order 121 Arts 34, 44)."""
    _close([case], "redirect", by=by, at=at, note=note, stops=(timing.VERIFICATION,))


# --- what all steps share ----------------------------------------------------------------------------------------------------


def _officer(by: Ref) -> dict[str, Any]:
    return {"officer_id": identity(by)} if kind(by) == "person" else {}


def _plain(case: Case, step: str, *, by: Ref, at: datetime, note: str = "", approver: Ref | None = None) -> None:
    with journal.atomic():
        _take([Move(case, {}, {"approver": approver} if approver else {})], step, by=by, at=at, note=note)


def _hold(cases: Sequence[Case]) -> None:
    """Lock the rows and read again what is written but once: of two at the same time the first counts."""
    columns = ("competent_received_at", "dispatched_at", "responded_at")
    held = Case.objects.select_for_update().filter(pk__in=[case.pk for case in cases]).order_by("pk")
    found = {pk: values for pk, *values in held.values_list("pk", *columns)}
    for case in cases:
        for column, value in zip(columns, found[case.pk], strict=True):
            setattr(case, column, value)


def _clock(case: Case, term: str) -> Clock:
    clock = Clock.objects.running().filter(subject=case.ref, term=term).first()
    if clock is None:
        raise IllegalStep("cases.no_running_period", "The period “%(term)s” does not run for %(case)s.", term=term, case=case.number)
    return clock


def _check_ground(step: str, case: Case, ground: str, at: datetime) -> None:
    """The ground must be an item of the article in force on the day."""
    article = law_of(step, case.kind, local_date(at)).cites[0]
    if ground not in {str(number) for number in range(1, GROUNDS[step][article.instrument] + 1)}:
        raise BadInput("cases.no_such_ground", "There is no such ground: %(ground)s.", ground=ground)


def _take(moves: Sequence[Move], step: str, *, by: Ref, at: datetime, note: str, known: Sequence[str] = ()) -> None:
    """Apply one step to cases of several kinds, at the same time and in the same words."""
    _take_each(moves, [Said(move.subject, at, note, known) for move in moves], step, by=by)


def _take_each(moves: Sequence[Move], words: Sequence[Said], step: str, *, by: Ref) -> None:
    """Apply one step to cases of several kinds, each by its own table, with their articles and notes."""
    for said in words:
        if said.at + timing.CLOCK_SKEW < said.case.first_received_at:
            raise BadInput("cases.before_receipt", "%(case)s was not there yet at that time.", case=said.case.number)
    hashes = _keep_notes(words, step, by=by)
    kinds: dict[str, list[Move]] = {}
    for move, said, note_hash in zip(moves, words, hashes, strict=True):
        case = said.case
        WORKFLOWS[case.kind].step(step, case.state)
        law = " ".join(str(cite) for cite in law_of(step, case.kind, local_date(said.at)).cites)
        data = {"step": step, "law": law, "note": note_hash, **move.data}
        kinds.setdefault(case.kind, []).append(Move(case, move.columns, data, said.at))
    for kind_, mine in kinds.items():
        WORKFLOWS[kind_].apply_many(mine, step, by=by, at=words[0].at)


def _close(
    cases: Sequence[Case],
    step: str,
    *,
    by: Ref,
    at: datetime,
    note: str,
    stops: Sequence[str],
    keeps: Collection[str] = (),
    columns: Mapping[str, Any] | None = None,
) -> None:
    """`_close_each` at the same time and in the same words."""
    _close_each([Said(case, at, note) for case in cases], step, by=by, stops=stops, keeps=keeps, columns=columns)


def _close_each(
    endings: Sequence[Said],
    step: str,
    *,
    by: Ref,
    stops: Sequence[str],
    keeps: Collection[str] = (),
    columns: Mapping[str, Any] | None = None,
) -> None:
    """Close cases: the named periods, the hotline's and the first answer stop now; what else runs no longer applies, unless it `keeps`.

    What is owed and overdue by then stops late: a breach is not undone by ending the case in another way.
    """
    given = dict(columns or {})
    cases = [one.case for one in endings]
    ends = {one.case.ref: one.at for one in endings}
    with journal.atomic():
        _hold(cases)
        moves = []
        for case in cases:
            at = ends[case.ref]
            target = WORKFLOWS[case.kind].step(step, case.state).target
            data = {"outcome": target, "closed_at": at, "recovered_fen": given.get("recovered_fen", 0), "ground": given.get("ground", "")}
            moves.append(Move(case, {**given, "closed_at": at, "responded_at": case.responded_at or at}, data))
        _take_each(moves, endings, step, by=by)
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


def _keep_notes(words: Sequence[Said], step: str, *, by: Ref) -> list[str]:
    """Keep what someone wrote, once a case; answers the hashes that the journal carries ("" for nothing written)."""
    said = [(ending, text) for ending in words if (text := ending.note.strip())]
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
