"""The clocks of a case: the law's examples, and what must hold after any lawful sequence of steps."""

from collections.abc import Callable
from datetime import timedelta
from itertools import count

import pytest
from casework import NOW, at, clock, clocks, filing, taken
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fangxin.cases import services
from fangxin.cases.filings import Channel, Kind
from fangxin.cases.models import Case, Correction
from fangxin.cases.services import mending, timing
from fangxin.cases.states import State
from fangxin.clocks.models import Adjustment, Clock
from fangxin.clocks.rules import local_date
from fangxin.clocks.services import derive
from fangxin.clocks.sweeping import sweep
from fangxin.kernel import journal
from fangxin.kernel.errors import UnknownRule
from fangxin.kernel.refs import SYSTEM, Ref

pytestmark = pytest.mark.django_db
HEAD = Ref("person:7")


def accepted(offices, day: str, **changes) -> Case:
    case = taken(received_at=at(day), **changes)
    services.dispatch([case], offices["370811"], by=SYSTEM, at=at(f"{day} 10:00"))
    services.accept([case], by=SYSTEM, at=at(f"{day} 15:00"))
    return case


@pytest.mark.parametrize(
    ("day", "version", "strict", "lenient"),
    [
        ("2026-08-03", "C3@order121", "2026-10-02", "2026-10-08"),  # the sixtieth day is in the national holiday
        ("2026-04-15", "C3@order121", "2026-06-14", "2026-06-15"),
        ("2026-04-14", "C3@regulation", "2026-06-13", "2026-06-15"),
        ("2024-07-01", "C3@regulation", "2024-08-30", "2024-08-30"),
        ("2024-06-30", "C3@order20", "2024-08-30", "2024-08-30"),  # 45 working days
    ],
)
def test_the_rule_of_the_day_of_acceptance_governs_mediation(offices, day, version, strict, lenient):
    mediation = clock(accepted(offices, day), "complaint.mediation")

    assert (mediation.version, str(mediation.strict_on), str(mediation.lenient_on)) == (version, strict, lenient)


@pytest.mark.parametrize(
    ("day", "due"),
    [("2026-02-12", "2026-02-28"), ("2026-09-24", "2026-10-12"), ("2026-04-30", "2026-05-13"), ("2025-09-28", "2025-10-14")],
)
def test_seven_working_days_over_holidays_and_make_up_days(offices, day, due):
    case = taken(received_at=at(day))
    services.dispatch([case], offices["370811"], by=SYSTEM, at=at(f"{day} 10:00"))

    assert clocks(case)["complaint.acceptance"] == due


def test_the_end_of_mediation_is_in_time_on_the_lenient_day_and_marked_on_the_strict_one(offices):
    settled, late = accepted(offices, "2026-08-03"), accepted(offices, "2026-08-03")
    services.settle(settled, by=SYSTEM, at=at("2026-10-08 23:59"))
    services.settle(late, by=SYSTEM, at=at("2026-10-09 00:00"))

    told = [(one.verdict, one.strict_in_time, one.overrun) for one in (clock(case, "complaint.mediation") for case in (settled, late))]
    assert told == [("in_time", False, 0), ("late", False, 1)]


def test_an_appraisal_shifts_mediation_by_its_days(offices):
    case = accepted(offices, "2026-07-01")
    before = clock(case, "complaint.mediation").strict_on
    services.start_appraisal(case, cause="testing", on=at("2026-07-10").date(), approver=HEAD, by=SYSTEM, at=at("2026-07-10"), note="送检")
    services.end_appraisal(case, on=at("2026-07-27").date(), by=SYSTEM, at=at("2026-07-27"))

    assert clock(case, "complaint.mediation").strict_on == before + timedelta(17)


def test_an_advertising_report_has_seven_working_days_from_receipt(offices):
    case = taken(kind=Kind.REPORT, field_of_law="advertising", received_at=at("2026-09-24"))
    services.dispatch([case], offices["370811"], by=SYSTEM, at=at("2026-09-24 10:00"))

    assert clocks(case)["report.advertising"] == "2026-10-12"
    assert clocks(case)["report.verification"] == "2026-10-22"


def test_a_replay_counts_an_old_reports_periods_as_if(offices):
    case = taken(kind=Kind.REPORT, received_at=at("2018-09-03"), as_if=True)
    services.dispatch([case], offices["370811"], by=SYSTEM, at=at("2018-09-03 10:00"))

    verification = clock(case, "report.verification")
    assert (verification.as_if, verification.version) == (True, "R1@penalty_procedure")


def test_a_kind_whose_rule_was_not_in_force_is_refused_aloud(offices):
    """The verification rule is known from 2021-07-15; an undecided filing of 2021-03 can be taken in, but no report made of it."""
    case = taken(kind=Kind.UNDETERMINED, received_at=at("2021-03-01"))
    services.dispatch([case], offices["370811"], by=SYSTEM, at=at("2021-03-01 10:00"))

    with pytest.raises(UnknownRule):
        services.set_kind(case, Kind.REPORT, by=SYSTEM, at=at("2021-03-02"))

    case.refresh_from_db()
    assert case.kind == "undetermined"
    assert "local.cautious_acceptance" in clocks(case)


# --- any lawful sequence -----------------------------------------------------------------------------------------------------

Action = Callable[[], None]
KEPT_WHEN_CLOSED = timing.NOTICES | {timing.TERMINATION_NOTICE}
NEVER_LATE = {timing.CAUTIOUS, timing.HOTLINE_RETURN}
ONCE = (timing.DISPATCH, timing.ANSWER, timing.ACCEPTANCE, timing.VERIFICATION, timing.MEDIATION)
_numbers = count(1)


def possible(case: Case, offices, now) -> list[Action]:
    """What may lawfully be done with a case now."""
    mediation = Clock.objects.running().filter(subject=case.ref, term=timing.MEDIATION).first()
    owed = Clock.objects.running().filter(subject=case.ref, term=timing.TERMINATION_NOTICE).exists()
    verifying = None
    if case.kind == Kind.REPORT and case.state == State.DISPATCHED:
        verifying = Clock.objects.running().filter(subject=case.ref, term=timing.VERIFICATION).first()
    extended = Adjustment.objects.filter(clock__subject=case.ref, kind="extension").exists()
    by = {"by": SYSTEM, "at": now}
    today = local_date(now)
    state, complaint, report = case.state, case.kind == Kind.COMPLAINT, case.kind == Kind.REPORT
    undetermined = case.is_open and case.kind == Kind.UNDETERMINED
    waiting, dispatched = state in {State.RECEIVED, State.DISPATCHED}, state == State.DISPATCHED
    in_mediation = state in {State.ACCEPTED, State.MEDIATING, State.SUSPENDED}

    def dispatch(unit: str) -> Action:
        return lambda: services.dispatch([case], offices[unit], note="改派", **by)

    def set_kind(kind: Kind) -> Action:
        return lambda: services.set_kind(case, kind, **by)

    table: list[tuple[bool, Action]] = [
        (True, lambda: sweep(now) and None),
        (case.is_open, lambda: services.respond([case], method="telephone", **by)),
        *((undetermined, set_kind(kind)) for kind in (Kind.COMPLAINT, Kind.REPORT, Kind.CONSULTATION)),
        *((waiting, dispatch(unit)) for unit in ("370811", "370811-guhuai", "370881", "370800")),
        *[(dispatched, lambda: services.return_to_desk(case, note="错派", **by))] * 2,
        (waiting and case.kind in {Kind.CONSULTATION, Kind.UNDETERMINED}, lambda: services.answer([case], note="已答复", **by)),
        (waiting and complaint, lambda: services.withdraw(case, note="撤回", **by)),
        (dispatched and complaint, lambda: services.accept([case], **by)),
        (dispatched and complaint, lambda: services.refuse(case, ground="1", note="无权处理", **by)),
        (dispatched and report, lambda: services.file_report(case, **by)),
        (dispatched and report, lambda: services.decline_report(case, note="无事实", **by)),
        (dispatched and report, lambda: services.redirect(case, note="无权处理", **by)),
        (
            dispatched and report and not extended,
            lambda: services.extend_verification(case, amount=15, approver=SYSTEM, note="复杂", **by),
        ),
        (
            dispatched and report,
            lambda: services.transfer_report(case, body="农业农村局", reference="移1号", on=today, note="无权处理", **by),
        ),
        (
            verifying is not None and not verifying.paused,
            lambda: services.pause_verification(case, cause="testing", on=today, approver=SYSTEM, note="送检", **by),
        ),
        (verifying is not None and verifying.paused, lambda: services.resume_verification(case, on=today, **by)),
        (in_mediation, lambda: services.terminate(case, ground="3", **by)),
        (in_mediation and mediation.paused, lambda: services.end_appraisal(case, on=today, **by)),
        (
            in_mediation and not mediation.paused,
            lambda: services.start_appraisal(case, cause="testing", on=today, approver=HEAD, note="送检", **by),
        ),
        (state == State.ACCEPTED, lambda: services.start_mediation(case, **by)),
        (state in {State.ACCEPTED, State.MEDIATING}, lambda: services.settle(case, **by)),
        (state == State.MEDIATING, lambda: services.suspend_mediation(case, note="回避", **by)),
        (state == State.SUSPENDED, lambda: services.resume_mediation(case, **by)),
        (state == State.TERMINATED and owed, lambda: services.notify_termination(case, **by)),
        (mending.may_be_taken_back(case) is not None, lambda: services.take_back(case, note="误办", **by)),
        (not case.is_open and state != State.SETTLED, lambda: services.reopen(case, note="经复核", **by)),
        (state == State.FILED, lambda: services.conclude_report(case, **by)),
        (state in {State.FILED, State.NOT_FILED, State.CONCLUDED}, lambda: services.notify_reporter(case, **by)),
    ]
    return [action for lawful, action in table if lawful]


def check(case: Case, verdicts: dict[int, tuple], due: dict[int, object]) -> None:
    """What holds whatever was done."""
    stored = Case.objects.get(pk=case.pk)
    assert {name: getattr(case, name) for name in ("state", "next_due_at", "closed_at", "competent_received_at")} == {
        name: getattr(stored, name) for name in ("state", "next_due_at", "closed_at", "competent_received_at")
    }
    found = list(Clock.objects.filter(subject=case.ref).order_by("pk"))
    running = [one for one in found if one.stopped_at is None]
    counting = [one for one in running if not one.paused and one.term != timing.HOTLINE_RETURN]  # a right, not a duty
    assert stored.next_due_at == min((one.due_at for one in counting), default=None)
    assert not counting or stored.next_term in {one.term for one in counting if one.due_at == stored.next_due_at}
    for one in counting:
        derived = derive(one)
        assert (one.strict_on, one.lenient_on, one.due_at, one.breach_at, one.nearing_at, one.provisional) == (
            *(derived.strict_on, derived.lenient_on, derived.due_at, derived.breach_at, derived.nearing_at, derived.provisional),
        )
    if stored.closed_at is not None:
        assert {one.term for one in running} <= KEPT_WHEN_CLOSED
    for term in ONCE:
        assert sum(one.term == term and one.verdict != "void" for one in found) <= 1
    for one in found:
        adjusted = Adjustment.objects.filter(clock=one).exists()
        assert adjusted or one.paused or due.setdefault(one.pk, one.due_at) == one.due_at
        if one.stopped_at is None:
            if one.pk in verdicts:  # what ended it was taken back
                assert Correction.objects.filter(case=case).exists()
                verdicts.pop(one.pk)
            continue
        assert verdicts.setdefault(one.pk, (one.verdict, one.overrun, one.stopped_at)) == (one.verdict, one.overrun, one.stopped_at)
        if one.stopped_at > one.breach_at and one.term not in NEVER_LATE and not adjusted:
            assert one.verdict == "late", one.term


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    kind=st.sampled_from([Kind.COMPLAINT, Kind.REPORT, Kind.UNDETERMINED, Kind.CONSULTATION]),
    channel=st.sampled_from([Channel.HOTLINE_12345, Channel.PLATFORM_12315]),
    field=st.sampled_from(["", "advertising"]),
    start=st.sampled_from(["2026-01-29", "2026-04-09", "2026-07-30", "2024-06-27"]),
    walk=st.lists(st.tuples(st.integers(0, 10**6), st.sampled_from([0, 20, 90, 600, 1500, 4400, 9000, 30000])), min_size=2, max_size=12),
)
def test_after_any_lawful_sequence_of_steps(offices, tmp_path, kind, channel, field, start, walk):
    """The case row agrees with its clocks, the clocks with their rules; nothing restarts, and no breach is undone."""
    now = at(start)
    verdicts: dict[int, tuple] = {}
    due: dict[int, object] = {}
    with transaction.atomic():
        receipt = services.receive(
            [filing(f"W-{next(_numbers)}", kind=kind, channel=channel, field_of_law=field, received_at=now)], by=SYSTEM, at=NOW
        )[0]
        case = Case.objects.get(pk=receipt.case_ids[0])
        check(case, verdicts, due)
        for choice, minutes in walk:
            now += timedelta(minutes=minutes)
            actions = possible(case, offices, now)
            actions[choice % len(actions)]()
            check(case, verdicts, due)
        assert journal.verify(tmp_path).sound
        transaction.set_rollback(True)


def test_the_events_of_a_case_never_name_another(offices):
    first, second = accepted(offices, "2026-08-03"), accepted(offices, "2026-08-04")

    assert {Ref(one) for one in Clock.objects.values_list("subject", flat=True)} == {first.ref, second.ref}
