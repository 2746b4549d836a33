"""`receive`: filings become cases, exactly once, whatever the channel (接收登记).

One transaction for a batch: vault, deduplication on (channel, outside number), case rows, clocks, journal. One filing is a batch of
one. Law: Order 121 Arts 8–12 (fields, agents, joint complaints), 9 (mixed filings are split).
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import blake2b
from typing import Any

from fangxin.accounts.models import Office
from fangxin.cases.events import CaseReceived, CaseUpdated
from fangxin.cases.filings import Filing, Kind, PartyRole, Person
from fangxin.cases.models import PLACE_FILING, PLACE_PARTY, Case, CaseLink, LinkKind, OutsideNumber, Party, keys_for
from fangxin.cases.models import PartyRole as StoredRole
from fangxin.cases.services import replying, timing
from fangxin.cases.states import State
from fangxin.clocks.services import start_clocks
from fangxin.kernel import journal, masks, vault
from fangxin.kernel.errors import BadInput, DomainError
from fangxin.kernel.refs import Ref, ref
from fangxin.kernel.scrub import scrub
from fangxin.kernel.sql import bulk
from fangxin.registry.queries import match_stated

CLOCK_SKEW = timedelta(minutes=10)
"""How far ahead of us an outside system's clock may be."""

_LOOK_UP = 500

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

_MAIN_ROLE = {Kind.COMPLAINT: PartyRole.COMPLAINANT, Kind.REPORT: PartyRole.REPORTER}


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
    receipts: list[Receipt | None] = [None] * len(filings)
    with journal.atomic():
        fresh: list[int] = []
        again: list[int] = []
        seen: set[tuple[str, str]] = set()
        for index, filing in enumerate(filings):
            try:
                _check(filing, at)
                timing.check_rules(filing, as_if=as_if)
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
    if filing.received_at > at + CLOCK_SKEW:
        raise BadInput("cases.received_in_future", "The filing was received in the future (%(when)s).", when=filing.received_at.isoformat())
    if len(filing.outside_number) > 64:
        raise BadInput("cases.number_too_long", "The outside number is longer than 64 characters.")
    if filing.claimed_fen < 0:
        raise BadInput("cases.amount_negative", "The amount is negative.")
    if filing.reply is not None and filing.reply.at < filing.received_at:
        raise BadInput("cases.reply_before_receipt", "The reply is older than the filing.")


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
        if changed:
            replying.apply([(case, filing) for case in changed], by=by)
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
    """Sixteen bytes that change when anything that the filing says changes."""
    return blake2b(repr(filing).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _texts(filing: Filing) -> _Texts:
    known = [value for person in filing.persons for value in (person.name, person.phone, person.id_number, person.address) if value]
    scrubbed = {
        name: scrub(text, known).text if text else ""
        for name, text in (("title", filing.title), ("narrative", filing.narrative), ("request", filing.request))
    }
    sealed = {
        name: text
        for name, text in (("title", filing.title), ("narrative", filing.narrative), ("request", filing.request))
        if text != scrubbed[name]
    }
    if filing.extra:
        sealed["extra"] = json.dumps(dict(filing.extra), ensure_ascii=False)
    return _Texts(scrubbed["title"][:200], scrubbed["narrative"], scrubbed["request"], filing.place[:100], sealed)


def _people(filing: Filing, kind: Kind) -> Iterator[tuple[str, Person]]:
    """The persons of a case with their roles; nobody for what is empty."""
    main = _MAIN_ROLE.get(kind, PartyRole.INQUIRER)
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
    _forward(parts, by=by)


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
    others = [
        (part.pk, channel.value, number[:64]) for part in parts for channel, number in dict.fromkeys(part.filing.other_numbers) if number
    ]
    if others:
        bulk.insert(
            OutsideNumber,
            ("id", "case_id", "channel", "number"),
            [(pk, *row) for pk, row in zip(bulk.reserve_ids(OutsideNumber, len(others)), others, strict=True)],
        )
    halves: dict[int, list[int]] = {}
    for part in parts:
        if part.part:
            halves.setdefault(part.index, []).append(part.pk)
    CaseLink.objects.bulk_create([CaseLink(first_id=first, second_id=second, kind=LinkKind.SPLIT) for first, second in halves.values()])


def _forward(parts: Sequence[_Part], *, by: Ref) -> None:
    """What the channel has already sent to a unit, or already answered, goes on from there."""
    moving = [part for part in parts if part.filing.unit_code or part.filing.dispatched_at or part.filing.reply]
    if not moving:
        return
    cases = Case.objects.in_bulk([part.pk for part in moving])
    replying.forward([(cases[part.pk], part.filing) for part in moving if part.filing.unit_code], offices(moving), by=by)
    replying.arrive([(cases[part.pk], part.filing) for part in moving if not part.filing.unit_code], by=by)
    replying.apply([(cases[part.pk], part.filing) for part in moving if part.filing.reply], by=by)


def offices(parts: Iterable[_Part]) -> dict[str, Office]:
    """The offices that filings name; an unknown code leaves the case with the desk."""
    codes = {part.filing.unit_code for part in parts if part.filing.unit_code}
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
    Party.objects.filter(case=case).delete()
    bulk.insert(Party, _PARTY_COLUMNS, _party_rows([part]))
    journal.publish(
        [CaseUpdated(subject=case.ref, actor=by, at=at, digest=values["digest"].hex(), changed=tuple(changed), ignored=tuple(ignored))]
    )
