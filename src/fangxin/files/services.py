"""Keeping, reading, removing and erasing files."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import PurePosixPath
from typing import TypeVar

from django.conf import settings
from django.db import transaction

from fangxin.files import guards, names, store
from fangxin.files.cleaning import clean
from fangxin.files.events import FileErased, FileKept, FileOpened, FileRemoved, FileResealed
from fangxin.files.models import PLACE_CONTENT, PLACE_NAME, Attachment, Blob, Reason
from fangxin.files.sniffing import DOCX, PDF
from fangxin.kernel import journal, vault
from fangxin.kernel.errors import BadInput, IllegalStep, StaleState
from fangxin.kernel.refs import Ref
from fangxin.kernel.scrub import scrub
from fangxin.kernel.sql import bulk
from fangxin.kernel.vault import Purpose

T = TypeVar("T")

GRACE = timedelta(hours=1)
"""A file younger than this may belong to a transaction that has not committed yet."""


def keep(content: bytes, *, name: str, subject: Ref, category: str, by: Ref, at: datetime) -> Attachment:
    """Take in an uploaded file: recognised by content, cleaned (images drawn anew), sealed, attached, journalled.

    The same file again on the same subject answers the attachment that is there; the same content elsewhere is stored once. The
    content is on disk before the row is written. Whether `by` may do this is for the caller to ask (`guards.require`).
    Raises BadInput, with a sentence for whoever sent it: too large, too many, not one of the kinds that are taken, damaged, or two
    kinds of file at once.
    """
    check_size(len(content))
    received = sha256(content).hexdigest()
    known = Attachment.objects.of(subject).live().filter(received_sha256=received).first()
    if known is not None:
        return known
    if Attachment.objects.live().filter(subject=subject, made=False).count() >= settings.UPLOADS_PER_SUBJECT:
        raise BadInput("files.too_many", "There are %(limit)d files here already; no more are taken.", limit=settings.UPLOADS_PER_SUBJECT)
    kept = clean(content, pixels=settings.UPLOAD_PIXELS)
    new = Attachment(subject=subject, category=category, media_type=kept.media_type, received_sha256=received, by=by, at=at)
    return _attach(kept.content, new, names.cleaned(name, kept.media_type), by=by, at=at)


def keep_made(content: bytes, *, media_type: str, name: str, subject: Ref, category: str, by: Ref, at: datetime) -> Attachment:
    """Keep a document of our own making (DOCX or PDF) as it is; never for what came from outside.

    The name is ours and carries no personal data. The same content again answers the attachment that is there.
    """
    if media_type not in {DOCX, PDF}:
        raise BadInput("files.not_made", "Only DOCX and PDF are made here, not %(kind)s.", kind=media_type)
    received = sha256(content).hexdigest()
    new = Attachment(subject=subject, category=category, media_type=media_type, made=True, received_sha256=received, by=by, at=at)
    return _attach(content, new, names.cleaned(name, media_type), by=by, at=at)


def check_size(size: int) -> None:
    """Raises BadInput for a file larger than is taken."""
    if size > settings.UPLOAD_BYTES:
        raise too_large()


def too_large() -> BadInput:
    """The refusal of a file that is larger than is taken."""
    return BadInput("files.too_large", "The file is larger than %(limit)d MB.", limit=settings.UPLOAD_BYTES >> 20)


def read(attachment: Attachment, *, purpose: str, actor: Ref, at: datetime) -> bytes:
    """The content, after who reads it and why was committed to the journal. Not inside a transaction.

    Whether they may is for the caller to ask (`guards.require`); a removed one can still be read, an erased one not.
    Raises BadInput without a purpose or for an erased file, ContentMissing, SealBroken or KeyRefused if the content does not open.
    """
    if not any(sign.isalnum() for sign in purpose):
        raise BadInput("files.purpose_missing", "Say what the file is needed for.")
    blob = attachment.blob
    if attachment.erased_at is not None or blob.erased_at is not None:
        raise BadInput("files.erased", "This file was erased.")
    sealed = vault.Sealed(blob.keys, PLACE_CONTENT, blob.pk, store.read(blob.path))
    stated = scrub(purpose.strip()).text
    look = FileOpened(subject=Ref(attachment.subject), actor=actor, at=at, attachment=attachment.ref, sha256=blob.sha256, purpose=stated)
    return vault.reveal_bytes(sealed, look=look)


def name_as_given(attachment: Attachment, *, purpose: str, actor: Ref, at: datetime) -> str:
    """What the file was called by who sent it, after the look was journalled (`vault.reveal`); not inside a transaction."""
    blob = bytes(attachment.sealed)
    if not blob:
        return attachment.name
    sealed = vault.Sealed(attachment.blob.keys, PLACE_NAME, attachment.pk, blob)
    return vault.reveal(sealed, fields=("name",), subject=Ref(attachment.subject), purpose=purpose, actor=actor, at=at)["name"]


def remove(attachment: Attachment, *, reason: str, by: Ref, at: datetime) -> None:
    """Take a file off its subject (移除); journalled, the content is kept until it is erased.

    Raises BadInput for an unknown reason, IllegalStep if it is off already.
    """
    if reason not in Reason.values:
        raise BadInput("files.no_such_reason", "Choose why the file is removed.")
    with journal.atomic():
        if not Attachment.objects.live().filter(pk=attachment.pk).update(removed_at=at):
            raise IllegalStep("files.removed_already", "This file was removed already.")
        journal.publish(
            [
                FileRemoved(
                    subject=Ref(attachment.subject), actor=by, at=at, attachment=attachment.ref, sha256=attachment.sha256, reason=reason
                )
            ]
        )
    attachment.removed_at = at


def erase(attachment: Attachment, *, ground: str, by: Ref, at: datetime) -> bool:
    """Destroy a file's content for good (销毁), where the law allows or demands it; the row and the hash stay.

    `ground` is a code, never text. Where another subject has the same content, only this subject's link to it and the name are
    destroyed; answers whether the content was. The file goes once the row says so; killed in between, `sweep_orphans` deletes it.
    Erasing again changes nothing.
    """
    with journal.atomic():
        blob = Blob.objects.select_for_update().get(pk=attachment.blob_id)
        held = Attachment.objects.select_for_update().filter(pk=attachment.pk, erased_at__isnull=True).first()
        if held is None:
            return blob.erased_at is not None
        held.erased_at, held.removed_at = at, held.removed_at or at
        held.sealed, held.name = b"", names.neutral(blob.sha256, held.media_type)
        held.save(update_fields=["erased_at", "removed_at", "sealed", "name"])
        destroyed = not Attachment.objects.filter(blob=blob, erased_at__isnull=True).exists()
        if destroyed:
            Blob.objects.filter(pk=blob.pk).update(erased_at=at)
            transaction.on_commit(lambda: store.remove(blob.path))
        journal.publish(
            [
                FileErased(
                    subject=Ref(held.subject),
                    actor=by,
                    at=at,
                    attachment=held.ref,
                    sha256=blob.sha256,
                    ground=ground,
                    destroyed=destroyed,
                )
            ]
        )
    attachment.erased_at, attachment.removed_at, attachment.sealed, attachment.name = held.erased_at, held.removed_at, b"", held.name
    return destroyed


def reseal(subject: Ref, *, by: Ref, at: datetime) -> int:
    """Bring all files of a subject under the keys that its guard names now; answers how many moved. Bears being called again.

    For a case that turns out to be a report: from then on its files open with the reporter's keys only, and lie in a file of
    their own even if another case has the same content.
    """
    keys = guards.keys_of(subject)
    moved = 0
    for attachment in Attachment.objects.of(subject).filter(erased_at__isnull=True).exclude(blob__keys=keys):
        _move(attachment, keys, by=by, at=at)
        moved += 1
    return moved


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep of the folder did: files deleted that no row speaks of; attachments whose content is missing."""

    deleted: int
    missing: tuple[Ref, ...]


def sweep_orphans(now: datetime) -> Swept:
    """Delete files that no live row speaks of (broken-off uploads, erased contents) and name attachments whose file is missing.

    Leaves alone what is younger than an hour: its transaction may still be open.
    """
    wanted = {blob.path for blob in Blob.objects.live().iterator()}
    root, deleted, there = store.folder(), 0, set()
    for path in store.walk():
        place = PurePosixPath(path.relative_to(root)).as_posix()
        if place in wanted:
            there.add(place)
            continue
        try:
            age = now - datetime.fromtimestamp(path.stat().st_mtime, UTC)
        except FileNotFoundError:  # its writer has just renamed it
            continue
        # Asked again: it may have been committed since the rows were read.
        if age > GRACE and not Blob.objects.live().filter(pk=_row_of(place)).exists():
            path.unlink(missing_ok=True)
            deleted += 1
    lost = [int(place.rpartition(".")[2]) for place in wanted - there]
    missing: list[Ref] = []
    for start in range(0, len(lost), 500):
        gone = [blob.pk for blob in Blob.objects.live().filter(pk__in=lost[start : start + 500]) if not (root / blob.path).exists()]
        missing += [one.ref for one in Attachment.objects.filter(blob__in=gone, erased_at__isnull=True).order_by("pk")]
    return Swept(deleted, tuple(missing))


def _row_of(place: str) -> int:
    """The row that a file's name speaks of; 0 for a temporary one."""
    number = place.rpartition(".")[2]
    return int(number) if number.isascii() and number.isdecimal() and len(number) < 19 else 0


# --- storing -----------------------------------------------------------------------------------------------------------------


def _attach(content: bytes, new: Attachment, name: str, *, by: Ref, at: datetime) -> Attachment:
    """Store the content and write the row of `new`, which has everything but its blob and its name."""
    subject = Ref(new.subject)
    keys = guards.keys_of(subject)
    hashed = sha256(content).hexdigest()

    def link(blob: Blob) -> Attachment:
        known = Attachment.objects.of(subject).live().filter(blob=blob).first()
        if known is not None:
            return known
        new.pk, new.blob = bulk.reserve_ids(Attachment, 1)[0], blob  # the name is sealed for its row
        _give_name(new, name)
        new.save(force_insert=True)
        told = FileKept(
            subject=subject,
            actor=by,
            at=at,
            attachment=new.ref,
            sha256=hashed,
            received_sha256=new.received_sha256,
            media_type=new.media_type,
            size=len(content),
            category=new.category,
        )
        journal.publish([told])
        return new

    blob = Blob(sha256=hashed, keys=keys, size=len(content), stored_at=at)
    attachment = _stored(blob, lambda pk: vault.seal_bytes(keys, PLACE_CONTENT, pk, content), link)
    if guards.keys_of(subject) != keys:  # the subject became a report while this was being written
        reseal(subject, by=by, at=at)
        attachment.refresh_from_db()
    return attachment


def _move(attachment: Attachment, keys: str, *, by: Ref, at: datetime) -> None:
    """Bring one attachment under other keys, in a file of its own."""
    old = attachment.blob

    def sealed_again(pk: int) -> bytes:
        return vault.resealed(keys, PLACE_CONTENT, old.pk, store.read(old.path), to_row=pk)

    def link(blob: Blob) -> None:
        held = Attachment.objects.select_for_update().get(pk=attachment.pk)
        if held.erased_at is not None or held.blob_id != old.pk:
            return
        held.blob = blob
        if held.sealed:
            held.sealed = vault.resealed(keys, PLACE_NAME, held.pk, bytes(held.sealed))
            held.name = names.neutral(old.sha256, held.media_type) if _neutral(held) else held.name
        else:
            _give_name(held, held.name)
        held.save(update_fields=["blob", "sealed", "name"])
        if not Attachment.objects.filter(blob=old).exists():
            Blob.objects.filter(pk=old.pk).delete()
            transaction.on_commit(lambda: store.remove(old.path))
        told = FileResealed(subject=Ref(held.subject), actor=by, at=at, attachment=held.ref, sha256=old.sha256, keys=keys)
        journal.publish([told])

    _stored(Blob(sha256=old.sha256, keys=keys, size=old.size, stored_at=at), sealed_again, link)


def _give_name(attachment: Attachment, name: str) -> None:
    """A name for the clear, and the whole one sealed where it differs."""
    attachment.name = names.neutral(attachment.blob.sha256, attachment.media_type) if _neutral(attachment) else names.shown(name)
    sealed = {"name": name} if attachment.name != name else {}
    attachment.sealed = vault.seal(attachment.blob.keys, PLACE_NAME, attachment.pk, sealed)


def _neutral(attachment: Attachment) -> bool:
    """Whether nothing of the given name may stand in the clear: what came from a reporter (Order 121 Art 37)."""
    return attachment.blob.keys == Purpose.REPORTER and not attachment.made


def _stored(wanted: Blob, sealed_for: Callable[[int], bytes], use: Callable[[Blob], T]) -> T:
    """The live blob with this content, put to `use` in a transaction while it is locked; its file is on disk before.

    Of two who store the same at once one's file stays. Raises StaleState if the content was erased again and again meanwhile.
    """
    for _attempt in range(5):
        written = None
        if not Blob.objects.live().filter(sha256=wanted.sha256, keys=wanted.keys).exists():
            with transaction.atomic():
                wanted.pk = bulk.reserve_ids(Blob, 1)[0]
            store.write(wanted.path, sealed_for(wanted.pk))
            written = wanted.path
        with journal.atomic():
            if written:
                Blob.objects.bulk_create([wanted], ignore_conflicts=True)
            held = Blob.objects.live().select_for_update().filter(sha256=wanted.sha256, keys=wanted.keys).first()
            if held is not None:
                if written and held.path != written:
                    transaction.on_commit(partial(store.remove, written))
                return use(held)
    raise StaleState("files.busy", "This file is being erased at the moment; please try again.")
