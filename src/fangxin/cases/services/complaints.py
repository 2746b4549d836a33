"""Steps of a complaint: acceptance, mediation, its end (投诉: 受理、调解、终止)."""

from collections.abc import Collection, Sequence
from datetime import date, datetime

from fangxin.accounts.models import Office, OfficeKind, Person
from fangxin.cases import grounds
from fangxin.cases.models import Approval, ApprovalKind, Case, Side, Told
from fangxin.cases.services import approving, checks, sharing, timing
from fangxin.clocks import services as clocks
from fangxin.clocks.models import Clock
from fangxin.clocks.rules import local_date
from fangxin.kernel import journal
from fangxin.kernel.errors import BadInput, IllegalStep, NotPermitted
from fangxin.kernel.refs import Ref, identity, kind
from fangxin.kernel.scrub import scrub
from fangxin.kernel.workflow import Move

IDENTITY_RESULTS = ("received", "missing", "declined", "false")
"""What came of a request for proof of identity: given in time, nothing by the day, declined outright, or false."""


def accept(cases: Sequence[Case], *, by: Ref, at: datetime, note: str = "") -> None:
    """Accept complaints (受理): stops the acceptance period, starts the mediation period.

    A late acceptance is still an acceptance: the clock keeps the delay. Law: Order 121 Art 15, 条例 Art 46.
    """
    with journal.atomic():
        checks.run("accept", cases)
        sharing.take([Move(case, {"decided_at": at, **sharing.officer_of(by)}) for case in cases], "accept", by=by, at=at, note=note)
        timing.stop_clocks([timing.Stop(case.ref, timing.ACCEPTANCE, at) for case in cases], by=by)
        timing.void_clocks([timing.Stop(case.ref, timing.HOTLINE_RETURN, at) for case in cases], by=by, reason="handled")
        for as_if in (False, True):
            starts = [timing.Start(case.ref, timing.MEDIATION, at) for case in cases if case.as_if is as_if]
            timing.start_clocks(starts, by=by, at=at, as_if=as_if)
        timing.refresh(cases)


def refuse(case: Case, *, ground: str, by: Ref, at: datetime, note: str) -> None:
    """Refuse a complaint (不予受理) on a ground of Order 121 Art 16, with reasons; the notice names the other routes of CRPL Art 39."""
    grounds.check(ground, grounds.grounds("refuse", local_date(at)))
    with journal.atomic():
        checks.run("refuse", [case])
        sharing.close(
            [case],
            "refuse",
            by=by,
            at=at,
            note=f"{note.strip()}\n{grounds.routes_sentence()}" if note.strip() else "",
            stops=(timing.ACCEPTANCE,),
            columns={"ground": ground, "decided_at": at, **sharing.officer_of(by)},
        )


def ask_identity_proof(case: Case, *, until: date, by: Ref, at: datetime, note: str) -> None:
    """Ask the complainant for proof of identity by a day (限期提供身份证明材料通知); `note` says what is to be handed in.

    The day must lie inside the acceptance period, which goes on: the law names no pause. Raises BadInput for a day that does not,
    IllegalStep while an earlier notice still runs. Law: Order 121 Art 10(3).
    """
    with journal.atomic():
        sharing.hold([case])
        if Clock.objects.running().filter(subject=case.ref, term=timing.IDENTITY_PROOF).exists():
            raise IllegalStep("cases.proof_asked_already", "Proof of identity was asked for already; record what came of it.")
        last = sharing.running_clock(case, timing.ACCEPTANCE).strict_on
        if until < local_date(at) or last is None or until > last:
            raise BadInput(
                "cases.proof_outside_period",
                "The day must lie inside the acceptance period, which ends on %(day)s.",
                day=last.isoformat() if last else "",
            )
        columns = sharing.own(case, by)
        sharing.take([Move(case, columns, {"until": until})], "ask_identity_proof", by=by, at=at, note=note)
        start = timing.Start(case.ref, timing.IDENTITY_PROOF, at, set_on=until)
        timing.start_clocks([start], by=by, at=at, as_if=case.as_if)
        timing.refresh([case])


def record_identity_proof(case: Case, *, result: str, by: Ref, at: datetime, note: str = "") -> None:
    """Record what came of the request (`IDENTITY_RESULTS`); what was not given or is false is a ground to refuse, Art 16(5) or (6).

    `missing` can be said only when the day is over. Raises IllegalStep if nothing was asked for.
    """
    if result not in IDENTITY_RESULTS:
        raise BadInput("cases.no_such_result", "There is no such result: %(result)s.", result=result)
    with journal.atomic():
        sharing.hold([case])
        clock = sharing.running_clock(case, timing.IDENTITY_PROOF)
        if result == "missing" and clock.set_on is not None and local_date(at) <= clock.set_on:
            raise BadInput("cases.proof_day_not_over", "The complainant has until %(day)s.", day=clock.set_on.isoformat())
        sharing.take([Move(case, {}, {"result": result})], "record_identity_proof", by=by, at=at, note=note)
        stop = timing.Stop(case.ref, timing.IDENTITY_PROOF, at)
        if result == "received":
            timing.stop_clocks([stop], by=by)
        else:
            timing.void_clocks([stop], by=by, reason=result)
        timing.refresh([case])


def withdraw(case: Case, *, by: Ref, at: datetime, note: str, recovered_fen: int = 0) -> None:
    """Close a complaint that was withdrawn before it was decided on (撤回); an acceptance period still open no longer applies.

    `recovered_fen` is what the consumer got back, where the two settled by themselves.
    """
    _check_amount(recovered_fen)
    with journal.atomic():
        checks.run("withdraw", [case])
        sharing.close([case], "withdraw", by=by, at=at, note=note, stops=(), columns={"recovered_fen": recovered_fen})


def _check_amount(fen: int) -> None:
    if fen < 0:
        raise BadInput("cases.amount_negative", "The amount is negative.")


def start_mediation(case: Case, *, by: Ref, at: datetime, note: str = "") -> None:
    """Begin mediation once both sides agree to it (调解, Order 121 Art 18)."""
    sharing.plain(case, "start_mediation", by=by, at=at, note=note)


def suspend_mediation(case: Case, *, by: Ref, at: datetime, note: str) -> None:
    """Suspend mediation on a request for recusal (中止调解, Order 121 Art 21). The 60 days go on: the law says nothing else."""
    sharing.plain(case, "suspend", by=by, at=at, note=note)


def resume_mediation(case: Case, *, by: Ref, at: datetime, note: str = "") -> None:
    """Go on with mediation after the request for recusal was decided."""
    sharing.plain(case, "resume", by=by, at=at, note=note)


def start_appraisal(case: Case, *, cause: str, on: date, approver: Ref, by: Ref, at: datetime, note: str) -> None:
    """Commission a test or an appraisal (检测、鉴定): its time is not counted in the mediation period (Order 121 Art 22).

    `on` is the first day that is left out; `approver` is not who asks for it.
    """
    sharing.check_approver(approver, by)
    with journal.atomic():
        sharing.plain(case, "appraise", by=by, at=at, note=note, approver=approver)
        clock = sharing.running_clock(case, timing.MEDIATION)
        clocks.pause(clock, cause=cause, on=on, reason=scrub(note).text, approver=approver, by=by, at=at)
        timing.refresh([case])


@approving.grants(ApprovalKind.APPRAISAL)
def _appraise(approval: Approval, by: Ref, at: datetime) -> None:
    on = approval.starts_on or local_date(at)
    start_appraisal(approval.case, cause="testing", on=on, approver=by, by=Ref(approval.asked_by), at=at, note=approval.reason)


def end_appraisal(case: Case, *, on: date, by: Ref, at: datetime, note: str = "") -> None:
    """The result is there: from the day after `on` the mediation period goes on (Order 121 Art 22)."""
    clock = sharing.running_clock(case, timing.MEDIATION)
    with journal.atomic():
        sharing.plain(case, "end_appraisal", by=by, at=at, note=note)
        clocks.resume(clock, on=on, by=by, at=at)
        timing.refresh([case])


def settle(case: Case, *, by: Ref, at: datetime, recovered_fen: int = 0, note: str = "") -> None:
    """The parties agreed (达成调解协议, Order 121 Art 24); `recovered_fen` is what the consumer got back (挽回损失)."""
    _check_amount(recovered_fen)
    with journal.atomic():
        checks.run("settle", [case])
        sharing.close([case], "settle", by=by, at=at, note=note, stops=(timing.MEDIATION,), columns={"recovered_fen": recovered_fen})
        approving.lapse(case, by=by, at=at)


def terminate(case: Case, *, ground: str, by: Ref, at: datetime, note: str = "", found: str = "", recovered_fen: int = 0) -> None:
    """Terminate mediation (终止调解) on a ground of Order 121 Art 23; both parties must be told within 7 working days.

    Ground 6 ends mediation that should not have begun: `found` then names the item of Art 16, or 42 for fraud. Ground 5 (no agreement
    within the period) is there only from the period's last day on. `recovered_fen` is what the consumer got back where the two settled
    by themselves (ground 1). Raises BadInput for a ground that does not hold.
    """
    _check_amount(recovered_fen)
    day = local_date(at)
    grounds.check(ground, grounds.grounds("terminate", day))
    if ground == grounds.SHOULD_NOT_HAVE_BEGUN:
        reason = grounds.check(found, grounds.found_after_acceptance(day))
        note = "\n".join(part for part in (f"{reason.cite.zh()}：{reason.zh}", note.strip()) if part)
    elif found:
        raise BadInput("cases.no_such_ground", "There is no such ground: %(ground)s.", ground=found)
    with journal.atomic():
        checks.run("terminate", [case])
        if ground == grounds.PERIOD_OVER:
            _check_period_over(case, day)
        columns = {"ground": ground, "recovered_fen": recovered_fen, **sharing.own(case, by)}
        sharing.close([case], "terminate", by=by, at=at, note=note, stops=(timing.MEDIATION,), columns=columns, data={"found": found})
        approving.lapse(case, by=by, at=at)
        timing.start_clocks([timing.Start(case.ref, timing.TERMINATION_NOTICE, at)], by=by, at=at, as_if=case.as_if)
        timing.refresh([case])


def _check_period_over(case: Case, day: date) -> None:
    clock = Clock.objects.running().filter(subject=case.ref, term=timing.MEDIATION).first()
    if clock is not None and (clock.paused or clock.strict_on is None or day < clock.strict_on):
        last = "" if clock.paused or clock.strict_on is None else clock.strict_on.isoformat()
        raise BadInput(
            "cases.period_not_over", "The mediation period is not over; its last day is %(day)s. Choose another ground.", day=last
        )


def notify_termination(
    case: Case, *, by: Ref, at: datetime, note: str = "", sides: Collection[str] = (Side.COMPLAINANT, Side.RESPONDENT), method: str = ""
) -> None:
    """Record which side was told of the termination, and how; the period ends when both are (Order 121 Art 23 para 2).

    Raises IllegalStep for a side that was told already, BadInput for one that is none.
    """
    if not sides or set(sides) - set(Side.values):
        raise BadInput("cases.no_such_side", "Say which side was told.")
    with journal.atomic():
        sharing.hold([case])
        clock = sharing.running_clock(case, timing.TERMINATION_NOTICE)
        told = set(Told.objects.filter(clock=clock).values_list("side", flat=True))
        if told & set(sides):
            raise IllegalStep("cases.told_already", "This side was told already.")
        for place, side in enumerate(sorted(sides)):
            data = {"side": str(side), "method": method}
            sharing.take([Move(case, {}, data)], "notify_termination", by=by, at=at, note="" if place else note)
            Told.objects.create(case=case, clock=clock, side=side, method=method, by=by, at=at)
        if told | set(sides) == set(Side.values):
            timing.stop_clocks([timing.Stop(case.ref, timing.TERMINATION_NOTICE, at)], by=by)
        timing.refresh([case])


def sides_told(case: Case) -> list[Told]:
    """Who was told of the last termination so far, in the order they were."""
    clock = Clock.objects.filter(subject=case.ref, term=timing.TERMINATION_NOTICE).order_by("-pk").first()
    return list(Told.objects.filter(clock=clock).order_by("pk")) if clock else []


DELEGATED_BODIES = frozenset({OfficeKind.ASSOCIATION, OfficeKind.STATION})
"""Who may mediate in a bureau's name: the consumer association and its like (消费者协会、依法成立的其他调解组织)."""


def delegate(case: Case, body: Office, *, by: Ref, at: datetime, note: str) -> None:
    """Have an association or a station mediate in the bureau's name (委托调解); the case stays with its unit, its periods go on.

    Whether both sides consent is mediation's own matter (`fangxin.mediation`). Raises BadInput for an office that is no such body,
    IllegalStep for a case that is delegated already, NotPermitted for someone of a delegated body: it may not delegate further.
    Law: Order 121 Art 19.
    """
    if body.kind not in DELEGATED_BODIES or not body.active:
        raise BadInput(
            "cases.not_a_mediation_body", "%(office)s is no association or station that mediation can be delegated to.", office=body.name
        )
    if kind(by) == Person.kind and Person.objects.filter(pk=identity(by), office__kind__in=DELEGATED_BODIES).exists():
        raise NotPermitted("cases.no_sub_delegation", "A delegated body may not delegate further (Order 121 Art 19).")
    if case.delegate_id is not None:
        raise IllegalStep("cases.delegated_already", "The mediation is delegated already; end that delegation first.")
    with journal.atomic():
        if Case.objects.select_for_update().filter(pk=case.pk, delegate__isnull=False).exists():
            raise IllegalStep("cases.delegated_already", "The mediation is delegated already; end that delegation first.")
        sharing.take([Move(case, {"delegate_id": body.pk})], "delegate", by=by, at=at, note=note)


def end_delegation(case: Case, *, by: Ref, at: datetime, note: str) -> None:
    """The bureau mediates itself again: it recalled the delegation, or the body handed the dispute back (Order 121 Art 19)."""
    if case.delegate_id is None:
        raise IllegalStep("cases.not_delegated", "The mediation is not delegated.")
    with journal.atomic():
        sharing.take([Move(case, {"delegate_id": None})], "end_delegation", by=by, at=at, note=note)
