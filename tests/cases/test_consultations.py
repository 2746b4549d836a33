"""Consultations: answered from the knowledge base with its articles, or handed over to the body that is competent."""

import re
from datetime import timedelta

import pytest
from casework import NOW, SYSTEM, history, last_event, taken
from django.utils import timezone
from reportwork import key

from fangxin.cases import services
from fangxin.cases.filings import Kind
from fangxin.cases.models import Case, Note
from fangxin.knowledge.models import Entry
from fangxin.knowledge.services import load_entries
from staffwork import person, signed_in


@pytest.fixture(autouse=True)
def now(monkeypatch):
    """Friday 20 November 2026, ten o'clock."""
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def base(db):
    """The knowledge base as it ships."""
    load_entries(by=SYSTEM, at=NOW)


@pytest.fixture
def desk(offices):
    return person("desk", "city_desk", "370800", at=NOW, name="李静")


def question(text: str, number: str = "1", kind: Kind = Kind.CONSULTATION) -> Case:
    return taken(number, kind=kind, narrative=text, title="", received_at=NOW - timedelta(minutes=30))


def act(client, case: Case, name: str, **data):
    return client.post(f"/cases/{case.pk}/act/{name}", {"seen": key(case), **data})


def test_an_answer_keeps_its_text_and_tells_the_journal_what_it_rests_on(offices):
    case = question("健身房关门了，会员卡能退吗？")

    services.answer([case], note="可以要求退还余额。依据：条例第二十二条。", entries=["prepaid.refund"], by=SYSTEM, at=NOW)

    assert (case.state, Note.objects.get(step="answer").text) == ("answered", "可以要求退还余额。依据：条例第二十二条。")
    assert last_event(case.ref, "cases.KnowledgeUsed").entries == ("prepaid.refund",)


def test_the_page_finds_what_fits_the_question_by_itself_and_by_search(desk, base):
    case = question("我在健身房办的会员卡，健身房关门了，卡里的钱能退吗？")
    client = signed_in("desk")

    page = client.get(f"/cases/{case.pk}/answer").content.decode()
    searched = client.get(f"/cases/{case.pk}/answer?q=七天无理由退货").content.decode()

    assert "预付卡（健身、美容、培训、洗车等）能退吗？" in page
    assert re.search(r"<summary>(\S+)", searched)[1].startswith("网购七天无理由退货")


def test_an_entry_is_put_into_the_answer_with_its_articles_and_sent_without_script(desk, base):
    case = question("网购的衣服可以七天无理由退货吗？")
    entry = Entry.objects.get(slug="return.seven_days")
    client = signed_in("desk")

    page = client.get(f"/cases/{case.pk}/answer?entry={entry.pk}").content.decode()
    note = re.search(r"<textarea[^>]*>\s*(.*?)</textarea>", page, re.S)[1]
    answer = act(client, case, "answer", note=note, entries="return.seven_days nonsense")

    assert "依据：《中华人民共和国消费者权益保护法》第二十五条" in note
    assert 'value="return.seven_days"' in page
    assert answer.status_code == 302
    assert "第二十五条" in Note.objects.get(step="answer").text
    assert last_event(case.ref, "cases.KnowledgeUsed").entries == ("return.seven_days",)


def test_what_belongs_to_another_body_is_handed_over_with_its_telephone(desk, base):
    case = question("公司拖欠工资找谁？")
    entry = Entry.objects.get(slug="elsewhere.labour")
    client = signed_in("desk")

    page = client.get(f"/cases/{case.pk}/answer?entry={entry.pk}").content.decode()
    answer = act(client, case, "hand_over", body=entry.body, phone=entry.phone, note="已告知拨打12333。", entries=entry.slug)

    assert f'action="/cases/{case.pk}/act/hand_over"' in page
    assert 'value="12333"' in page
    assert answer.status_code == 302
    assert (Case.objects.get().state, Note.objects.get(step="redirect").text) == (
        "redirected",
        "人力资源和社会保障部门 12333\n已告知拨打12333。",
    )
    assert history(case.ref)[-1] != "CaseReceived"


def test_an_empty_answer_comes_back_and_a_message_of_no_kind_can_be_answered(desk, base):
    case, message = question("怎么投诉？"), question("怎么投诉？", "2", Kind.UNDETERMINED)
    client = signed_in("desk")

    assert act(client, case, "answer", note=" ", entries="").status_code == 422
    assert act(client, message, "answer", note="拨打12315。", entries="").status_code == 302
    assert act(client, message, "answer", note="拨打12315。", entries="").status_code == 409
    assert client.get(f"/cases/{message.pk}/answer").status_code == 404


def test_the_knowledge_base_opened_for_a_case_leads_back_to_it(desk, base):
    case = question("怎么投诉？")
    entry = Entry.objects.get(slug="complain.how")

    page = signed_in("desk").get(f"/knowledge/{entry.pk}?for={case.pk}").content.decode()
    plain = signed_in("desk").get(f"/knowledge/{entry.pk}?for=x").content.decode()

    assert f'href="/cases/{case.pk}/answer?entry={entry.pk}"' in page
    assert f"Use for {case.number}" in page
    assert "/answer?entry=" not in plain


@pytest.mark.parametrize(
    ("role", "office", "status"), [("officer", "370881", 404), ("auditor", "370800", 404), ("mediator", "station", 404)]
)
def test_only_who_may_answer_opens_the_page(offices, base, role, office, status):
    case = question("怎么投诉？")
    person("someone", role, office, at=NOW)

    assert signed_in("someone").get(f"/cases/{case.pk}/answer").status_code == status


def test_a_complaint_has_no_page_to_answer_it(desk, base):
    complaint = question("水壶漏水", kind=Kind.COMPLAINT)

    assert signed_in("desk").get(f"/cases/{complaint.pk}/answer").status_code == 404
