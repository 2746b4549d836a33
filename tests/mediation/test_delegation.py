"""Delegated mediation: both sides consent, the body mediates and reports, the bureau decides; nobody delegates further."""

from datetime import date

import pytest
from mediationwork import NOW, accepted, at, consent, fresh, mediating, plan

from cases.casework import clocks, filing, history, last_event
from fangxin.cases import queries as case_queries
from fangxin.cases import services as cases
from fangxin.cases.filings import Consent as Filed
from fangxin.cases.filings import Kind
from fangxin.cases.models import Case, Side
from fangxin.cases.services import checks, receive, settle
from fangxin.cases.states import State
from fangxin.kernel import permits
from fangxin.kernel.errors import BadInput, IllegalStep, NotPermitted
from fangxin.kernel.refs import SYSTEM
from fangxin.mediation import handlers, queries, services
from fangxin.mediation.models import Agreement, Delegation, Session
from fangxin.mediation.services.delegations import WrittenDown
from fangxin.mediation.states import Mode, Question, Way

DOWN = WrittenDown(
    mode=Mode.ON_SITE,
    began_at=at("2026-11-06 10:00"),
    minutes=30,
    place="万达广场消费维权服务站",
    course="双方到站协商。",
    way=Way.PERFORMED,
    terms="商家当场退款199元。",
    recovered_fen=19900,
    signed={},
)


@pytest.fixture
def consenting(staff) -> Case:
    """The complainant ticked yes on the filing, the respondent agreed by telephone."""
    case = accepted("2026-11-02", officer=staff["officer"], consent_delegate=Filed.YES)
    consent(case, by=staff["officer"].ref, question=Question.DELEGATION, complainant=None, on="2026-11-03")
    return case


@pytest.fixture
def delegated(consenting, offices, staff) -> Case:
    services.delegate(consenting, offices["station"], by=staff["officer"].ref, at=at("2026-11-04"), note="就近由服务站调解")
    return fresh(consenting)


def test_with_the_consent_of_both_a_station_mediates_and_the_periods_go_on(consenting, offices, staff):
    before = clocks(consenting)

    services.delegate(consenting, offices["station"], by=staff["officer"].ref, at=at("2026-11-04"), note="就近由服务站调解")

    case = fresh(consenting)
    assert (case.delegate, case.unit.code, case.state, clocks(case)) == (offices["station"], "370811", State.ACCEPTED, before)
    assert list(Delegation.objects.values_list("office__code", "end")) == [("station", "")]
    assert last_event(case.ref, "cases.CaseStep").law == "order121:19"


@pytest.mark.parametrize(
    ("filed", "complainant", "respondent", "refusal"),
    [
        (Filed.NOT_ASKED, None, True, "needs the complainant's consent"),
        (Filed.NO, None, True, "The complainant does not consent"),
        (Filed.YES, False, True, "The complainant does not consent"),
        (Filed.YES, None, None, "needs the respondent's consent"),
        (Filed.YES, None, False, "The respondent does not consent"),
        (Filed.NO, True, True, ""),
    ],
)
def test_it_is_delegated_only_with_the_consent_of_both_the_newest_answer_counting(offices, staff, filed, complainant, respondent, refusal):
    case = accepted("2026-11-02", officer=staff["officer"], consent_delegate=filed)
    if (complainant, respondent) != (None, None):
        consent(case, by=staff["officer"].ref, question=Question.DELEGATION, complainant=complainant, respondent=respondent)

    if refusal:
        with pytest.raises(IllegalStep, match=refusal):
            services.delegate(case, offices["station"], by=staff["officer"].ref, at=at("2026-11-04"), note="委托")
    else:
        services.delegate(case, offices["station"], by=staff["officer"].ref, at=at("2026-11-04"), note="委托")

    assert (fresh(case).delegate is None) is bool(refusal)


@pytest.mark.parametrize("code", ["370881", "370811-guhuai", "370882"])
def test_only_an_association_or_a_station_gets_a_delegation(consenting, offices, staff, code):
    with pytest.raises(BadInput, match="no association or station"):
        services.delegate(consenting, offices[code], by=staff["officer"].ref, at=at("2026-11-04"), note="委托")


def test_the_body_sees_the_case_and_others_like_it_do_not(consenting, delegated, staff):
    seen = {who: permits.may(someone, "view", delegated) for who, someone in staff.items()}

    assert seen == {"officer": True, "second": True, "head": True, "station": True, "association": False, "stranger": False}
    assert {"respond", "start_mediation", "settle", "end_delegation"} == set(case_queries.lawful_steps(staff["station"], delegated))
    assert case_queries.lawful_steps(staff["association"], delegated) == {}


def test_the_body_can_not_delegate_further(delegated, offices, staff):
    assert "delegate" not in case_queries.lawful_steps(staff["station"], delegated)
    for act in (services.delegate, cases.delegate):
        with pytest.raises(NotPermitted, match="may not delegate further"):
            act(delegated, offices["association"], by=staff["station"].ref, at=at("2026-11-05"), note="转托")
        with pytest.raises(IllegalStep, match="delegated already"):
            act(delegated, offices["association"], by=staff["officer"].ref, at=at("2026-11-05"), note="另行委托")
    assert fresh(delegated).delegate == offices["station"]


def test_the_body_can_not_have_someone_else_preside(delegated, staff):
    services.begin(delegated, by=staff["station"].ref, at=at("2026-11-05"))

    for who in ("association", "officer", "stranger"):
        with pytest.raises(BadInput, match="can't preside"):
            services.schedule_session(delegated, plan(staff[who], "2026-11-10 09:00"), by=staff["station"].ref, at=at("2026-11-05"))
    session = services.schedule_session(delegated, plan(staff["station"], "2026-11-10 09:00"), by=staff["station"].ref, at=at("2026-11-05"))

    assert session.office.code == "station"


def test_settled_on_the_spot_is_written_down_once_and_the_bureau_closes_the_case(delegated, staff):
    services.write_down(delegated, DOWN, by=staff["station"].ref, at=at("2026-11-06 10:40"))

    case = fresh(delegated)
    delegation = Delegation.objects.get()
    assert (case.state, delegation.reported_at, delegation.end) == (State.MEDIATING, at("2026-11-06 10:40"), "")
    assert list(Session.objects.values_list("state", "mediator__login", "office__code", "result")) == [
        ("held", "station", "station", "agreed")
    ]
    assert history(case.ref)[-4:] == ["CaseStep", "SessionRecorded", "AgreementReached", "DelegationReported"]

    services.confirm(case, by=staff["officer"].ref, at=at("2026-11-09"))
    handlers.end_mediation(last_event(case.ref, "cases.CaseClosed"))

    closed = fresh(case)
    assert (closed.state, closed.recovered_fen) == (State.SETTLED, 19900)
    assert Delegation.objects.get().end == "settled"


def test_written_down_it_is_all_or_nothing(delegated, staff):
    with pytest.raises(BadInput, match="Write down what they agreed on"):
        services.write_down(
            delegated,
            WrittenDown(**{**{name: getattr(DOWN, name) for name in DOWN.__slots__}, "terms": " "}),
            by=staff["station"].ref,
            at=at("2026-11-06 10:40"),
        )

    assert fresh(delegated).state == State.ACCEPTED
    assert not Session.objects.exists()


def test_a_stranger_can_not_write_down_what_the_body_was_asked_to(delegated, staff):
    with pytest.raises(BadInput, match="can't preside"):
        services.write_down(delegated, DOWN, by=staff["association"].ref, at=at("2026-11-06 10:40"))

    assert fresh(delegated).state == State.ACCEPTED


def test_a_written_agreement_of_the_body_waits_for_both_signatures_before_it_is_reported(delegated, staff):
    by = staff["station"].ref
    services.begin(delegated, by=by, at=at("2026-11-05"))
    services.agree(delegated, way=Way.WRITTEN, terms="商家换货。", recovered_fen=0, by=by, at=at("2026-11-06"))
    with pytest.raises(IllegalStep, match="waits for the signatures"):
        services.confirm(delegated, by=staff["officer"].ref, at=at("2026-11-06"))
    reported = Delegation.objects.get().reported_at

    services.sign(delegated, {Side.COMPLAINANT: date(2026, 11, 6), Side.RESPONDENT: date(2026, 11, 6)}, by=by, at=at("2026-11-06 11:00"))

    assert reported is None
    assert Delegation.objects.get().reported_at == at("2026-11-06 11:00")
    assert fresh(delegated).state == State.MEDIATING
    assert Agreement.objects.get().ready


def test_what_can_not_be_settled_is_handed_back_with_its_ground_and_the_bureau_decides(delegated, staff):
    services.begin(delegated, by=staff["station"].ref, at=at("2026-11-05"))

    services.hand_back(delegated, ground="3", by=staff["station"].ref, at=at("2026-11-06"), note="双方差距过大")

    case = fresh(delegated)
    assert (case.delegate, case.state) == (None, State.MEDIATING)
    assert list(Delegation.objects.values_list("end", "ground")) == [("handed_back", "3")]
    assert [one.ground for one in checks.suggested("terminate", case, at("2026-11-07"))] == ["3"]
    assert not permits.may(staff["station"], "view", case)
    cases.terminate(case, ground="3", by=staff["officer"].ref, at=at("2026-11-07"))
    assert fresh(case).state == State.TERMINATED


def test_handing_back_names_a_ground_of_the_article_or_none(delegated, staff):
    with pytest.raises(BadInput, match="no such ground"):
        services.hand_back(delegated, ground="9", by=staff["station"].ref, at=at("2026-11-06"), note="不成")

    services.hand_back(delegated, ground="", by=staff["station"].ref, at=at("2026-11-06"), note="商家歇业，联系不上")

    assert checks.suggested("terminate", fresh(delegated), at("2026-11-07")) == []


def test_a_recalled_dispute_is_the_bureaus_again_and_can_be_delegated_anew(delegated, offices, staff):
    by = staff["officer"].ref
    services.begin(delegated, by=staff["station"].ref, at=at("2026-11-05"))
    session = services.schedule_session(delegated, plan(staff["station"], "2026-11-10 09:00"), by=staff["station"].ref, at=at("2026-11-05"))

    services.recall(delegated, by=by, at=at("2026-11-06"), note="服务站临时停业")

    assert Session.objects.get(pk=session.pk).state == "cancelled"
    assert not permits.may(staff["station"], "view", fresh(delegated))
    services.delegate(fresh(delegated), offices["association"], by=by, at=at("2026-11-06 10:00"), note="改由消协调解")
    assert list(Delegation.objects.order_by("pk").values_list("office__code", "end")) == [("station", "recalled"), ("association", "")]


def test_delegating_cancels_what_the_bureau_had_arranged(consenting, offices, staff):
    case = mediating(consenting, by=staff["officer"].ref)
    session = services.schedule_session(case, plan(staff["officer"], "2026-11-10 09:00"), by=staff["officer"].ref, at=at("2026-11-04"))

    services.delegate(case, offices["station"], by=staff["officer"].ref, at=at("2026-11-05"), note="委托")

    assert Session.objects.get(pk=session.pk).state == "cancelled"


def test_consent_to_delegation_is_consent_to_mediation_only_while_it_is_delegated(consenting, delegated, staff):
    assert queries.on_mediation(delegated) == {Side.COMPLAINANT: True, Side.RESPONDENT: True}

    services.recall(delegated, by=staff["officer"].ref, at=at("2026-11-06"), note="收回")

    assert queries.on_mediation(fresh(delegated)) == {Side.COMPLAINANT: None, Side.RESPONDENT: None}


def test_the_bench_lists_open_disputes_of_the_body_by_due_date_in_the_same_queries_for_three_as_for_one(
    offices, staff, django_assert_num_queries
):
    def delegated_on(day: str, code: str = "station") -> Case:
        case = accepted(day, officer=staff["officer"], consent_delegate=Filed.YES)
        consent(case, by=staff["officer"].ref, question=Question.DELEGATION, complainant=None, on="2026-11-12")
        services.delegate(case, offices[code], by=staff["officer"].ref, at=at("2026-11-12"), note="委托")
        return case

    later = delegated_on("2026-11-10")
    assert staff["station"].grants
    with django_assert_num_queries(2):
        assert list(queries.bench(staff["station"]).rows) == [later]
    first, done = delegated_on("2026-11-02"), delegated_on("2026-11-03")
    delegated_on("2026-11-02", "association")
    accepted("2026-11-02", officer=staff["officer"])
    services.begin(fresh(done), by=staff["station"].ref, at=at("2026-11-13"))
    settle(fresh(done), by=staff["officer"].ref, at=at("2026-11-13"))

    with django_assert_num_queries(2):
        rows = queries.bench(staff["station"]).rows
        assert [(one, one.unit.name, one.delegate.name) for one in rows] == [
            (first, "任城区市场监督管理局", "万达广场消费维权服务站"),
            (later, "任城区市场监督管理局", "万达广场消费维权服务站"),
        ]
    assert list(queries.bench(staff["officer"]).rows) == []


def test_one_half_of_a_mixed_filing_is_not_delegated_for_its_words_tell_of_the_report(offices, staff):
    """Order 121 Arts 9, 37: the body would read that something was reported."""
    receipt = receive([filing("MX-1", kind=Kind.MIXED, received_at=at("2026-11-02 08:00"))], by=SYSTEM, at=NOW)[0]
    half = Case.objects.get(pk__in=receipt.case_ids, kind=Kind.COMPLAINT.value)
    cases.dispatch([half], offices["370811"], by=SYSTEM, at=at("2026-11-02 09:00"))
    cases.accept([half], by=staff["officer"].ref, at=at("2026-11-02 10:00"))
    consent(half, by=staff["officer"].ref, question=Question.DELEGATION)

    with pytest.raises(IllegalStep) as refused:
        services.delegate(fresh(half), offices["station"], by=staff["officer"].ref, at=at("2026-11-04"), note="万达站调解")

    assert refused.value.code == "mediation.mixed_filing"
    assert fresh(half).delegate is None
