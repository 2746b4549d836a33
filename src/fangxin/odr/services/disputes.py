"""A dispute's course: sent or filed, said, offered, settled or broken off (协商、和解).

Nothing is said any more once the period is over; what is left open then, the sweep ends (`passing`).
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from hashlib import sha256
from json import dumps
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import translation
from django.utils.translation import gettext as _

from fangxin.cases import filings
from fangxin.cases import services as cases
from fangxin.cases.events import CaseStep
from fangxin.cases.filings import Filing
from fangxin.cases.models import Case, CaseLink, Consent, Kind, LinkKind, Party, PartyRole
from fangxin.cases.states import State
from fangxin.clocks.rules import local_date
from fangxin.clocks.services import Start, Stop, start_clocks, stop_clocks, void_clocks
from fangxin.kernel import journal, masks, vault
from fangxin.kernel.errors import BadInput, IllegalStep, StaleState
from fangxin.kernel.refs import Ref
from fangxin.kernel.scrub import scrub
from fangxin.kernel.sql import bulk
from fangxin.odr.events import DisputeOpened
from fangxin.odr.models import PLACE_CONSUMER, PLACE_MESSAGE, Dispute, Enterprise, Message
from fangxin.odr.services import telling
from fangxin.odr.services.speaking import Speaker
from fangxin.odr.states import Answered, Ending, MessageKind, Origin, Remedy, Side
from fangxin.odr.tokens import hash_of
from fangxin.odr.workflow import DISPUTE, cited

TERM = "odr.settlement"
SENDABLE = (State.DISPATCHED, State.ACCEPTED, State.MEDIATING)
"""States of a complaint from which the enterprise may be asked in (O1 runs beside the case's own periods)."""
LONGEST = 2000
_OF_A_REPORT = re.compile(r"举报|检举|查处|处罚|罚款|立案|依法处理|追究.{0,6}责任|没收|吊销|奖励")


# --- how it begins -----------------------------------------------------------------------------------------------------------


def send(case: Case, *, by: Ref, at: datetime, summary: str = "") -> Dispute:
    """Send a complaint that the bureau holds to its trader's ODR enterprise (转送ODR); the case's own periods go on.

    `summary` is what the enterprise is told in place of the narrative; for a complaint that was split from a mixed filing, or from
    which a report came, it must be given, for the narrative may speak of the report (Order 121 Arts 9, 37).
    Raises IllegalStep for anything but a complaint in hand of a trader that takes part, or with a dispute that still runs.
    """
    if case.kind != Kind.COMPLAINT:
        raise IllegalStep("odr.not_a_complaint", "Only a complaint can be sent to an ODR enterprise.")
    if case.state not in SENDABLE:
        raise IllegalStep("odr.not_sendable", "A complaint can be sent to ODR while it is in hand: dispatched, accepted or in mediation.")
    enterprise = enterprise_for(case)
    if enterprise is None:
        raise IllegalStep("odr.no_enterprise", "This trader does not take part in ODR.")
    told = scrub(summary.strip()).text
    if speaks_of_a_report(told):
        raise BadInput("odr.summary_of_a_report", "What the enterprise is told must not speak of a report or a penalty.")
    guarded = needs_summary(case)
    if guarded and not told:
        raise BadInput("odr.summary_needed", "Write what the enterprise is told: this filing also has a part that it must not see.")
    party = Party.objects.filter(case=case, role=PartyRole.COMPLAINANT).order_by("position").first()
    dispute = Dispute(
        enterprise=enterprise,
        case=case,
        origin=Origin.BUREAU,
        title="" if guarded else case.title,
        narrative=told or case.narrative,
        request="" if guarded else case.request,
        goods_or_service=case.goods_or_service,
        problem_class=case.problem_class,
        claimed_fen=case.claimed_fen,
        occurred_on=case.occurred_on,
        consumer_masked=party.name_masked if party else "",
        phone_masked=party.phone_masked if party else "",
        consent_pass=Consent.YES,
        opened_at=at,
    )
    with journal.atomic():
        if not Case.objects.select_for_update().filter(pk=case.pk, state=case.state, trader_id=enterprise.trader_id).exists():
            raise StaleState("kernel.stale_state", "Someone else changed %(subject)s first; please read it again.", subject=case.number)
        _begin(dispute, by=by, at=at, sealed={})
        law = cited("odr.negotiation", local_date(at))
        journal.publish([CaseStep(subject=case.ref, actor=by, at=at, step="send_to_odr", law=law)])
    telling.tell_consumer(dispute, at=at)
    return dispute


def needs_summary(case: Case) -> bool:
    """Whether what was filed may tell of a report: by its words, as a part of a mixed filing, or because a clue was found in it."""
    if case.part or speaks_of_a_report(case.title, case.narrative, case.request):
        return True
    linked = CaseLink.objects.filter(kind__in=(LinkKind.SPLIT, LinkKind.CLUE))
    return linked.filter(first=case).exists() or linked.filter(second=case).exists()


def speaks_of_a_report(*texts: str) -> bool:
    """Whether a text asks for investigation or a penalty, or speaks of a report: rather once too often (Order 121 Arts 9, 37)."""
    return any(_OF_A_REPORT.search(text) for text in texts)


def enterprise_for(case: Case) -> Enterprise | None:
    """The enterprise that a case's trader is in ODR, if it takes part."""
    if case.trader_id is None:
        return None
    return Enterprise.objects.active().select_related("trader", "office").filter(trader_id=case.trader_id).first()


def open_direct(filing: Filing, enterprise: Enterprise, *, consent_pass: Consent, by: Ref, at: datetime) -> Dispute:
    """Take in a dispute that the consumer files with the enterprise itself; it becomes a case only if it is passed on.

    `consent_pass`: whether the bureau may have it if it is not settled; what was not asked is asked then.
    Raises IllegalStep for anything but a complaint, or an enterprise that does not take part; BadInput for what can't be used.
    """
    if filing.kind is not filings.Kind.COMPLAINT:
        raise IllegalStep("odr.not_a_complaint", "Only a complaint can be sent to an ODR enterprise.")
    if not enterprise.is_active:
        raise IllegalStep("odr.no_enterprise", "This trader does not take part in ODR.")
    person = next((one for one in filing.persons if not one.empty), None)
    if person is None or not person.name.strip() or not person.phone.strip():
        raise BadInput("odr.person_missing", "A dispute needs the consumer's name and telephone number.")
    if not filing.narrative.strip():
        raise BadInput("cases.narrative_missing", "The filing says nothing: its narrative is empty.")
    if filing.claimed_fen < 0:
        raise BadInput("cases.amount_negative", "The amount is negative.")
    known = [value for one in filing.persons for value in (one.name, one.phone, one.id_number, one.address) if value]
    dispute = Dispute(
        enterprise=enterprise,
        origin=Origin.DIRECT,
        title=scrub(filing.title, known).text[:200],
        narrative=scrub(filing.narrative, known).text,
        request=scrub(filing.request, known).text,
        goods_or_service=filing.goods_or_service[:200],
        problem_class=filing.problem_class[:64],
        claimed_fen=filing.claimed_fen,
        occurred_on=filing.occurred_on,
        consumer_masked=masks.name(person.name)[:60],
        phone_masked=masks.phone(person.phone)[:32],
        consent_pass=consent_pass,
        opened_at=at,
    )
    with journal.atomic():
        _begin(dispute, by=by, at=at, sealed={"name": person.name, "phone": person.phone, "filing": _written(filing)})
    telling.tell_consumer(dispute, at=at)
    return dispute


def _written(filing: Filing) -> str:
    """A filing as JSON; `passing.read_filing` reads it."""
    whole = asdict(replace(filing, extra={}, reply=None))
    plain = {name: value for name, value in whole.items() if name not in {"reply", "extra", "dispatched_at"}}
    return dumps(plain, ensure_ascii=False, default=str)


def _begin(dispute: Dispute, *, by: Ref, at: datetime, sealed: Mapping[str, str]) -> None:
    (dispute.pk,) = bulk.reserve_ids(Dispute, 1)
    law = cited("odr.negotiation", local_date(at))
    journal.publish(
        [
            DisputeOpened(
                subject=dispute.ref, actor=by, at=at, enterprise=dispute.enterprise_id, origin=str(dispute.origin), case=dispute.case_id,
                consent_pass=str(dispute.consent_pass), law=law,
            )
        ]
    )  # fmt: skip
    (clock,) = start_clocks([Start(dispute.ref, TERM, at)], by=by, at=at)
    dispute.due_at = clock.due_at
    dispute.sealed = vault.seal("person", PLACE_CONSUMER, dispute.pk, sealed)
    dispute.token_hash = hash_of(telling.token_of(dispute))
    dispute.owed = "odr.opened"
    try:
        with transaction.atomic():
            dispute.save(force_insert=True)
    except IntegrityError as error:
        raise IllegalStep("odr.running_already", "The enterprise is negotiating this complaint already.") from error
    telling.tell_about(dispute, "odr.dispute_arrived", by=by, at=at)


# --- what is said ------------------------------------------------------------------------------------------------------------


def say(dispute: Dispute, speaker: Speaker, *, text: str, at: datetime) -> Message:
    """Write to the other side, or record a call or a meeting (留言、协商记录). The enterprise's first word is its answer."""
    if not text.strip():
        raise BadInput("odr.text_missing", "Write something first.")
    with journal.atomic():
        hold(dispute, at)
        first = speaker.side is Side.ENTERPRISE and dispute.answered_at is None
        message = _keep(dispute, speaker, MessageKind.MESSAGE, text, at)
        step(dispute, "answer" if first else "say", speaker, at=at, message=message, columns=_answering(dispute, speaker, at))
        _alert(dispute, speaker, message, at)
    return message


def offer(dispute: Dispute, speaker: Speaker, *, remedy: str, amount_fen: int | None, text: str, at: datetime) -> Message:
    """Propose how to settle (提出和解方案), or make a counter-offer (还价); it replaces the offer that stood open."""
    if remedy not in Remedy.values:
        raise BadInput("odr.no_such_remedy", "Choose what is offered.")
    if amount_fen is not None and amount_fen < 0:
        raise BadInput("cases.amount_negative", "The amount is negative.")
    if remedy in {Remedy.REFUND, Remedy.DAMAGES} and not amount_fen:
        raise BadInput("odr.amount_missing", "Say the amount.")
    with journal.atomic():
        hold(dispute, at)
        Message.objects.filter(dispute=dispute, kind=MessageKind.OFFER, answered=Answered.OPEN).update(answered=Answered.SUPERSEDED)
        message = _keep(dispute, speaker, MessageKind.OFFER, text, at, remedy=remedy, amount_fen=amount_fen)
        columns = _answering(dispute, speaker, at) | ({"owed": "odr.offered"} if speaker.side is Side.ENTERPRISE else {})
        step(dispute, "offer", speaker, at=at, message=message, columns=columns)
        if speaker.side is Side.CONSUMER:
            telling.tell_about(dispute, "odr.counter_offer", once=str(message.pk), by=speaker.by, at=at)
    telling.tell_consumer(dispute, at=at)
    return message


def accept(dispute: Dispute, speaker: Speaker, *, offer_id: int, at: datetime, text: str = "") -> None:
    """Accept the other side's open offer: the dispute is settled (达成和解), its period stops.

    A complaint of the bureau's is closed with it: before the decision on acceptance as withdrawn, once accepted as settled, and where
    mediation is suspended as ended because the parties settled (Order 121 Arts 23(1), 24). Raises StaleState if the offer no longer
    stands, IllegalStep for one's own.
    """
    with journal.atomic():
        hold(dispute, at)
        open_offer = _open_offer(dispute, offer_id, speaker)
        Message.objects.filter(pk=open_offer.pk).update(answered=Answered.ACCEPTED)
        message = _keep(dispute, speaker, MessageKind.ACCEPT, text, at, remedy=open_offer.remedy, amount_fen=open_offer.amount_fen)
        settled = open_offer.amount_fen or 0
        columns = _answering(dispute, speaker, at) | {
            "settled_fen": settled,
            "ended_at": at,
            "method": speaker.method.value,
            "owed": "odr.settled",
        }
        step(dispute, "settle", speaker, at=at, message=message, columns=columns)
        stop_clocks([Stop(dispute.ref, TERM, at)], by=speaker.by)
        if dispute.origin == Origin.BUREAU and dispute.case_id is not None:
            _close_case(dispute, settled, by=speaker.by, at=at)
        if speaker.side is Side.CONSUMER:
            telling.tell_about(dispute, "odr.counter_offer", once=str(message.pk), by=speaker.by, at=at)
    telling.tell_consumer(dispute, at=at)


def decline(dispute: Dispute, speaker: Speaker, *, offer_id: int, at: datetime, text: str = "") -> None:
    """Decline the other side's open offer; the negotiation goes on."""
    with journal.atomic():
        hold(dispute, at)
        open_offer = _open_offer(dispute, offer_id, speaker)
        Message.objects.filter(pk=open_offer.pk).update(answered=Answered.DECLINED)
        message = _keep(dispute, speaker, MessageKind.DECLINE, text, at)
        step(dispute, "decline", speaker, at=at, message=message, columns=_answering(dispute, speaker, at))
        _alert(dispute, speaker, message, at)


def refuse(dispute: Dispute, speaker: Speaker, *, text: str, at: datetime) -> None:
    """End the negotiation without agreement: the enterprise refuses (拒绝和解), with its reason, or the consumer gives up.

    What follows (`passing.finish`) is the caller's next call: the bureau goes on with its complaint, or gets the dispute where the
    consumer has consented.
    """
    if speaker.side is Side.ENTERPRISE and not text.strip():
        raise BadInput("odr.reason_missing", "Give the reason.")
    with journal.atomic():
        hold(dispute, at)
        message = _keep(dispute, speaker, MessageKind.REFUSE, text, at)
        ending = Ending.REFUSED if speaker.side is Side.ENTERPRISE else Ending.GIVEN_UP
        break_off(dispute, ending, by=speaker.by, at=at, speaker=speaker, message=message)


def give_consent(dispute: Dispute, speaker: Speaker, *, given: bool, at: datetime) -> None:
    """Record whether the consumer wants the bureau to have a dispute that is not settled (是否同意转市场监管部门); the last word counts."""
    if speaker.side is not Side.CONSUMER:
        raise IllegalStep("odr.not_yours", "Only the consumer decides this.")
    if dispute.origin == Origin.BUREAU:
        raise IllegalStep("odr.bureau_has_it", "The bureau has this complaint already.")
    with journal.atomic():
        reread(dispute)
        message = _keep(dispute, speaker, MessageKind.CONSENT if given else MessageKind.NO_CONSENT, "", at)
        consent = Consent.YES if given else Consent.NO
        step(dispute, "consent", speaker, at=at, message=message, columns={"consent_pass": consent.value})


def rate(dispute: Dispute, speaker: Speaker, *, rating: int, at: datetime) -> None:
    """The consumer rates how the enterprise settled it, 1 to 5, once."""
    if speaker.side is not Side.CONSUMER:
        raise IllegalStep("odr.not_yours", "Only the consumer decides this.")
    if not 1 <= rating <= 5:
        raise BadInput("odr.no_such_rating", "A rating goes from 1 to 5.")
    with journal.atomic():
        reread(dispute)
        if dispute.rating is not None:
            raise IllegalStep("odr.rated_already", "This dispute has been rated.")
        step(dispute, "rate", speaker, at=at, columns={"rating": rating, "rated_at": at})


CONTACT_AFTER_SETTLING = timedelta(days=30)
"""So long the enterprise may still ask for the consumer's contact, to do what was agreed on."""


def contact_needed(dispute: Dispute, at: datetime) -> bool:
    """Whether the enterprise has a use for the consumer's contact: while the two negotiate, and for a month after they settled."""
    if dispute.is_open:
        return True
    return dispute.ending == "" and dispute.ended_at is not None and at <= dispute.ended_at + CONTACT_AFTER_SETTLING


def end(dispute: Dispute, ending: Ending, *, by: Ref, at: datetime) -> None:
    """End a dispute otherwise: taken back by the bureau, its case closed, withdrawn by the consumer. Its period no longer applies."""
    with journal.atomic():
        reread(dispute)
        _lapse(dispute)
        columns = {"ended_at": dispute.ended_at or at, "ending": ending.value, "owed": ""}
        _apply(dispute, "end", by=by, at=at, columns=columns, ending=ending.value)
        void_clocks([Stop(dispute.ref, TERM, at)], by=by, reason=ending.value)


def break_off(
    dispute: Dispute, ending: Ending, *, by: Ref, at: datetime, speaker: Speaker | None = None, message: Message | None = None
) -> None:
    """The negotiation is over without agreement; its period stops, or, if the enterprise leaves, no longer applies."""
    with journal.atomic():
        reread(dispute)
        _lapse(dispute)
        data: dict[str, Any] = {"ending": ending.value}
        if speaker is not None:
            data |= {"side": speaker.side.value, "method": speaker.method.value}
        if message is not None:
            data |= {"message": message.pk, "digest": _digest(message)}
        columns: dict[str, Any] = {"ended_at": at, "ending": ending.value}
        if speaker is not None:
            columns |= _answering(dispute, speaker, at)
        _apply(dispute, "expire" if ending is Ending.EXPIRED else "break_off", by=by, at=at, columns=columns, **data)
        stop = [Stop(dispute.ref, TERM, at)]
        if ending is Ending.LEFT:
            void_clocks(stop, by=by, reason=ending.value)
        else:
            stop_clocks(stop, by=by)


# --- shared ------------------------------------------------------------------------------------------------------------------


def reread(dispute: Dispute) -> None:
    """Lock the row and bring the instance up to date: of two who act at once the second sees what the first did."""
    fresh = Dispute.objects.select_for_update().get(pk=dispute.pk)
    for field in Dispute._meta.concrete_fields:  # noqa: SLF001 -- Django's documented Model._meta
        setattr(dispute, field.attname, getattr(fresh, field.attname))


def hold(dispute: Dispute, at: datetime) -> None:
    """`reread`, and refuse what comes after the period's end (IllegalStep): from then on the dispute is passed on."""
    reread(dispute)
    if dispute.is_open and at >= dispute.due_at:
        raise IllegalStep("odr.period_over", "The period for settling this dispute is over.")


def step(
    dispute: Dispute, name: str, speaker: Speaker, *, at: datetime, columns: Mapping[str, Any], message: Message | None = None
) -> None:
    """Apply one step of the table with what its event tells."""
    data: dict[str, Any] = {"side": speaker.side.value, "method": speaker.method.value}
    if message is not None:
        data |= {"message": message.pk, "digest": _digest(message), "remedy": message.remedy, "amount_fen": message.amount_fen}
    _apply(dispute, name, by=speaker.by, at=at, columns=columns, **data)


def _apply(dispute: Dispute, name: str, *, by: Ref, at: datetime, columns: Mapping[str, Any], **data: Any) -> None:
    law = cited(DISPUTE.step(name, dispute.state).law, local_date(at))
    DISPUTE.apply(dispute, name, by=by, at=at, columns=columns, step=name, law=law, **data)


def _digest(message: Message) -> str:
    written = f"{message.kind}\x1f{message.remedy}\x1f{message.amount_fen}\x1f{message.text}"
    return sha256(written.encode()).hexdigest()


def _answering(dispute: Dispute, speaker: Speaker, at: datetime) -> dict[str, Any]:
    return {"answered_at": at} if speaker.side is Side.ENTERPRISE and dispute.answered_at is None else {}


def _keep(
    dispute: Dispute, speaker: Speaker, kind: MessageKind, text: str, at: datetime, *, remedy: str = "", amount_fen: int | None = None
) -> Message:
    written = text.strip()
    if len(written) > LONGEST:
        raise BadInput("odr.text_too_long", "The text is too long: at most %(most)s characters.", most=LONGEST)
    shown = scrub(written).text
    (pk,) = bulk.reserve_ids(Message, 1)
    sealed = vault.seal("person", PLACE_MESSAGE, pk, {"text": written}) if shown != written else b""
    return Message.objects.create(
        pk=pk, dispute=dispute, side=speaker.side, kind=kind, method=speaker.method, text=shown, sealed=sealed, remedy=remedy,
        amount_fen=amount_fen, by=speaker.by, at=at,
    )  # fmt: skip


def _open_offer(dispute: Dispute, offer_id: int, speaker: Speaker) -> Message:
    found = Message.objects.filter(pk=offer_id, dispute=dispute, kind=MessageKind.OFFER, answered=Answered.OPEN).first()
    if found is None:
        raise StaleState("odr.offer_gone", "This offer no longer stands; please look at the newest one.")
    if found.side == speaker.side:
        raise IllegalStep("odr.own_offer", "Only the other side can answer an offer.")
    return found


def _lapse(dispute: Dispute) -> None:
    Message.objects.filter(dispute=dispute, kind=MessageKind.OFFER, answered=Answered.OPEN).update(answered=Answered.LAPSED)


def _alert(dispute: Dispute, speaker: Speaker, message: Message, at: datetime) -> None:
    if speaker.side is Side.CONSUMER:
        telling.tell_about(dispute, "odr.counter_offer", once=str(message.pk), by=speaker.by, at=at)


def _close_case(dispute: Dispute, settled_fen: int, *, by: Ref, at: datetime) -> None:
    """The bureau's complaint ends with the settlement, by the step that its state allows."""
    case = Case.objects.select_for_update().get(pk=dispute.case_id or 0)
    with translation.override("zh-hans"):  # kept with the case, not shown by language
        note = _("Settled in online dispute resolution, %(number)s.") % {"number": dispute.number}
    if case.state in {State.RECEIVED, State.DISPATCHED}:
        cases.withdraw(case, by=by, at=at, note=note, recovered_fen=settled_fen)
    elif case.state == State.SUSPENDED:
        cases.terminate(case, ground="1", by=by, at=at, note=note, recovered_fen=settled_fen)
    elif case.is_open:
        cases.settle(case, by=by, at=at, recovered_fen=settled_fen, note=note)


__all__ = [
    "SENDABLE",
    "TERM",
    "accept",
    "break_off",
    "decline",
    "end",
    "enterprise_for",
    "give_consent",
    "needs_summary",
    "offer",
    "open_direct",
    "rate",
    "refuse",
    "say",
    "send",
]
