"""Replays what a bureau did with the sample's filings, once they are cases, through the same services that people use."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from fangxin.accounts.models import Office
from fangxin.cases import services
from fangxin.cases.filings import Channel, Kind
from fangxin.cases.models import Case
from fangxin.cases.states import State
from fangxin.kernel import journal
from fangxin.kernel.errors import DomainError
from fangxin.kernel.refs import Ref
from fangxin.sample.files import read_outcomes
from fangxin.sample.outcomes import Outcome

_REFUSED = {
    1: "不属于市场监督管理部门职责，已告知向主管部门反映。",
    2: "同一争议已经受理或者处理。",
    3: "不能证明为生活消费需要购买商品或者接受服务。",
    4: "超过三年时限。",
    5: "未按要求提供必要材料。",
    6: "拒绝配合身份核验。",
    7: "法律、法规规定的其他情形。",
}
_TOLD_AFTER = timedelta(hours=1)
_BATCH = 500
_AT_ONCE = 100
"""Steps a transaction: a replay need not be on disk after each."""


@dataclass(slots=True)
class Played:
    """How it went: steps taken, filings whose cases had gone on already, filings that are no cases, and steps that were refused."""

    steps: int = 0
    skipped: int = 0
    missing: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class _Action:
    """One step of one case at its time; `rank` keeps steps of one instant in their order."""

    at: datetime
    rank: int
    case: int
    take: Callable[[Case], None]


def play(outcomes: Path, *, until: datetime, by: Ref, progress: Callable[[int, int], None] | None = None) -> Played:
    """Take the steps of an outcomes.jsonl up to that instant, in the order of time, each at the time it happened.

    Only cases still waiting for dispatch are played, so that a second time does nothing. A hotline order gets its kind on dispatch.
    A step that the rules refuse is counted and ends the play of its case. Memory grows with the number of steps.
    """
    played = Played()
    units = {office.code: office for office in Office.objects.all()}
    actions = sorted(_actions(outcomes, units, until, by, played), key=lambda one: (one.at, one.rank, one.case))
    stopped: set[int] = set()
    for start in range(0, len(actions), _AT_ONCE):
        some = actions[start : start + _AT_ONCE]
        with journal.atomic():
            for action in some:
                _take(action, stopped, played)
        if progress:
            progress(start + len(some), len(actions))
    return played


def _take(action: _Action, stopped: set[int], played: Played) -> None:
    if action.case in stopped:
        return
    try:
        with journal.atomic():
            action.take(Case.objects.get(pk=action.case))
        played.steps += 1
    except DomainError:
        stopped.add(action.case)
        played.refused += 1


def _actions(path: Path, units: dict[str, Office], until: datetime, by: Ref, played: Played) -> Iterator[_Action]:
    for outcomes in _batches(path):
        found: dict[tuple[str, str], list[Case]] = {}
        for case in Case.objects.filter(outside_number__in=[one.number for one in outcomes]):
            found.setdefault((case.channel, case.outside_number), []).append(case)
        for outcome in outcomes:
            cases = found.get((outcome.channel.value, outcome.number), [])
            played.missing += not cases
            for case in cases:
                if case.state != State.RECEIVED:
                    played.skipped += 1
                    continue
                kind = Kind(case.kind)
                if kind is Kind.UNDETERMINED:
                    kind = Kind.COMPLAINT if outcome.kind is Kind.MIXED else outcome.kind
                for rank, (at, take) in enumerate(_steps(outcome, kind, units, by)):
                    if at is not None and at <= until:
                        yield _Action(at, rank, case.pk, take)


def _batches(path: Path) -> Iterator[list[Outcome]]:
    batch: list[Outcome] = []
    for outcome in read_outcomes(path):
        batch.append(outcome)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    yield batch


_Step = tuple[datetime | None, Callable[[Case], None]]


def _steps(outcome: Outcome, kind: Kind, units: dict[str, Office], by: Ref) -> Iterator[_Step]:
    """What happens to a case of that kind, and when (None: it has not)."""

    def dispatch(at: datetime) -> Callable[[Case], None]:
        def take(case: Case) -> None:
            services.dispatch([case], units[outcome.unit_code], by=by, at=at)
            if case.kind == Kind.UNDETERMINED:
                services.set_kind(case, kind, by=by, at=at)

        return take

    if outcome.dispatched_at is None or outcome.unit_code not in units:
        return
    yield outcome.dispatched_at, dispatch(outcome.dispatched_at)
    if responded := outcome.responded_at:
        yield responded, lambda case: services.respond([case], method="telephone", by=by, at=responded)
    if kind in {Kind.COMPLAINT, Kind.REPORT}:
        yield from _complaint(outcome, by) if kind is Kind.COMPLAINT else _report(outcome, by)
        if outcome.channel is Channel.HOTLINE_12345:
            yield outcome.answered_at, _report_back(outcome, by)
    elif answered := outcome.answered_at:
        yield answered, lambda case: services.answer([case], by=by, at=answered, note="已电话答复并告知相关规定和办理途径。")


def _report_back(outcome: Outcome, by: Ref) -> Callable[[Case], None]:
    """The reply to the hotline; a case that is closed by then has been answered with that."""

    def take(case: Case) -> None:
        if case.is_open and outcome.answered_at:
            services.report_back([case], by=by, at=outcome.answered_at, note="已联系来电人，正在依法办理，结果将另行告知。")

    return take


def _complaint(outcome: Outcome, by: Ref) -> Iterator[_Step]:
    decided, mediated = outcome.decided_at, outcome.mediated_at
    if decided is None:
        return
    if outcome.refusal is not None:
        ground = outcome.refusal
        yield decided, lambda case: services.refuse(case, ground=str(ground), by=by, at=decided, note=_REFUSED[ground])
        return
    yield decided, lambda case: services.accept([case], by=by, at=decided)
    if mediated is None:
        return
    if outcome.mediation == "agreed":
        yield mediated, lambda case: services.settle(case, by=by, at=mediated, recovered_fen=outcome.recovered_fen)
        return
    found = "3" if outcome.termination == 6 else ""  # what should not have been accepted: no purchase for daily consumption
    yield mediated, lambda case: services.terminate(case, ground=str(outcome.termination), found=found, by=by, at=mediated)
    told = mediated + _TOLD_AFTER
    yield told, lambda case: services.notify_termination(case, by=by, at=told)


def _report(outcome: Outcome, by: Ref) -> Iterator[_Step]:
    verified, closed = outcome.verified_at, outcome.closed_at
    if verified is None:
        return
    told = verified + _TOLD_AFTER
    yield told, lambda case: services.notify_reporter(case, by=by, at=told, note="已告知处理结果。") if case.field_of_law else None
    if not outcome.filed:
        yield verified, lambda case: services.decline_report(case, by=by, at=verified, note="经核查，未发现违法事实。")
        return
    yield verified, lambda case: services.file_report(case, by=by, at=verified)
    if closed is not None:
        yield closed, lambda case: services.conclude_report(case, by=by, at=closed)
