"""A dispute's course: begun, offered, settled, refused, run out; what becomes of the bureau's case and of what was filed directly."""

import json
from datetime import timedelta

import pytest
from odrwork import OFFICER, complaint, direct, enterprise, offers, sent, term

from cases.casework import LIN, NOW, at, clocks, filing, history, taken
from fangxin.cases.events import TraderMatched
from fangxin.cases.filings import Channel, Kind
from fangxin.cases.models import Case, Consent, Party
from fangxin.cases.services import accept as accept_case
from fangxin.cases.services import dispatch, receive, start_mediation, suspend_mediation, withdraw
from fangxin.clocks.models import Clock
from fangxin.kernel import journal
from fangxin.kernel.errors import BadInput, IllegalStep, NotPermitted, StaleState
from fangxin.kernel.journal.models import Entry
from fangxin.kernel.refs import SYSTEM
from fangxin.notices.models import Notice
from fangxin.odr.models import Dispute, Message
from fangxin.odr.services import as_consumer, dispute_of, disputes, for_consumer, for_enterprise, pass_expired, passing, telling
from fangxin.odr.tokens import hash_of
from staffwork import person

pytestmark = pytest.mark.django_db
LATER = at("2026-11-24 15:00")
LAST_DAY = "2026-12-04"  # ten working days after Fri 20 Nov 2026
AFTER = at("2026-12-05 00:05")


def templates(dispute) -> list[str]:
    return list(Notice.objects.filter(subject=dispute.ref).order_by("pk").values_list("template", flat=True))


# --- how it begins


def test_a_complaint_is_sent_and_has_ten_working_days_while_its_own_periods_go_on(offices, made):
    case = complaint(offices)
    before = clocks(case)

    dispute = disputes.send(case, by=OFFICER, at=NOW)

    assert (dispute.state, dispute.origin, dispute.case_id, dispute.enterprise_id) == ("waiting", "bureau", case.pk, made[0].pk)
    assert (f"{term(dispute).strict_on}", dispute.due_at) == (LAST_DAY, term(dispute).breach_at)
    assert clocks(case) == before
    assert before["complaint.acceptance"] == "2026-12-01"
    assert templates(dispute) == ["odr.opened"]
    assert history(dispute.ref)[:2] == ["DisputeOpened", "ClocksStarted"]
    assert "CaseStep" in history(case.ref)


@pytest.mark.parametrize("state", ["received", "closed"])
def test_what_is_not_in_hand_is_not_sent(offices, made, state):
    case = taken("1", received_at=NOW) if state == "received" else complaint(offices)
    if state == "closed":
        withdraw(case, by=OFFICER, at=NOW, note="撤回")

    with pytest.raises(IllegalStep) as refused:
        disputes.send(case, by=OFFICER, at=NOW)

    assert refused.value.code == "odr.not_sendable"


@pytest.mark.parametrize("kind", [Kind.REPORT, Kind.CONSULTATION, Kind.UNDETERMINED])
def test_only_a_complaint_is_ever_sent(offices, made, kind):
    case = complaint(offices, kind=kind)

    with pytest.raises(IllegalStep) as refused:
        disputes.send(case, by=OFFICER, at=NOW)

    assert refused.value.code == "odr.not_a_complaint"
    assert not Dispute.objects.exists()
    assert not Notice.objects.exclude(template="odr.invitation").exists()


@pytest.mark.parametrize("kind", [Kind.REPORT, Kind.MIXED, Kind.CONSULTATION, Kind.UNDETERMINED])
def test_only_a_complaint_is_filed_with_an_enterprise(made, kind):
    with pytest.raises(IllegalStep):
        direct(made[0], kind=kind)

    assert not Dispute.objects.exists()


def test_of_a_mixed_filing_the_enterprise_gets_only_what_the_officer_writes(offices, made):
    receipt = receive(
        [
            filing(
                "mix",
                kind=Kind.MIXED,
                received_at=NOW,
                narrative="水壶漏水要求退款。另举报该店无证销售。",
                title="举报无证",
                request="查处并退款",
            )
        ],
        by=SYSTEM,
        at=NOW,
    )[0]
    half = Case.objects.get(pk__in=receipt.case_ids, kind="complaint")
    other = Case.objects.get(pk__in=receipt.case_ids, kind="report")
    dispatch([half], offices["370811"], by=SYSTEM, at=NOW)

    with pytest.raises(BadInput):
        disputes.send(half, by=OFFICER, at=NOW)
    dispute = disputes.send(half, summary="水壶漏水，要求退款", by=OFFICER, at=NOW)

    row = "\n".join(str(value) for value in Dispute.objects.filter(pk=dispute.pk).values_list()[0])
    assert dispute.narrative == "水壶漏水，要求退款"
    assert ("举报" in row, "查处" in row) == (False, False)
    assert Dispute.objects.filter(case=other).count() == 0


@pytest.mark.parametrize("words", ["要求查处该店", "请依法处罚", "我要举报", "追究商家法律责任"])
def test_a_complaint_whose_words_ask_for_a_penalty_is_told_in_the_officers_words(offices, made, words):
    case = complaint(offices, narrative=f"水壶漏水。{words}")

    for summary in ("", f"水壶漏水，{words}"):
        with pytest.raises(BadInput):
            disputes.send(case, summary=summary, by=OFFICER, at=NOW)

    assert disputes.send(case, summary="水壶漏水，要求退款", by=OFFICER, at=NOW).narrative == "水壶漏水，要求退款"


def test_a_trader_that_does_not_take_part_gets_nothing(offices, made):
    case = complaint(offices, respondent=filing().respondent.__class__(name="别家商店"))

    with pytest.raises(IllegalStep) as refused:
        disputes.send(case, by=OFFICER, at=NOW)

    assert refused.value.code == "odr.no_enterprise"


def test_one_negotiation_a_case(offices, made):
    dispute = sent(offices)

    with pytest.raises(IllegalStep) as refused:
        disputes.send(Case.objects.get(pk=dispute.case_id), by=OFFICER, at=NOW)

    assert refused.value.code == "odr.running_already"
    assert Dispute.objects.count() == 1


# --- negotiation


def test_offer_counter_offer_and_settlement_are_recorded_with_time_course_method_and_result(offices, made):
    _enterprise, account = made
    dispute = sent(offices)
    shop, consumer = for_enterprise(account, dispute), as_consumer(dispute)

    disputes.say(dispute, for_enterprise(account, dispute, "telephone"), text="已致电13805371234核实", at=NOW + timedelta(hours=2))
    first = disputes.offer(dispute, shop, remedy="repair", amount_fen=None, text="免费维修", at=NOW + timedelta(hours=3))
    second = disputes.offer(dispute, consumer, remedy="refund", amount_fen=19900, text="要求全额退款", at=LATER)
    disputes.accept(dispute, shop, offer_id=second.pk, at=LATER + timedelta(hours=1))

    dispute.refresh_from_db()
    course = [
        (m.side, m.kind, m.method, m.remedy, m.amount_fen, m.answered) for m in Message.objects.filter(dispute=dispute).order_by("pk")
    ]
    assert course == [
        ("enterprise", "message", "telephone", "", None, ""),
        ("enterprise", "offer", "online", "repair", None, "superseded"),
        ("consumer", "offer", "online", "refund", 19900, "accepted"),
        ("enterprise", "accept", "online", "refund", 19900, ""),
    ]
    assert Message.objects.first().text == "已致电138****1234核实"
    assert (dispute.state, dispute.settled_fen, dispute.method, dispute.answered_at) == (
        "settled",
        19900,
        "online",
        NOW + timedelta(hours=2),
    )
    assert term(dispute).verdict == "in_time"
    assert "13805371234" not in "".join(Entry.objects.values_list("data", flat=True))
    assert first.pk != second.pk


def test_a_settlement_closes_a_complaint_that_was_not_decided_on_as_withdrawn(offices, made):
    dispute = sent(offices)
    offer = disputes.offer(dispute, for_enterprise(made[1], dispute), remedy="refund", amount_fen=19900, text="", at=LATER)

    disputes.accept(dispute, as_consumer(dispute), offer_id=offer.pk, at=LATER)

    case = Case.objects.get(pk=dispute.case_id)
    assert (case.state, case.recovered_fen, case.closed_at) == ("withdrawn", 19900, LATER)
    assert json.loads(Entry.objects.get(event="cases.CaseClosed", subject=case.ref).data)["recovered_fen"] == 19900
    assert clocks(case)["complaint.acceptance"] == "void"


def test_a_settlement_closes_an_accepted_complaint_as_settled_with_what_was_recovered(offices, made):
    case = complaint(offices)
    accept_case([case], by=SYSTEM, at=NOW)
    dispute = disputes.send(case, by=OFFICER, at=NOW)
    offer = disputes.offer(dispute, for_enterprise(made[1], dispute), remedy="refund", amount_fen=15000, text="", at=LATER)

    disputes.accept(dispute, as_consumer(dispute), offer_id=offer.pk, at=LATER)

    case.refresh_from_db()
    assert (case.state, case.recovered_fen) == ("settled", 15000)
    assert clocks(case)["complaint.mediation"] == "in_time"
    assert Dispute.objects.get().state == "settled"


def test_a_settlement_while_mediation_is_suspended_ends_it_because_the_parties_settled(offices, made):
    case = complaint(offices)
    accept_case([case], by=SYSTEM, at=NOW)
    start_mediation(case, by=OFFICER, at=NOW)
    dispute = disputes.send(case, by=OFFICER, at=NOW)
    suspend_mediation(case, by=OFFICER, at=NOW, note="申请回避")
    offer = disputes.offer(dispute, for_enterprise(made[1], dispute), remedy="refund", amount_fen=100, text="", at=LATER)

    disputes.accept(dispute, as_consumer(dispute), offer_id=offer.pk, at=LATER)

    case.refresh_from_db()
    assert (case.state, case.ground) == ("terminated", "1")


def test_nobody_accepts_their_own_offer_or_one_that_is_gone(offices, made):
    dispute = sent(offices)
    shop, consumer = for_enterprise(made[1], dispute), as_consumer(dispute)
    old = disputes.offer(dispute, shop, remedy="repair", amount_fen=None, text="", at=NOW)

    with pytest.raises(IllegalStep):
        disputes.accept(dispute, shop, offer_id=old.pk, at=NOW)
    disputes.decline(dispute, consumer, offer_id=old.pk, at=NOW)
    with pytest.raises(StaleState):
        disputes.accept(dispute, consumer, offer_id=old.pk, at=NOW)

    assert Dispute.objects.get().state == "negotiating"


def test_an_offer_of_another_dispute_is_no_offer_here(offices, made):
    one, two = sent(offices, "1"), sent(offices, "2")
    offer = disputes.offer(one, for_enterprise(made[1], one), remedy="repair", amount_fen=None, text="", at=NOW)

    with pytest.raises(StaleState):
        disputes.accept(two, as_consumer(two), offer_id=offer.pk, at=NOW)


def test_nobody_but_the_enterprises_own_account_speaks_for_it(offices, made):
    _other, stranger = enterprise("91370881MA3C000023", "曲阜市孔府食品有限公司", office=offices["370881"], login="kongfu")
    dispute = sent(offices)
    officer = person("officer", "officer", "370811", at=NOW)
    far = person("far", "officer", "370881", at=NOW)

    for nobody in (stranger, officer):
        with pytest.raises(NotPermitted):
            for_enterprise(nobody, dispute)
    with pytest.raises(NotPermitted):
        for_consumer(far, dispute, "telephone")
    assert for_consumer(officer, dispute, "telephone").side == "consumer"


# --- without agreement


def test_a_refusal_gives_the_case_back_to_the_bureau_whose_periods_never_stopped(offices, made):
    dispute = sent(offices)
    before = clocks(Case.objects.get(pk=dispute.case_id))

    disputes.refuse(dispute, for_enterprise(made[1], dispute), text="商品无质量问题", at=LATER)
    passing.finish(dispute, at=LATER)

    dispute.refresh_from_db()
    case = Case.objects.get(pk=dispute.case_id)
    assert (dispute.state, dispute.ending, term(dispute).verdict) == ("returned", "refused", "in_time")
    assert (case.state, clocks(case)) == ("dispatched", before)
    assert templates(dispute) == ["odr.opened", "odr.returned"]


def test_with_consent_a_direct_dispute_becomes_a_complaint_when_the_enterprise_refuses(offices, made):
    dispute = direct(made[0], consent=Consent.YES)
    assert Case.objects.count() == 0

    disputes.refuse(dispute, for_enterprise(made[1], dispute), text="不同意", at=LATER)
    passing.finish(dispute, at=LATER)
    passing.finish(dispute, at=LATER)

    dispute.refresh_from_db()
    case = Case.objects.get()
    assert journal.verify().sound
    assert (dispute.state, dispute.case_id) == ("passed", case.pk)
    assert (case.channel, case.kind, case.outside_number, case.state) == (Channel.ODR, "complaint", dispute.number, "dispatched")
    assert (case.unit, case.trader_id, case.first_received_at) == (offices["370811"], made[0].trader_id, LATER)
    assert clocks(case)["complaint.acceptance"] == "2026-12-03"  # seven working days after Tue 24 Nov 2026
    assert Party.objects.filter(case=case, role="complainant", name_masked="林**").exists()
    assert templates(dispute) == ["odr.opened", "odr.passed"]


def test_the_period_is_over_at_the_end_of_the_tenth_working_day(offices, made):
    dispute = direct(made[0], consent=Consent.YES)

    early = pass_expired(at("2026-12-04 23:59"))
    done = pass_expired(AFTER)
    again = pass_expired(AFTER)

    dispute.refresh_from_db()
    assert (early.expired, done.expired, done.passed, again.expired, again.passed) == (0, 1, 1, 0, 0)
    assert (dispute.state, dispute.ending, dispute.ended_at) == ("passed", "expired", at("2026-12-05 00:00"))
    assert (term(dispute).verdict, Case.objects.count()) == ("late", 1)


def test_nothing_is_said_once_the_period_is_over(offices, made):
    dispute = sent(offices)
    offer = disputes.offer(dispute, for_enterprise(made[1], dispute), remedy="repair", amount_fen=None, text="", at=NOW)

    with pytest.raises(IllegalStep) as refused:
        disputes.accept(dispute, as_consumer(dispute), offer_id=offer.pk, at=AFTER)

    assert refused.value.code == "odr.period_over"


def test_without_consent_the_consumer_is_told_the_routes_and_nothing_becomes_a_case(offices, made):
    dispute = direct(made[0], consent=Consent.NO)

    done = pass_expired(AFTER)

    dispute.refresh_from_db()
    assert (dispute.state, done.closed, Case.objects.count()) == ("closed", 1, 0)
    assert templates(dispute) == ["odr.opened", "odr.not_passed"]


@pytest.mark.parametrize(("given", "state", "n"), [(True, "passed", 1), (False, "closed", 0)])
def test_who_was_not_asked_is_asked_then_and_the_answer_counts_even_much_later(offices, made, given, state, n):
    dispute = direct(made[0], consent=Consent.NOT_ASKED)
    asked = pass_expired(AFTER)
    second = pass_expired(at("2026-12-20"))
    dispute.refresh_from_db()
    assert (dispute.state, asked.asked, second.asked, Case.objects.count()) == ("unsettled", 1, 0, 0)
    assert templates(dispute) == ["odr.opened", "odr.ask_consent"]

    disputes.give_consent(dispute, as_consumer(dispute), given=given, at=at("2026-12-22"))
    passing.finish(dispute, at=at("2026-12-22"))

    dispute.refresh_from_db()
    assert (dispute.state, Case.objects.count()) == (state, n)


def test_a_run_that_was_killed_half_way_is_finished_by_the_next(offices, made):
    dispute = direct(made[0], consent=Consent.YES)
    disputes.break_off(dispute, disputes.Ending.EXPIRED, by=SYSTEM, at=AFTER)

    done = pass_expired(AFTER)

    assert (done.expired, done.passed, Dispute.objects.get().state) == (0, 1, "passed")


def test_one_bad_row_does_not_hold_up_the_others(offices, made, monkeypatch):
    bad, good = direct(made[0], consent=Consent.YES), direct(made[0], consent=Consent.YES)
    Dispute.objects.filter(pk=bad.pk).update(sealed=b"\x01nonsense")

    done = pass_expired(AFTER)

    assert bad.pk in done.failed
    assert Dispute.objects.get(pk=good.pk).state == "passed"
    assert Dispute.objects.get(pk=bad.pk).state == "unsettled"


@pytest.mark.django_db(transaction=True)
def test_a_case_that_is_closed_otherwise_ends_the_negotiation(offices, made):
    dispute = sent(offices)

    withdraw(Case.objects.get(pk=dispute.case_id), by=OFFICER, at=LATER, note="消费者撤回")

    dispute.refresh_from_db()
    assert (dispute.state, dispute.ending, term(dispute).verdict) == ("ended", "case_ended", "void")


@pytest.mark.django_db(transaction=True)
def test_a_complaint_that_turns_out_to_be_against_another_trader_is_taken_back(offices, made):
    dispute = sent(offices)
    event = TraderMatched(subject=Case.objects.get().ref, actor=SYSTEM, at=LATER, was=made[0].trader_id, trader=None)

    with journal.atomic():
        journal.publish([event])

    dispute.refresh_from_db()
    assert (dispute.state, dispute.ending) == ("ended", "recalled")


def test_the_due_date_follows_the_clock_and_the_sweep_looks_at_the_clock(offices, made):
    dispute = direct(made[0], consent=Consent.NO)
    Clock.objects.filter(subject=dispute.ref).update(breach_at=at("2026-12-09 00:00"))

    early = pass_expired(AFTER)

    dispute.refresh_from_db()
    assert (early.expired, dispute.state, dispute.due_at) == (0, "waiting", at("2026-12-09 00:00"))
    assert pass_expired(at("2026-12-09 00:01")).expired == 1


@pytest.mark.django_db(transaction=True)
def test_a_settlement_does_not_end_its_own_dispute_otherwise(offices, made):
    dispute = sent(offices)
    offer = disputes.offer(dispute, for_enterprise(made[1], dispute), remedy="explanation", amount_fen=None, text="", at=LATER)
    disputes.accept(dispute, as_consumer(dispute), offer_id=offer.pk, at=LATER)

    assert (Dispute.objects.get().state, offers(dispute)[0].answered) == ("settled", "accepted")


def test_a_message_to_the_consumer_carries_the_link_but_the_database_only_its_hash(offices, made):
    dispute = direct(made[0])
    token = telling.token_of(dispute)

    assert len(token) == 43
    assert Dispute.objects.get().token_hash == hash_of(token)
    assert dispute_of(token) == dispute
    assert dispute_of(token[:-1] + ("A" if token[-1] != "A" else "B")) is None
    assert token not in "".join(str(row) for row in Dispute.objects.values_list())
    assert Notice.objects.get(template="odr.opened").to_masked == "138****1234"


def test_a_rating_is_given_once_and_by_the_consumer(offices, made):
    dispute = direct(made[0])
    offer = disputes.offer(dispute, for_enterprise(made[1], dispute), remedy="explanation", amount_fen=None, text="", at=NOW)
    disputes.accept(dispute, as_consumer(dispute), offer_id=offer.pk, at=NOW)

    with pytest.raises(IllegalStep):
        disputes.rate(dispute, for_enterprise(made[1], dispute), rating=5, at=NOW)
    disputes.rate(dispute, as_consumer(dispute), rating=2, at=NOW)
    with pytest.raises(IllegalStep):
        disputes.rate(dispute, as_consumer(dispute), rating=5, at=NOW)

    assert Dispute.objects.get().rating == 2
    assert LIN.name not in str(Dispute.objects.values()[0])


def test_under_a_new_secret_the_next_message_brings_a_new_link(offices, made, settings):
    dispute = direct(made[0])
    old = telling.token_of(dispute)

    settings.SECRET_KEY = "another-secret-of-the-service-with-fifty-characters"
    disputes.offer(dispute, for_enterprise(made[1], dispute), remedy="repair", amount_fen=None, text="", at=NOW)

    assert dispute_of(telling.token_of(dispute)) == dispute
    assert dispute_of(old) is None
