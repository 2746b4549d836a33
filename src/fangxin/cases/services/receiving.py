"""`receive`: filings become cases, exactly once, whatever the channel (接收登记).

One transaction for a batch: vault, deduplication on (channel, outside number), case rows, clocks, journal. One filing is a batch of
one. Law: Order 121 Arts 8–12 (fields, agents, joint complaints), 9 (mixed filings are split).
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import StrEnum
from hashlib import blake2b
from typing import Any

from django.db import IntegrityError, OperationalError

from fangxin.accounts.models import Office
from fangxin.cases.events import CaseReceived, CaseUpdated
from fangxin.cases.filings import MAIN_ROLE, Filing, Kind, PartyRole, Person, Respondent
from fangxin.cases.models import PLACE_FILING, PLACE_PARTY, Case, CaseLink, LinkKind, OutsideNumber, Party, keys_for
from fangxin.cases.models import PartyRole as StoredRole
from fangxin.cases.services import replying, timing
from fangxin.cases.states import State
from fangxin.clocks.keeping import current_calendar
from fangxin.clocks.notices import ReportField
from fangxin.clocks.services import start_clocks
from fangxin.kernel import journal, masks, vault
from fangxin.kernel.errors import BadInput, DomainError
from fangxin.kernel.refs import Ref, ref
from fangxin.kernel.scrub import scrub
from fangxin.kernel.sql import bulk
from fangxin.registry.queries import match_stated

_LOOK_UP = 500
_LONGEST_NUMBER = 64
_FIELDS_OF_LAW = frozenset({"", *(field.value for field in ReportField)})
_ATTEMPTS = 5
_DEADLOCK = "40P01"

_CASE_COLUMNS = (
    "id", "kind", "state", "channel", "outside_number", "part", "digest", "as_if", "first_received_at", "competent_received_at", "dispatched_at",
    "responded_at", "decided_at", "closed_at", "unit_id", "competent_id", "officer_id", "title", "narrative", "sealed_filing", "request",
    "claimed_fen", "recovered_fen", "occurred_on", "place", "goods_or_service", "object_class", "problem_class", "field_of_law", "anonymous",
    "consent_publish", "consent_delegate", "respondent_name", "respondent_uscc", "respondent_address", "platform", "trader_id", "ground",
    "next_due_at", "next_term",
)  # fmt: skip
_PARTY_COLUMNS = (
    "id", "case_id", "position", "role", "keys", "sealed", "name_masked", "phone_masked", "id_masked", "address_masked", "phone_index", "id_index",
)  # fmt: skip


class Outcome(StrEnum):
    """What became of a filing."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one filing, and which cases it is (two if it was split)."""

    outcome: Outcome
    case_ids: tuple[int, ...] = ()
    error: DomainError | None = None


@dataclass(slots=True)
class _Part:
    """A case to be: one filing, or one half of a mixed one."""

    filing: Filing
    kind: Kind
    part: str
    index: int
    pk: int = 0


@dataclass(frozen=True, slots=True)
class _Texts:
    """The texts of a filing as shown, and what of them must be sealed as filed."""

    title: str
    narrative: str
    request: str
    place: str
    sealed: Mapping[str, str]


def receive(filings: Sequence[Filing], *, by: Ref, at: datetime, as_if: bool = False) -> list[Receipt]:
    """Take in filings; answers what became of each, in order.

    A (channel, outside number) that is known makes no second case: the same content is `unchanged`, other content an update
    event. What can't be a case is `refused` with its reason and leaves no trace, the others go in. `as_if` counts clocks as if
    the nearest rule version had been in force (replays of old messages).
    """
    for left in reversed(range(_ATTEMPTS)):
        try:
            return _receive(filings, by=by, at=at, as_if=as_if)
        except (IntegrityError, OperationalError) as error:
            # Someone else took in the same number at the same time: look again, it is known now.
            deadlock = getattr(error.__cause__, "sqlstate", "") == _DEADLOCK
            if not left or not (deadlock or isinstance(error, IntegrityError)):
                raise
    raise AssertionError  # the last attempt returns or raises


def _receive(filings: Sequence[Filing], *, by: Ref, at: datetime, as_if: bool) -> list[Receipt]:
    receipts: list[Receipt | None] = [None] * len(filings)
    with journal.atomic():
        _, calendar = current_calendar(at)
        fresh: list[int] = []
        again: list[int] = []
        seen: set[tuple[str, str]] = set()
        for index, filing in enumerate(filings):
            try:
                _check(filing, at)
                timing.check_rules(filing, calendar, as_if=as_if)
            except DomainError as error:
                receipts[index] = Receipt(Outcome.REFUSED, error=error)
                continue
            key = (filing.channel.value, filing.outside_number)
            if filing.outside_number and key in seen:
                again.append(index)
            else:
                seen.add(key)
                fresh.append(index)
        for wave in (fresh, *([index] for index in again)):
            _take(wave, filings, receipts, by=by, at=at, as_if=as_if)
    return [receipt if receipt is not None else Receipt(Outcome.REFUSED) for receipt in receipts]


def _check(filing: Filing, at: datetime) -> None:
    """What no case can be made of."""
    if not filing.narrative.strip():
        raise BadInput("cases.narrative_missing", "The filing says nothing: its narrative is empty.")
    if filing.received_at > at + timing.CLOCK_SKEW:
        raise BadInput("cases.received_in_future", "The filing was received in the future (%(when)s).", when=filing.received_at.isoformat())
    if max(map(len, (filing.outside_number, *(number for _, number in filing.other_numbers)))) > _LONGEST_NUMBER:
        raise BadInput("cases.number_too_long", "The outside number is longer than 64 characters.")
    if filing.field_of_law not in _FIELDS_OF_LAW:
        raise BadInput("cases.field_of_law_unknown", "There is no field of law “%(field)s”.", field=filing.field_of_law)
    if filing.claimed_fen < 0:
        raise BadInput("cases.amount_negative", "The amount is negative.")
    if filing.reply is not None and filing.reply.at < filing.received_at:
        raise BadInput("cases.reply_before_receipt", "The reply is older than the filing.")
    if filing.dispatched_at is not None and filing.dispatched_at < filing.received_at:
        raise BadInput("cases.dispatch_before_receipt", "The dispatch is older than the filing.")
    if max(filing.dispatched_at or filing.received_at, filing.reply.at if filing.reply else filing.received_at) > at + timing.CLOCK_SKEW:
        raise BadInput("cases.handled_in_future", "The dispatch or the reply lies in the future.")
    if not _storable(_unsealed(filing)):
        raise BadInput("cases.text_unstorable", "The filing holds characters that no text can hold.")


def _unsealed(filing: Filing) -> Iterator[str]:
    """The texts that go into columns as they are, or masked."""
    yield from (filing.outside_number, filing.title, filing.narrative, filing.request, filing.place, filing.goods_or_service)
    yield from (filing.object_class, filing.problem_class, *(number for _, number in filing.other_numbers))
    for one in filing.persons:
        yield from (one.name, one.phone, one.id_number, one.address)
    stated = filing.respondent
    yield from (stated.name, stated.uscc, stated.address, stated.contact, stated.phone, stated.platform)


def _storable(texts: Iterable[str]) -> bool:
    """No NUL and no half of a surrogate pair: a database takes neither."""
    joined = "".join(texts)
    if "\0" in joined:
        return False
    try:
        joined.encode()
    except UnicodeEncodeError:
        return False
    return True


def _take(wave: list[int], filings: Sequence[Filing], receipts: list[Receipt | None], *, by: Ref, at: datetime, as_if: bool) -> None:
    """Filings with different keys: known ones are compared, new ones become cases."""
    if not wave:
        return
    known = _known(filings[index] for index in wave)
    parts: list[_Part] = []
    for index in wave:
        filing = filings[index]
        found = known.get((filing.channel.value, filing.outside_number), []) if filing.outside_number else []
        if not found:
            parts += _parts(filing, index)
            continue
        changed = [case for case in found if bytes(case.digest) != digest_of(filing)]
        for case in changed:
            _update(case, filing, by=by, at=at)
        receipts[index] = Receipt(Outcome.UPDATED if changed else Outcome.UNCHANGED, tuple(case.pk for case in found))
        _go_on([(case, filing) for case in changed], by=by, at=at)
    if parts:
        _create(parts, by=by, at=at, as_if=as_if)
    for part in parts:
        before = receipts[part.index]
        receipts[part.index] = Receipt(Outcome.CREATED, (*(before.case_ids if before else ()), part.pk))


def _known(filings: Iterable[Filing]) -> dict[tuple[str, str], list[Case]]:
    numbers: dict[str, list[str]] = {}
    for filing in filings:
        if filing.outside_number:
            numbers.setdefault(filing.channel.value, []).append(filing.outside_number)
    found: dict[tuple[str, str], list[Case]] = {}
    for channel, wanted in numbers.items():
        for start in range(0, len(wanted), _LOOK_UP):
            for case in Case.objects.filter(channel=channel, outside_number__in=wanted[start : start + _LOOK_UP]).order_by("pk"):
                found.setdefault((channel, case.outside_number), []).append(case)
    return found


def _parts(filing: Filing, index: int) -> list[_Part]:
    """One case, or two linked ones for a filing that is both complaint and report (Order 121 Art 9)."""
    if filing.kind is Kind.MIXED:
        return [_Part(filing, kind, kind.value, index) for kind in (Kind.COMPLAINT, Kind.REPORT)]
    return [_Part(filing, filing.kind, "", index)]


def digest_of(filing: Filing) -> bytes:
    """Sixteen bytes that change when anything that the filing says changes.

    Only what is said counts, each under its name: a field that later versions add leaves the digests of older filings as they are.
    """
    said = [f"{name}={value}" for name in _SAID if (value := getattr(filing, name))]
    for person in filing.persons:
        said += ("person", *(f"{name}={value}" for name in _PERSON if (value := getattr(person, name))))
    said += [f"respondent.{name}={value}" for name in _RESPONDENT if (value := getattr(filing.respondent, name))]
    said += [f"number.{channel.value}={number}" for channel, number in filing.other_numbers]
    said += [f"extra.{name}={value}" for name, value in filing.extra.items()]
    if filing.reply:
        said.append(f"reply={filing.reply.at} {filing.reply.closes} {filing.reply.text}")
    return blake2b("\x1f".join(said).encode("utf-8", "surrogatepass"), digest_size=16).digest()


_SAID = tuple(one.name for one in fields(Filing) if one.name not in {"persons", "respondent", "other_numbers", "extra", "reply"})
_PERSON = tuple(one.name for one in fields(Person))
_RESPONDENT = tuple(one.name for one in fields(Respondent))


def _texts(filing: Filing) -> _Texts:
    known = [value for person in filing.persons for value in (person.name, person.phone, person.id_number, person.address) if value]
    scrubbed = {
        name: scrub(text, known).text if text else ""
        for name, text in (("title", filing.title), ("narrative", filing.narrative), ("request", filing.request))
    }
    scrubbed["title"] = scrubbed["title"][:200]
    sealed = {
        name: text
        for name, text in (("title", filing.title), ("narrative", filing.narrative), ("request", filing.request))
        if text != scrubbed[name]
    }
    extra = {**filing.extra, **_cut_off(filing)}
    if extra:
        sealed["extra"] = json.dumps(extra, ensure_ascii=False)
    return _Texts(scrubbed["title"], scrubbed["narrative"], scrubbed["request"], filing.place[:100], sealed)


def _cut_off(filing: Filing) -> dict[str, str]:
    """What is longer than its column, whole."""
    stated = filing.respondent
    texts = (
        ("place", filing.place, 100), ("goods_or_service", filing.goods_or_service, 200), ("object_class", filing.object_class, 64),
        ("problem_class", filing.problem_class, 64), ("respondent_name", stated.name, 200), ("respondent_uscc", stated.uscc, 32),
        ("respondent_address", stated.address, 300), ("platform", stated.platform, 100),
    )  # fmt: skip
    return {name: text for name, text, length in texts if len(text) > length}


def _people(filing: Filing, kind: Kind) -> Iterator[tuple[str, Person]]:
    """The persons of a case with their roles; nobody for what is empty."""
    main = MAIN_ROLE.get(kind, PartyRole.INQUIRER)
    for position, person in enumerate(one for one in filing.persons if not one.empty):
        role = person.role or (main if position == 0 else PartyRole.JOINT)
        if role in {PartyRole.COMPLAINANT, PartyRole.REPORTER, PartyRole.INQUIRER}:
            role = main
        yield role.value, person
    stated = filing.respondent
    if stated.contact or stated.phone:
        yield StoredRole.RESPONDENT_CONTACT.value, Person(name=stated.contact, phone=stated.phone)


def _party_rows(parts: Sequence[_Part]) -> list[tuple[Any, ...]]:
    """Rows of the people in these cases: sealed whole, shown masked, found by blind index."""
    groups: dict[str, list[tuple[int, int, str, Person]]] = {}
    for part in parts:
        for position, (role, person) in enumerate(_people(part.filing, part.kind)):
            groups.setdefault(keys_for(part.kind), []).append((part.pk, position, role, person))
    rows: list[tuple[Any, ...]] = []
    for keys, people in groups.items():
        ids = bulk.reserve_ids(Party, len(people))
        sealed = vault.seal_many(keys, PLACE_PARTY, [(pk, _plain(person)) for pk, (_, _, _, person) in zip(ids, people, strict=True)])
        phones = vault.blind_index_many(keys, "phone", [person.phone for *_, person in people])
        numbers = vault.blind_index_many(keys, "id_number", [person.id_number for *_, person in people])
        rows += [
            (
                pk, case, position, role, keys, blob, masks.name(person.name)[:60], masks.phone(person.phone)[:32],
                masks.id_number(person.id_number)[:32], masks.address(person.address)[:120], phone or None, number or None,
            )
            for pk, (case, position, role, person), blob, phone, number in zip(ids, people, sealed, phones, numbers, strict=True)
        ]  # fmt: skip
    return rows


def _plain(person: Person) -> dict[str, str]:
    return {
        "name": person.name,
        "phone": person.phone,
        "id_type": person.id_type,
        "id_number": person.id_number,
        "address": person.address,
        "authority": person.authority,
    }


def _create(parts: list[_Part], *, by: Ref, at: datetime, as_if: bool) -> None:
    for part, pk in zip(parts, bulk.reserve_ids(Case, len(parts)), strict=True):
        part.pk = pk
    traders = match_stated([(part.filing.respondent.name, part.filing.respondent.uscc) for part in parts])
    texts: dict[int, _Texts] = {}
    for part in parts:
        if part.index not in texts:
            texts[part.index] = _texts(part.filing)
    digests = {part.index: digest_of(part.filing) for part in parts}
    journal.publish(
        [
            CaseReceived(
                subject=ref("case", part.pk), actor=by, at=part.filing.received_at, kind=part.kind.value, channel=part.filing.channel.value,
                digest=digests[part.index].hex(), part=part.part, as_if=as_if,
            )
            for part in parts
        ]
    )  # fmt: skip
    nearest = timing.nearest(
        start_clocks(
            [start for part in parts for start in timing.on_receipt(ref("case", part.pk), part.kind, part.filing.received_at)],
            by=by,
            at=at,
            as_if=as_if,
        )
    )
    sealed: dict[int, bytes] = {}
    for keys in {keys_for(part.kind) for part in parts}:
        mine = [part for part in parts if keys_for(part.kind) == keys]
        sealed.update(
            zip(
                (part.pk for part in mine),
                vault.seal_many(keys, PLACE_FILING, [(part.pk, texts[part.index].sealed) for part in mine]),
                strict=True,
            )
        )
    bulk.insert(
        Case,
        _CASE_COLUMNS,
        [
            _case_row(part, texts[part.index], digests[part.index], sealed[part.pk], trader, nearest.get(ref("case", part.pk)), as_if=as_if)
            for part, trader in zip(parts, traders, strict=True)
        ],
    )
    bulk.insert(Party, _PARTY_COLUMNS, _party_rows(parts))
    _link(parts)
    _forward(parts, by=by, at=at)


def _case_row(
    part: _Part, texts: _Texts, digest: bytes, sealed: bytes, trader: int | None, nearest: tuple[datetime, str] | None, *, as_if: bool
) -> tuple[Any, ...]:
    filing, stated = part.filing, part.filing.respondent
    return (
        part.pk, part.kind.value, State.RECEIVED.value, filing.channel.value, filing.outside_number, part.part, digest, as_if, filing.received_at,
        None, None, None, None, None, None, None, None, texts.title, texts.narrative, sealed, texts.request, filing.claimed_fen, 0,
        filing.occurred_on, texts.place, filing.goods_or_service[:200], filing.object_class[:64], filing.problem_class[:64], filing.field_of_law[:32],
        filing.anonymous, filing.consent_publish.value, filing.consent_delegate.value, stated.name[:200], stated.uscc[:32], stated.address[:300],
        stated.platform[:100], trader, "", nearest[0] if nearest else None, nearest[1] if nearest else "",
    )  # fmt: skip


def _link(parts: Sequence[_Part]) -> None:
    """The further numbers, and the two halves of what was split."""
    others = [(part.pk, channel.value, number) for part in parts for channel, number in dict.fromkeys(part.filing.other_numbers) if number]
    _number(others)
    halves: dict[int, list[int]] = {}
    for part in parts:
        if part.part:
            halves.setdefault(part.index, []).append(part.pk)
    CaseLink.objects.bulk_create([CaseLink(first_id=first, second_id=second, kind=LinkKind.SPLIT) for first, second in halves.values()])


def _number(others: Sequence[tuple[int, str, str]]) -> None:
    """Further numbers as (case, channel, number)."""
    if others:
        bulk.insert(
            OutsideNumber,
            ("id", "case_id", "channel", "number"),
            [(pk, *row) for pk, row in zip(bulk.reserve_ids(OutsideNumber, len(others)), others, strict=True)],
        )


def _forward(parts: Sequence[_Part], *, by: Ref, at: datetime) -> None:
    """New cases that the channel has already sent to a unit, or already answered, go on from there."""
    moving = [part for part in parts if part.filing.unit_code or part.filing.dispatched_at or part.filing.reply]
    if not moving:
        return
    cases = Case.objects.in_bulk([part.pk for part in moving])
    _go_on([(cases[part.pk], part.filing) for part in moving], by=by, at=at)


def _go_on(pairs: Sequence[tuple[Case, Filing]], *, by: Ref, at: datetime) -> None:
    """Follow what the channel did with filings: sent them to a unit, answered them. What was dispatched here stays where it is."""
    waiting = [(case, filing) for case, filing in pairs if case.dispatched_at is None and case.is_open]
    replying.forward([pair for pair in waiting if pair[1].unit_code], offices(filing for _, filing in waiting), by=by)
    replying.arrive([pair for pair in waiting if not pair[1].unit_code], by=by, at=at)
    replying.apply([pair for pair in pairs if pair[1].reply], by=by)


def offices(filings: Iterable[Filing]) -> dict[str, Office]:
    """The offices that filings name; an unknown code leaves the case with the desk."""
    codes = {filing.unit_code for filing in filings if filing.unit_code}
    if not codes:
        return {}
    return {office.code: office for office in Office.objects.dispatchable().filter(code__in=codes).select_related("competent")}


_DESCRIPTIVE = {
    "goods_or_service": 200,
    "object_class": 64,
    "problem_class": 64,
    "field_of_law": 32,
    "claimed_fen": 0,
    "occurred_on": 0,
    "anonymous": 0,
}


def _update(case: Case, filing: Filing, *, by: Ref, at: datetime) -> None:
    """The same filing came again with other content: what describes it is taken over, what clocks rest on is not, and both are told."""
    texts = _texts(filing)
    stated = filing.respondent
    values: dict[str, Any] = {
        "title": texts.title,
        "narrative": texts.narrative,
        "request": texts.request,
        "place": texts.place,
        "consent_publish": filing.consent_publish.value,
        "consent_delegate": filing.consent_delegate.value,
        "respondent_name": stated.name[:200],
        "respondent_uscc": stated.uscc[:32],
        "respondent_address": stated.address[:300],
        "platform": stated.platform[:100],
        **{name: getattr(filing, name)[:cut] if cut else getattr(filing, name) for name, cut in _DESCRIPTIVE.items()},
    }
    changed = [name for name, value in values.items() if getattr(case, name) != value]
    ignored = [
        name
        for name, same in (
            ("received_at", case.first_received_at == filing.received_at),
            ("kind", filing.kind in {Kind.UNDETERMINED, Kind.MIXED, Kind(case.kind)}),
            ("unit", not filing.unit_code or case.dispatched_at is None or (case.unit is not None and case.unit.code == filing.unit_code)),
        )
        if not same
    ]
    if stated.name[:200] != case.respondent_name or stated.uscc[:32] != case.respondent_uscc:
        values["trader_id"] = match_stated([(stated.name, stated.uscc)])[0]
    values["sealed_filing"] = vault.seal(keys_for(case.kind), PLACE_FILING, case.pk, texts.sealed)
    values["digest"] = digest_of(filing)
    Case.objects.filter(pk=case.pk).update(**values)
    for name, value in values.items():
        setattr(case, name, value)
    part = _Part(replace(filing, kind=Kind(case.kind)), Kind(case.kind), case.part, 0, case.pk)
    people = _party_rows([part])
    if _shown(people) != _shown(Party.objects.filter(case=case).order_by("position").values_list(*_PARTY_COLUMNS)):
        changed.append("persons")
    Party.objects.filter(case=case).delete()
    bulk.insert(Party, _PARTY_COLUMNS, people)
    known = set(OutsideNumber.objects.filter(case=case).values_list("channel", "number"))
    fresh = [(case.pk, channel.value, number) for channel, number in dict.fromkeys(filing.other_numbers) if (channel, number) not in known]
    if fresh:
        _number(fresh)
        changed.append("other_numbers")
    if not changed and not ignored and filing.reply is None:
        changed.append("sealed")  # what differs can't be told without opening it
    journal.publish(
        [CaseUpdated(subject=case.ref, actor=by, at=at, digest=values["digest"].hex(), changed=tuple(changed), ignored=tuple(ignored))]
    )


def _shown(rows: Iterable[Sequence[Any]]) -> list[list[Any]]:
    """What tells party rows apart without opening them: role, position, masks and indexes."""
    return [[bytes(value) if isinstance(value, memoryview) else value for value in (*row[2:4], *row[6:])] for row in rows]
