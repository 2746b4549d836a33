"""What the parties agreed on: record or paper, two signatures, and the case settled."""

from datetime import date

import pytest
from mediationwork import accepted, at, fresh, mediating, plan

from cases.casework import LIN, clocks, history, last_event
from fangxin.cases.filings import PartyRole
from fangxin.cases.filings import Person as Filed
from fangxin.cases.models import Matter, Side
from fangxin.cases.services import checks, joint
from fangxin.cases.states import State
from fangxin.kernel import permits
from fangxin.kernel.errors import BadInput, IllegalStep
from fangxin.mediation import services
from fangxin.mediation.models import Agreement
from fangxin.mediation.services.sessions import Record
from fangxin.mediation.states import Attendance, Bearer, Choice, Mode, Result, Way
from fangxin.mediation.views import read_terms

AGREED = Record(Attendance.CAME, Attendance.CAME, Result.AGREED, "双方达成一致。")
TERMS = "一、商家于2026年11月20日前退还货款199元；二、消费者同时退回电热水壶。"


@pytest.fixture
def open_case(case, staff):
    return mediating(case, by=staff["officer"].ref)


def met(case, staff, mode: Mode) -> None:
    """They met on 10 November, in this way, and agreed."""
    officer = staff["officer"]
    wanted = plan(officer, "2026-11-10 14:30", mode=mode)
    services.record_session(case, AGREED, plan=wanted, by=officer.ref, at=at("2026-11-10 15:30"))


@pytest.mark.parametrize(
    ("mode", "way"),
    [
        (Mode.ON_SITE, Way.PERFORMED),
        (Mode.ON_SITE, Way.WAIVED),
        (Mode.TELEPHONE, Way.REMOTE),
        (Mode.ONLINE, Way.REMOTE),
        (Mode.TELEPHONE, Way.PERFORMED),
    ],
)
def test_where_no_paper_is_needed_the_record_closes_the_case(open_case, staff, mode, way):
    met(open_case, staff, mode)

    services.agree(open_case, way=way, terms=TERMS, recovered_fen=19900, by=staff["officer"].ref, at=at("2026-11-10 15:31"))

    closed = fresh(open_case)
    assert (closed.state, closed.recovered_fen, closed.closed_at) == (State.SETTLED, 19900, at("2026-11-10 15:31"))
    assert clocks(open_case)["complaint.mediation"] == "in_time"
    assert Agreement.objects.get().terms == TERMS
    event = last_event(open_case.ref, "mediation.AgreementReached")
    assert (event.law, event.way, event.recovered_fen) == ("order121:24", way.value, 19900)


def test_an_agreement_reached_on_site_is_not_kept_as_one_by_telephone(open_case, staff):
    met(open_case, staff, Mode.ON_SITE)

    with pytest.raises(BadInput, match="The last session was on site"):
        services.agree(open_case, way=Way.REMOTE, terms=TERMS, recovered_fen=0, by=staff["officer"].ref, at=at("2026-11-10 15:31"))

    assert fresh(open_case).state == State.MEDIATING


def test_a_written_agreement_closes_the_case_only_with_the_second_signature(open_case, staff):
    by = staff["officer"].ref
    met(open_case, staff, Mode.ON_SITE)

    services.agree(open_case, way=Way.WRITTEN, terms=TERMS, recovered_fen=19900, by=by, at=at("2026-11-10 15:31"))
    after_terms = fresh(open_case).state
    services.sign(open_case, {Side.COMPLAINANT: date(2026, 11, 10)}, by=by, at=at("2026-11-10 15:40"))
    after_one = fresh(open_case).state
    services.sign(open_case, {Side.RESPONDENT: date(2026, 11, 12)}, by=by, at=at("2026-11-12 09:00"))

    closed = fresh(open_case)
    assert (after_terms, after_one, closed.state) == (State.MEDIATING, State.MEDIATING, State.SETTLED)
    assert (closed.closed_at, closed.recovered_fen) == (at("2026-11-12 09:00"), 19900)
    agreement = Agreement.objects.get()
    assert (agreement.complainant_signed_on, agreement.respondent_signed_on) == (date(2026, 11, 10), date(2026, 11, 12))
    assert [name for name in history(open_case.ref) if name.startswith("Agreement")] == [
        *("AgreementReached", "AgreementSigned", "AgreementSigned")
    ]


def test_both_signatures_at_once_close_it_at_once(open_case, staff):
    signed = {Side.COMPLAINANT: date(2026, 11, 10), Side.RESPONDENT: date(2026, 11, 10)}

    services.agree(
        open_case, way=Way.WRITTEN, terms=TERMS, recovered_fen=0, signed=signed, by=staff["officer"].ref, at=at("2026-11-10 15:31")
    )

    assert fresh(open_case).state == State.SETTLED


def test_other_terms_need_other_signatures(open_case, staff):
    by = staff["officer"].ref
    one = {Side.COMPLAINANT: date(2026, 11, 10)}
    services.agree(open_case, way=Way.WRITTEN, terms=TERMS, recovered_fen=0, signed=one, by=by, at=at("2026-11-10 15:31"))

    services.agree(open_case, way=Way.WRITTEN, terms="商家换货。", recovered_fen=0, by=by, at=at("2026-11-11"))
    services.sign(open_case, {Side.RESPONDENT: date(2026, 11, 11)}, by=by, at=at("2026-11-11"))

    agreement = Agreement.objects.get()
    assert (agreement.terms, agreement.complainant_signed_on, agreement.ready) == ("商家换货。", None, False)
    assert fresh(open_case).state == State.MEDIATING


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({"terms": "  "}, "Write down what they agreed on"),
        ({"recovered_fen": -1}, "The amount is negative"),
        ({"signed": {Side.COMPLAINANT: date(2026, 11, 11)}}, "of a day to come"),
    ],
)
def test_what_can_not_be_agreed_so_is_refused_and_nothing_is_kept(open_case, staff, given, refusal):
    plain = {"way": Way.WRITTEN, "terms": TERMS, "recovered_fen": 0}

    with pytest.raises(BadInput, match=refusal):
        services.agree(open_case, **(plain | given), by=staff["officer"].ref, at=at("2026-11-10 15:31"))

    assert not Agreement.objects.exists()


def test_only_a_written_agreement_is_signed(open_case, staff):
    with pytest.raises(IllegalStep, match="no written agreement"):
        services.sign(open_case, {Side.COMPLAINANT: date(2026, 11, 10)}, by=staff["officer"].ref, at=at("2026-11-10"))


def test_terms_with_personal_data_are_shown_scrubbed_and_open_only_with_a_purpose(open_case, staff):
    told = "退款打入银行卡6222021608001234567，电话13805371234。"
    services.agree(open_case, way=Way.WRITTEN, terms=told, recovered_fen=0, by=staff["officer"].ref, at=at("2026-11-10 15:31"))

    agreement = Agreement.objects.select_related("case").get()
    assert "13805371234" not in agreement.terms
    assert read_terms(agreement, purpose="documents", person=staff["officer"], at=at("2026-11-11")) == told
    assert history(open_case.ref)[-1] == "PersonalDataRevealed"


def test_a_joint_complaint_can_hold_the_closing_up(open_case, staff, monkeypatch):
    monkeypatch.setattr(checks, "_checks", {})

    @checks.before("settle")
    def represented(case):
        raise IllegalStep("cases.joint_consents", "Two of the represented have not consented.")

    with pytest.raises(IllegalStep, match="represented"):
        services.agree(open_case, way=Way.PERFORMED, terms=TERMS, recovered_fen=0, by=staff["officer"].ref, at=at("2026-11-10"))

    assert fresh(open_case).state == State.MEDIATING
    assert not Agreement.objects.exists()


def test_a_joint_complaint_is_settled_only_with_the_consent_of_those_represented(staff):
    others = tuple(Filed(name=name, phone=f"1390537000{n}", role=PartyRole.JOINT) for n, name in enumerate(("王建国", "赵敏")))
    case = mediating(accepted("2026-11-02", officer=staff["officer"], persons=(LIN, *others)), by=staff["officer"].ref)
    joint.elect(case, joint.complainants(case)[:1], by=staff["officer"].ref, at=at("2026-11-04"), note="推选书原件")
    given = {"way": Way.PERFORMED, "terms": TERMS, "recovered_fen": 0, "by": staff["officer"].ref, "at": at("2026-11-10")}

    with pytest.raises(IllegalStep, match="represented"):
        services.agree(case, **given)
    answers = dict.fromkeys(joint.represented(case), True)
    joint.record_consents(case, Matter.SETTLE, answers, in_writing=True, by=staff["officer"].ref, at=at("2026-11-09"))
    services.agree(case, **given)

    assert fresh(case).state == State.SETTLED


@pytest.mark.parametrize(("who", "seen"), [("officer", True), ("head", True), ("stranger", False), ("station", False)])
def test_who_sees_the_case_sees_its_agreement(open_case, staff, who, seen):
    services.agree(open_case, way=Way.WRITTEN, terms=TERMS, recovered_fen=0, by=staff["officer"].ref, at=at("2026-11-10 15:31"))

    assert [permits.may(staff[who], action, Agreement.objects.get()) for action in ("view", "read")] == [seen, seen]
    assert permits.may(staff[who], "reveal", Agreement.objects.get()) is (who == "officer")


def test_no_agreement_on_the_cost_of_a_test_suggests_ground_four(open_case, staff):
    by = staff["officer"].ref

    services.arrange_appraisal(
        open_case, body="济宁市质量计量检验检测研究院", choice=Choice.DESIGNATED, bearer=Bearer.NOT_AGREED, by=by, at=at("2026-11-06")
    )
    refused = [one.ground for one in checks.suggested("terminate", open_case, at("2026-11-06"))]
    services.arrange_appraisal(
        open_case, body="济宁市质量计量检验检测研究院", choice=Choice.AGREED, bearer=Bearer.SHARED, by=by, at=at("2026-11-07")
    )

    assert refused == ["4"]
    assert checks.suggested("terminate", open_case, at("2026-11-07")) == []
    assert last_event(open_case.ref, "mediation.AppraisalArranged").law == "order121:22"
