"""Documents of a case: which are offered, what stands in them, who may write, read, deliver and void them."""

import io
import json
import re
import zipfile
from datetime import timedelta
from itertools import count

import pytest
from casework import LIN, NOW, at, taken
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from fangxin.accounts.models import Person as Staff
from fangxin.cases import papers
from fangxin.cases.filings import Consent, Kind, PartyRole, Person, Respondent
from fangxin.cases.models import Case
from fangxin.cases.papers import filling
from fangxin.cases.services import (
    accept,
    decline_report,
    dispatch,
    mending,
    refuse,
    settle,
    start_mediation,
    terminate,
)
from fangxin.documents import converting, services
from fangxin.documents import queries as documents
from fangxin.documents.models import Delivery, Document
from fangxin.documents.specs import forms
from fangxin.kernel.errors import DomainError, IllegalStep
from fangxin.kernel.journal.models import Entry
from fangxin.kernel.refs import SYSTEM
from staffwork import person, signed_in

NUMBERS = count(1)
JUST = NOW - timedelta(minutes=10)
SUN = Person(name="孙建国", phone="13905375678", address="曲阜市鼓楼北街8号")


@pytest.fixture(autouse=True)
def now(monkeypatch):
    """Friday 20 November 2026, ten o'clock."""
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    return NOW


@pytest.fixture
def officer(offices) -> Staff:
    return person("officer", "officer", "370811", at=NOW, name="王芳")


@pytest.fixture
def desk(offices) -> Staff:
    return person("desk", "city_desk", "370800", at=NOW, name="李静")


def sent(offices, **changes) -> Case:
    """A complaint with the county bureau."""
    case = taken(f"JN-{next(NUMBERS)}", received_at=at("2026-11-18"), **{"respondent": Respondent(name="鲁好商贸有限公司", address="古槐路1号", contact="王经理", phone="0537-2345678"), **changes})  # fmt: skip
    dispatch([case], offices["370811"], by=SYSTEM, at=JUST)
    return Case.objects.get(pk=case.pk)


def accepted(offices, **changes) -> Case:
    case = sent(offices, **changes)
    accept([case], by=SYSTEM, at=JUST)
    return case


def offered(who: Staff, case: Case) -> list[str]:
    return [offer.form for offer in papers.offers(who, Case.objects.get(pk=case.pk))]


def filled(form: str, case: Case, who: Staff) -> dict[str, str]:
    plain = papers.look(form, case, actor=who.ref, at=NOW)
    return {name: value for name, value in papers.values(form, case, plain=plain, person=who, on=NOW.date()).items() if value}


# --- which are offered -------------------------------------------------------------------------------------------------------


def test_the_forms_follow_the_state_of_a_complaint(offices, officer):
    case = sent(offices)
    seen = {case.state: offered(officer, case)}
    accept([case], by=officer.ref, at=NOW)
    seen[case.state] = offered(officer, case)
    start_mediation(case, by=officer.ref, at=NOW)
    seen[case.state] = offered(officer, case)
    terminate(case, ground="3", by=officer.ref, at=NOW)
    seen[case.state] = offered(officer, case)

    assert seen == {
        "dispatched": ["complaint_registration", "identity_proof_notice"],
        "accepted": ["complaint_registration", "acceptance_decision", "mediation_notice", "mediation_agreement"],
        "mediating": ["complaint_registration", "acceptance_decision", "mediation_notice", "mediation_agreement"],
        "terminated": ["complaint_registration", "acceptance_decision", "termination_decision"],
    }


def test_a_refused_and_a_settled_complaint_have_their_own_forms(offices, officer):
    refused, settled = sent(offices), accepted(offices)
    refuse(refused, ground="3", by=officer.ref, at=NOW, note="不是为生活消费需要")
    settle(settled, by=officer.ref, at=NOW)

    assert offered(officer, refused) == ["complaint_registration", "refusal_decision"]
    assert offered(officer, settled) == ["complaint_registration", "acceptance_decision", "mediation_agreement"]


def test_a_report_has_its_registration_and_the_notice_of_its_result(offices, officer):
    case = sent(offices, kind=Kind.REPORT, persons=(SUN,))
    assert offered(officer, case) == ["report_registration"]

    decline_report(case, by=officer.ref, at=NOW, note="证据不足")

    assert offered(officer, case) == ["report_registration", "report_result_notice"]


def test_nobody_is_told_the_result_of_an_anonymous_report(offices, officer):
    case = sent(offices, kind=Kind.REPORT, persons=(), anonymous=True)
    decline_report(case, by=officer.ref, at=NOW, note="证据不足")

    assert offered(officer, case) == ["report_registration"]


def test_the_desk_writes_the_notice_of_dispatch_and_the_county_does_not(offices, desk, officer):
    case = sent(offices)

    assert "dispatch_notice" in offered(desk, case)
    assert "dispatch_notice" not in offered(officer, case)


@pytest.mark.parametrize(
    ("role", "office", "expected"),
    [
        ("officer", "370881", []),
        ("mediator", "370811", ["mediation_notice", "mediation_agreement"]),
        ("supervisor", "370800", []),
        ("evaluator", "370800", []),
        ("auditor", "370800", []),
        ("", "370811", []),
    ],
)
def test_who_does_not_handle_the_case_is_offered_nothing_and_mediators_only_what_is_theirs(offices, role, office, expected):
    case = accepted(offices)

    assert offered(person("someone", role, office, at=NOW), case) == expected


def test_a_registration_is_written_once_and_anew_when_it_is_void(offices, officer):
    case = sent(offices)
    document = services.issue("complaint_registration", case.ref, filled("complaint_registration", case, officer), office=offices["370811"], by=officer.ref, at=NOW)  # fmt: skip
    assert "complaint_registration" not in offered(officer, case)

    services.void(document, reason="登记有误", by=officer.ref, at=NOW)

    assert "complaint_registration" in offered(officer, case)


# --- what stands in them -----------------------------------------------------------------------------------------------------


def test_the_registration_is_filled_from_the_case_and_its_people(offices, officer):
    case = sent(offices, consent_publish=Consent.YES, consent_delegate=Consent.NOT_ASKED)

    assert filled("complaint_registration", case, officer) == {
        "name": "林晓梅",
        "phone": LIN.phone,
        "id_type": LIN.id_type,
        "id_number": LIN.id_number,
        "address": LIN.address,
        "consent_publish": "yes",
        "respondent": "鲁好商贸有限公司",
        "respondent_contact": "王经理",
        "respondent_address": "古槐路1号",
        "respondent_phone": "0537-2345678",
        "facts": "7月20日在店里买的电热水壶漏水，商家拒绝退货。",
        "request": "退货退款",
        "officer": "王芳",
        "registered_on": "2026-11-20",
    }


def test_a_narrative_is_printed_as_filed_not_as_scrubbed(offices, officer):
    case = sent(offices, narrative="我叫林晓梅，电话13805371234，水壶漏水。", request="退款到13805371234")

    found = filled("complaint_registration", case, officer)

    assert "13805371234" not in case.narrative
    assert (found["facts"], found["request"]) == ("我叫林晓梅，电话13805371234，水壶漏水。", "退款到13805371234")


def test_decisions_name_the_day_of_receipt_the_matter_and_the_ground(offices, officer):
    case = sent(offices)
    refuse(case, ground="3", by=officer.ref, at=NOW, note="不是为生活消费需要")

    assert filled("refusal_decision", case, officer) == {
        "addressee": "林晓梅",
        "received_on": "2026-11-20",
        "matter": "电热水壶漏水",
        "ground": "3",
    }


def test_the_termination_goes_to_both_sides(offices, officer):
    case = accepted(offices)
    terminate(case, ground="2", by=officer.ref, at=NOW)

    assert filled("termination_decision", case, officer) == {
        "addressee": "林晓梅、鲁好商贸有限公司",
        "matter": "电热水壶漏水",
        "ground": "2",
    }


def test_the_agreement_names_agents_and_what_was_asked(offices, officer):
    zhou = Person(name="周明", phone="13505370001", address="车站西路5号", role=PartyRole.AGENT)
    case = accepted(offices, persons=(LIN, zhou))

    found = filled("mediation_agreement", case, officer)

    assert (found["name"], found["agent"], found["agent_phone"], found["agent_address"]) == ("林晓梅", "周明", "13505370001", "车站西路5号")
    assert found["content"] == "7月20日在店里买的电热水壶漏水，商家拒绝退货。\n投诉请求：退货退款"


def test_of_several_complainants_the_first_stands_for_all(offices, officer):
    case = accepted(offices, persons=(LIN, Person(name="周明", phone="13505370001", role=PartyRole.JOINT)))

    assert filled("acceptance_decision", case, officer)["addressee"] == "林晓梅等2人"


def test_the_dispatch_notice_names_the_bureau_that_it_goes_to(offices, desk):
    case = sent(offices)

    assert filled("dispatch_notice", case, desk) == {
        "addressee": "任城区市场监督管理局",
        "filer": "林晓梅",
        "received_on": "2026-11-18",
        "matter": "电热水壶漏水",
        "filing_kind": "投诉",
        "copies": "1",
        "pages": "1",
    }
    assert papers.bureau("dispatch_notice", case, desk) == offices["370800"]


def test_the_proof_of_identity_is_asked_for_inside_the_acceptance_period(offices, officer):
    """Seven working days from Friday 20 November end on Tuesday 1 December."""
    found = filled("identity_proof_notice", sent(offices), officer)

    assert found["deadline"] == "2026-12-01"
    assert "身份证" in found["materials"]


@pytest.mark.parametrize(("field", "law"), [("advertising", "《中华人民共和国广告法》第五十三条"), ("", None)])
def test_the_notice_of_a_result_cites_the_law_that_asks_for_it_and_guesses_none(offices, officer, field, law):
    case = sent(offices, kind=Kind.REPORT, persons=(SUN,), field_of_law=field)
    decline_report(case, by=officer.ref, at=NOW, note="证据不足")

    assert filled("report_result_notice", case, officer).get("law") == law


def test_only_what_a_form_prints_is_looked_at_and_every_look_is_on_record(offices, officer):
    case = accepted(offices)
    before = Entry.objects.filter(event="kernel.PersonalDataRevealed").count()

    filled("acceptance_decision", case, officer)

    looks = list(Entry.objects.filter(event="kernel.PersonalDataRevealed").order_by("seq"))[before:]
    assert [(look.actor, json.loads(look.data)["fields"], json.loads(look.data)["purpose"]) for look in looks] == [
        (officer.ref, ["name"], "documents")
    ]


def test_an_upper_app_fills_a_form_further(offices, officer, monkeypatch):
    monkeypatch.setattr(filling, "_further", {})
    case = accepted(offices)

    papers.register("mediation_notice", lambda _setting: {"place": "调解一室", "mediator": "", "colour": "red"})
    found = filled("mediation_notice", case, officer)

    assert (found["place"], found["mediator"]) == ("调解一室", "王芳")
    assert "colour" not in found


def test_every_form_can_be_filled_and_issued_as_it_stands_once_the_officer_has_added_the_rest(offices, officer):
    """What the fillers say is what the forms take: nothing of it is refused."""
    complaint, report = accepted(offices), sent(offices, kind=Kind.REPORT, persons=(SUN,))
    added = {
        "contact_phone": "0537-2345601", "contact_address": "红星中路8号", "deadline": "2026-12-01", "session_at": "2026-12-02T14:30", "place": "调解室",
        "agreement": "退款199元", "law": "《某法》第一条", "result": "已立案", "report_by": "2027-01-20", "ground": "1",
    }  # fmt: skip
    for template in forms().values():
        case = report if template.id.startswith("report") else complaint
        values = filled(template.id, case, officer)
        needed = {field.name: added[field.name] for field in template.fields if field.required and not values.get(field.name)}
        services.issue(template.id, case.ref, values | needed, office=offices["370811"], by=officer.ref, at=NOW)

    assert Document.objects.count() == 10


# --- the pages ---------------------------------------------------------------------------------------------------------------


def opened(client, case: Case, form: str) -> dict[str, str]:
    """The fields of the form's page as a browser would send them."""
    answer = client.post(f"/cases/{case.pk}/papers/{form}", {"do": "open"})
    assert answer.status_code == 200, answer.content.decode()
    page = answer.context
    return {"seen": page["key"], "once": page["token"], **page["form"].given}


def test_the_case_page_offers_the_forms_and_lists_what_was_issued(offices, officer):
    case = accepted(offices)
    client = signed_in("officer", "zh-hans")
    fields = opened(client, case, "acceptance_decision")

    answer = client.post(
        f"/cases/{case.pk}/papers/acceptance_decision", {**fields, "contact_phone": "0537-2345601", "do": "issue"}, follow=True
    )

    page = answer.content.decode()
    document = Document.objects.get()
    assert document.number == "济任市监〔2026〕第1号"
    assert document.office == offices["370811"]
    assert "投诉受理决定书" in page
    assert "济任市监〔2026〕第1号" in page
    assert f"/cases/{case.pk}/papers/{document.pk}/deliver" in page
    assert "林晓梅" not in page
    with zipfile.ZipFile(io.BytesIO(services.docx(document, purpose="documents", actor=officer.ref, at=NOW))) as archive:
        text = re.sub("<[^>]+>", "", archive.read("word/document.xml").decode())
    assert "我局于2026年11月20日收到你关于电热水壶漏水的投诉。" in text
    assert "联系人：王芳；联系电话：0537-2345601。" in text


def test_the_same_page_sent_twice_issues_once(offices, officer):
    case = accepted(offices)
    client = signed_in("officer")
    fields = {**opened(client, case, "acceptance_decision"), "contact_phone": "0537-2345601", "do": "issue"}

    for _ in range(2):
        assert client.post(f"/cases/{case.pk}/papers/acceptance_decision", fields).status_code == 302

    assert [document.sequence for document in Document.objects.all()] == [1]


def test_what_is_missing_is_said_beside_its_field_and_nothing_typed_is_lost(offices, officer):
    case = accepted(offices)
    client = signed_in("officer", "zh-hans")
    fields = {**opened(client, case, "acceptance_decision"), "matter": "改过的事由", "do": "issue"}

    answer = client.post(f"/cases/{case.pk}/papers/acceptance_decision", fields)

    assert answer.status_code == 422
    assert answer.context["form"].errors.keys() == {"contact_phone"}
    assert "改过的事由" in answer.content.decode()
    assert not Document.objects.exists()


def test_a_page_from_before_somebody_else_moved_the_case_issues_nothing(offices, officer):
    case = accepted(offices)
    client = signed_in("officer")
    fields = {**opened(client, case, "acceptance_decision"), "contact_phone": "0537-2345601", "do": "issue"}
    start_mediation(case, by=SYSTEM, at=NOW)

    answer = client.post(f"/cases/{case.pk}/papers/acceptance_decision", fields)

    assert answer.status_code == 409
    assert not Document.objects.exists()


def test_a_preview_needs_no_number_and_leaves_nothing_behind(offices, officer, monkeypatch):
    monkeypatch.setattr(converting, "to_pdf", lambda _content: b"%PDF-1.7 preview")
    case = accepted(offices)
    client = signed_in("officer")
    fields = opened(client, case, "acceptance_decision")

    docx = client.post(f"/cases/{case.pk}/papers/acceptance_decision", {**fields, "do": "docx"})
    pdf = client.post(f"/cases/{case.pk}/papers/acceptance_decision", {**fields, "do": "pdf"})

    assert docx.content[:2] == b"PK"
    assert pdf.content == b"%PDF-1.7 preview"
    assert docx["Content-Disposition"] == 'attachment; filename="preview.docx"'
    assert docx["Cache-Control"] == "no-store, private"
    assert not Document.objects.exists()


def test_htmx_gets_the_picture_alone_with_what_was_typed(offices, officer):
    case = accepted(offices)
    client = signed_in("officer")
    fields = {**opened(client, case, "acceptance_decision"), "matter": "改过的<事由>", "do": "look"}

    answer = client.post(f"/cases/{case.pk}/papers/acceptance_decision", fields, headers={"hx-request": "true"})

    page = answer.content.decode()
    assert page.strip().startswith("<section")
    assert "改过的&lt;事由&gt;" in page
    assert "<form" not in page


@pytest.mark.parametrize("form", ["complaint_registration", "mediation_agreement"])
def test_every_kind_of_form_is_drawn_on_the_screen(offices, officer, form):
    case = accepted(offices)

    page = signed_in("officer", "zh-hans").post(f"/cases/{case.pk}/papers/{form}", {"do": "open"}).content.decode()

    assert forms()[form].title in page
    assert "林晓梅" in page
    assert "fx-paper" in page


def test_without_libreoffice_the_officer_reads_what_to_do(offices, officer, monkeypatch):
    monkeypatch.setattr(converting, "program", lambda: None)
    case = accepted(offices)
    client = signed_in("officer", "zh-hans")
    fields = {**opened(client, case, "acceptance_decision"), "contact_phone": "0537-2345601"}
    client.post(f"/cases/{case.pk}/papers/acceptance_decision", {**fields, "do": "issue"})
    document = Document.objects.get()

    preview = client.post(f"/cases/{case.pk}/papers/acceptance_decision", {**fields, "matter": "未丢失", "do": "pdf"})
    issued = client.post(f"/cases/{case.pk}/papers/{document.pk}/pdf")

    for answer in (preview, issued):
        assert answer.status_code == 409
        assert "LibreOffice" in answer.content.decode()
        assert "请" in answer.content.decode()
    assert "未丢失" in preview.content.decode()


def test_a_bare_address_leads_to_the_case_and_looks_at_nobody(offices, officer):
    case = accepted(offices)

    answer = signed_in("officer").get(f"/cases/{case.pk}/papers/acceptance_decision")

    assert (answer.status_code, answer["Location"]) == (302, f"/cases/{case.pk}")
    assert not Entry.objects.filter(event="kernel.PersonalDataRevealed").exists()


def issued(case: Case, officer: Staff, form: str = "acceptance_decision", **options) -> Document:
    values = (
        filled(form, case, officer) | {"contact_phone": "0537-2345601"} if form == "acceptance_decision" else filled(form, case, officer)
    )
    return services.issue(form, case.ref, values, office=case.competent, by=officer.ref, at=NOW, **options)


def test_docx_and_pdf_go_out_as_downloads_and_are_on_record(offices, officer, monkeypatch):
    monkeypatch.setattr(converting, "to_pdf", lambda _content: b"%PDF-1.7 made")
    document = issued(accepted(offices), officer)
    client = signed_in("officer")
    case = Case.objects.get()

    docx = client.post(f"/cases/{case.pk}/papers/{document.pk}/docx")
    pdf = client.post(f"/cases/{case.pk}/papers/{document.pk}/pdf")

    assert docx.content[:2] == b"PK"
    assert pdf.content == b"%PDF-1.7 made"
    for answer in (docx, pdf):
        assert answer["Content-Disposition"].startswith("attachment")
        assert answer["X-Content-Type-Options"] == "nosniff"
    assert Entry.objects.filter(event="files.FileOpened", actor=officer.ref).count() >= 2


@pytest.mark.parametrize(
    ("role", "office", "sees", "expected"),
    [("officer", "370881", 404, 404), ("supervisor", "370800", 200, 403), ("auditor", "370800", 200, 403), ("", "370811", 404, 404)],
)
def test_strangers_read_deliver_and_void_nothing(offices, officer, role, office, sees, expected):
    document = issued(accepted(offices), officer)
    case = Case.objects.get()
    person("someone", role, office, at=NOW)
    client = signed_in("someone")

    answers = {
        what: client.post(
            f"/cases/{case.pk}/papers/{document.pk}/{what}", {"to": "complainant", "method": "post", "reference": "x", "reason": "x"}
        ).status_code
        for what in ("docx", "pdf", "deliver", "void")
    }
    written = client.post(f"/cases/{case.pk}/papers/acceptance_decision", {"do": "open"})

    assert client.get(f"/cases/{case.pk}").status_code == sees
    assert set(answers.values()) == {expected}
    assert written.status_code == (404 if sees == 404 else 409)
    assert not Delivery.objects.exists()
    assert Document.objects.valid().count() == 1
    assert "林晓梅" not in written.content.decode()


def test_a_document_is_not_read_through_another_case(offices, officer):
    document = issued(accepted(offices), officer)
    other = taken("other", received_at=at("2026-11-18"))
    dispatch([other], offices["370811"], by=SYSTEM, at=JUST)

    assert signed_in("officer").post(f"/cases/{other.pk}/papers/{document.pk}/docx").status_code == 404


def test_a_delivery_with_its_proof_is_recorded_on_the_page(offices, officer):
    from PIL import Image  # noqa: PLC0415 -- only here

    photo = io.BytesIO()
    Image.new("RGB", (40, 30), "white").save(photo, "JPEG")
    photo.seek(0)
    photo.name = "receipt.jpg"
    case = accepted(offices)
    document = issued(case, officer)
    client = signed_in("officer", "zh-hans")

    answer = client.post(
        f"/cases/{case.pk}/papers/{document.pk}/deliver",
        {"to": "complainant", "method": "in_person", "proof": photo},
        follow=True,
    )

    delivery = Delivery.objects.get()
    assert delivery.served_at == NOW
    assert delivery.proof.category == "proof"
    assert documents.served_at(case.ref, "acceptance_decision") == NOW
    assert "已送达" in answer.content.decode()


def test_a_message_goes_to_the_number_on_file(offices, officer):
    case = accepted(offices)
    document = issued(case, officer)

    signed_in("officer").post(f"/cases/{case.pk}/papers/{document.pk}/deliver", {"to": "complainant", "method": "sms"})

    delivery = Delivery.objects.get()
    assert (delivery.shown, delivery.served_at) == ("138****1234", None)
    assert documents.on_its_way(case.ref, "acceptance_decision")


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"to": "complainant", "method": "post"}, 409),
        ({"to": "complainant", "method": "email"}, 409),
        ({"to": "complainant", "method": "post", "reference": "EMS1", "served_on": "2026-11-21"}, 409),
        ({"to": "respondent", "method": "post", "reference": "EMS1"}, 422),
        ({"to": "complainant"}, 422),
    ],
)
def test_a_delivery_that_cannot_be_comes_back_with_its_form(offices, officer, given, status):
    case = accepted(offices)
    document = issued(case, officer)

    answer = signed_in("officer").post(f"/cases/{case.pk}/papers/{document.pk}/deliver", given)

    assert answer.status_code == status
    assert 'class="fx-reveal" open' in answer.content.decode()
    assert not Delivery.objects.exists()


def test_a_document_is_voided_on_the_page_with_its_reason(offices, officer):
    case = accepted(offices)
    document = issued(case, officer)
    client = signed_in("officer", "zh-hans")

    refused = client.post(f"/cases/{case.pk}/papers/{document.pk}/void", {"reason": ""})
    answer = client.post(f"/cases/{case.pk}/papers/{document.pk}/void", {"reason": "日期写错"}, follow=True)

    assert refused.status_code == 422
    page = answer.content.decode()
    assert "日期写错" in page
    assert "作废" in page
    assert f"/papers/{document.pk}/deliver" not in page


def test_the_case_page_costs_the_same_for_one_document_and_ten(offices, officer):
    case = accepted(offices)
    client = signed_in("officer")
    costs = []
    for size in (1, 9):
        for _ in range(size):
            services.deliver(issued(case, officer), to="complainant", method="post", reference="EMS1", by=officer.ref, at=NOW)
        client.get(f"/cases/{case.pk}")
        with CaptureQueriesContext(connection) as spent:
            client.get(f"/cases/{case.pk}")
        costs.append(len(spent))

    assert costs[0] == costs[1]


# --- what follows ------------------------------------------------------------------------------------------------------------


def test_a_decision_that_was_taken_back_takes_its_document_with_it(offices, officer, django_capture_on_commit_callbacks):
    case = accepted(offices)
    document = issued(case, officer)

    with django_capture_on_commit_callbacks(execute=True):
        mending.take_back(case, by=officer.ref, at=NOW + timedelta(minutes=1), note="受理有误")

    document.refresh_from_db()
    assert document.voided_at is not None
    assert "撤回" in document.void_reason


def test_a_document_of_an_earlier_decision_is_delivered_no_more(offices, officer):
    """Taken back and accepted again: the paper of the first acceptance would tell of a decision that isn't."""
    case = accepted(offices)
    document = issued(case, officer)
    mending.take_back(case, by=officer.ref, at=NOW + timedelta(minutes=1), note="受理有误")

    with pytest.raises(IllegalStep) as gone:
        services.deliver(document, to="complainant", method="post", reference="EMS1", by=officer.ref, at=NOW + timedelta(minutes=2))
    case.refresh_from_db()
    accept([case], by=officer.ref, at=NOW + timedelta(minutes=3))
    with pytest.raises(IllegalStep) as older:
        services.deliver(document, to="complainant", method="post", reference="EMS1", by=officer.ref, at=NOW + timedelta(minutes=4))

    assert {gone.value.code, older.value.code} == {"cases.document_outdated"}


def test_a_served_decision_stands(offices, officer):
    case = accepted(offices)
    services.deliver(issued(case, officer), to="complainant", method="post", reference="EMS1", by=officer.ref, at=NOW)

    with pytest.raises(DomainError):
        mending.take_back(case, by=officer.ref, at=NOW + timedelta(minutes=1), note="受理有误")


def test_serving_the_termination_on_both_sides_ends_the_period_of_notice(offices, officer, django_capture_on_commit_callbacks):
    from casework import clocks  # noqa: PLC0415 -- only here

    case = accepted(offices)
    terminate(case, ground="3", by=officer.ref, at=JUST)
    case.refresh_from_db()
    document = issued(case, officer, "termination_decision")

    for to in ("complainant", "respondent"):
        assert clocks(case)["complaint.termination_notice"] == "2026-12-01"
        with django_capture_on_commit_callbacks(execute=True):
            services.deliver(document, to=to, method="post", reference=f"EMS {to}", by=officer.ref, at=NOW)

    assert clocks(case)["complaint.termination_notice"] == "in_time"


def test_the_history_tells_of_documents_without_a_name(offices, officer):
    case = accepted(offices)
    document = issued(case, officer)
    services.deliver(document, to="complainant", method="telephone", reference="0537-2345601", by=officer.ref, at=NOW)

    page = signed_in("officer", "zh-hans").get(f"/cases/{case.pk}").content.decode()

    assert "制发文书：投诉受理决定书，济任市监〔2026〕第1号" in page
    assert "送达投诉人（电话告知）：投诉受理决定书，济任市监〔2026〕第1号" in page


def test_nothing_of_a_report_is_sealed_with_other_keys_or_offered_to_the_other_side(offices, officer, desk):
    case = sent(offices, kind=Kind.REPORT, persons=(SUN,))
    client = signed_in("desk")
    fields = {**opened(client, case, "dispatch_notice"), "report_by": "2026-12-30", "do": "issue"}

    assert client.post(f"/cases/{case.pk}/papers/dispatch_notice", fields).status_code == 302

    document = Document.objects.get()
    assert (document.keys, document.docx.blob.keys) == ("reporter", "reporter")
    assert services.may_reach(document) == ["office"]
    answer = client.post(f"/cases/{case.pk}/papers/{document.pk}/deliver", {"to": "respondent", "method": "post", "reference": "x"})
    assert answer.status_code == 422
