"""What an attacker tried on the officers' desk and what must stay refused: a delegated body, a trader, an enterprise's former staff."""

import json
import logging
from io import BytesIO, StringIO

import pytest
from django.test import Client
from django.utils import timezone
from PIL import Image

from cases.casework import LIN, NOW, at, city, filing
from fangxin.accounts.models import Person
from fangxin.accounts.tokens import issue_token
from fangxin.cases import services as cases
from fangxin.cases.filings import Kind, Respondent
from fangxin.cases.models import Case, Note, Party, PartyRole
from fangxin.cases.services import receive
from fangxin.cases.services.privacy import ERASED, ask_erasure, copy_for, erase, people_with
from fangxin.documents import services as documents
from fangxin.documents.models import Document
from fangxin.documents.specs import spec
from fangxin.files.models import Attachment
from fangxin.files.services import keep, remove
from fangxin.kernel import permits
from fangxin.kernel.journal.models import Entry
from fangxin.kernel.refs import SYSTEM, Ref
from fangxin.knowledge.models import Entry as Known
from fangxin.knowledge.services import load_entries
from fangxin.mediation.models import Agreement
from fangxin.notices.models import Notice
from fangxin.odr.models import Message
from fangxin.odr.services import accounts, as_consumer, disputes, telling
from odr import odrwork
from staffwork import person, signed_in


@pytest.fixture(autouse=True)
def now(monkeypatch):
    """Friday 20 November 2026, ten o'clock."""
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def offices(transactional_db):
    return city()


@pytest.fixture
def staff(offices) -> dict[str, Person]:
    return {
        "officer": person("officer", "officer", "370811", at=NOW),
        "head": person("head", "supervisor", "370811", at=NOW),
        "station": person("station", "mediator", "station", at=NOW),
    }


def complaint(offices, number: str = "S-1", **changes) -> Case:
    """A complaint in mediation with the county."""
    receipt = receive([filing(number, **{"received_at": at("2026-11-02"), **changes})], by=SYSTEM, at=NOW)[0]
    assert receipt.error is None
    case = Case.objects.get(pk=receipt.case_ids[0])
    cases.dispatch([case], offices["370811"], by=SYSTEM, at=at("2026-11-02 10:00"))
    cases.accept([case], by=SYSTEM, at=at("2026-11-03"))
    cases.start_mediation(case, by=SYSTEM, at=at("2026-11-04"))
    return case


def delegated(offices, number: str = "S-1") -> Case:
    """The same, delegated to a station."""
    case = complaint(offices, number)
    Case.objects.filter(pk=case.pk).update(delegate=offices["station"])
    return Case.objects.select_related("unit", "delegate").get(pk=case.pk)


def photo(shade: int = 90) -> bytes:
    held = BytesIO()
    Image.new("RGB", (8, 8), (shade, 40, 40)).save(held, "PNG")
    return held.getvalue()


# --- a delegated body --------------------------------------------------------------------------------------------------------


def test_a_delegated_mediator_cannot_read_the_clue_that_became_a_report(offices, staff):
    case = delegated(offices)
    cases.open_clue(case, clue=f"{LIN.name}电话{LIN.phone}反映无认证标志", found_at=at("2026-11-10"), by=SYSTEM, at=NOW)
    note = Note.objects.get(case=case, step="find_clue")
    asked = {"purpose": "mediation"}

    hidden = signed_in("station").post(f"/cases/{case.pk}/reveal/note/{note.pk}", asked)
    shown = signed_in("officer").post(f"/cases/{case.pk}/reveal/note/{note.pk}", asked)

    assert hidden.status_code == 404
    assert shown.status_code == 200
    assert LIN.phone in shown.content.decode()


def decision(case: Case, offices) -> Document:
    """The county's decision that it accepts the complaint."""
    values = {blank.name: "2026-11-05" for blank in spec("acceptance_decision").fields}
    return documents.issue("acceptance_decision", case.ref, values, office=offices["370811"], by=SYSTEM, at=at("2026-11-05"))


def test_a_delegated_mediator_neither_voids_nor_delivers_the_bureaus_decision(offices, staff):
    case = delegated(offices)
    document = decision(case, offices)
    client = signed_in("station")

    voided = client.post(f"/cases/{case.pk}/papers/{document.pk}/void", {"reason": "误"})
    delivered = client.post(
        f"/cases/{case.pk}/papers/{document.pk}/deliver", {"to": "complainant", "method": "in_person", "reference": "签收"}
    )

    document.refresh_from_db()
    assert (voided.status_code, delivered.status_code, document.voided_at) == (403, 403, None)
    assert signed_in("officer").post(f"/cases/{case.pk}/papers/{document.pk}/void", {"reason": "误"}).status_code == 302


def test_a_delegated_mediator_adds_evidence_and_takes_none_off(offices, staff):
    case = delegated(offices)
    mine = keep(photo(), name="a.png", subject=case.ref, category="evidence", by=SYSTEM, at=NOW)
    page = f"/cases/{case.pk}/attachments/{mine.pk}/remove"

    assert signed_in("station").post(page, {"reason": "irrelevant"}).status_code == 403
    assert Attachment.objects.get(pk=mine.pk).removed_at is None
    assert permits.may(staff["station"], "handle", case)


def test_a_delegation_opens_no_personal_data_once_the_case_is_closed(offices, staff):
    case = delegated(offices)
    party = Party.objects.filter(case=case).first()
    assert permits.may(staff["station"], "reveal", case)
    cases.settle(case, by=SYSTEM, at=NOW, recovered_fen=1)

    answer = signed_in("station").post(f"/cases/{case.pk}/reveal/party/{party.pk}", {"purpose": "mediation"})

    assert answer.status_code == 403
    assert LIN.phone not in answer.content.decode()
    assert not permits.may(staff["station"], "handle", case)
    assert permits.may(staff["station"], "view", case)
    assert permits.may(staff["officer"], "reveal", case)


def test_a_delegated_mediator_does_not_tie_the_bureaus_cases_together(offices, staff):
    first, second = delegated(offices), delegated(offices, "S-2")
    sent = {"seen": f"{first.pk}.mediating.{first.unit_id}", "number": second.number, "note": "同一事项"}

    tried = signed_in("station").post(f"/cases/{first.pk}/act/combine", sent)

    assert tried.status_code == 403
    assert Case.objects.get(pk=first.pk).lead_id is None
    assert signed_in("officer").post(f"/cases/{first.pk}/act/combine", sent).status_code == 302


# --- what a person may ask for ------------------------------------------------------------------------------------------------


def test_whom_a_report_is_against_gets_no_copy_of_it(offices):
    desk = person("desk", "city_desk", "370800", at=NOW)
    stated = Respondent(name="济宁市鲁好商贸有限公司", address="古槐路1号", contact="赵建国", phone="13905370001")
    receive([filing("R-1", kind=Kind.REPORT, respondent=stated, narrative="后厨有老鼠")], by=SYSTEM, at=NOW)
    receive([filing("K-1", respondent=stated)], by=SYSTEM, at=NOW)
    assert Party.objects.filter(role=PartyRole.RESPONDENT_CONTACT).count() == 2

    found = people_with(phone="13905370001")
    copy = copy_for(found, by=desk, at=NOW, identity="身份证")

    assert [one.case.kind for one in found] == ["complaint"]
    assert [(one["narrative"], one["title"], one["request"], one["further"]) for one in copy["cases"]] == [("", "", "", {})]
    assert copy["cases"][0]["person"]["name"] == "赵建国"


def test_a_number_tried_without_record_does_not_tell_who_reports(offices):
    person("head", "supervisor", "370811", at=NOW)
    receive([filing("R-1", kind=Kind.REPORT)], by=SYSTEM, at=NOW)

    page = signed_in("head").post("/cases/data-subject", {"phone": LIN.phone, "look": "1"})

    assert page.context["others"] == 0


def test_a_copy_that_shows_nothing_is_on_record_all_the_same(offices):
    head = person("head", "supervisor", "370811", at=NOW)
    receive([filing("R-1", kind=Kind.REPORT)], by=SYSTEM, at=NOW)

    copy = copy_for(people_with(phone=LIN.phone), by=head, at=NOW, identity="身份证")

    assert (copy["cases"], copy["not_shown"]) == ([], 1)
    assert Entry.objects.filter(event="cases.DataSubjectServed", subject=head.ref).count() == 1


# --- erasure ------------------------------------------------------------------------------------------------------------------


def erased(case: Case) -> None:
    asked = ask_erasure(Case.objects.get(pk=case.pk), ground="mistaken", by=Ref("person:1"), at=NOW)
    erase(asked, by=Ref("person:2"), at=NOW)


def test_erasure_destroys_files_that_were_taken_off_before(offices):
    case = complaint(offices)
    gone = keep(photo(), name="身份证.png", subject=case.ref, category="evidence", by=SYSTEM, at=NOW)
    remove(gone, reason="wrong_subject", by=SYSTEM, at=NOW)
    cases.settle(case, by=SYSTEM, at=NOW, recovered_fen=1)

    erased(case)

    gone.refresh_from_db()
    assert gone.erased_at is not None
    assert gone.blob.erased_at is not None


def test_erasure_destroys_the_proof_of_a_delivery_that_was_refused(offices):
    case = complaint(offices)
    document = decision(case, offices)
    proof = keep(photo(), name="回证.png", subject=document.ref, category="proof", by=SYSTEM, at=NOW)
    cases.settle(case, by=SYSTEM, at=NOW, recovered_fen=1)

    erased(case)

    proof.refresh_from_db()
    assert proof.erased_at is not None


def test_erasure_reaches_the_agreement_of_mediation(offices):
    case = complaint(offices)
    Agreement.objects.create(case=case, way="written", terms="退林女士", sealed=b"x", by=SYSTEM, at=NOW)
    cases.settle(case, by=SYSTEM, at=NOW, recovered_fen=1)

    erased(case)

    agreement = Agreement.objects.get()
    assert (agreement.terms, bytes(agreement.sealed)) == (ERASED, b"")


def test_erasure_reaches_the_dispute_with_the_enterprise(offices):
    odrwork.enterprise(office=offices["370811"])
    dispute = odrwork.sent(offices)
    disputes.say(dispute, as_consumer(dispute), text=f"我的电话{LIN.phone}", at=NOW)
    kept = keep(photo(), name="收据.png", subject=dispute.ref, category="evidence", by=SYSTEM, at=NOW)
    dispute.refresh_from_db()
    case = dispute.case
    cases.withdraw(case, by=SYSTEM, at=NOW, note="撤回")
    Notice.objects.all().update(state="given_up", ended_at=NOW, next_at=None)

    erased(case)

    dispute.refresh_from_db()
    said = Message.objects.get(dispute=dispute)
    kept.refresh_from_db()
    assert (dispute.title, dispute.narrative, dispute.request) == ("", ERASED, "")
    assert (dispute.consumer_masked, dispute.phone_masked, bytes(dispute.sealed), dispute.token_hash) == ("", "", b"", None)
    assert (said.text, bytes(said.sealed)) == (ERASED, b"")
    assert kept.erased_at is not None


# --- enterprises --------------------------------------------------------------------------------------------------------------


def test_a_link_made_by_an_account_that_was_switched_off_is_dead(offices):
    made, account = odrwork.enterprise(office=offices["370811"])
    _invitation, token = accounts.invite(made, by=account.ref, at=NOW)
    _other, officers = accounts.invite(made, by=odrwork.OFFICER, at=NOW)

    accounts.switch_account(account, active=False, by=odrwork.OFFICER, at=NOW)

    assert accounts.invitation_of(token, at=NOW) is None
    assert accounts.invitation_of(officers, at=NOW) is not None


# --- odd input ----------------------------------------------------------------------------------------------------------------


def test_a_number_in_superscript_is_no_number(offices):
    person("desk", "city_desk", "370800", at=NOW)
    load_entries(by=SYSTEM, at=NOW)
    page = signed_in("desk").get(f"/knowledge/{Known.objects.first().pk}", {"for": "²"})

    assert page.status_code == 200


@pytest.fixture
def program(offices):
    """Hands filings in over the API, for the desk."""
    desk = person("desk", "city_desk", "370800", at=NOW)
    _token, secret = issue_token(desk, name="p", scope="write", expires_at=at("2026-12-20"), by=desk.ref, at=NOW)

    def post(body, **headers):
        content = body if isinstance(body, bytes) else json.dumps(body)
        return Client(raise_request_exception=False).post(
            "/api/v1/cases", content, content_type="application/json", headers={"authorization": f"Bearer {secret}", **headers}
        )

    return post


@pytest.mark.parametrize("odd", [{"trader": 10**30}, {"received_at": "0001-01-01T00:00:00+14:00"}])
def test_an_odd_row_of_a_batch_keeps_no_other_out_and_breaks_nothing(program, odd):
    plain = {"channel": "telephone", "narrative": "水壶漏水。"}

    answer = program([{**plain, **odd}, plain])

    assert answer.status_code == 200, answer.content.decode()
    assert [one["outcome"] for one in answer.json()["receipts"]][1] == "created"


def test_a_body_in_another_encoding_is_answered(program):
    answer = program(json.dumps({"channel": "telephone", "narrative": "水壶漏水。"}).encode("utf-16"), **{"idempotency-key": "k"})

    assert answer.status_code < 500


# --- logs and counts ----------------------------------------------------------------------------------------------------------


def test_the_secret_of_a_consumers_link_stands_in_no_log(offices, monkeypatch):
    written = StringIO()
    console = next(one for one in logging.getLogger().handlers if type(one) is logging.StreamHandler)
    monkeypatch.setattr(console, "stream", written)
    odrwork.enterprise(office=offices["370811"])
    token = telling.token_of(odrwork.sent(offices))

    answer = Client(enforce_csrf_checks=True).post(f"/odr/d/{token}", {"reply": "give_up"})

    assert answer.status_code == 403
    assert "Forbidden" in written.getvalue()
    assert token not in written.getvalue()


def test_a_delegated_mediator_is_not_even_told_how_many_reports_are_worked_on_together(offices, staff):
    lead, other = delegated(offices), complaint(offices, "S-2")
    Case.objects.filter(pk=other.pk).update(lead=lead)
    client = signed_in("station")
    assert client.get(f"/cases/{lead.pk}").context["members_hidden"] == 1
    Case.objects.filter(pk=other.pk).update(kind=Kind.REPORT.value, state="dispatched")

    assert client.get(f"/cases/{lead.pk}").context["members_hidden"] == 0
