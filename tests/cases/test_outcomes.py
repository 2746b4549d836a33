"""What became of a case: the amount recovered, the call-back, and the figures over many."""

import pytest
from casework import NOW, at, last_event, taken
from django.db import IntegrityError, transaction

from fangxin.cases import services
from fangxin.cases.acts.complaints import YuanField
from fangxin.cases.acts.outcomes import SCORES
from fangxin.cases.filings import Kind
from fangxin.cases.models import BEST, CallBack, Case, Note
from fangxin.cases.services import outcomes
from fangxin.kernel.errors import BadInput, DomainError, IllegalStep, NotPermitted
from fangxin.kernel.refs import SYSTEM
from staffwork import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer(offices):
    return person("officer", "officer", "370811", at=NOW, name="王芳")


@pytest.fixture
def desk(offices):
    return person("desk", "city_desk", "370800", at=NOW, name="李静")


def settled(offices, officer, number="A-1", fen=19900) -> Case:
    case = taken(number)
    services.dispatch([case], offices["370811"], by=SYSTEM, at=at("2026-07-30 10:00"))
    services.accept([case], by=officer.ref, at=at("2026-08-03"))
    services.settle(case, by=officer.ref, at=at("2026-08-10"), recovered_fen=fen, note="退款")
    return case


def asked(case, by, when="2026-08-12", **said) -> CallBack:
    answers = {"reached": True, "process": 5, "result": 4, "solved": True} | said
    return services.call_back(case, by=by.ref, at=at(when), **answers)


def test_a_call_back_keeps_scores_and_what_was_said(offices, officer, desk):
    case = settled(offices, officer)
    services.call_back(case, reached=True, process=5, result=3, solved=True, by=desk.ref, at=at("2026-08-12"), note="电话13805371234，满意")

    found = CallBack.objects.get()
    assert (found.case_id, found.attempt, found.reached, found.process, found.result, found.solved) == (case.pk, 1, True, 5, 3, True)
    event = last_event(case.ref, "cases.CalledBack")
    assert (event.attempt, event.process, event.result, event.solved, event.law) == (1, 5, 3, True, "order121:26")
    assert "13805371234" not in Note.objects.get(step="call_back").text


def test_several_attempts_are_counted(offices, officer, desk):
    case = settled(offices, officer)
    for when in ("2026-08-12", "2026-08-13"):
        services.call_back(case, reached=False, by=desk.ref, at=at(when))
    asked(case, desk, "2026-08-14")

    assert [(one.attempt, one.reached) for one in outcomes.call_backs_of(case)] == [(1, False), (2, False), (3, True)]


def test_nobody_asks_for_marks_on_their_own_work(offices, officer, desk):
    case = settled(offices, officer)
    with pytest.raises(NotPermitted):
        asked(case, officer)

    closed = taken("A-2")
    services.withdraw(closed, by=desk.ref, at=at("2026-07-30 10:00"), note="已和解")
    with pytest.raises(NotPermitted):
        asked(closed, desk)
    assert not CallBack.objects.exists()


@pytest.mark.parametrize(
    "said",
    [{"process": None}, {"result": None}, {"solved": None}, {"reached": False}, {"process": 0}, {"process": 6}, {"result": -1}],
)
def test_a_call_back_is_whole_or_not_at_all(offices, officer, desk, said):
    case = settled(offices, officer)

    with pytest.raises(BadInput):
        asked(case, desk, **said)
    assert not CallBack.objects.exists()


def test_the_database_holds_no_half_call_back(offices, officer):
    case = settled(offices, officer)
    row = {"case": case, "attempt": 1, "by": "person:1", "at": NOW}
    for half in (
        {"reached": True, "process": 5, "solved": True},
        {"reached": False, "process": 5},
        {"reached": True, "process": 9, "result": 1, "solved": True},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            CallBack.objects.create(**row, **half)


def test_an_open_case_has_no_call_back(offices, desk):
    with pytest.raises(IllegalStep):
        asked(taken("A-1"), desk)


def test_the_amount_recovered_is_put_right_with_a_reason_and_the_journal_keeps_both(offices, officer):
    case = settled(offices, officer, fen=19900)
    services.correct_recovery(case, recovered_fen=9900, by=officer.ref, at=at("2026-08-11"), note="多录100元")

    case.refresh_from_db()
    event = last_event(case.ref, "cases.RecoveryCorrected")
    assert (case.recovered_fen, event.was_fen, event.recovered_fen) == (9900, 19900, 9900)
    for amount, note in ((-1, "x"), (1, " ")):
        with pytest.raises(DomainError):
            services.correct_recovery(case, recovered_fen=amount, by=officer.ref, at=at("2026-08-11"), note=note)


@pytest.mark.parametrize(("typed", "fen"), [("199", 19900), ("199.9", 19990), ("0.01", 1), ("", 0), ("123456789.99", 12345678999)])
def test_yuan_are_typed_and_fen_are_kept(typed, fen):
    assert YuanField(required=False, max_digits=14, decimal_places=2).clean(typed) == fen


def test_fen_stand_in_the_box_as_yuan():
    assert YuanField().prepare_value(12345) == "123.45"
    assert YuanField().prepare_value("12,5") == "12,5"


def test_every_score_has_its_words():
    assert [int(value) for value, _label in SCORES] == list(range(BEST, 0, -1))


def test_the_figures_count_each_case_once_by_its_last_answer_and_nothing_of_nobody(offices, officer, desk):
    first, second, third = (settled(offices, officer, f"A-{n}", fen=n * 100) for n in (1, 2, 3))
    asked(first, desk, process=1, result=1, solved=False)
    asked(first, desk, "2026-08-20", process=5, result=4)
    services.call_back(second, reached=False, by=desk.ref, at=at("2026-08-12"))
    withdrawn = taken("A-4")
    services.withdraw(withdrawn, by=officer.ref, at=at("2026-07-30 10:00"), note="和解", recovered_fen=50)
    services.reopen(withdrawn, by=desk.ref, at=at("2026-08-01"), note="并非本人撤回")

    assert outcomes.figures(Case.objects.all()) == outcomes.Figures(
        closed=3, settled=3, recovered_fen=600, reopened=1, called=2, reached=1, solved=1, process=5.0, result=4.0
    )
    assert outcomes.figures(Case.objects.filter(pk=third.pk)) == outcomes.Figures(
        closed=1, settled=1, recovered_fen=300, reopened=0, called=0, reached=0, solved=0, process=None, result=None
    )


def test_the_figures_cost_four_queries_for_any_number_of_cases(offices, officer, django_assert_num_queries):
    for n in range(3):
        settled(offices, officer, f"A-{n}")

    with django_assert_num_queries(4):
        outcomes.figures(Case.objects.all())


def test_a_consultation_is_asked_about_under_the_citys_pledge(offices, officer, desk):
    case = taken("Q-1", kind=Kind.CONSULTATION)
    services.answer([case], by=officer.ref, at=at("2026-07-30 10:00"), note="可到窗口办理")
    asked(case, desk, "2026-07-31")

    assert last_event(case.ref, "cases.CalledBack").law == "local_pledge"
