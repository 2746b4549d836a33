"""The way of a case to its unit and back: dispatch, return, response, reply to the hotline, kind (分送、退回、回应、定性)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from fangxin.accounts.models import DISPATCH_KINDS, Office
from fangxin.cases.events import KindSet
from fangxin.cases.filings import MAIN_ROLE, Channel, Kind
from fangxin.cases.models import PLACE_FILING, PLACE_NOTE, PLACE_PARTY, Case, Note, Party, PartyRole, keys_for
from fangxin.cases.services import sharing, timing
from fangxin.cases.services.sharing import Said
from fangxin.cases.states import State
from fangxin.clocks.models import Clock
from fangxin.kernel import journal, vault
from fangxin.kernel.errors import BadInput, IllegalStep
from fangxin.kernel.refs import Ref
from fangxin.kernel.workflow import Move


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
        sharing.hold(cases)
        arriving = [case for case in cases if case.competent_received_at is None]
        for step, mine in _by_step(cases).items():
            moves = []
            for case in mine:
                columns: dict[str, Any] = {"unit_id": unit.pk, "competent_id": competent.pk, "dispatched_at": at}
                if case.unit_id != unit.pk:
                    columns["officer_id"] = None  # the former unit's
                if case.competent_received_at is None:
                    columns["competent_received_at"] = max(at, case.first_received_at)
                moves.append(Move(case, columns, {"unit": unit.code, "competent": competent.code}))
            sharing.take(moves, step, by=by, at=at, note=note)
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
        sharing.take([Move(case, {"unit_id": None, "officer_id": None}, {"unit": unit})], "return_to_desk", by=by, at=at, note=note)
        hotline = {clock.term: clock for clock in Clock.objects.running().filter(subject=case.ref, term__startswith="hotline.")}
        returning, closing = hotline.get(timing.HOTLINE_RETURN), hotline.get(timing.HOTLINE_CLOSING)
        # A closing period older than this arrival goes on from a late return before.
        if returning and closing and returning.breach_at and at < returning.breach_at and closing.started_at >= returning.started_at:
            timing.void_clocks([timing.Stop(case.ref, timing.HOTLINE_CLOSING, at)], by=by, reason="returned")
        timing.stop_clocks([timing.Stop(case.ref, timing.HOTLINE_RETURN, at)], by=by)
        timing.refresh([case])


UNREACHED = "unreached"
"""The result of an attempt that reached nobody: recorded, but no response."""


def respond(
    cases: Sequence[Case], *, method: str, by: Ref, at: datetime, note: str = "", known: Sequence[str] = (), result: str = ""
) -> None:
    """Record a human contact with the complainant (回应); the first one stops the 24-hour promise. An automatic message is none.

    `at` is when they spoke, `result` what came of it (a code); an attempt that reached nobody stops nothing. `known` are names and
    numbers that the note must not show.
    """
    reached = result != UNREACHED
    with journal.atomic():
        sharing.hold(cases)
        moves = [
            Move(
                case,
                {"responded_at": case.responded_at or at} if reached else {},
                {"method": method, "first": reached and case.responded_at is None, "result": result},
            )
            for case in cases
        ]
        sharing.take(moves, "respond", by=by, at=at, note=note, known=known)
        if reached:
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
        sharing.take([Move(case) for case in cases], "report_back", by=by, at=at, note=note)
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
        hashes = sharing.keep_notes([Said(case, at, note)], "set_kind", by=by)
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
