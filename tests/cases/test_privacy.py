"""What the person concerned may ask for: a copy, and erasure where the law allows."""

import json
from dataclasses import replace

import pytest
from django.utils import timezone

from cases.casework import LIN, NOW, at, city, history, taken
from fangxin.accounts.models import Office, Person, Role
from fangxin.cases.filings import Kind
from fangxin.cases.models import Case, Erasure, Note, Party
from fangxin.cases.services import accept, dispatch, refuse, reopen, settle
from fangxin.cases.services.outcomes import correct_recovery
from fangxin.cases.services.privacy import ERASED, ask_erasure, copy_for, erase, people_with
from fangxin.files import guards
from fangxin.files.models import Attachment
from fangxin.files.services import keep_made
from fangxin.kernel import journal
from fangxin.kernel.errors import BadInput, IllegalStep, NotPermitted
from fangxin.kernel.refs import SYSTEM, Ref
from staffwork import person, signed_in

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@pytest.fixture
def offices(transactional_db, monkeypatch) -> dict[str, Office]:
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    return city()


def closed(offices, number: str = "P-1") -> Case:
    """Received on 30 July 2026, settled on 10 August."""
    case = taken(number, narrative="我叫林晓梅，电话13805371234，水壶漏水。")
    dispatch([case], offices["370811"], by=SYSTEM, at=at("2026-07-30 10:00"))
    accept([case], by=SYSTEM, at=at("2026-08-03"), note="林晓梅电话13805371234，已核实")
    settle(case, by=SYSTEM, at=at("2026-08-10"), recovered_fen=19900)
    return Case.objects.get(pk=case.pk)


def test_a_copy_holds_what_is_kept_of_the_person_and_nothing_of_others(offices):
    mine, report = closed(offices), taken("P-2", kind=Kind.REPORT)
    taken("P-3", persons=(replace(LIN, name="王建国", phone="13905370001", id_number=""),))
    desk = person("desk", Role.CITY_DESK, "370800", at=NOW)

    copy = copy_for(people_with(phone="138 0537 1234"), by=desk, at=NOW, identity="身份证原件")

    assert [(row["number"], row["role"]) for row in copy["cases"]] == [(mine.number, "complainant"), (report.number, "reporter")]
    assert copy["cases"][0]["person"]["name"] == "林晓梅"
    assert copy["cases"][0]["narrative"] == "我叫林晓梅，电话13805371234，水壶漏水。"
    assert copy["not_shown"] == 0
    assert "王建国" not in json.dumps(copy, ensure_ascii=False)
    assert history(mine.ref)[-1] == "DataSubjectServed"


def test_only_what_one_may_see_is_handed_over_and_only_after_the_identity_was_checked(offices):
    closed(offices)
    taken("P-2", kind=Kind.REPORT)
    county = person("county", Role.OFFICER, "370811", at=NOW)

    copy = copy_for(people_with(id_number=LIN.id_number.lower()), by=county, at=NOW, identity="身份证原件")

    assert (len(copy["cases"]), copy["not_shown"]) == (1, 1)
    with pytest.raises(BadInput):
        copy_for(people_with(phone=LIN.phone), by=county, at=NOW, identity=" ")
    with pytest.raises(BadInput):
        people_with(phone=" ", id_number="")


def test_the_page_shows_masks_and_the_copy_is_a_file(offices):
    case = closed(offices)
    person("desk", Role.CITY_DESK, "370800", at=NOW)
    person("officer", Role.OFFICER, "370811", at=NOW)
    client = signed_in("desk")

    page = client.post("/cases/data-subject", {"phone": LIN.phone, "look": "1"})
    without = client.post("/cases/data-subject", {"phone": LIN.phone, "copy": "1"})
    copy = client.post("/cases/data-subject", {"phone": LIN.phone, "identity": "身份证原件", "copy": "1"})

    text = page.content.decode()
    assert case.number in text
    assert "林晓梅" not in text
    assert without.status_code == 409
    assert copy["Content-Disposition"].startswith("attachment")
    assert json.loads(copy.content)["cases"][0]["person"]["phone"] == LIN.phone
    assert signed_in("officer").get("/cases/data-subject").status_code == 403


def test_nothing_is_erased_before_the_retention_period_is_over_or_while_anything_runs(offices, settings):
    case = closed(offices)
    with pytest.raises(IllegalStep, match="no retention"):
        ask_erasure(case, ground="expired", by=Ref("person:1"), at=at("2036-08-11"))
    settings.RETENTION_YEARS = 10

    with pytest.raises(IllegalStep):
        ask_erasure(case, ground="expired", by=Ref("person:1"), at=at("2036-08-10"))
    with pytest.raises(IllegalStep):
        ask_erasure(taken("P-9"), ground="unlawful", by=Ref("person:1"), at=NOW)
    ask_erasure(case, ground="expired", by=Ref("person:1"), at=at("2036-08-11"))

    assert Erasure.objects.get().approved_at is None
    with pytest.raises(IllegalStep):
        ask_erasure(case, ground="expired", by=Ref("person:2"), at=at("2036-08-11"))


def test_erased_by_a_second_person_nothing_personal_is_left_and_the_journal_holds(offices):
    case = closed(offices)
    keep_made(b"PK form", media_type=DOCX, name="受理决定书-林晓梅.docx", subject=case.ref, category="document", by=SYSTEM, at=NOW)
    erasure = ask_erasure(case, ground="mistaken", by=Ref("person:1"), at=NOW)
    with pytest.raises(NotPermitted):
        erase(erasure, by=Ref("person:1"), at=NOW)

    erase(erasure, by=Ref("person:2"), at=NOW)

    case.refresh_from_db()
    party = Party.objects.get(case=case)
    assert (case.narrative, case.title, case.request, bytes(case.sealed_filing)) == (ERASED, "", "", b"")
    assert (case.state, case.recovered_fen) == ("settled", 19900)
    assert (bytes(party.sealed), party.name_masked, party.phone_masked, party.phone_index) == (b"", "", "", None)
    assert {(note.text, bytes(note.sealed)) for note in Note.objects.filter(case=case)} == {(ERASED, b"")}
    assert [one.erased_at for one in Attachment.objects.of(case.ref)] == [NOW]
    assert people_with(phone=LIN.phone) == []
    assert history(case.ref)[-1] == "CaseErased"
    assert journal.verify().sound
    with pytest.raises(IllegalStep):
        erase(erasure, by=Ref("person:3"), at=NOW)


def test_nothing_comes_to_an_erased_case_again(offices):
    case = taken("P-9")
    dispatch([case], offices["370811"], by=SYSTEM, at=at("2026-07-30 10:00"))
    refuse(case, ground="1", by=SYSTEM, at=at("2026-08-03"), note="不属于职责，另可向其他部门反映。")
    case = Case.objects.get(pk=case.pk)
    officer = person("officer", Role.OFFICER, "370811", at=NOW)
    head = person("head", Role.SUPERVISOR, "370811", at=NOW)
    assert guards.may(officer, "add", case.ref)
    erase(ask_erasure(case, ground="mistaken", by=officer.ref, at=NOW), by=head.ref, at=NOW)

    for again in (
        lambda: reopen(case, by=head.ref, at=NOW, note="新证据"),
        lambda: correct_recovery(case, recovered_fen=100, by=head.ref, at=NOW, note="漏记"),
    ):
        with pytest.raises(IllegalStep) as refused:
            again()
        assert refused.value.code == "cases.was_erased"
    assert not guards.may(officer, "add", case.ref)
    assert {note.text for note in Note.objects.filter(case=case)} == {ERASED}
    assert Case.objects.get(pk=case.pk).closed_at is not None


def test_the_two_steps_stand_on_the_case_page_for_two_people(offices):
    case = closed(offices)
    person("officer", Role.OFFICER, "370811", at=NOW)
    person("head", Role.SUPERVISOR, "370811", at=NOW)
    key = f"{case.pk}.settled.{case.unit_id}"

    asked = signed_in("officer").post(f"/cases/{case.pk}/act/ask_erasure", {"seen": key, "ground": "unlawful"})
    own = signed_in("officer").post(f"/cases/{case.pk}/act/approve_erasure", {"seen": key, "sure": "on"})
    unsure = signed_in("head").post(f"/cases/{case.pk}/act/approve_erasure", {"seen": key})
    done = signed_in("head").post(f"/cases/{case.pk}/act/approve_erasure", {"seen": key, "sure": "on"})
    page = signed_in("head").get(f"/cases/{case.pk}")

    assert (asked.status_code, own.status_code, unsure.status_code, done.status_code) == (302, 409, 422, 302)
    assert page.status_code == 200
    assert Erasure.objects.get().approved_by == Person.objects.get(login="head").ref
