"""Issue, look at, convert, deliver and void documents (制发、送达、作废文书)."""

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Final

from django.db import IntegrityError
from django.utils.translation import get_language

from fangxin.accounts.models import Office
from fangxin.clocks.rules import local_date
from fangxin.documents import access, converting, drawing, filling
from fangxin.documents.events import DocumentDelivered, DocumentIssued, DocumentVoided
from fangxin.documents.models import (
    MESSAGES,
    PLACE_DELIVERY,
    PLACE_REASON,
    PLACE_VALUES,
    Counter,
    Delivery,
    Document,
    Method,
    Recipient,
)
from fangxin.documents.numbers import number_text
from fangxin.documents.specs import FormSpec, spec
from fangxin.files import services as files
from fangxin.files.models import Attachment
from fangxin.kernel import journal, vault
from fangxin.kernel.errors import BadInput, IllegalStep, NotPermitted
from fangxin.kernel.refs import Ref
from fangxin.kernel.scrub import scrub
from fangxin.kernel.sql import bulk
from fangxin.notices import addresses
from fangxin.notices.models import Notice
from fangxin.notices.services import Message, enqueue

DOCX_TYPE: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PDF_TYPE: Final = "application/pdf"
CATEGORY: Final = "document"
"""What its files are (`files.words.CATEGORIES`)."""
PURPOSE: Final = "documents"
"""Why a document or the address for it is looked at, as the journal keeps it."""
TEMPLATE: Final = "documents.delivered"
REPORTER: Final = "reporter"


def issue(
    form: str, subject: Ref, values: Mapping[str, str], *, office: Office, by: Ref, at: datetime, once: str = "", keys: str = ""
) -> Document:
    """Issue a document (制发文书): it takes the next number of its bureau, is drawn as DOCX, and kept by content hash.

    A township office or an association issues in the name of its bureau, so the bureau numbers. The number is taken in the caller's
    transaction and given back with it: none is lost, none is given twice. The same `once` about the same subject and form is the same
    document, whatever its values. `keys` says whose keys seal it (`reporter` for everything about a report) where the form doesn't.
    Raises BadInput for values that the form can't take, IllegalStep for an office without a bureau.
    """
    template = spec(form)
    clean = filling.cleaned(template, values, get_language() or "zh-hans")
    bureau = bureau_of(office)
    sealed_for = _keys(template, keys)
    if once and (known := _issued(subject, form, once)):
        return known
    try:
        with journal.atomic():
            return _issue(template, subject, clean, bureau=bureau, keys=sealed_for, by=by, at=at, once=once)
    except IntegrityError:
        if once and (known := _issued(subject, form, once)):
            return known  # two at the same moment: one number, one document
        raise


def _issue(
    template: FormSpec, subject: Ref, values: Mapping[str, str], *, bureau: Office, keys: str, by: Ref, at: datetime, once: str
) -> Document:
    on = local_date(at)
    sequence = _next(bureau, on.year, template.series)
    number = number_text(template.series, bureau, on.year, sequence)
    content = drawing.draw(template, {**values, "number": number, "office": bureau.name, "issued_on": filling.day(on)})
    (pk,) = bulk.reserve_ids(Document, 1)
    document = Document(
        pk=pk,
        form=template.id,
        subject=subject,
        office=bureau,
        series=template.series,
        year=on.year,
        sequence=sequence,
        number=number,
        keys=keys,
        sealed=vault.seal(keys, PLACE_VALUES, pk, values),
        once=once,
        issued_by=by,
        issued_at=at,
    )
    document.save(force_insert=True)
    document.docx = files.keep_made(
        content, media_type=DOCX_TYPE, name=f"{_file_name(document)}.docx", subject=document.ref, category=CATEGORY, by=by, at=at
    )
    document.save(update_fields=["docx"])
    digest = sha256(content).hexdigest()
    journal.publish(
        [
            DocumentIssued(
                subject=subject,
                actor=by,
                at=at,
                document=document.ref,
                form=template.id,
                number=number,
                office=bureau.code,
                sha256=digest,
            )
        ]
    )
    return document


def _next(bureau: Office, year: int, series: str) -> int:
    """The next number; its counter stays locked until the transaction ends. On SQLite the immediate transaction is the lock."""
    mine = Counter.objects.select_for_update().filter(office=bureau, year=year, series=series)
    counter = mine.first()
    if counter is None:
        Counter.objects.bulk_create([Counter(office=bureau, year=year, series=series)], ignore_conflicts=True)
        counter = mine.get()
    counter.last += 1
    counter.save(update_fields=["last"])
    return counter.last


def preview(form: str, values: Mapping[str, str], *, office: Office) -> bytes:
    """The form as DOCX without a number and marked as a preview (预览); nothing is kept. Values may be missing, none may be wrong."""
    template = spec(form)
    return drawing.draw(template, {**drafted(template, values), "office": bureau_of(office).name}, preview=True)


def drafted(template: FormSpec, values: Mapping[str, str]) -> dict[str, str]:
    """Values for a preview: what can be read of what was given; the rest stays blank."""
    clean: dict[str, str] = {}
    for field in template.fields:
        value = filling.tidy(field, values.get(field.name) or "")
        if filling.readable(template, field, value):
            clean[field.name] = value
    return clean


def docx(document: Document, *, purpose: str, actor: Ref, at: datetime) -> bytes:
    """The document as DOCX; reading it is journalled with its purpose."""
    return files.read(_kept(document), purpose=purpose, actor=actor, at=at)


def pdf(document: Document, *, purpose: str = PURPOSE, actor: Ref, at: datetime) -> bytes:
    """The document as PDF; reading it is journalled. Raises ConversionFailed where none can be made now."""
    return files.read(as_pdf(document, by=actor, at=at), purpose=purpose, actor=actor, at=at)


def as_pdf(document: Document, *, by: Ref, at: datetime) -> Attachment:
    """The PDF beside the DOCX, made when it is first asked for; not inside a transaction.

    Raises ConversionFailed where none can be made now.
    """
    if document.pdf is not None:
        return document.pdf
    made = converting.to_pdf(files.read(_kept(document), purpose=PURPOSE, actor=by, at=at))
    with journal.atomic():
        held = Document.objects.select_for_update().get(pk=document.pk)
        if held.pdf is None:  # of two who ask at once, the first one's stays
            held.pdf = files.keep_made(
                made, media_type=PDF_TYPE, name=f"{_file_name(document)}.pdf", subject=document.ref, category=CATEGORY, by=by, at=at
            )
            held.save(update_fields=["pdf"])
    document.pdf = held.pdf
    return held.pdf


def deliver(
    document: Document,
    *,
    to: str,
    method: str,
    proof: Attachment | None = None,
    reference: str = "",
    address: str = "",
    by: Ref,
    at: datetime,
    served_at: datetime | None = None,
) -> Delivery:
    """Record or start a delivery (送达). In person, by post, platform or telephone it counts from `served_at` (else `at`), with a proof or
    a reference; by SMS or e-mail the text goes into the outbox to `address`, and counts from when its gateway takes it.

    Raises NotPermitted for a recipient who must not have it: nothing of a report ever goes to who is reported (Order 121 Art 37);
    IllegalStep for a void document and for one whose decision no longer stands, BadInput without proof and reference, or without a usable address.
    """
    _check_recipient(document, to)
    if method not in Method.values:
        raise BadInput("documents.no_such_method", "There is no such way of delivery: %(method)s.", method=method)
    message = method in MESSAGES
    if message and not addresses.usable(method, address):
        raise BadInput("documents.address_unusable", "A message needs a telephone number or an e-mail address that can be one.")
    if not message and proof is None and not reference.strip():
        raise BadInput("documents.proof_missing", "A delivery needs a proof: a file, or a number such as the tracking number.")
    if served_at is not None and served_at < document.issued_at:
        raise BadInput("documents.served_too_early", "%(number)s was not there yet at that time.", number=document.number)
    texts = _message_texts(document, by=by, at=at) if message else {}
    with journal.atomic():
        access.check_stands(document)  # locks what the document is about, before the document
        held = Document.objects.select_for_update().get(pk=document.pk)
        if held.voided_at is not None:
            raise IllegalStep("documents.void", "%(number)s is void.", number=document.number)
        (pk,) = bulk.reserve_ids(Delivery, 1)
        notice = _queue(document, pk, to=to, method=method, address=address, texts=texts, by=by, at=at) if message else None
        delivery = Delivery(
            pk=pk,
            document=document,
            recipient=to,
            method=method,
            sealed=vault.seal(document.keys, PLACE_DELIVERY, pk, {"reference": reference.strip(), "address": address.strip()}),
            shown=notice.to_masked if notice else masked(reference),
            proof=proof,
            notice=notice,
            by=by,
            at=at,
            served_at=None if message else served_at or at,
        )
        delivery.save(force_insert=True)
        if delivery.served_at is not None:
            _tell_served(delivery, by=by)
    return delivery


def served_by_message(notice_id: int, *, at: datetime, by: Ref) -> None:
    """A gateway took the message of a delivery: from now on the document is served. Nothing happens for other messages, or twice."""
    with journal.atomic():
        delivery = Delivery.objects.select_for_update(of=("self",)).select_related("document").filter(notice=notice_id).first()
        if delivery is None or delivery.served_at is not None:
            return
        delivery.served_at = at
        delivery.save(update_fields=["served_at"])
        _tell_served(delivery, by=by)


def void(document: Document, *, reason: str, by: Ref, at: datetime) -> None:
    """Make a document void (作废), with the reason; its number stays taken.

    Raises IllegalStep for one that is void already or has been served, or whose message is on its way: what has reached somebody is
    put right by a new document.
    """
    if not reason.strip():
        raise BadInput("documents.reason_missing", "Say why the document is void.")
    with journal.atomic():
        held = Document.objects.select_for_update().get(pk=document.pk)
        if held.voided_at is not None:
            raise IllegalStep("documents.void", "%(number)s is void.", number=document.number)
        gone = Delivery.objects.filter(document=held).exclude(served_at__isnull=True, notice__state__in=("dead", "given_up"))
        if gone.exists():
            raise IllegalStep(
                "documents.served", "%(number)s has been delivered; issue a new document instead of voiding it.", number=document.number
            )
        held.voided_at, held.voided_by = at, by
        held.void_reason = scrub(reason.strip()).text
        if held.void_reason != reason.strip():
            held.sealed_reason = vault.seal(held.keys, PLACE_REASON, held.pk, {"text": reason.strip()})
        held.save(update_fields=["voided_at", "voided_by", "void_reason", "sealed_reason"])
        digest = sha256(reason.strip().encode()).hexdigest()
        journal.publish(
            [
                DocumentVoided(
                    subject=Ref(held.subject), actor=by, at=at, document=held.ref, form=held.form, number=held.number, reason=digest
                )
            ]
        )
    document.voided_at, document.voided_by, document.void_reason = held.voided_at, held.voided_by, held.void_reason


def bureau_of(office: Office) -> Office:
    """In whose name an office issues documents: its own, or its bureau's (派出机构). Raises IllegalStep for one without a bureau."""
    if office.competent is None:
        raise IllegalStep("documents.no_bureau", "%(office)s issues no documents of a bureau.", office=office.name)
    return office.competent


def masked(reference: str) -> str:
    """A tracking number or a name by its last signs."""
    plain = reference.strip()
    return "" if not plain else "*" * min(len(plain), 4) if len(plain) <= 4 else f"****{plain[-4:]}"


def may_reach(document: Document) -> list[str]:
    """To whom the document may be delivered; never the respondent for anything about a report."""
    return [to for to in document.spec.to if document.keys != REPORTER or to in {Recipient.REPORTER, Recipient.OFFICE}]


def _check_recipient(document: Document, to: str) -> None:
    if to not in may_reach(document):
        raise NotPermitted(
            "documents.recipient_forbidden", "%(number)s must not be delivered to the %(recipient)s.", number=document.number, recipient=to
        )


def _keys(template: FormSpec, given: str) -> str:
    if REPORTER in {template.keys, given}:
        return REPORTER
    return template.keys or given or "person"


def _issued(subject: Ref, form: str, once: str) -> Document | None:
    return Document.objects.filter(subject=subject, form=form, once=once).first()


def _kept(document: Document) -> Attachment:
    if document.docx is None:
        raise BadInput("documents.no_file", "%(number)s has no file.", number=document.number)
    return document.docx


def _file_name(document: Document) -> str:
    return f"{document.spec.title.replace('/', '')} {document.number}"


def _message_texts(document: Document, *, by: Ref, at: datetime) -> dict[str, str]:
    """What a message says: the document's own words. The look is journalled, so it stands outside the transaction."""
    template = document.spec
    sealed = vault.Sealed(document.keys, PLACE_VALUES, document.pk, bytes(document.sealed))
    names = [field.name for field in template.fields]
    values = vault.reveal(sealed, fields=names, subject=Ref(document.subject), purpose=PURPOSE, actor=by, at=at)
    office = document.office.name
    day = filling.day(local_date(document.issued_at))
    return {
        "title": template.title,
        "number": document.number,
        "addressee": values.get("addressee", "") or values.get("name", "") or template.title,
        "text": filling.message(template, values),
        "office": office,
        "day": day,
    }


def _queue(
    document: Document, delivery: int, *, to: str, method: str, address: str, texts: Mapping[str, str], by: Ref, at: datetime
) -> Notice:
    message = Message(
        subject=Ref(document.subject),
        template=TEMPLATE,
        channel=method,
        to=address,
        params=texts,
        keys=document.keys,
        once=f"{document.ref} delivery {delivery}",
        audience=to,
    )
    return enqueue([message], by=by, at=at)[0]


def _tell_served(delivery: Delivery, *, by: Ref) -> None:
    document = delivery.document
    if delivery.served_at is None:
        raise ValueError("A delivery that nobody has yet is no news.")
    journal.publish(
        [
            DocumentDelivered(
                subject=Ref(document.subject),
                actor=by,
                at=delivery.served_at,
                document=document.ref,
                form=document.form,
                number=document.number,
                to=delivery.recipient,
                method=delivery.method,
                delivery=delivery.pk,
                proof=delivery.proof.sha256 if delivery.proof else "",
            )
        ]
    )
