"""Files of a case: who may hand them in, see, take and remove them; the panel, the download and its headers, the host of files."""

import json
import re
from datetime import timedelta

import pytest
from casework import NOW, filing, last_event, taken
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from fangxin.cases.filings import Kind
from fangxin.cases.models import Case
from fangxin.cases.services import dispatch, set_kind
from fangxin.files import queries
from fangxin.files.models import Attachment
from fangxin.files.services import keep, keep_made, read
from fangxin.files.sniffing import PDF
from fangxin.kernel.journal.models import Entry
from fangxin.kernel.refs import SYSTEM
from files.specimens import SECRET, archive, mp3, pdf, photo
from staffwork import person, signed_in


@pytest.fixture(autouse=True)
def now(monkeypatch, settings, tmp_path):
    """Friday 20 November 2026, ten o'clock, with a folder of files of its own."""
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    settings.FILES_HOME = tmp_path / "files"
    return NOW


@pytest.fixture
def case(offices) -> Case:
    """With the county bureau 370811."""
    case = taken("JN-1")
    dispatch([case], offices["370811"], by=SYSTEM, at=NOW)
    return case


@pytest.fixture
def officer(offices):
    return person("officer", "officer", "370811", at=NOW, name="王芳")


def attached(case: Case, content: bytes | None = None, name: str = "发票.jpg") -> Attachment:
    return keep(content or photo(), name=name, subject=case.ref, category="evidence", by=SYSTEM, at=NOW - timedelta(hours=1))


def upload(client: Client, case: Case, *files: tuple[str, bytes], category: str = "evidence", **headers):
    sent = [SimpleUploadedFile(name, content, content_type="application/x-whatever") for name, content in files]
    return client.post(f"/cases/{case.pk}/attachments", {"category": category, "files": sent}, headers=headers)


def page(answer) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


# --- handing in --------------------------------------------------------------------------------------------------------------


def test_several_files_go_in_at_once_and_stand_on_the_page(case, officer):
    client = signed_in("officer")

    answer = upload(client, case, ("发票.jpg", photo()), ("录音.mp3", mp3()))

    assert (answer.status_code, answer["Location"]) == (302, f"/cases/{case.pk}")
    assert [(one.name, one.media_type, one.category, one.by) for one in queries.of(case.ref)] == [
        ("发票.jpg", "image/jpeg", "evidence", officer.ref),
        ("录音.mp3", "audio/mpeg", "evidence", officer.ref),
    ]
    shown = page(client.get(f"/cases/{case.pk}"))
    assert "2 files added." in shown
    assert "<strong>发票.jpg</strong>" in shown
    assert "evidence · picture JPG · 1 KB · " in shown
    assert "File added: evidence (picture JPG)" in shown


def test_each_refused_file_is_named_with_its_reason_while_the_others_go_in(case, officer, settings):
    settings.UPLOAD_BYTES = 100_000
    client = signed_in("officer")

    answer = upload(client, case, ("病毒.exe", b"MZ" + bytes(500)), ("发票.jpg", photo()), ("大.pdf", pdf() + bytes(100_001)))

    shown = page(answer)
    assert answer.status_code == 409
    assert "<strong>病毒.exe</strong>: Files of this kind (EXE) are not taken." in shown
    assert "<strong>大.pdf</strong>: The file is larger than 0 MB." in shown
    assert "the others are in" in shown
    assert [one.name for one in queries.of(case.ref)] == ["发票.jpg"]


def test_the_reasons_are_in_the_readers_language(case, officer):
    client = signed_in("officer", language="zh-hans")

    answer = upload(client, case, ("a.html", b"<html><script>alert(1)</script>"))

    assert "不接收此类文件（HTML）" in page(answer)


def test_a_script_that_sends_one_file_gets_the_panel_alone(case, officer):
    client = signed_in("officer")

    good = upload(client, case, ("发票.jpg", photo()), **{"x-requested-with": "XMLHttpRequest"})
    bad = upload(client, case, ("a.zip", archive()), **{"x-requested-with": "XMLHttpRequest"})

    assert (good.status_code, bad.status_code) == (200, 409)
    for answer in (good, bad):
        assert answer.content.decode().lstrip().startswith('<section class="card" id="attachments"')
        assert "发票.jpg" in page(answer)
    assert "data-refused>" in page(bad)


def test_the_same_file_again_is_said_to_be_there(case, officer):
    attached(case)
    client = signed_in("officer")

    upload(client, case, ("noch einmal.jpg", photo()))

    assert "1 file was here already." in page(client.get(f"/cases/{case.pk}"))
    assert len(queries.of(case.ref)) == 1


def test_an_upload_without_a_file_or_with_an_unknown_category_is_sent_back(case, officer):
    client = signed_in("officer")

    assert upload(client, case).status_code == 422
    answer = upload(client, case, ("发票.jpg", photo()), category="<script>")

    assert answer.status_code == 422
    assert "Say what the files are." in page(answer)
    assert queries.of(case.ref) == []


def test_a_request_far_beyond_the_limit_is_cut_off(case, officer, settings):
    settings.UPLOAD_REQUEST_BYTES = 1000
    client = signed_in("officer")

    answer = upload(client, case, ("a.pdf", pdf() + bytes(10_000)))

    assert answer.status_code == 409
    assert "a.pdf</strong>: The file is larger than" in page(answer)
    assert queries.of(case.ref) == []


# --- who may -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "office", "added", "taken_out", "removed"),
    [
        ("officer", "370811", 302, 200, 302),
        ("mediator", "370811", 302, 200, 302),
        ("city_desk", "370800", 302, 200, 302),
        ("supervisor", "370800", 403, 404, 403),
        ("evaluator", "370800", 403, 404, 403),
        ("auditor", "370800", 403, 404, 403),
        ("officer", "370881", 404, 404, 404),
        ("administrator", "370800", 404, 404, 404),
        ("", "370811", 404, 404, 404),
    ],
)
def test_who_may_add_take_and_remove_files_follows_from_the_case(case, role, office, added, taken_out, removed):
    person("someone", role, office, at=NOW)
    client = signed_in("someone")
    attachment = attached(case)

    answers = (
        upload(client, case, ("b.pdf", pdf())).status_code,
        client.post(f"/files/{attachment.pk}/download", {"purpose": "examine"}).status_code,
        client.post(f"/cases/{case.pk}/attachments/{attachment.pk}/remove", {"reason": "duplicate"}).status_code,
    )

    assert answers == (added, taken_out, removed)
    opened = Entry.objects.filter(event="files.FileOpened").count()
    assert opened == (1 if taken_out == 200 else 0)


def test_who_only_oversees_sees_that_there_are_files_and_not_what_they_are_called(case):
    person("boss", "supervisor", "370800", at=NOW)
    attached(case, name="张三的身份证.jpg")

    shown = page(signed_in("boss").get(f"/cases/{case.pk}"))

    assert "张三" not in shown
    assert "<strong>picture JPG</strong>" in shown
    assert "/download" not in shown
    assert "data-upload" not in shown


def test_a_stranger_is_sent_to_sign_in(case):
    attachment = attached(case)

    for address in (
        f"/files/{attachment.pk}/download",
        f"/cases/{case.pk}/attachments",
        f"/cases/{case.pk}/attachments/{attachment.pk}/remove",
    ):
        assert Client().post(address)["Location"].startswith("/accounts/sign-in")


def test_a_file_of_another_case_cannot_be_removed_through_this_one(case, officer, offices):
    other = taken("JN-2")
    attachment = attached(other)

    answer = signed_in("officer").post(f"/cases/{case.pk}/attachments/{attachment.pk}/remove", {"reason": "duplicate"})

    assert answer.status_code == 404
    assert queries.of(other.ref) == [attachment]


def test_documents_of_our_own_are_not_listed_or_removed_here(case, officer):
    made = keep_made(pdf(), media_type=PDF, name="决定书.pdf", subject=case.ref, category="document", by=SYSTEM, at=NOW)
    client = signed_in("officer")

    assert "决定书.pdf" not in page(client.get(f"/cases/{case.pk}"))
    assert client.post(f"/cases/{case.pk}/attachments/{made.pk}/remove", {"reason": "duplicate"}).status_code == 404
    assert client.post(f"/files/{made.pk}/download", {"purpose": "examine"}).status_code == 200


# --- taking a copy -----------------------------------------------------------------------------------------------------------


def test_a_download_is_journalled_with_its_purpose_and_can_do_nothing_in_a_browser(case, officer):
    attachment = attached(case, name='发 票";.html.jpg')
    client = signed_in("officer")

    answer = client.post(f"/files/{attachment.pk}/download", {"purpose": "mediation"})

    assert answer.status_code == 200
    assert SECRET not in answer.content
    assert {
        name: answer[name]
        for name in (
            "Content-Type",
            "Content-Disposition",
            "X-Content-Type-Options",
            "Content-Security-Policy",
            "Cross-Origin-Resource-Policy",
            "Cache-Control",
        )
    } == {
        "Content-Type": "image/jpeg",
        "Content-Disposition": "attachment; filename=\"____.html.jpg\"; filename*=UTF-8''%E5%8F%91%20%E7%A5%A8_.html.jpg",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-store, private",
    }
    event = last_event(case.ref, "files.FileOpened")
    assert (event.actor, event.attachment, event.purpose) == (officer.ref, attachment.ref, "mediation")
    assert "File opened; purpose: mediate" in page(client.get(f"/cases/{case.pk}"))


@pytest.mark.parametrize("data", [{}, {"purpose": ""}, {"purpose": "curiosity"}])
def test_without_a_known_purpose_there_is_no_download(case, officer, data):
    attachment = attached(case)

    answer = signed_in("officer").post(f"/files/{attachment.pk}/download", data)

    assert answer.status_code == 409
    assert not Entry.objects.filter(event="files.FileOpened").exists()


def test_an_address_alone_downloads_nothing(case, officer):
    assert signed_in("officer").get(f"/files/{attached(case).pk}/download").status_code == 405


def test_a_removed_file_cannot_be_taken_any_more_and_the_history_says_why(case, officer):
    attachment = attached(case)
    client = signed_in("officer")

    assert client.post(f"/cases/{case.pk}/attachments/{attachment.pk}/remove", {"reason": "because"}).status_code == 409
    client.post(f"/cases/{case.pk}/attachments/{attachment.pk}/remove", {"reason": "wrong_subject"})

    assert client.post(f"/files/{attachment.pk}/download", {"purpose": "examine"}).status_code == 404
    assert "File removed: belongs to another case" in page(client.get(f"/cases/{case.pk}"))


# --- a host of its own -------------------------------------------------------------------------------------------------------

FILES = "files.example.gov.cn"


@pytest.fixture
def apart(settings):
    settings.FILES_HOST = FILES
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, FILES]


def the_way(client: Client, attachment: Attachment) -> str:
    """The path on the host of files that a download leads to."""
    answer = client.post(f"/files/{attachment.pk}/download", {"purpose": "examine"})
    assert answer.status_code == 303
    assert answer["Location"].startswith(f"http://{FILES}/files/fetch/")
    return answer["Location"].removeprefix(f"http://{FILES}")


def test_files_come_from_their_own_host_without_a_cookie_and_as_the_person_who_asked(case, officer, apart):
    attachment = attached(case)
    path = the_way(signed_in("officer"), attachment)
    assert not Entry.objects.filter(event="files.FileOpened").exists()

    answer = Client(headers={"host": FILES}).get(path)

    assert answer.status_code == 200
    assert answer["Content-Disposition"].startswith("attachment;")
    assert not answer.cookies
    assert last_event(case.ref, "files.FileOpened").actor == officer.ref


def test_the_signed_address_is_good_for_a_minute_at_its_host_and_for_its_file_only(case, officer, apart, monkeypatch):
    path = the_way(signed_in("officer"), attached(case))
    files = Client(headers={"host": FILES})

    assert Client().get(path).status_code == 404, "not at the pages' host"
    assert files.get(path[:-1] + ("x" if path[-1] != "x" else "y")).status_code == 404
    assert files.get("/files/fetch/x").status_code == 404
    assert files.post(path).status_code == 405
    import time  # noqa: PLC0415 -- the signature's clock

    later = time.time() + 61
    monkeypatch.setattr("django.core.signing.time.time", lambda: later)
    assert files.get(path).status_code == 404


@pytest.mark.parametrize("change", ["deactivated", "without role", "removed"])
def test_the_guard_is_asked_again_when_the_address_is_used(case, officer, apart, change):
    from fangxin.accounts.models import Assignment  # noqa: PLC0415 -- for this test alone

    attachment = attached(case)
    path = the_way(signed_in("officer"), attachment)
    if change == "deactivated":
        officer.active = False
        officer.save()
    elif change == "without role":
        Assignment.objects.filter(person=officer).delete()
    else:
        Attachment.objects.filter(pk=attachment.pk).update(removed_at=NOW)

    assert Client(headers={"host": FILES}).get(path).status_code == 404


def test_the_host_of_files_shows_no_page_and_takes_no_sign_in(case, officer, apart):
    files = Client(headers={"host": FILES})

    answers = {path: files.get(path).status_code for path in ("/", "/cases/", "/accounts/sign-in", "/static/fangxin/site.css", "/healthz")}

    assert answers == {"/": 404, "/cases/": 404, "/accounts/sign-in": 404, "/static/fangxin/site.css": 404, "/healthz": 200}
    assert files.post("/accounts/sign-in", {"login": "officer", "password": "x"}).status_code == 404


# --- reports and lists -------------------------------------------------------------------------------------------------------


def test_what_a_reporter_hands_in_is_sealed_with_reporters_keys_also_when_the_kind_is_known_only_later(
    offices, django_capture_on_commit_callbacks
):
    report = taken("JB-1", kind=Kind.REPORT)
    undetermined = taken("JB-2", kind=Kind.UNDETERMINED)
    first, second = attached(report, name="举报人张三.jpg"), attached(undetermined, mp3(), name="举报人张三.mp3")
    assert (first.blob.keys, second.blob.keys) == ("reporter", "person")

    with django_capture_on_commit_callbacks(execute=True):
        set_kind(undetermined, Kind.REPORT, by=SYSTEM, at=NOW)

    second.refresh_from_db()
    assert second.blob.keys == "reporter"
    assert "张三" not in first.name + second.name
    assert read(second, purpose="examine", actor=SYSTEM, at=NOW) == mp3()
    assert "张三" not in json.dumps(list(Entry.objects.values_list("data", flat=True)), ensure_ascii=False)


def test_one_file_or_many_cost_the_same_number_of_queries(case, officer):
    client = signed_in("officer")
    attached(case)
    client.get(f"/cases/{case.pk}")
    with CaptureQueriesContext(
        connection,
    ) as one:
        client.get(f"/cases/{case.pk}")
    for number in range(8):
        attached(case, pdf(b"(%d)" % number), name=f"{number}.pdf")

    with CaptureQueriesContext(connection) as many:
        client.get(f"/cases/{case.pk}")

    assert len(one) == len(many)


def test_the_panel_works_for_who_files_nothing(case, officer):
    shown = page(signed_in("officer").get(f"/cases/{case.pk}"))

    assert "No files yet." in shown
    assert 'enctype="multipart/form-data"' in shown
    assert filing().narrative[:4] in shown
