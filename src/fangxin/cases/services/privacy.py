"""What the person concerned may ask for: a copy of what is kept (查阅、复制), and erasure where the law allows (删除).

Law: 个人信息保护法 Arts 45, 47. Erasure leaves the case, its classes, periods and journal, which hold no personal data. A case file must be
kept while its retention period runs; how long that is the bureau says (`FANGXIN_RETENTION_YEARS`), nothing is guessed.
"""

import json
from collections.abc import Container, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q

from fangxin.accounts.models import Person
from fangxin.cases.events import CaseErased, DataSubjectServed, ErasureAsked
from fangxin.cases.models import (
    PLACE_FILING,
    PLACE_PARTY,
    Approval,
    Case,
    Draft,
    Erasure,
    ErasureGround,
    Note,
    OutsideNumber,
    Party,
    PartyRole,
    keys_for,
)  # fmt: skip
from fangxin.cases.notices import OPEN_TO_BOTH
from fangxin.clocks.models import Clock
from fangxin.clocks.rules import local_date
from fangxin.documents.erasing import erase as erase_documents
from fangxin.files import services as file_services
from fangxin.files.models import Attachment
from fangxin.kernel import journal, permits, vault
from fangxin.kernel.errors import BadInput, IllegalStep, NotPermitted
from fangxin.kernel.refs import Ref
from fangxin.notices.services import erase as erase_notices

ERASED = "（个人信息已依法删除）"
_KEYS = ("person", "reporter")
_PERSON = ("name", "phone", "id_type", "id_number", "address", "authority")
_FILING = ("title", "narrative", "request", "extra")


def people_with(*, phone: str = "", id_number: str = "") -> list[Party]:
    """The people in cases with this telephone or identity number, by blind index; a look-up that shows nothing in plain text.

    Whom a report is against is not found in it: that it is there is nothing they may ask for (Order 121 Art 37). Raises BadInput for no number at all.
    """
    condition = Q(pk__in=())
    for keys in _KEYS:
        for column, field, value in (("phone_index", "phone", phone), ("id_index", "id_number", id_number)):
            index = vault.blind_index(keys, field, value.strip()) if value.strip() else b""
            if index:
                condition |= Q(**{column: index})
    if condition == Q(pk__in=()):
        raise BadInput("cases.subject_number", "Enter the telephone or the identity number of the person concerned.")
    found = Party.objects.filter(condition).exclude(~Q(case__kind__in=OPEN_TO_BOTH), role=PartyRole.RESPONDENT_CONTACT)
    return list(found.select_related("case__unit", "case__trader").order_by("case_id", "position"))


def elsewhere(parties: Iterable[Party], seen: Container[int]) -> int:
    """How many cases of these people there are besides those seen, for a look-up that is not on record.

    Never how many reports: whoever knows a number would learn that its owner reports (Order 121 Art 37).
    """
    return len({party.case_id for party in parties if party.case.kind in OPEN_TO_BOTH and party.case_id not in seen})


def copy_for(parties: Iterable[Party], *, by: Person, at: datetime, identity: str) -> dict[str, Any]:
    """Everything that is kept of one person, to be handed over (个人信息副本); journalled on each case.

    Only cases whose personal data `by` may see; how many others there are is told. Of each case the person's own data, what was filed and
    what became of it; nothing of anybody else. `identity` says how the person's identity was checked. Not inside a transaction.
    """
    if not identity.strip():
        raise BadInput("cases.identity_unchecked", "Say how the person's identity was checked.")
    mine = list(parties)
    allowed = set(permits.rows(by, "reveal", Case.objects.filter(pk__in=[party.case_id for party in mine])).values_list("pk", flat=True))
    shown = [party for party in mine if party.case_id in allowed]
    cases = {party.case_id: party.case for party in shown}
    with journal.atomic():
        served = [DataSubjectServed(subject=case.ref, actor=by.ref, at=at, parties=_keys(shown, case)) for case in cases.values()]
        hidden = tuple(party.pk for party in mine if party.case_id not in allowed)
        if hidden:  # that there are others is told, so that is on record as well
            served.append(DataSubjectServed(subject=by.ref, actor=by.ref, at=at, parties=hidden))
        journal.publish(served)
    purpose = "data_subject: 个人信息查阅、复制"
    people = vault.reveal_many(
        [vault.Sealed(party.keys, PLACE_PARTY, party.pk, bytes(party.sealed)) for party in shown if party.sealed],
        fields=_PERSON, purpose=purpose, actor=by.ref, at=at, subject=by.ref,
    )  # fmt: skip
    filed = vault.reveal_many(
        [
            vault.Sealed(keys_for(case.kind), PLACE_FILING, case.pk, bytes(case.sealed_filing))
            for case in cases.values()
            if case.sealed_filing
        ],
        fields=_FILING, purpose=purpose, actor=by.ref, at=at, subject=by.ref,
    )  # fmt: skip
    plain = iter(people)
    as_filed = dict(zip([case.pk for case in cases.values() if case.sealed_filing], filed, strict=True))
    numbers: dict[int, list[str]] = {}
    for number in OutsideNumber.objects.filter(case__in=cases):
        numbers.setdefault(number.case_id, []).append(f"{number.channel} {number.number}")
    rows = [
        _row(party, next(plain) if party.sealed else {}, as_filed.get(party.case_id, {}), numbers.get(party.case_id, [])) for party in shown
    ]
    return {
        "made_at": at.isoformat(),
        "basis": "个人信息保护法第四十五条",
        "cases": rows,
        "not_shown": len({party.case_id for party in mine} - allowed),
    }


def _keys(parties: Iterable[Party], case: Case) -> tuple[int, ...]:
    return tuple(party.pk for party in parties if party.case_id == case.pk)


def _row(party: Party, person: Mapping[str, str], filed: Mapping[str, str], numbers: list[str]) -> dict[str, Any]:
    case = party.case
    theirs = party.role != PartyRole.RESPONDENT_CONTACT  # what was filed against them is somebody else's
    extra = filed.get("extra") if theirs else ""
    return {
        "number": case.number,
        "outside_numbers": [*([f"{case.channel} {case.outside_number}"] if case.outside_number else []), *numbers],
        "kind": case.kind,
        "state": case.state,
        "role": party.role,
        "person": {name: value for name, value in person.items() if value},
        "title": (filed.get("title") or case.title) if theirs else "",
        "narrative": (filed.get("narrative") or case.narrative) if theirs else "",
        "request": (filed.get("request") or case.request) if theirs else "",
        "further": json.loads(extra) if extra else {},
        "consent_publish": case.consent_publish,
        "consent_delegate": case.consent_delegate,
        "received_at": case.first_received_at.isoformat(),
        "closed_at": case.closed_at.isoformat() if case.closed_at else None,
        "recovered_fen": case.recovered_fen,
    }


# --- erasure -----------------------------------------------------------------------------------------------------------------


def ask_erasure(case: Case, *, ground: str, by: Ref, at: datetime) -> Erasure:
    """Ask for the erasure of what a closed case holds of people; see `check_erasable`."""
    check_erasable(case, ground, at)
    try:
        with journal.atomic():
            with transaction.atomic():
                erasure = Erasure.objects.create(case=case, ground=ground, asked_by=by, asked_at=at)
            journal.publish([ErasureAsked(subject=case.ref, actor=by, at=at, ground=ground)])
    except IntegrityError as error:
        raise IllegalStep("cases.erasure_asked", "Erasure was asked for already.") from error
    return erasure


def check_erasable(case: Case, ground: str, at: datetime) -> None:
    """Raise IllegalStep where the law does not allow erasure: an open case, one that still owes a notice, or a running retention period."""
    if ground not in ErasureGround.values:
        raise BadInput("cases.no_such_ground", "There is no such ground: %(ground)s.", ground=ground)
    if case.closed_at is None or Clock.objects.running().filter(subject=case.ref).exists():
        raise IllegalStep(
            "cases.erase_open", "%(case)s is open, or a period of it still runs: nothing of it may be erased.", case=case.number
        )
    if ground != ErasureGround.EXPIRED:
        return
    years = settings.RETENTION_YEARS
    if years is None:
        raise IllegalStep("cases.no_retention", "The bureau has set no retention period: nothing can be erased for its end.")
    closed, today = local_date(case.closed_at), local_date(at)
    if (today.year - years, today.month, today.day) <= (closed.year, closed.month, closed.day):
        raise IllegalStep(
            "cases.retention_runs", "%(case)s was closed on %(day)s and has to be kept for %(years)s years.",
            case=case.number, day=closed.isoformat(), years=years,
        )  # fmt: skip


def erase(erasure: Erasure, *, by: Ref, at: datetime) -> None:
    """Erase, approved by another than who asked: people, what was filed, notes as written, files, documents and messages.

    What stays: number, classes, states, periods, verdicts, amounts and the journal. Upper apps erase theirs on `CaseErased`.
    """
    if by == erasure.asked_by:
        raise NotPermitted("cases.erasure_second", "Another person than the one who asked has to approve.")
    with journal.atomic():
        case = Case.objects.select_for_update().get(pk=erasure.case_id)
        check_erasable(case, erasure.ground, at)
        if Erasure.objects.filter(pk=erasure.pk, approved_at__isnull=True).update(approved_by=by, approved_at=at) != 1:
            raise IllegalStep("cases.erased_already", "This was erased already.")
        Party.objects.filter(case=case).update(
            sealed=b"", name_masked="", phone_masked="", id_masked="", address_masked="", phone_index=None, id_index=None
        )
        Note.objects.filter(case=case).update(sealed=b"", text=ERASED)
        Case.objects.filter(pk=case.pk).update(
            sealed_filing=b"",
            title="",
            narrative=ERASED,
            request="",
            respondent_address="" if case.trader_id is None else case.respondent_address,
        )
        Approval.objects.filter(case=case).update(reason=ERASED)
        Draft.objects.filter(Q(case=case.pk) | Q(other_case=case.pk)).update(sealed=b"", name_masked="", phone_masked="", respondent="")
        for attachment in Attachment.objects.of(case.ref).filter(erased_at__isnull=True):  # those that were taken off too
            file_services.erase(attachment, ground=erasure.ground, by=by, at=at)
        erase_documents(case.ref, ground=erasure.ground, by=by, at=at)
        erase_notices(case.ref, by=by, at=at)
        journal.publish([CaseErased(subject=case.ref, actor=by, at=at, ground=erasure.ground, asked_by=erasure.asked_by)])
