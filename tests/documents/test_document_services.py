"""A document's life: issued and sealed, read on record, converted once, delivered with proof to whom it may reach, or made void."""

import json
from datetime import timedelta

import pytest
from papers import NOW, SUBJECT, VALUES

from fangxin.documents import access, converting, queries, services
from fangxin.documents.models import PLACE_VALUES, Delivery, Document
from fangxin.files import guards
from fangxin.files.models import Attachment
from fangxin.kernel import vault
from fangxin.kernel.errors import BadInput, IllegalStep, NotPermitted
from fangxin.kernel.journal.models import Entry
from fangxin.kernel.refs import Ref
from fangxin.notices.models import Notice
from fangxin.notices.services import send_due

OFFICER = Ref("person:1")
LATER = NOW + timedelta(hours=2)


@pytest.fixture
def county(offices):
    return offices["370811"]


def issued(form: str, office, **options) -> Document:
    return services.issue(form, SUBJECT, VALUES[form], office=office, by=OFFICER, at=NOW, **options)


def told(name: str) -> list[dict[str, object]]:
    """What events of that name say, oldest first."""
    return [json.loads(entry.data) for entry in Entry.objects.filter(event=f"documents.{name}").order_by("seq")]


# --- issued ------------------------------------------------------------------------------------------------------------------


def test_an_issued_document_is_sealed_kept_by_its_hash_and_told_without_a_name(county):
    document = issued("acceptance_decision", county)

    content = services.docx(document, purpose="documents", actor=OFFICER, at=LATER)
    assert content[:2] == b"PK"
    assert document.docx.name.startswith("投诉受理决定书")
    assert told("DocumentIssued") == [
        {
            "document": document.ref,
            "form": "acceptance_decision",
            "number": "济任市监〔2026〕第1号",
            "office": "370811",
            "sha256": document.docx.sha256,
        }
    ]
    everything = " ".join(entry.data for entry in Entry.objects.all())
    assert "林晓梅" not in everything
    assert "林晓梅".encode() not in bytes(document.sealed)
    sealed = vault.Sealed("person", PLACE_VALUES, document.pk, bytes(document.sealed))
    plain = vault.reveal(sealed, fields=["addressee"], subject=SUBJECT, purpose="documents", actor=OFFICER, at=LATER)
    assert plain == {"addressee": "林晓梅"}


@pytest.mark.parametrize(
    ("form", "keys", "expected"),
    [
        ("acceptance_decision", "", "person"),
        ("report_registration", "", "reporter"),
        ("report_result_notice", "person", "reporter"),
        ("dispatch_notice", "", "person"),
        ("dispatch_notice", "reporter", "reporter"),
    ],
)
def test_a_reporters_documents_lie_under_the_reporters_keys(county, form, keys, expected):
    document = issued(form, county, keys=keys)

    assert document.keys == expected
    assert document.docx.blob.keys == expected
    assert access.keys_of(document.ref) == expected


def test_reading_a_document_is_on_record(county):
    document = issued("acceptance_decision", county)

    services.docx(document, purpose="documents", actor=OFFICER, at=LATER)

    entry = Entry.objects.get(event="files.FileOpened")
    assert (entry.subject, entry.actor) == (document.ref, OFFICER)


def test_files_of_a_document_are_for_whom_its_subject_is(county):
    document = issued("acceptance_decision", county)

    assert not guards.may("anyone", "view", document.ref)
    access.register("matter", lambda person, _action, subject: person == "owner" and subject == SUBJECT)
    try:
        assert guards.may("owner", "view", document.ref)
        assert not guards.may("stranger", "view", document.ref)
        assert not guards.may("owner", "remove", document.ref)
        assert not guards.may("owner", "view", Ref("document:999999"))
    finally:
        access._guards.pop("matter")


# --- PDF ---------------------------------------------------------------------------------------------------------------------


def test_the_pdf_is_made_once_and_kept(county, monkeypatch):
    runs = []
    monkeypatch.setattr(converting, "to_pdf", lambda content: runs.append(content) or b"%PDF-1.7 made")
    document = issued("acceptance_decision", county)

    first = services.pdf(document, actor=OFFICER, at=LATER)
    again = services.pdf(Document.objects.get(pk=document.pk), actor=OFFICER, at=LATER)

    assert first == again == b"%PDF-1.7 made"
    assert len(runs) == 1
    assert Attachment.objects.filter(subject=document.ref).count() == 2


def test_a_failed_conversion_leaves_the_docx_as_it_is(county, monkeypatch):
    monkeypatch.setattr(converting, "program", lambda: None)
    document = issued("acceptance_decision", county)

    with pytest.raises(converting.ConversionFailed):
        services.pdf(document, actor=OFFICER, at=LATER)

    document.refresh_from_db()
    assert document.pdf is None
    assert services.docx(document, purpose="documents", actor=OFFICER, at=LATER)


# --- preview -----------------------------------------------------------------------------------------------------------------


def test_a_preview_takes_no_number_and_keeps_nothing(county):
    made = services.preview("refusal_decision", {"addressee": "林晓梅", "received_on": "not a day"}, office=county)

    assert made[:2] == b"PK"
    assert not Document.objects.exists()
    assert not Attachment.objects.exists()


# --- delivered ---------------------------------------------------------------------------------------------------------------


def test_a_delivery_by_post_counts_from_when_it_arrived(county):
    document = issued("acceptance_decision", county)
    assert queries.served_at(SUBJECT, "acceptance_decision") is None

    delivery = services.deliver(
        document, to="complainant", method="post", reference="EMS 1099887766554", by=OFFICER, at=LATER + timedelta(days=3), served_at=LATER
    )

    assert queries.served_at(SUBJECT, "acceptance_decision") == LATER
    assert queries.served_at(SUBJECT, "refusal_decision") is None
    assert delivery.shown == "****6554"
    assert b"1099887766554" not in bytes(delivery.sealed)
    assert told("DocumentDelivered") == [
        {
            "delivery": delivery.pk,
            "document": document.ref,
            "form": "acceptance_decision",
            "method": "post",
            "number": "济任市监〔2026〕第1号",
            "proof": "",
            "to": "complainant",
        }
    ]


def test_the_first_of_several_deliveries_counts(county):
    document = issued("termination_decision", county)

    services.deliver(document, to="respondent", method="in_person", reference="签收人：张建国", by=OFFICER, at=LATER + timedelta(days=1))
    services.deliver(document, to="complainant", method="telephone", reference="0537-2345678", by=OFFICER, at=LATER, served_at=LATER)

    assert queries.served_at(SUBJECT, "termination_decision") == LATER
    assert [len(one.deliveries) for one in queries.with_deliveries(SUBJECT)] == [2]
    assert queries.with_deliveries(SUBJECT)[0].served_at == LATER


@pytest.mark.parametrize(
    ("method", "address", "shown"), [("sms", "138 0537 1234", "138****1234"), ("email", "lin@example.com", "l***@example.com")]
)
def test_a_message_says_the_documents_words_and_counts_when_its_gateway_took_it(
    county, method, address, shown, settings, django_capture_on_commit_callbacks
):
    settings.LANGUAGE_CODE = "zh-hans"
    document = issued("refusal_decision", county)

    with django_capture_on_commit_callbacks(execute=True):
        delivery = services.deliver(document, to="complainant", method=method, address=address, by=OFFICER, at=LATER)
    notice = Notice.objects.get()
    assert (delivery.served_at, delivery.shown, delivery.notice) == (None, shown, notice)
    assert queries.served_at(SUBJECT, "refusal_decision") is None
    assert queries.on_its_way(SUBJECT, "refusal_decision")
    assert told("DocumentDelivered") == []

    with django_capture_on_commit_callbacks(execute=True):
        send_due(LATER + timedelta(minutes=1))

    delivery.refresh_from_db()
    assert delivery.served_at is not None
    assert queries.served_at(SUBJECT, "refusal_decision") == delivery.served_at
    assert not queries.on_its_way(SUBJECT, "refusal_decision")
    assert [one["method"] for one in told("DocumentDelivered")] == [method]

    services.served_by_message(notice.pk, at=LATER, by=OFFICER)
    assert len(told("DocumentDelivered")) == 1


@pytest.mark.parametrize(
    ("form", "keys", "reach"),
    [
        ("complaint_registration", "", ["complainant"]),
        ("report_registration", "", ["reporter"]),
        ("dispatch_notice", "person", ["office"]),
        ("dispatch_notice", "reporter", ["office"]),
        ("identity_proof_notice", "", ["complainant"]),
        ("acceptance_decision", "", ["complainant"]),
        ("refusal_decision", "", ["complainant"]),
        ("mediation_notice", "", ["complainant", "respondent"]),
        ("termination_decision", "", ["complainant", "respondent"]),
        ("mediation_agreement", "", ["complainant", "respondent"]),
        ("report_result_notice", "", ["reporter"]),
        ("mediation_notice", "reporter", []),
    ],
)
def test_nothing_of_a_report_reaches_who_is_reported(county, form, keys, reach):
    """Order 121 Art 37; and form 3 goes to bureaus, form 10 to the reporter alone."""
    document = issued(form, county, keys=keys)

    assert services.may_reach(document) == reach
    for to in {"complainant", "respondent", "reporter", "office", "press"} - set(reach):
        for method in ("in_person", "sms"):
            with pytest.raises(NotPermitted):
                services.deliver(document, to=to, method=method, reference="x", address="13805371234", by=OFFICER, at=LATER)
    assert not Delivery.objects.exists()
    assert not Notice.objects.exists()


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"method": "post"}, "documents.proof_missing"),
        ({"method": "in_person", "reference": " "}, "documents.proof_missing"),
        ({"method": "pigeon", "reference": "x"}, "documents.no_such_method"),
        ({"method": "sms", "address": "0537-2345678"}, "documents.address_unusable"),
        ({"method": "email", "address": "nobody"}, "documents.address_unusable"),
        ({"method": "post", "reference": "x", "served_at": NOW - timedelta(days=1)}, "documents.served_too_early"),
    ],
)
def test_a_delivery_without_proof_address_or_sense_is_refused(county, given, code):
    document = issued("acceptance_decision", county)

    with pytest.raises(BadInput) as refused:
        services.deliver(document, to="complainant", by=OFFICER, at=LATER, **given)

    assert refused.value.code == code


# --- void --------------------------------------------------------------------------------------------------------------------


def test_a_void_document_keeps_its_number_and_says_why(county):
    document = issued("acceptance_decision", county)

    services.void(document, reason="投诉人姓名写错，电话13805371234", by=OFFICER, at=LATER)

    document.refresh_from_db()
    assert document.voided_at == LATER
    assert document.void_reason == "投诉人姓名写错，电话138****1234"
    assert "13805371234" not in " ".join(entry.data for entry in Entry.objects.all())
    assert issued("acceptance_decision", county).sequence == 2
    assert [one["number"] for one in told("DocumentVoided")] == ["济任市监〔2026〕第1号"]


def test_a_void_document_is_neither_delivered_nor_voided_again(county):
    document = issued("acceptance_decision", county)
    services.void(document, reason="重复", by=OFFICER, at=LATER)

    with pytest.raises(IllegalStep):
        services.deliver(document, to="complainant", method="post", reference="EMS1", by=OFFICER, at=LATER)
    with pytest.raises(IllegalStep):
        services.void(document, reason="重复", by=OFFICER, at=LATER)


def test_what_was_served_or_is_on_its_way_cannot_be_made_void(county):
    served, under_way, failed = (issued("acceptance_decision", county) for _ in range(3))
    services.deliver(served, to="complainant", method="post", reference="EMS1", by=OFFICER, at=LATER)
    services.deliver(under_way, to="complainant", method="sms", address="13805371234", by=OFFICER, at=LATER)
    lost = services.deliver(failed, to="complainant", method="sms", address="13805371234", by=OFFICER, at=LATER)
    Notice.objects.filter(pk=lost.notice_id).update(state="dead", next_at=None, ended_at=LATER)

    for document in (served, under_way):
        with pytest.raises(IllegalStep) as refused:
            services.void(document, reason="写错", by=OFFICER, at=LATER)
        assert refused.value.code == "documents.served"
    services.void(failed, reason="写错", by=OFFICER, at=LATER)

    assert list(Document.objects.valid().order_by("pk")) == [served, under_way]


def test_a_document_is_not_made_void_without_a_reason(county):
    with pytest.raises(BadInput):
        services.void(issued("acceptance_decision", county), reason=" ", by=OFFICER, at=LATER)


# --- lists -------------------------------------------------------------------------------------------------------------------


def test_the_list_of_documents_costs_the_same_for_one_and_many(county, django_assert_num_queries):
    for size in (1, 6):
        for _ in range(size):
            services.deliver(issued("acceptance_decision", county), to="complainant", method="post", reference="EMS1", by=OFFICER, at=LATER)
        with django_assert_num_queries(2):
            for one in queries.with_deliveries(SUBJECT):
                assert one.document.office.name
                assert one.document.docx.name
                assert one.served_at == LATER
