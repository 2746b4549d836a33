"""What an outside system had already done with a filing when it came: sent it to a unit, answered it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from fangxin.accounts.models import Office
from fangxin.cases.filings import Filing, Kind
from fangxin.cases.models import Case
from fangxin.cases.services import answers, dispatching, timing
from fangxin.cases.services.sharing import Said
from fangxin.cases.states import State
from fangxin.kernel.refs import Ref

OUTSIDE_REPLY = "outside"
"""The method of a response that was given in the outside system."""


def forward(pairs: Sequence[tuple[Case, Filing]], offices: Mapping[str, Office], *, by: Ref) -> None:
    """Dispatch what the channel has already sent to one of our units; without a time it counts as on receipt."""
    groups: dict[tuple[str, datetime], list[Case]] = {}
    for case, filing in pairs:
        if filing.unit_code in offices and case.state == State.RECEIVED:
            groups.setdefault((filing.unit_code, filing.dispatched_at or filing.received_at), []).append(case)
    for (code, when), cases in groups.items():
        dispatching.dispatch(cases, offices[code], by=by, at=when)


def arrive(pairs: Sequence[tuple[Case, Filing]], *, by: Ref, at: datetime) -> None:
    """Messages that the channel has sent to some handling unit whose name it doesn't tell: its dispatch is done, its periods begin, once."""
    sent = [(case, filing.dispatched_at) for case, filing in pairs if filing.dispatched_at is not None]
    begun = timing.have_arrived([case for case, _ in sent])
    arriving = [(case, when) for case, when in sent if case.ref not in begun]
    if not arriving:
        return
    timing.stop_clocks([timing.Stop(case.ref, timing.DISPATCH, when) for case, when in arriving], by=by)
    for as_if in (False, True):
        starts = [start for case, when in arriving if case.as_if is as_if for start in timing.on_arrival(case, when)]
        timing.start_clocks(starts, by=by, at=at, as_if=as_if)
    timing.refresh([case for case, _ in arriving])


def apply(pairs: Sequence[tuple[Case, Filing]], *, by: Ref) -> None:
    """Record replies that came along: the message is closed, or, for what needs a decision by law, answered and kept open."""
    given: list[Said] = []
    for case, filing in pairs:
        reply = filing.reply
        if reply is None or not case.is_open:
            continue
        known = [value for person in filing.persons for value in (person.name, person.phone, person.id_number, person.address) if value]
        if reply.closes and case.kind in {Kind.UNDETERMINED, Kind.CONSULTATION}:
            given.append(Said(case, reply.at, reply.text or OUTSIDE_REPLY, known))
        elif case.responded_at is None:
            dispatching.respond([case], method=OUTSIDE_REPLY, by=by, at=reply.at, note=reply.text, known=known)
            timing.stop_clocks([timing.Stop(case.ref, timing.HOTLINE_CLOSING, reply.at)], by=by)
            timing.refresh([case])
    if given:
        answers.answer_each(given, by=by)
