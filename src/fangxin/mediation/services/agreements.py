"""What the parties agreed on (调解协议): put on record, signed where a paper is made, and the case closed (Order 121 Art 24)."""

from collections.abc import Mapping
from datetime import date, datetime
from hashlib import sha256

from django.utils.translation import gettext_noop

from fangxin.cases import services as cases
from fangxin.cases.models import Case, Side
from fangxin.cases.states import State
from fangxin.clocks.rules import local_date
from fangxin.kernel import journal, vault
from fangxin.kernel.errors import BadInput, IllegalStep
from fangxin.kernel.refs import Ref
from fangxin.kernel.scrub import scrub
from fangxin.mediation import laws, queries
from fangxin.mediation.events import AgreementReached, AgreementSigned, DelegationReported
from fangxin.mediation.models import PLACE_AGREEMENT, Agreement, Delegation, Session
from fangxin.mediation.services.shared import require, written
from fangxin.mediation.states import Mode, SessionState, Way

SETTLING = frozenset({State.ACCEPTED.value, State.MEDIATING.value})
SIGNED = {Side.COMPLAINANT: "complainant_signed_on", Side.RESPONDENT: "respondent_signed_on"}


def agree(
    case: Case,
    *,
    way: Way,
    terms: str,
    recovered_fen: int,
    by: Ref,
    at: datetime,
    signed: Mapping[Side, date] | None = None,
) -> Agreement:
    """Put on record what the parties agreed on; the case is closed as settled once nothing more is needed.

    An agreement reached on site is written (form 9) and signed by both, unless it was performed at once or neither wants a paper; then,
    and after mediation by telephone or online, a record is enough. A delegated body's agreement waits for the bureau (`confirm`).
    `recovered_fen` is what the consumer got back (挽回损失). Raises BadInput without terms or for a way that the law doesn't allow here.
    """
    terms = written(terms, "mediation.terms_missing", gettext_noop("Write down what they agreed on."))
    if recovered_fen < 0:
        raise BadInput("cases.amount_negative", "The amount is negative.")
    with journal.atomic():
        require(case, SETTLING)
        _check_way(case, way)
        agreement = _keep(case, way=way, terms=terms, recovered_fen=recovered_fen, by=by, at=at)
        digest = sha256(terms.encode()).hexdigest()
        event = AgreementReached(
            subject=case.ref,
            actor=by,
            at=at,
            law=laws.cited(laws.AGREEMENT, at),
            way=way.value,
            recovered_fen=recovered_fen,
            terms=digest,
        )
        journal.publish([event])
        if way is Way.WRITTEN:
            _sign(agreement, signed or {}, by=by, at=at)
        _go_on(case, agreement, by=by, at=at)
    return agreement


def sign(case: Case, signed: Mapping[Side, date], *, by: Ref, at: datetime) -> None:
    """Record who signed the written agreement, in person, on which day (签字); with both signatures the case is closed as settled."""
    with journal.atomic():
        require(case, SETTLING)
        agreement = Agreement.objects.select_for_update().filter(case=case).first()
        if agreement is None or agreement.way != Way.WRITTEN:
            raise IllegalStep("mediation.nothing_to_sign", "There is no written agreement that could be signed.")
        if not signed:
            raise BadInput("mediation.nobody_signed", "Say who has signed.")
        _sign(agreement, signed, by=by, at=at)
        _go_on(case, agreement, by=by, at=at)


def confirm(case: Case, *, by: Ref, at: datetime) -> None:
    """The bureau closes the case on the agreement that the delegated body reported: mediation was in the bureau's name (Order 121 Art 19)."""
    with journal.atomic():
        require(case, SETTLING)
        agreement = queries.agreement_of(case)
        if agreement is None:
            raise IllegalStep("mediation.no_agreement", "No agreement has been put on record.")
        if not agreement.ready:
            raise IllegalStep("mediation.not_signed", "The written agreement waits for the signatures of both sides.")
        _close(case, agreement, by=by, at=at)


def _go_on(case: Case, agreement: Agreement, *, by: Ref, at: datetime) -> None:
    """Close the case, or tell the bureau that the delegated body has come to an end; nothing while signatures are missing."""
    if not agreement.ready:
        return
    delegation = queries.open_delegation(case)
    if delegation is None:
        _close(case, agreement, by=by, at=at)
        return
    Delegation.objects.filter(pk=delegation.pk).update(reported_at=at)
    law = laws.cited(laws.DELEGATION, at)
    journal.publish([DelegationReported(subject=case.ref, actor=by, at=at, law=law, office=delegation.office.code, result="agreed")])


def _close(case: Case, agreement: Agreement, *, by: Ref, at: datetime) -> None:
    cases.settle(case, by=by, at=at, recovered_fen=agreement.recovered_fen, note=agreement.terms)


def _check_way(case: Case, way: Way) -> None:
    last = Session.objects.filter(case=case, state=SessionState.HELD).order_by("-recorded_at", "-pk").first()
    if way is Way.REMOTE and last is not None and last.mode == Mode.ON_SITE:
        raise BadInput(
            "mediation.was_on_site",
            "The last session was on site: a written agreement is made, unless it is performed at once or neither side wants one.",
        )


def _keep(case: Case, *, way: Way, terms: str, recovered_fen: int, by: Ref, at: datetime) -> Agreement:
    """The case's one agreement, written anew if there was one; signatures under other terms don't count."""
    shown = scrub(terms).text
    columns = {
        "way": way,
        "terms": shown,
        "recovered_fen": recovered_fen,
        "complainant_signed_on": None,
        "respondent_signed_on": None,
        "by": by,
        "at": at,
    }
    agreement, _made = Agreement.objects.update_or_create(case=case, defaults=columns)
    agreement.sealed = vault.seal(vault.Purpose.PERSON, PLACE_AGREEMENT, agreement.pk, {"text": terms}) if shown != terms else b""
    agreement.save(update_fields=["sealed"])
    Delegation.objects.open().filter(case=case).update(reported_at=None)
    return agreement


def _sign(agreement: Agreement, signed: Mapping[Side, date], *, by: Ref, at: datetime) -> None:
    for side, on in signed.items():
        if on > local_date(at):
            raise BadInput("mediation.signed_tomorrow", "A signature can't be of a day to come.")
        setattr(agreement, SIGNED[side], on)
    agreement.save(update_fields=[SIGNED[side] for side in signed])
    law = laws.cited(laws.AGREEMENT, at)
    journal.publish(
        [
            AgreementSigned(subject=agreement.case.ref, actor=by, at=at, law=law, side=side.value, on=on.isoformat())
            for side, on in signed.items()
        ]
    )
