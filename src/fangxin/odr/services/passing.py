"""What becomes of a dispute that was not settled (移交、退回、终结), at once or by the sweep.

The bureau's own complaint goes back to its procedure, whose periods never stopped. One filed with the enterprise goes to the bureau by
itself where the consumer has consented; where they were not asked, they are asked now; where they said no, they are told their routes.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from json import loads
from typing import Any

from django.db import InterfaceError, OperationalError, ProgrammingError
from django.db.models import Q

from fangxin.cases import filings
from fangxin.cases import services as cases
from fangxin.cases.filings import Filing
from fangxin.cases.models import Consent
from fangxin.clocks.models import Clock
from fangxin.clocks.rules import local_date
from fangxin.kernel import journal, vault
from fangxin.kernel.errors import IllegalStep, StaleState
from fangxin.kernel.refs import SYSTEM
from fangxin.odr.models import PLACE_CONSUMER, Dispute
from fangxin.odr.services import disputes, telling
from fangxin.odr.states import DisputeState, Ending, Origin
from fangxin.odr.workflow import DISPUTE, cited

logger = logging.getLogger(__name__)

PURPOSE = "pass the dispute on to the bureau, as the consumer wished"
_DATABASE = (OperationalError, ProgrammingError, InterfaceError)


@dataclass(slots=True)
class Passed:
    """What one sweep did."""

    expired: int = 0
    passed: int = 0
    returned: int = 0
    asked: int = 0
    closed: int = 0
    told: int = 0
    failed: list[int] = field(default_factory=list)
    """Disputes that could not be finished; the others were, and these are tried again next time."""


def pass_expired(now: datetime, *, batch: int = 200) -> Passed:
    """End every dispute whose period is over, and finish whatever was left half-way (到期移交).

    Oldest first by key, without a cap and without a look-back; safe to run twice or by two at once; survives a bad row. A run that was
    missed, or killed anywhere, loses nothing.
    """
    done = Passed()
    after: tuple[datetime, int] | None = None
    while True:
        ahead = Dispute.objects.expired(now)
        if after is not None:
            ahead = ahead.filter(Q(due_at__gt=after[0]) | Q(pk__gt=after[1]), due_at__gte=after[0])
        keys = list(ahead.values_list("due_at", "pk")[:batch])
        for _due, pk in keys:
            _guarded(pk, done, lambda pk: _expire(pk, now, done))
        if len(keys) < batch:
            break
        after = keys[-1]
    for queryset, act in ((Dispute.objects.stranded, _finish), (_unasked, _finish), (Dispute.objects.untold, _tell)):
        last = 0
        while True:
            found = list(queryset().filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:batch])
            for pk in found:
                _guarded(pk, done, lambda pk, act=act: act(pk, now, done))  # type: ignore[misc]  # a default binds the loop's value
            if len(found) < batch:
                break
            last = found[-1]
    return done


def _unasked() -> Any:
    return Dispute.objects.filter(
        state=DisputeState.UNSETTLED, origin=Origin.DIRECT, consent_pass=Consent.NOT_ASKED, consent_asked_at__isnull=True
    )


def _guarded(pk: int, done: Passed, act: Callable[[int], None]) -> None:
    try:
        act(pk)
    except _DATABASE:
        raise  # the database, not a row: whoever called tries again
    except (IllegalStep, StaleState):
        logger.info("dispute %s was settled or ended meanwhile", pk)
    except Exception:
        logger.exception("dispute %s can't be finished", pk)
        done.failed.append(pk)


def _expire(pk: int, now: datetime, done: Passed) -> None:
    with journal.atomic():
        dispute = Dispute.objects.select_for_update(of=("self",)).select_related("enterprise__office", "case").get(pk=pk)
        clock = Clock.objects.running().filter(subject=dispute.ref, term=disputes.TERM).first()
        if not dispute.is_open:
            return
        if clock is not None and clock.breach_at is not None and clock.breach_at > now:  # a new calendar moved it
            Dispute.objects.filter(pk=pk).update(due_at=clock.breach_at)
            return
        disputes.break_off(dispute, Ending.EXPIRED, by=SYSTEM, at=dispute.due_at)
    done.expired += 1
    finish(dispute, at=now, done=done)


def _finish(pk: int, now: datetime, done: Passed) -> None:
    finish(Dispute.objects.select_related("enterprise__office", "case").get(pk=pk), at=now, done=done)


def _tell(pk: int, now: datetime, done: Passed) -> None:
    done.told += telling.tell_consumer(Dispute.objects.select_related("enterprise__office", "case").get(pk=pk), at=now)


def finish(dispute: Dispute, *, at: datetime, done: Passed | None = None) -> None:
    """Lead a dispute that was not settled to its end. Nothing happens to one that still runs or has ended.

    Must not be called inside a transaction: passing it on opens the sealed filing, which is journalled first. Safe to call again.
    """
    done = Passed() if done is None else done
    if dispute.state != DisputeState.UNSETTLED:
        return
    if dispute.origin == Origin.BUREAU:
        _conclude(dispute, "hand_back", at=at, owed="odr.returned")
        done.returned += 1
    elif dispute.consent_pass == Consent.YES:
        _pass(dispute, at=at)
        done.passed += 1
    elif dispute.consent_pass == Consent.NO:
        _conclude(dispute, "close", at=at, owed="odr.not_passed")
        done.closed += 1
    elif dispute.consent_asked_at is None:
        Dispute.objects.filter(pk=dispute.pk, consent_asked_at__isnull=True).update(consent_asked_at=at, owed="odr.ask_consent")
        dispute.consent_asked_at, dispute.owed = at, "odr.ask_consent"
        done.asked += 1
    telling.tell_consumer(dispute, at=at)


def _conclude(dispute: Dispute, name: str, *, at: datetime, owed: str) -> None:
    with journal.atomic():
        disputes.reread(dispute)
        law = cited(DISPUTE.step(name, dispute.state).law, local_date(at))
        DISPUTE.apply(dispute, name, by=SYSTEM, at=at, columns={"owed": owed}, step=name, law=law, ending=dispute.ending)


def _pass(dispute: Dispute, *, at: datetime) -> None:
    """The dispute becomes a complaint of the bureau that is competent for the enterprise, whose acceptance period begins now.

    The dispute's number is the filing's outside number, so that it becomes one case however often this is tried.
    """
    sealed = vault.Sealed("person", PLACE_CONSUMER, dispute.pk, bytes(dispute.sealed))
    plain = vault.reveal(sealed, fields=("filing",), subject=dispute.ref, purpose=PURPOSE, actor=SYSTEM, at=at)
    enterprise = dispute.enterprise
    filing = replace(
        read_filing(plain["filing"]),
        channel=filings.Channel.ODR,
        kind=filings.Kind.COMPLAINT,
        outside_number=dispute.number,
        received_at=at,
        respondent=filings.Respondent(
            name=enterprise.trader.name, uscc=enterprise.trader.uscc or "", address=enterprise.premises, phone=enterprise.phone
        ),
        unit_code=enterprise.office.code,
    )
    with journal.atomic():
        disputes.reread(dispute)
        if dispute.consent_pass != Consent.YES:
            raise IllegalStep("odr.no_consent", "The consumer does not want the bureau to have it.")
        DISPUTE.step("pass", dispute.state)
        (receipt,) = cases.receive([filing], by=SYSTEM, at=at)
        if receipt.error is not None:
            raise receipt.error
        case_id = receipt.case_ids[0]
        law = cited("odr.passing", local_date(at))
        columns = {"case_id": case_id, "owed": "odr.passed"}
        DISPUTE.apply(dispute, "pass", by=SYSTEM, at=at, columns=columns, step="pass", law=law, ending=dispute.ending, case=case_id)


def read_filing(written: str) -> Filing:
    """The filing that `disputes.open_direct` sealed."""
    plain = loads(written)
    persons = tuple(
        filings.Person(**{**one, "role": filings.PartyRole(one["role"]) if one["role"] else None}) for one in plain.pop("persons")
    )
    occurred = plain.pop("occurred_on")
    return Filing(
        **{
            **plain,
            "channel": filings.Channel(plain["channel"]),
            "kind": filings.Kind(plain["kind"]),
            "received_at": datetime.fromisoformat(plain["received_at"]),
            "persons": persons,
            "respondent": filings.Respondent(**plain["respondent"]),
            "other_numbers": tuple((filings.Channel(channel), number) for channel, number in plain["other_numbers"]),
            "occurred_on": date.fromisoformat(occurred) if occurred else None,
            "consent_publish": filings.Consent(plain["consent_publish"]),
            "consent_delegate": filings.Consent(plain["consent_delegate"]),
        }
    )
