"""Keeping, reading, removing, erasing; what lies on the disk and in the journal; what a crash leaves."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

import pytest
from django.db import DatabaseError, connection

from fangxin.files import guards, queries, services, store
from fangxin.files.models import Attachment, Blob
from fangxin.files.services import erase, keep, keep_made, name_as_given, read, remove, reseal, sweep_orphans
from fangxin.files.sniffing import DOCX, JPEG, PDF
from fangxin.kernel import vault
from fangxin.kernel.errors import BadInput, IllegalStep, NotPermitted
from fangxin.kernel.journal.models import Entry
from fangxin.kernel.refs import Ref
from fangxin.kernel.vault.rotation import rotate
from files.specimens import SECRET, archive, mp3, pdf, photo

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("kinds")]

AT = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
LATER = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
WANG = Ref("person:7")
MATTER = Ref("matter:1")
OTHER = Ref("matter:2")
TIP = Ref("tip:1")


def kept(content: bytes | None = None, *, name: str = "发票.jpg", subject: Ref = MATTER, at: datetime = AT) -> Attachment:
    return keep(photo() if content is None else content, name=name, subject=subject, category="evidence", by=WANG, at=at)


def opened(attachment: Attachment) -> bytes:
    fresh = Attachment.objects.select_related("blob").get(pk=attachment.pk)
    return read(fresh, purpose="examine", actor=WANG, at=LATER)


def on_disk(folder) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def journal() -> list[tuple[str, str, dict]]:
    return [
        (entry.event, entry.subject, json.loads(entry.data)) for entry in Entry.objects.filter(event__startswith="files.").order_by("seq")
    ]


def age(folder, hours: float) -> None:
    """Make every file so many hours older than LATER."""
    stamp = (LATER - timedelta(hours=hours)).timestamp()
    for path in folder.rglob("*"):
        if path.is_file():
            os.utime(path, (stamp, stamp))


# --- keeping and reading -----------------------------------------------------------------------------------------------------


def test_a_photo_is_kept_cleaned_sealed_and_told_of_without_its_name(folder):
    sent = photo()

    attachment = kept(sent, name="13805371234的发票.jpg")

    content = opened(attachment)
    assert (attachment.subject, attachment.media_type, attachment.category, attachment.by, attachment.at) == (
        MATTER,
        JPEG,
        "evidence",
        WANG,
        AT,
    )
    assert (attachment.sha256, attachment.size) == (sha256(content).hexdigest(), len(content))
    assert attachment.name == "138****1234的发票.jpg"
    assert SECRET not in content
    assert journal() == [
        (
            "files.FileKept",
            "matter:1",
            {
                "attachment": attachment.ref,
                "sha256": attachment.sha256,
                "received_sha256": sha256(sent).hexdigest(),
                "media_type": "image/jpeg",
                "size": attachment.size,
                "category": "evidence",
            },
        ),
        ("files.FileOpened", "matter:1", {"attachment": attachment.ref, "sha256": attachment.sha256, "purpose": "examine"}),
    ]
    assert "发票" not in "".join(Entry.objects.values_list("data", flat=True))


def test_nothing_of_the_content_lies_on_the_disk_in_the_clear(folder):
    plain = pdf(b"(a sentence that is easy to find again)")

    attachment = kept(plain, name="合同.pdf")

    (place,) = on_disk(folder)
    assert place == f"{attachment.sha256[:2]}/{attachment.sha256[2:4]}/{attachment.sha256}.{attachment.blob_id}"
    sealed = (folder / place).read_bytes()
    assert b"%PDF" not in sealed
    assert b"easy to find" not in sealed
    assert (folder / place).stat().st_mode & 0o077 == 0
    assert (folder / place).parent.stat().st_mode & 0o077 == 0
    assert opened(attachment) == plain


def test_the_name_as_given_opens_only_with_a_purpose_and_is_journalled():
    attachment = kept(name="林晓梅13805371234.jpg")

    assert "13805371234" not in attachment.name
    assert b"13805371234" not in bytes(attachment.sealed)
    assert name_as_given(attachment, purpose="copy", actor=WANG, at=LATER) == "林晓梅13805371234.jpg"
    assert Entry.objects.filter(event="kernel.PersonalDataRevealed", subject="matter:1").count() == 1


def test_reading_needs_a_purpose_and_personal_data_in_it_is_masked():
    attachment = kept()

    with pytest.raises(BadInput, match="what the file is needed for"):
        read(attachment, purpose=" . ", actor=WANG, at=LATER)
    read(attachment, purpose="call 13805371234", actor=WANG, at=LATER)

    assert [data["purpose"] for name, _, data in journal() if name == "files.FileOpened"] == ["call 138****1234"]


@pytest.mark.django_db(transaction=True)
def test_a_look_inside_a_transaction_is_refused_since_it_could_be_rolled_back():
    from django.db import transaction  # noqa: PLC0415 -- for this test alone

    attachment = kept()

    with transaction.atomic(), pytest.raises(RuntimeError):
        read(attachment, purpose="examine", actor=WANG, at=LATER)


def test_a_file_moved_to_another_row_or_altered_does_not_open(folder):
    first, second = kept(pdf(b"(one)")), kept(pdf(b"(two)"))
    one, two = (folder / Blob.objects.get(pk=file.blob_id).path for file in (first, second))

    two.write_bytes(one.read_bytes())
    one.write_bytes(one.read_bytes()[:-1] + b"x")

    for attachment in (first, second):
        with pytest.raises(vault.SealBroken):
            opened(attachment)
    assert [name for name, _, _ in journal()] == ["files.FileKept"] * 2, "nobody saw anything"


def test_a_missing_file_is_said_to_be_missing(folder):
    attachment = kept()
    (folder / attachment.blob.path).unlink()

    with pytest.raises(store.ContentMissing):
        opened(attachment)


# --- the same again ----------------------------------------------------------------------------------------------------------


def test_the_same_file_again_on_the_same_subject_is_one_attachment(folder):
    first = kept()

    again = kept(name="another name.jpg", at=LATER)

    assert (again.pk, again.name, again.at) == (first.pk, "发票.jpg", AT)
    assert queries.of(MATTER) == [first]
    assert len(on_disk(folder)) == 1
    assert len(journal()) == 1


def test_the_same_content_elsewhere_is_stored_once(folder):
    first, second = kept(), kept(subject=OTHER)

    assert first.pk != second.pk
    assert first.blob_id == second.blob_id
    assert len(on_disk(folder)) == 1
    assert queries.count_of([MATTER, OTHER, TIP]) == {MATTER: 1, OTHER: 1}


def test_reporters_share_no_file_with_others_and_nothing_of_the_name_is_in_the_clear(folder, kinds):
    first, theirs = kept(), kept(name="张三的举报材料.jpg", subject=TIP)

    assert (first.blob.keys, theirs.blob.keys) == ("person", "reporter")
    assert len(on_disk(folder)) == 2
    assert theirs.name == f"file-{theirs.sha256[:8]}.jpg"
    assert "张三".encode() not in bytes(theirs.sealed)
    assert opened(first) == opened(theirs)
    with pytest.raises(vault.KeyRefused):
        vault.reveal_bytes(
            vault.Sealed("person", "files.blob.content", theirs.blob_id, store.read(theirs.blob.path)),
            look=services.FileOpened(subject=TIP, actor=WANG, at=AT, attachment=theirs.ref, sha256="", purpose="x"),
        )


def test_files_of_a_matter_that_turns_out_to_be_a_report_come_under_the_reporters_keys(folder, kinds, django_capture_on_commit_callbacks):
    first, shared, made = kept(name="张三.jpg"), kept(mp3(), name="录音.mp3"), made_document()
    kept(mp3(), subject=OTHER)
    contents = [opened(first), opened(shared)]

    kinds["matter"] = "reporter"
    with django_capture_on_commit_callbacks(execute=True):
        moved = reseal(MATTER, by=WANG, at=LATER)
        again = reseal(MATTER, by=WANG, at=LATER)

    assert (moved, again) == (3, 0)
    for attachment in (first, shared, made):
        attachment.refresh_from_db()
    assert {one.blob.keys for one in queries.of(MATTER)} == {"reporter"}
    assert [opened(first), opened(shared)] == contents
    assert (first.name, made.name) == (f"file-{first.sha256[:8]}.jpg", "受理决定书.docx")
    assert name_as_given(first, purpose="copy", actor=WANG, at=LATER) == "张三.jpg"
    assert sorted(on_disk(folder)) == sorted(blob.path for blob in Blob.objects.all())
    assert Blob.objects.filter(keys="person").count() == 1, "the other matter's recording stays where it was"


@pytest.mark.django_db(transaction=True)
def test_the_same_content_handed_in_by_eight_at_once_is_one_file_and_one_attachment_a_subject(folder):
    def one(number: int) -> int:
        try:
            return kept(mp3(), subject=(MATTER, OTHER)[number % 2]).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(one, range(8)))

    assert found == {queries.of(MATTER)[0].pk, queries.of(OTHER)[0].pk}
    assert on_disk(folder) == [Blob.objects.get().path]
    assert len(journal()) == 2


# --- limits ------------------------------------------------------------------------------------------------------------------


def test_size_and_number_are_limited(settings):
    settings.UPLOAD_BYTES, settings.UPLOADS_PER_SUBJECT = 1 << 20, 2
    with pytest.raises(BadInput, match="larger than 1 MB"):
        kept(pdf() + bytes(1 << 20))
    first = kept(pdf(b"(1)"))
    kept(pdf(b"(2)"))

    with pytest.raises(BadInput, match="2 files here already"):
        kept(pdf(b"(3)"))
    assert kept(pdf(b"(1)")).pk == first.pk, "the same again takes no place"
    kept(pdf(b"(3)"), subject=OTHER)
    made_document()
    remove(first, reason="duplicate", by=WANG, at=LATER)
    kept(pdf(b"(3)"))


def test_what_is_refused_leaves_nothing_behind(folder):
    with pytest.raises(BadInput):
        kept(archive(), name="photo.jpg")

    assert (Attachment.objects.count(), Blob.objects.count(), on_disk(folder), journal()) == (0, 0, [], [])


# --- our own documents -------------------------------------------------------------------------------------------------------


def made_document(subject: Ref = MATTER) -> Attachment:
    content = archive("word/document.xml", "<w:document/>")
    return keep_made(content, media_type=DOCX, name="受理决定书.docx", subject=subject, category="document", by=WANG, at=AT)


def test_a_document_of_our_own_is_kept_as_it_is():
    attachment = made_document()

    assert opened(attachment) == archive("word/document.xml", "<w:document/>")
    assert (attachment.name, attachment.media_type, attachment.made) == ("受理决定书.docx", DOCX, True)


def test_a_reporters_document_of_our_own_keeps_its_name_and_is_sealed_with_their_keys():
    attachment = made_document(TIP)

    assert (attachment.name, attachment.blob.keys) == ("受理决定书.docx", "reporter")


@pytest.mark.parametrize("media_type", [JPEG, "text/html", "application/zip"])
def test_nothing_but_docx_and_pdf_is_of_our_own_making(media_type):
    with pytest.raises(BadInput, match="Only DOCX and PDF"):
        keep_made(b"x", media_type=media_type, name="x", subject=MATTER, category="document", by=WANG, at=AT)
    assert keep_made(pdf(), media_type=PDF, name="x", subject=MATTER, category="document", by=WANG, at=AT).name == "x.pdf"


# --- removing and erasing ----------------------------------------------------------------------------------------------------


def test_a_removed_file_is_off_the_list_once_and_its_content_is_kept():
    attachment = kept()

    remove(attachment, reason="wrong_subject", by=WANG, at=LATER)

    assert queries.of(MATTER) == []
    assert opened(attachment)
    assert journal()[1] == (
        "files.FileRemoved",
        "matter:1",
        {"attachment": attachment.ref, "sha256": attachment.sha256, "reason": "wrong_subject"},
    )
    with pytest.raises(IllegalStep):
        remove(attachment, reason="wrong_subject", by=WANG, at=LATER)
    with pytest.raises(BadInput):
        remove(kept(mp3()), reason="because", by=WANG, at=LATER)
    again = kept(at=LATER)
    assert again.pk != attachment.pk
    assert again.blob_id == attachment.blob_id


def test_erasing_destroys_content_and_name_and_keeps_hash_and_row(folder, django_capture_on_commit_callbacks):
    attachment = kept(name="13805371234.jpg")
    hashed = attachment.sha256

    with django_capture_on_commit_callbacks(execute=True):
        destroyed = erase(attachment, ground="person_request", by=WANG, at=LATER)

    assert destroyed
    assert on_disk(folder) == []
    fresh = Attachment.objects.get(pk=attachment.pk)
    assert (fresh.sha256, fresh.name, bytes(fresh.sealed), fresh.erased_at) == (hashed, f"file-{hashed[:8]}.jpg", b"", LATER)
    with pytest.raises(BadInput, match="was erased"):
        read(fresh, purpose="examine", actor=WANG, at=LATER)
    assert journal()[-1] == (
        "files.FileErased",
        "matter:1",
        {"attachment": attachment.ref, "sha256": hashed, "ground": "person_request", "destroyed": True},
    )
    assert erase(attachment, ground="person_request", by=WANG, at=LATER)
    assert len(journal()) == 2


def test_what_another_subject_still_has_is_not_destroyed_with_it(folder, django_capture_on_commit_callbacks):
    mine, theirs = kept(), kept(subject=OTHER)

    with django_capture_on_commit_callbacks(execute=True):
        assert not erase(mine, ground="person_request", by=WANG, at=LATER)

    assert opened(theirs)
    with pytest.raises(BadInput, match="was erased"):
        opened(mine)
    with django_capture_on_commit_callbacks(execute=True):
        assert erase(theirs, ground="person_request", by=WANG, at=LATER)
    assert on_disk(folder) == []


def test_what_was_erased_can_be_handed_in_again(folder, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        erase(kept(), ground="retention", by=WANG, at=LATER)

    again = kept(at=LATER)

    assert opened(again)
    assert on_disk(folder) == [again.blob.path]


# --- a crash at any moment ---------------------------------------------------------------------------------------------------


def test_the_content_is_on_the_disk_before_any_row_speaks_of_it(folder, monkeypatch):
    seen = []
    publish = services.journal.publish
    monkeypatch.setattr(services.journal, "publish", lambda events: (seen.append(on_disk(folder)), publish(events)))

    attachment = kept()

    assert seen == [[attachment.blob.path]]


@pytest.mark.django_db(transaction=True)
def test_killed_between_file_and_row_nothing_is_half_there_and_the_next_try_succeeds(folder, monkeypatch):
    def killed(_events):
        raise DatabaseError("gone")

    with monkeypatch.context() as broken:
        broken.setattr(services.journal, "publish", killed)
        with pytest.raises(DatabaseError):
            kept()
    left = on_disk(folder)
    assert (Attachment.objects.count(), Blob.objects.count(), len(left)) == (0, 0, 1)

    attachment = kept()

    assert opened(attachment)
    age(folder, 2)
    swept = sweep_orphans(LATER)
    assert (on_disk(folder), swept.missing) == ([attachment.blob.path], ())


def test_killed_while_writing_leaves_a_temporary_file_and_no_other(folder, monkeypatch):
    def killed(_handle):
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(store.os, "fsync", killed)
        broken.setattr(store.Path, "unlink", lambda *_args, **_options: None)  # a killed process clears nothing away
        with pytest.raises(KeyboardInterrupt):
            store.write("ab/cd/abcd.1", b"sealed")
    left = [path for path in folder.rglob("*") if path.is_file()]
    assert [path.name for path in left if not path.name.endswith(".part")] == []

    age(folder, 2)
    sweep_orphans(LATER)

    assert on_disk(folder) == []


def test_the_sweep_deletes_what_no_row_speaks_of_leaves_what_is_young_and_names_what_is_missing(folder, django_capture_on_commit_callbacks):
    here, lost = kept(pdf(b"(here)")), kept(pdf(b"(lost)"))
    erased = kept(pdf(b"(erased)"))
    erase(erased, ground="retention", by=WANG, at=AT)  # the callback that deletes the file never runs: killed
    store.write("ab/cd/orphan.999", b"x")
    store.write(f"ab/cd/{'e' * 64}.1.0123.part", b"x")
    age(folder, 2)
    (folder / lost.blob.path).unlink()
    store.write("ab/cd/young.998", b"x")
    os.utime(folder / "ab/cd/young.998", (LATER.timestamp(), LATER.timestamp()))

    swept = sweep_orphans(LATER)

    assert swept == services.Swept(deleted=3, missing=(lost.ref,))
    assert on_disk(folder) == sorted(["ab/cd/young.998", here.blob.path])


# --- keys --------------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_rotation_covers_files_and_their_names(folder, settings, tmp_path):
    settings.VAULT_KEYS, settings.PRODUCTION = tmp_path / "vault.json", False
    mine, theirs = kept(name="13805371234.jpg"), kept(subject=TIP)
    before = {place: (folder / place).read_bytes() for place in on_disk(folder)}
    ring = vault.key_ring()
    for purpose in vault.Purpose:
        ring = ring.rotated(purpose, vault.Algorithm.SM4, on=date(2026, 11, 21))
    ring.save(settings.VAULT_KEYS)

    report = rotate(at=LATER)

    assert (report.resealed, report.bad) == (4, 0)
    assert on_disk(folder) == sorted(before)
    for place, old in before.items():
        assert (folder / place).read_bytes()[2:6] != old[2:6]
    for attachment in (mine, theirs):
        attachment.refresh_from_db()
        assert opened(attachment)
    assert name_as_given(mine, purpose="copy", actor=WANG, at=LATER) == "13805371234.jpg"
    assert rotate(at=LATER).resealed == 0

    (folder / mine.blob.path).unlink()
    ring = vault.key_ring()
    ring.rotated("person", on=date(2026, 11, 22)).save(settings.VAULT_KEYS)
    assert rotate(at=LATER).bad == 1


# --- guards ------------------------------------------------------------------------------------------------------------------


def test_the_guard_of_the_kind_decides_and_an_unknown_kind_is_closed():
    assert guards.may("owner", "view", MATTER)
    assert not guards.may("stranger", "view", MATTER)
    assert not guards.may("owner", "view", Ref("unheard:1"))
    with pytest.raises(NotPermitted):
        guards.require("stranger", "add", MATTER)
