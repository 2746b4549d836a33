"""Taking a filing down while somebody speaks (录入): saved as it is typed, registered once (草稿、登记).

A draft is its author's alone. It becomes a case by the same `receive` as everything else; that it does so once, however often and from
however many windows it is sent, is a compare-and-set on the draft.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from fangxin.accounts.models import Person as Staff
from fangxin.cases.events import DraftBegun, DraftDiscarded, DraftTaken, TraderMatched
from fangxin.cases.filings import Consent, Filing, Kind, PartyRole
from fangxin.cases.models import PLACE_DRAFT, Case, DiscardReason, Draft, DraftOutcome, Submission, draft_keys
from fangxin.cases.numbers import number_of
from fangxin.cases.services.receiving import Outcome, Receipt, receive
from fangxin.kernel import journal, masks, permits, vault
from fangxin.kernel.errors import BadInput, IllegalStep, StaleState
from fangxin.kernel.refs import Ref, ref
from fangxin.kernel.scrub import scrub
from fangxin.registry.models import Trader
from fangxin.registry.names import normalise

LONGEST = 200_000
"""Characters of a draft as it is kept; a call does not fill a book."""
BATCH = 500
"""So many filings a program may hand in at once."""
RESUMED = "resume"
"""The purpose under which its author opens a draft again; the journal keeps it."""


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands on the screen: the fields as typed, and the few of them that the list of drafts tells, masked."""

    fields: Mapping[str, Sequence[str]]
    channel: str
    kind: str
    name: str = ""
    phone: str = ""
    respondent: str = ""


@dataclass(frozen=True, slots=True)
class Entered:
    """A filing with the trader that was chosen on the register, if one was."""

    filing: Filing
    trader: int | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """What a draft became; `again`: it had been registered before, by the same words."""

    draft: Draft
    case_ids: tuple[int, ...]
    again: bool = False


def save_draft(person: Staff, typed: Typed, *, token: str, tab: str, at: datetime) -> Draft:
    """Keep what stands on the screen, sealed; the first time begins the draft, and with it the filing's receipt.

    Raises IllegalStep for a draft that is over, StaleState for a window that another one has taken over from, BadInput for too much.
    """
    words = _words(typed)
    with journal.atomic():
        draft = _hold(person, typed, token=token, tab=tab, by=person.ref, at=at)
        _check_open(draft)
        if draft.tab != tab:
            raise StaleState("cases.draft_elsewhere", "This draft was opened in another window; this window no longer saves it.")
        _write(draft, typed, words, at=at)
    return draft


def open_draft(draft: Draft, *, tab: str, by: Ref, at: datetime) -> dict[str, list[str]]:
    """What its author typed, to go on with; from now on only window `tab` saves it. The look is journalled.

    Must not be called in a transaction (see `vault.reveal`). Raises IllegalStep for a draft that is over.
    """
    _check_open(draft)
    sealed = vault.Sealed(draft.keys, PLACE_DRAFT, draft.pk, bytes(draft.sealed))
    plain = vault.reveal(sealed, fields=("form",), subject=draft.ref, purpose=RESUMED, actor=by, at=at)
    if Draft.objects.open().filter(pk=draft.pk).update(tab=tab) != 1:
        raise StaleState("kernel.stale_state", "Someone else changed %(subject)s first; please read it again.", subject=str(draft))
    draft.tab = tab
    fields: dict[str, list[str]] = json.loads(plain["form"] or "{}")
    return fields


def discard_draft(draft: Draft, reason: str, *, by: Ref, at: datetime) -> None:
    """Give a draft up, with the reason; what was typed is wiped and can't be brought back.

    Raises BadInput for a reason that is none, IllegalStep for a draft that is over.
    """
    if reason not in DiscardReason.values:
        raise BadInput("cases.discard_reason", "Say why the draft is given up.")
    with journal.atomic():
        _finish(draft, outcome=DraftOutcome.DISCARDED, reason=reason, updated_at=at)
        journal.publish([DraftDiscarded(subject=draft.ref, actor=by, at=at, reason=reason)])


def take_draft(person: Staff, typed: Typed, entered: Entered, *, token: str, tab: str, at: datetime) -> Taken:
    """Register what stands on the screen: the draft becomes a case, two if it is mixed (Order 121 Art 9).

    Received is when the draft was begun, unless the filing says earlier. The same form sent again answers with the same case, and no
    second one is made; other words under a draft that is a case already are refused (IllegalStep), for they would be lost.
    Raises what `receive` refuses the filing for.
    """
    words = _words(typed)
    with journal.atomic():
        draft = _hold(person, typed, token=token, tab=tab, by=person.ref, at=at)
        said = bytes(draft.said)
        if draft.outcome == DraftOutcome.TAKEN:
            if said == _said(words):
                return Taken(draft, tuple(draft.case_ids), again=True)
            raise IllegalStep(
                "cases.draft_taken",
                "This draft is registered already as %(number)s. Save once more to register what stands here as another case.",
                number=number_of(draft.case_ids[0]),
            )
        _check_open(draft)
        filing = replace(entered.filing, received_at=min(entered.filing.received_at, draft.started_at))
        receipt = register(person, [replace(entered, filing=filing)], at=at)[0]
        if receipt.error is not None:
            raise receipt.error
        first, *others = receipt.case_ids
        _write(draft, typed, words, at=at)
        _finish(draft, outcome=DraftOutcome.TAKEN, case_id=first, other_case_id=others[0] if others else None, updated_at=at)
        cases = tuple(str(ref(Case.ref_kind, pk)) for pk in receipt.case_ids)
        journal.publish([DraftTaken(subject=draft.ref, actor=person.ref, at=at, cases=cases)])
    return Taken(draft, receipt.case_ids)


def register(person: Staff, entered: Sequence[Entered], *, at: datetime) -> list[Receipt]:
    """`receive` for what staff or their programs enter, and the trader chosen on the register is set where the name alone left it open.

    An outside number of a case that the person may not handle is refused: nobody changes a case by handing it in again who could not
    change it otherwise.
    """
    by = person.ref
    with journal.atomic():
        barred = _barred(person, [one.filing for one in entered])
        let_in = iter(receive([one.filing for one in entered if _number(one.filing) not in barred], by=by, at=at))
        receipts = [
            Receipt(Outcome.REFUSED, error=BadInput("cases.number_elsewhere", "This outside number belongs to a case of another unit."))
            if _number(one.filing) in barred
            else next(let_in)
            for one in entered
        ]
        chosen = {
            pk: one
            for one, receipt in zip(entered, receipts, strict=True)
            if one.trader is not None and receipt.outcome is Outcome.CREATED
            for pk in receipt.case_ids
        }
        if chosen:
            traders = Trader.objects.in_bulk({one.trader for one in chosen.values() if one.trader is not None})
            events: list[journal.Event] = []
            for case in Case.objects.filter(pk__in=chosen).order_by("pk"):
                trader = traders.get(chosen[case.pk].trader or 0)
                if trader is None or trader.pk == case.trader_id or not _is_stated(trader, chosen[case.pk].filing):
                    continue
                events.append(TraderMatched(subject=case.ref, actor=by, at=at, was=case.trader_id, trader=trader.pk))
                Case.objects.filter(pk=case.pk).update(trader=trader)
            journal.publish(events)
    return receipts


def _number(filing: Filing) -> tuple[str, str]:
    return filing.channel.value, filing.outside_number


def _barred(person: Staff, filings: Sequence[Filing]) -> set[tuple[str, str]]:
    """Outside numbers that are known and whose cases this person may not handle. Two queries a channel."""
    barred: set[tuple[str, str]] = set()
    for channel in {filing.channel for filing in filings if filing.outside_number}:
        wanted = {filing.outside_number for filing in filings if filing.channel is channel} - {""}
        known = Case.objects.filter(channel=channel.value, outside_number__in=wanted)
        mine = set(permits.rows(person, "handle", known).values_list("pk", flat=True))
        barred |= {(channel.value, number) for pk, number in known.values_list("pk", "outside_number") if pk not in mine}
    return barred


def register_once(
    person: Staff, entered: Sequence[Entered], *, key: str, body: str, answer: Callable[[Sequence[Receipt]], str], at: datetime
) -> tuple[str, bool]:
    """`register` under an idempotency key: the same key with the same body is answered as before and registers nothing anew.

    Answers the text that `answer` makes of the receipts (numbers and codes only, for it is kept), and whether it was there before.
    Raises IllegalStep for a key that was used with another body.
    """
    said = _said(body)
    with journal.atomic():
        Submission.objects.bulk_create([Submission(person=person, key=key, said=said, at=at)], ignore_conflicts=True)
        row = Submission.objects.select_for_update().get(person=person, key=key)
        if row.answer:
            if bytes(row.said) != said:
                raise IllegalStep("cases.key_used", "This idempotency key was used for something else before.")
            return row.answer, True
        row.answer = answer(register(person, entered, at=at))
        row.save(update_fields=["answer"])
    return row.answer, False


def missing(filing: Filing) -> list[str]:
    """What the law or the official form asks for and the filing does not say, by the names of the fields; it is registered all the same.

    Complaint: Order 121 Art 10(1) with name, telephone and address of both sides, request and facts; agents Art 11; representatives of
    a joint complaint Art 12; both consents (文书式样一), which have to be asked. Report: facts (Art 28) and, unless it is anonymous, who
    reports (文书式样二). Others: a way to answer.
    """
    first = filing.persons[0] if filing.persons and filing.persons[0].role is None else None
    stated = filing.respondent
    given = {
        "name": first.name if first else "",
        "phone": first.phone if first else "",
        "id_number": first.id_number if first else "",
        "address": first.address if first else "",
        "respondent_name": stated.name or stated.uscc,
        "respondent_address": stated.address or stated.platform,
        "request": filing.request,
        "narrative": filing.narrative,
    }
    wanted = _WANTED[filing.kind]
    if filing.anonymous:
        wanted = tuple(name for name in wanted if name not in {"name", "phone", "id_number", "address"})
    found = [name for name in wanted if not given[name].strip()]
    roles = [person.role for person in filing.persons]
    agents = [person for person in filing.persons if person.role is PartyRole.AGENT]
    if any(not (agent.authority.strip() and agent.id_number.strip()) for agent in agents):
        found.append("authority")
    if PartyRole.JOINT in roles and roles.count(PartyRole.REPRESENTATIVE) < _REPRESENTATIVES:
        found.append("representatives")
    if filing.kind in {Kind.COMPLAINT, Kind.MIXED}:
        asked = {"consent_publish": filing.consent_publish, "consent_delegate": filing.consent_delegate}
        found += [name for name, answer in asked.items() if answer is Consent.NOT_ASKED]
    return found


_REPRESENTATIVES = 2
_WANTED: Mapping[Kind, Collection[str]] = {
    Kind.COMPLAINT: ("name", "phone", "address", "respondent_name", "respondent_address", "narrative", "request"),
    Kind.MIXED: ("name", "phone", "address", "respondent_name", "respondent_address", "narrative", "request"),
    Kind.REPORT: ("name", "phone", "id_number", "respondent_name", "narrative"),
    Kind.CONSULTATION: ("phone", "narrative"),
    Kind.UNDETERMINED: ("name", "phone", "narrative"),
}


def _words(typed: Typed) -> str:
    """What was typed as one text, whatever the order of the fields."""
    kept = {name: list(values) for name, values in sorted(typed.fields.items()) if any(values)}
    words = json.dumps(kept, ensure_ascii=False, sort_keys=True)
    if len(words) > LONGEST:
        raise BadInput("cases.draft_too_long", "This is too long to be kept: at most %(most)s characters.", most=LONGEST)
    return words


def _said(words: str) -> bytes:
    return vault.blind_index(vault.Purpose.SYSTEM, "draft", words)


def _hold(person: Staff, typed: Typed, *, token: str, tab: str, by: Ref, at: datetime) -> Draft:
    """The draft of this form, locked; begun if it is new. Two first saves at once make one."""
    held = Draft.objects.select_for_update().filter(token=token, person=person).first()
    if held is not None:
        return held
    fresh = Draft(
        person=person,
        token=token,
        tab=tab,
        channel=typed.channel,
        kind=typed.kind,
        keys=draft_keys(typed.kind),
        started_at=at,
        updated_at=at,
    )
    Draft.objects.bulk_create([fresh], ignore_conflicts=True)
    draft = Draft.objects.select_for_update().filter(token=token, person=person).first()
    if draft is None:  # somebody else's form
        raise BadInput("cases.no_such_draft", "There is no such draft.")
    if not bytes(draft.said) and draft.outcome == DraftOutcome.OPEN:
        journal.publish([DraftBegun(subject=draft.ref, actor=by, at=at, channel=typed.channel)])
    return draft


def _check_open(draft: Draft) -> None:
    if draft.outcome != DraftOutcome.OPEN:
        raise IllegalStep("cases.draft_over", "This draft is over: it was registered or discarded.")


def _write(draft: Draft, typed: Typed, words: str, *, at: datetime) -> None:
    known = [value for value in (typed.name, typed.phone) if value]
    draft.channel, draft.kind, draft.keys = typed.channel, typed.kind, draft_keys(typed.kind)
    draft.sealed = vault.seal(draft.keys, PLACE_DRAFT, draft.pk, {"form": words})
    draft.said = _said(words)
    draft.name_masked = masks.name(typed.name)[:60]
    draft.phone_masked = masks.phone(typed.phone)[:32]
    draft.respondent = scrub(typed.respondent, known).text[:200]
    draft.updated_at = at
    draft.save(update_fields=["channel", "kind", "keys", "sealed", "said", "name_masked", "phone_masked", "respondent", "updated_at"])


def _finish(draft: Draft, **columns: object) -> None:
    """The compare-and-set: a draft ends once."""
    changed = Draft.objects.open().filter(pk=draft.pk).update(sealed=b"", **columns)
    if changed != 1:
        raise IllegalStep("cases.draft_over", "This draft is over: it was registered or discarded.")
    for name, value in {"sealed": b"", **columns}.items():
        setattr(draft, name, value)


def _is_stated(trader: Trader, filing: Filing) -> bool:
    """Whether the trader is the one that the filing states; what was typed over after the choice is not."""
    stated = filing.respondent
    return bool(trader.uscc and stated.uscc.strip().upper() == trader.uscc) or normalise(stated.name) == trader.normalised_name
