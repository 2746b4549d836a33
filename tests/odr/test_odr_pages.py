"""Inbox, dispute page, consumer's link, staff's pages, performance, ranking: who sees what, and what never shows."""

import csv
import io
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation
from odrwork import OFFICER, OTHER_USCC, complaint, direct, enterprise, enterprise_browser, picture, sent

from cases.casework import LIN, NOW, at, filing
from fangxin.cases.filings import Kind, Respondent
from fangxin.cases.models import Case, Consent
from fangxin.cases.services import accept as accept_case
from fangxin.cases.services import dispatch, receive, terminate
from fangxin.files import guards
from fangxin.files import queries as files
from fangxin.kernel.journal.models import Entry
from fangxin.kernel.refs import SYSTEM
from fangxin.odr import queries, words
from fangxin.odr.models import Dispute, Message
from fangxin.odr.services import as_consumer, disputes, for_enterprise, passing, telling
from fangxin.registry.models import Trader
from fangxin.registry.names import normalise
from staffwork import person, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def now(monkeypatch):
    """Friday 20 November 2026, ten o'clock."""
    monkeypatch.setattr(timezone, "now", lambda: NOW)


def text(answer) -> str:
    return answer.content.decode()


def link(dispute) -> str:
    return f"/odr/d/{telling.token_of(dispute)}"


# --- the enterprise's pages


def test_the_inbox_begins_with_the_nearest_deadline(made, offices):
    late, early = sent(offices, "1"), direct(made[0], at=NOW - timedelta(days=7))

    page = text(enterprise_browser().get("/odr/inbox"))

    assert page.index(early.number) < page.index(late.number)
    assert "10 working days left" in page
    assert "until 2026-12-04" in page


@pytest.mark.parametrize(
    ("day", "level", "said"),
    [
        ("2026-11-20 10:00", "fine", "10 working days left"),
        ("2026-11-24 10:00", "fine", "8 working days left"),
        ("2026-12-02 10:00", "near", "2 working days left"),
        ("2026-12-04 23:59", "near", "due today"),
        ("2026-12-05 00:00", "overdue", "the period is over"),
    ],
)
def test_what_is_left_is_counted_to_the_last_day(made, day, level, said):
    dispute = direct(made[0])

    with translation.override("en"):
        assert words.left(dispute, now=at(day)) == words.Left(level, said)


def test_an_enterprise_sees_no_other_enterprises_dispute(made, offices):
    other, _account = enterprise(OTHER_USCC, "曲阜市孔府食品有限公司", office=offices["370881"], login="kongfu")
    theirs, own = direct(other), direct(made[0])
    browser = enterprise_browser()

    assert theirs.number not in text(browser.get("/odr/inbox"))
    assert browser.get(f"/odr/inbox/{own.pk}").status_code == 200
    for method, address in (
        ("get", f"/odr/inbox/{theirs.pk}"), ("post", f"/odr/inbox/{theirs.pk}/reply/say"), ("post", f"/odr/inbox/{theirs.pk}/reply/accept"),
        ("post", f"/odr/inbox/{theirs.pk}/contact"), ("post", f"/odr/inbox/{theirs.pk}/files"), ("post", f"/odr/inbox/{theirs.pk}/files/1"),
    ):  # fmt: skip
        assert getattr(browser, method)(address, {"text": "x"} if method == "post" else {}).status_code == 404, address
    exported = b"".join(browser.get("/odr/export.csv").streaming_content).decode("utf-8-sig")
    assert [row[0] for row in csv.reader(io.StringIO(exported))] == ["number", own.number]


def test_the_enterprises_pages_show_no_personal_data_and_nothing_of_the_case(made, offices):
    dispute = sent(offices, "XQ-77431", narrative="我叫林晓梅，电话13805371234，水壶漏水。")
    case = Case.objects.get()
    browser = enterprise_browser()

    pages = text(browser.get("/odr/inbox")) + text(browser.get(f"/odr/inbox/{dispute.pk}"))

    assert "水壶漏水" in pages
    for hidden in (LIN.name, LIN.phone, LIN.id_number, LIN.address, case.number, case.outside_number, "complaint.acceptance"):
        assert hidden not in pages, hidden


def test_nothing_of_a_report_reaches_the_enterprise(made, offices):
    receipt = receive(
        [
            filing(
                "mix",
                kind=Kind.MIXED,
                received_at=NOW,
                narrative="水壶漏水要求退款。另举报该店无证销售。",
                title="举报无证",
                request="查处",
            )
        ],
        by=SYSTEM,
        at=NOW,
    )[0]
    halves = {one.kind: one for one in Case.objects.filter(pk__in=receipt.case_ids)}
    for half in halves.values():
        dispatch([half], offices["370811"], by=SYSTEM, at=NOW)
    person("officer", "officer", "370811", at=NOW)
    officer, shop = signed_in("officer"), enterprise_browser()

    report_page = text(officer.get(f"/cases/{halves['report'].pk}"))
    key = f"{halves['report'].pk}.dispatched.{offices['370811'].pk}"
    forced = officer.post(f"/cases/{halves['report'].pk}/act/send_to_odr", {"seen": key, "agreed": "on", "summary": "x"})
    key = f"{halves['complaint'].pk}.dispatched.{offices['370811'].pk}"
    bare = officer.post(f"/cases/{halves['complaint'].pk}/act/send_to_odr", {"seen": key, "agreed": "on", "summary": ""})
    done = officer.post(f"/cases/{halves['complaint'].pk}/act/send_to_odr", {"seen": key, "agreed": "on", "summary": "水壶漏水要求退款"})

    assert "send_to_odr" not in report_page
    assert (forced.status_code, bare.status_code, done.status_code) == (409, 422, 302)
    dispute = Dispute.objects.get()
    pages = text(shop.get("/odr/inbox")) + text(shop.get(f"/odr/inbox/{dispute.pk}")) + text(shop.get("/odr/performance"))
    pages += b"".join(shop.get("/odr/export.csv").streaming_content).decode() + text(Client().get(link(dispute)))
    assert ("举报" in pages, "查处" in pages, "report" in pages.lower()) == (False, False, False)
    assert dispute.case_id == halves["complaint"].pk


def test_the_contact_is_shown_for_a_purpose_once_and_the_look_is_in_the_cases_history(made, offices):
    dispute = sent(offices)
    case = Case.objects.get()
    browser = enterprise_browser()

    without = browser.post(f"/odr/inbox/{dispute.pk}/contact", {"purpose": "curiosity"})
    shown = browser.post(f"/odr/inbox/{dispute.pk}/contact", {"purpose": "contact"})
    after = browser.get(f"/odr/inbox/{dispute.pk}")

    assert (without.status_code, LIN.phone in text(without)) == (422, False)
    assert (LIN.phone in text(shown), LIN.name in text(shown), LIN.id_number in text(shown), LIN.address in text(shown)) == (
        True,
        True,
        False,
        False,
    )
    assert LIN.phone not in text(after)
    entry = Entry.objects.get(event="kernel.PersonalDataRevealed", subject=case.ref)
    assert (entry.actor, '"purpose":"contact"' in entry.data, '"fields":["name","phone"]' in entry.data) == (str(made[1].ref), True, True)


def test_after_a_negotiation_without_agreement_the_contact_stays_closed(made, offices):
    dispute = sent(offices)
    disputes.refuse(dispute, for_enterprise(made[1], dispute), text="不同意", at=NOW)
    passing.finish(dispute, at=NOW)

    answer = enterprise_browser().post(f"/odr/inbox/{dispute.pk}/contact", {"purpose": "contact"})

    assert (answer.status_code, LIN.phone in text(answer)) == (409, False)


def test_a_month_after_the_settlement_the_contact_closes(made, offices, monkeypatch):
    dispute = sent(offices)
    offer = disputes.offer(dispute, for_enterprise(made[1], dispute), remedy="refund", amount_fen=100, text="", at=NOW)
    disputes.accept(dispute, as_consumer(dispute), offer_id=offer.pk, at=NOW)
    seen = []
    for days in (30, 31):
        moment = NOW + timedelta(days=days)
        assert disputes.contact_needed(dispute, moment) is (days == 30)
        monkeypatch.setattr(timezone, "now", lambda moment=moment: moment)
        answer = enterprise_browser().post(f"/odr/inbox/{dispute.pk}/contact", {"purpose": "contact"})
        seen.append((answer.status_code, LIN.phone in text(answer)))

    assert seen == [(200, True), (409, False)]


def test_offer_and_refusal_through_the_pages(made, offices):
    dispute = sent(offices)
    browser = enterprise_browser()

    empty = browser.post(f"/odr/inbox/{dispute.pk}/reply/offer", {"remedy": "refund", "amount": "", "text": "写了很多"})
    offered = browser.post(
        f"/odr/inbox/{dispute.pk}/reply/offer", {"remedy": "refund", "amount": "199.00", "text": "三日内", "method": "online"}
    )
    refused = browser.post(f"/odr/inbox/{dispute.pk}/reply/refuse", {"text": "商品无质量问题"})

    assert (empty.status_code, "写了很多" in text(empty)) == (409, True)
    assert (offered.status_code, refused.status_code) == (302, 302)
    assert Message.objects.get(kind="offer").amount_fen == 19900
    assert (Dispute.objects.get().state, Case.objects.get().state) == ("returned", "dispatched")


def test_a_file_of_a_dispute_is_the_enterprises_and_the_bureaus_alone(made, offices):
    enterprise(OTHER_USCC, "曲阜市孔府食品有限公司", office=offices["370881"], login="kongfu")
    dispute = sent(offices)
    browser, other = enterprise_browser(), enterprise_browser("kongfu")
    kept = browser.post(f"/odr/inbox/{dispute.pk}/files", {"file": picture("receipt")})
    (attachment,) = files.of(dispute.ref)

    own = browser.post(f"/odr/inbox/{dispute.pk}/files/{attachment.pk}")
    theirs = other.post(f"/odr/inbox/{dispute.pk}/files/{attachment.pk}")

    assert (kept.status_code, own.status_code, theirs.status_code) == (302, 200, 404)
    assert "attachment" in own["Content-Disposition"]
    near, far = person("near", "officer", "370811", at=NOW), person("far", "officer", "370881", at=NOW)
    assert (guards.may(near, "view", dispute.ref), guards.may(far, "view", dispute.ref)) == (True, False)


def test_the_inbox_costs_the_same_for_1_and_40_disputes(made):
    browser = enterprise_browser()
    costs = []
    for size in (1, 40):
        for _ in range(size):
            direct(made[0])
        with CaptureQueriesContext(connection) as counted:
            browser.get("/odr/inbox")
        costs.append(len(counted))

    assert costs[0] == costs[1] <= 8


# --- the consumer's link


def test_the_consumer_sees_the_offer_and_accepts_it(made, offices):
    dispute = sent(offices, narrative="我叫林晓梅，电话13805371234，水壶漏水。")
    offer = disputes.offer(dispute, for_enterprise(made[1], dispute), remedy="refund", amount_fen=19900, text="三日内退款", at=NOW)
    browser = Client(headers={"accept-language": "en"})

    page = browser.get(link(dispute))
    done = browser.post(link(dispute), {"reply": "accept", "offer": str(offer.pk)})

    assert ("三日内退款" in text(page), "¥199" in text(page)) == (True, True)
    for hidden in (LIN.name, LIN.phone, "林", "138****1234", LIN.address):
        assert hidden not in text(page)
    assert (page["Referrer-Policy"], page["X-Robots-Tag"], "no-store" in page["Cache-Control"]) == (
        "same-origin",
        "noindex, nofollow",
        True,
    )
    assert (done.status_code, Dispute.objects.get().state) == (302, "settled")


def test_a_guessed_link_opens_nothing_and_guessing_costs_time(made, offices):
    dispute = sent(offices)
    browser = Client()

    assert browser.get("/odr/d/" + "A" * 43).status_code == 404
    assert browser.get(f"/odr/d/{dispute.pk}").status_code == 404
    assert browser.get(f"/odr/d/{dispute.token_hash}").status_code == 404
    answers = [browser.get(f"/odr/d/guess{n}").status_code for n in range(110)]
    assert (set(answers[:90]), answers[-1]) == ({404}, 429)
    assert browser.get(link(dispute)).status_code == 200


def test_answers_through_one_link_are_limited(made):
    dispute = direct(made[0])
    browser = Client()

    answers = [browser.post(link(dispute), {"reply": "say", "text": f"第{n}条"}).status_code for n in range(42)]

    assert (answers[0], answers[-1]) == (302, 429)


def test_the_consumer_consents_through_the_link_and_the_bureau_has_it(made):
    dispute = direct(made[0], consent=Consent.NOT_ASKED)
    disputes.refuse(dispute, for_enterprise(made[1], dispute), text="不同意", at=NOW)
    passing.finish(dispute, at=NOW)
    browser = Client(headers={"accept-language": "en"})

    asked = text(browser.get(link(dispute)))
    browser.post(link(dispute), {"reply": "consent"})

    dispute.refresh_from_db()
    assert "Shall the bureau have it?" in asked
    assert (dispute.state, Case.objects.get().number in text(browser.get(link(dispute)))) == ("passed", True)


def test_a_link_answers_nothing_but_its_own_dispute(made):
    one, two = direct(made[0]), direct(made[0])
    offer = disputes.offer(two, for_enterprise(made[1], two), remedy="repair", amount_fen=None, text="", at=NOW)

    answer = Client().post(link(one), {"reply": "accept", "offer": str(offer.pk)})
    nonsense = Client().post(link(one), {"reply": "explode"})

    assert (answer.status_code, nonsense.status_code) == (409, 422)
    assert set(Dispute.objects.values_list("state", flat=True)) == {"waiting", "negotiating"}


# --- staff


def test_the_case_page_offers_odr_and_shows_what_became_of_it(made, offices):
    case = complaint(offices)
    person("officer", "officer", "370811", at=NOW)
    person("boss", "supervisor", "370800", at=NOW)
    browser = signed_in("officer")
    key = f"{case.pk}.{case.state}.{case.unit_id}"

    before = text(browser.get(f"/cases/{case.pk}"))
    done = browser.post(f"/cases/{case.pk}/act/send_to_odr", {"seen": key, "agreed": "on", "summary": ""})
    after = text(browser.get(f"/cases/{case.pk}"))

    assert ("act/send_to_odr" in before, "act/recall_from_odr" in before) == (True, False)
    assert "act/send_to_odr" not in text(signed_in("boss").get(f"/cases/{case.pk}"))
    assert done.status_code == 302
    assert ("act/send_to_odr" in after, "act/recall_from_odr" in after, Dispute.objects.get().number in after) == (False, True, True)
    assert "Send to ODR" in after


def test_staff_write_down_what_the_consumer_says_but_only_for_their_own_cases(made, offices):
    dispute = sent(offices)
    disputes.offer(dispute, for_enterprise(made[1], dispute), remedy="repair", amount_fen=None, text="", at=NOW)
    offer = Message.objects.get(kind="offer")
    person("officer", "officer", "370811", at=NOW)
    person("far", "officer", "370881", at=NOW)
    person("eye", "auditor", "370800", at=NOW)
    answers = {}
    for login in ("far", "eye", "officer"):
        browser = signed_in(login)
        seen = browser.get(f"/odr/disputes/{dispute.pk}").status_code
        listed = dispute.number in text(browser.get("/odr/disputes"))
        posted = browser.post(
            f"/odr/disputes/{dispute.pk}/answer", {"reply": "accept", "offer": offer.pk, "method": "telephone"}
        ).status_code
        answers[login] = (seen, listed, posted)

    assert answers == {"far": (404, False, 404), "eye": (200, True, 403), "officer": (200, True, 302)}
    said = Message.objects.get(kind="accept")
    assert (said.side, said.method, said.by.split(":")[0]) == ("consumer", "telephone", "person")


def test_a_direct_dispute_is_entered_by_staff(made, offices):
    person("officer", "officer", "370811", at=NOW)
    form = {"name": "林晓梅", "phone": "13805371234", "narrative": "水壶漏水", "amount": "199", "consent": "yes"}

    done = signed_in("officer").post(f"/odr/enterprises/{made[0].pk}/direct", form)

    dispute = Dispute.objects.get()
    assert (done.status_code, dispute.claimed_fen, dispute.consent_pass, dispute.consumer_masked) == (302, 19900, "yes", "林**")
    assert Case.objects.count() == 0


def test_a_chinese_page_holds_no_english_sentence(made, offices):
    dispute = sent(offices)
    disputes.offer(dispute, for_enterprise(made[1], dispute), remedy="refund", amount_fen=100, text="好", at=NOW)
    disputes.offer(dispute, as_consumer(dispute), remedy="exchange", amount_fen=None, text="好", at=NOW)
    person("officer", "officer", "370811", at=NOW, name="王芳")
    shop, staff, anybody = enterprise_browser(language="zh-CN"), signed_in("officer", "zh-CN"), Client(headers={"accept-language": "zh-CN"})
    tries = [(shop, one) for one in ("/odr/inbox", f"/odr/inbox/{dispute.pk}", "/odr/performance", "/odr/account", "/odr/password")]
    tries += [
        (staff, one)
        for one in (
            "/odr/enterprises",
            f"/odr/enterprises/{made[0].pk}",
            "/odr/disputes",
            f"/odr/disputes/{dispute.pk}",
            "/odr/invite",
            "/odr/enterprises/new",
        )
    ]
    tries += [(anybody, one) for one in ("/odr/sign-in", "/odr/apply", link(dispute), "/odr/i/nothing")]

    for browser, address in tries:
        page = text(browser.get(address))
        shown = re.sub(r"<(script|style)\b.*?</\1>|<[^>]+>", " ", page[page.index("<main") :], flags=re.S)
        shown = re.sub(r"person:\d+|ODR\d+|odr@example.com|91370811\w+|luhao", " ", shown)
        assert set(re.findall(r"[A-Za-z][A-Za-z_]{2,}", shown)) - {"ODR", "CSV", "English"} == set(), address


# --- performance


def _course(made, outcome: str, *, opened=NOW, days: int = 2, rating: int = 0) -> Dispute:
    dispute = direct(made[0], consent=Consent.NO, at=opened)
    end = opened + timedelta(days=days)
    if outcome == "settled":
        offer = disputes.offer(
            dispute, for_enterprise(made[1], dispute), remedy="refund", amount_fen=1000, text="", at=opened + timedelta(hours=1)
        )
        disputes.accept(dispute, as_consumer(dispute), offer_id=offer.pk, at=end)
        if rating:
            disputes.rate(dispute, as_consumer(dispute), rating=rating, at=end)
    elif outcome == "refused":
        disputes.refuse(dispute, for_enterprise(made[1], dispute), text="不同意", at=end)
        passing.finish(dispute, at=end)
    elif outcome == "silent":
        passing.pass_expired(at("2026-11-20"))
    elif outcome == "withdrawn":
        disputes.end(dispute, disputes.Ending.WITHDRAWN, by=OFFICER, at=end)
    return dispute


def test_performance_counts_what_it_says_and_shows_no_rate_of_too_few(made):
    start = at("2026-10-12")
    for outcome, days, rating in (("settled", 2, 5), ("settled", 4, 4), ("refused", 3, 0), ("silent", 0, 0), ("withdrawn", 1, 0)):
        _course(made, outcome, opened=start, days=days, rating=rating)
    few = queries.performance(Dispute.objects.of(made[0]), now=NOW)
    shown_few = text(enterprise_browser().get("/odr/performance"))
    for _ in range(3):
        _course(made, "settled", opened=start, days=3, rating=3)

    found = queries.performance(Dispute.objects.of(made[0]), now=NOW)

    assert ("too few" in shown_few, "2 / 4" in shown_few, "50.0 %" in shown_few) == (True, True, False)
    assert (few.disputes, few.settled, few.decided, few.settled_rate, few.answered_rate) == (5, 2, 4, None, None)
    assert (found.disputes, found.settled, found.decided, found.settled_rate) == (8, 5, 7, 71.4)
    assert (found.answered, found.answerable, found.answered_rate) == (6, 7, 85.7)
    assert (found.settled_days, found.ratings, found.rating, found.settled_fen) == (3.0, 5, 3.6, 5000)


# --- whom to invite


def _trader(name: str) -> Trader:
    return Trader.objects.create(uscc=None, stated_key=name[:20], name=name, normalised_name=normalise(name), status="active")


def _complaints(name: str, n: int, *, kind=Kind.COMPLAINT, received=NOW, unit="", offices=None, problem="") -> list[Case]:
    found = receive(
        [
            filing(
                f"{name}-{kind}-{received:%Y%m%d}-{i}",
                received_at=received,
                kind=kind,
                respondent=Respondent(name=name),
                problem_class=problem,
            )
            for i in range(n)
        ],
        by=SYSTEM,
        at=NOW,
    )
    made = [Case.objects.get(pk=one.case_ids[0]) for one in found]
    if unit:
        dispatch(made, offices[unit], by=SYSTEM, at=NOW)
    return made


def test_the_ranking_counts_complaints_alone_and_says_why(made, offices):
    for name in ("甲商店有限公司", "乙商店有限公司", "丙商店有限公司", "丁商店有限公司"):
        _trader(name)
    old = at("2026-07-01")
    bad = _complaints("甲商店有限公司", 3, received=old, unit="370811", offices=offices)
    accept_case(bad[:1], by=SYSTEM, at=NOW)
    terminate(bad[0], ground="3", by=SYSTEM, at=NOW, note="无法达成一致")
    _complaints("乙商店有限公司", 4, problem="质量")
    _complaints("乙商店有限公司", 90, kind=Kind.REPORT)
    _complaints("丙商店有限公司", 2)
    _complaints("丙商店有限公司", 50, kind=Kind.REPORT)
    _complaints("丁商店有限公司", 5, received=at("2025-11-01"))
    _complaints("济宁市鲁好商贸有限公司", 9)
    boss = person("boss", "supervisor", "370800", at=NOW)

    found, total = queries.to_invite(boss, now=NOW)

    assert [(one.trader.name, one.score) for one in found] == [("乙商店有限公司", 4 + 4 + 4 + 3), ("甲商店有限公司", 3 + 2 + 2)]
    assert total == 2
    page = text(signed_in("boss").get("/odr/invite"))
    assert "3 complaints in 12 months, 1 ended without agreement, 2 open" in page
    assert ("丙商店有限公司" in page, "90" in re.sub(r"last 90 days", "", page)) == (False, False)


def test_a_county_ranks_its_own_complaints_only(made, offices):
    _trader("甲商店有限公司")
    _complaints("甲商店有限公司", 3, unit="370811", offices=offices)
    _complaints("甲商店有限公司", 2, unit="370881", offices=offices, received=NOW - timedelta(days=1))
    near, far = person("near", "officer", "370811", at=NOW), person("far", "officer", "370881", at=NOW)

    assert [one.complaints for one in queries.to_invite(near, now=NOW)[0]] == [3]
    assert queries.to_invite(far, now=NOW) == ([], 0)


def test_the_ranking_costs_the_same_for_1_and_60_traders(made, offices):
    person("boss", "supervisor", "370800", at=NOW)
    browser = signed_in("boss")
    costs = []
    for first, last in ((0, 1), (1, 60)):
        for n in range(first, last):
            _trader(f"第{n}号商店有限公司")
            _complaints(f"第{n}号商店有限公司", 3)
        with CaptureQueriesContext(connection) as counted:
            page = browser.get("/odr/invite")
        costs.append(len(counted))

    assert costs[0] == costs[1] <= 8
    assert "60 traders in all" in text(page)
    assert "page=2" in text(page)
    assert text(browser.get("/odr/invite?page=2")).count("complaints in 12 months") >= 10
