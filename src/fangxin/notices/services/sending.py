"""Out of the outbox (发送): claim, send outside any transaction, record. Two workers never send the same notice at the same time.

A claim is one compare-and-set that takes the row until `next_at`, the end of the lease. Whoever dies in between leaves a row whose
lease runs out. If its sending had begun it may have arrived: it is sent again and marked, for a period may hang on its arrival and
a person who hears something twice loses nothing. A gateway that drops what it has seen (`repeatable`) needs no mark.
"""

import logging
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from fangxin.kernel import journal, vault
from fangxin.kernel.errors import DomainError
from fangxin.kernel.refs import SYSTEM
from fangxin.notices.configuration import Configuration, current
from fangxin.notices.events import NoticeDead, NoticeSent
from fangxin.notices.gateways import Gateway, NotTaken, Parcel
from fangxin.notices.gateways.choosing import gateway_for
from fangxin.notices.models import PLACE_NOTICE, Notice, NoticeQuerySet
from fangxin.notices.states import UNCERTAIN, Audience, Channel, Failure, NoticeState

logger = logging.getLogger(__name__)

PURPOSE = "发送通知"
_AT_ONCE = 20
_DOWN = frozenset({Failure.UNREACHABLE, Failure.TIMED_OUT, Failure.BUSY})
_Clock = Callable[[], datetime]


@dataclass(slots=True)
class Sent:
    """What one round of sending did."""

    sent: int = 0
    failed: int = 0
    """Will be tried again."""
    dead: int = 0
    resting: list[str] = field(default_factory=list)
    """Channels whose gateway seems down; the rest of theirs waits for the next round."""


def send_due(now: datetime, *, limit: int = 500, gateways: Callable[[str, Configuration], Gateway | None] = gateway_for) -> Sent:
    """Send what is due, oldest first within each channel; safe to run in several processes at once.

    Keeps the channels' rates and the quiet hours, stops a channel whose gateway is down, and the round after the configured seconds.
    Must not be called inside a transaction. Raises ImproperlyConfigured if the configuration can't be read.
    """
    configuration = current()
    began = time.monotonic()

    def clock() -> datetime:
        return now + timedelta(seconds=time.monotonic() - began)

    done = Sent()
    for channel in Channel.values:
        _Round(channel, configuration, gateways(channel, configuration), clock, now + timedelta(seconds=configuration.seconds), done).run(
            limit
        )
    return done


@dataclass(slots=True)
class _Round:
    """One channel's part of a round."""

    channel: str
    rules: Configuration
    gateway: Gateway | None
    clock: _Clock
    until: datetime
    done: Sent
    down: int = 0

    def run(self, limit: int) -> None:
        left = min(limit, self._rate_left())
        while left > 0 and self.clock() < self.until and self.down < self.rules.down_after:
            claimed = self._claim(min(left, _AT_ONCE))
            if not claimed:
                return
            left -= len(claimed)
            self._send_all(claimed)
        if self.down >= self.rules.down_after:
            self.done.resting.append(self.channel)

    def _rate_left(self) -> int:
        """How many more this minute allows."""
        gateway = self.rules.gateways.get(self.channel)
        if gateway is None or not gateway.rate_per_minute:
            return 1_000_000
        recent = Notice.objects.filter(channel=self.channel, tried_at__gt=self.clock() - timedelta(minutes=1)).count()
        return gateway.rate_per_minute - recent

    def _due(self, now: datetime) -> NoticeQuerySet:
        due = Notice.objects.due(now).filter(channel=self.channel)
        quiet = self.channel in self.rules.quiet.channels and self.rules.quiet.at(now)
        return due.filter(audience=Audience.STAFF) if quiet else due

    def _claim(self, wanted: int) -> list[Notice]:
        """Take rows, each by compare-and-set on what was seen; what someone else has taken meanwhile is theirs."""
        now = self.clock()
        claim = secrets.token_hex(16)
        taken = []
        for seen in self._due(now)[:wanted]:
            begun = seen.state == NoticeState.SENDING and seen.error == Failure.INTERRUPTED
            mine = Notice.objects.filter(pk=seen.pk, state=seen.state, claim=seen.claim, next_at=seen.next_at).update(
                state=NoticeState.SENDING, claim=claim, next_at=now + self.rules.lease
            )
            if not mine:
                continue
            seen.claim = claim
            if begun:
                self._failed(seen, NotTaken(Failure.INTERRUPTED))
            else:
                taken.append(seen)
        return taken

    def _send_all(self, claimed: Sequence[Notice]) -> None:
        """One journalled look at the whole batch, then one after the other."""
        keys = [notice.pk for notice in claimed]
        look = vault.reveal_run(
            place=PLACE_NOTICE,
            first=min(keys),
            last=max(keys),
            fields=("to", "subject", "body"),
            purpose=PURPOSE,
            actor=SYSTEM,
            at=self.clock(),
        )
        for notice in claimed:
            if self.down >= self.rules.down_after or self.clock() >= self.until:
                self._put_back(notice)
                continue
            if not self._renew(notice):
                continue
            try:
                self._send(notice, look)
            except NotTaken as refusal:
                self._failed(notice, refusal)
            else:
                self.down = 0
                self._sent(notice)

    def _renew(self, notice: Notice) -> bool:
        """The lease runs from the moment of sending; False if it was lost while others were sent.

        The row says beforehand what it would have to say if we died now.
        """
        now = self.clock()
        notice.attempts += 1
        begun = _held(notice).update(
            next_at=now + self.rules.lease, tried_at=now, attempts=notice.attempts, error=Failure.INTERRUPTED, status=None
        )
        return bool(begun)

    def _put_back(self, notice: Notice) -> None:
        _held(notice).update(state=NoticeState.WAITING, claim="", next_at=self.clock())

    def _send(self, notice: Notice, look: Callable[[vault.Sealed], dict[str, str]]) -> None:
        if self.gateway is None:
            raise NotTaken(Failure.NO_GATEWAY)
        try:
            plain = look(vault.Sealed(notice.keys, PLACE_NOTICE, notice.pk, bytes(notice.sealed)))
        except DomainError:
            raise NotTaken(Failure.NOT_OPENED) from None
        parcel = Parcel(f"notice-{notice.pk}", notice.channel, plain["to"], plain["subject"], plain["body"])
        try:
            self.gateway.send(parcel)
        except NotTaken:
            raise
        except Exception as error:  # noqa: BLE001 -- its words may hold the address: only its kind is told
            logger.warning("notice %s: the gateway raised %s", notice.pk, type(error).__name__)
            raise NotTaken(Failure.RAISED) from None

    def _sent(self, notice: Notice) -> None:
        at = self.clock()
        with journal.atomic():
            ended = _held(notice).update(
                state=NoticeState.SENT, claim="", next_at=None, ended_at=at, error="", status=None, maybe_twice=notice.maybe_twice
            )
            if ended:
                event = NoticeSent(
                    subject=notice.ref,
                    actor=SYSTEM,
                    at=at,
                    about=notice.subject,
                    template=notice.template,
                    channel=notice.channel,
                    attempts=notice.attempts,
                    maybe_twice=notice.maybe_twice,
                )
                journal.publish([event])
        if ended:
            self.done.sent += 1
        else:  # the gateway took longer than the lease, and someone else has it: it goes out twice
            Notice.objects.filter(pk=notice.pk).update(maybe_twice=True)

    def _failed(self, notice: Notice, refusal: NotTaken) -> None:
        at = self.clock()
        if refusal.failure != Failure.INTERRUPTED:
            self.down = self.down + 1 if refusal.failure in _DOWN else 0
        unsure = refusal.failure in UNCERTAIN and not (self.gateway and self.gateway.repeatable)
        changes = {
            "claim": "",
            "error": refusal.failure,
            "status": refusal.status if refusal.status is not None and 0 <= refusal.status < 32_768 else None,
            "maybe_twice": notice.maybe_twice or unsure,
        }
        wait = self.rules.wait(refusal.failure, notice.attempts)
        if wait is not None:
            if _held(notice).update(state=NoticeState.WAITING, next_at=at + wait, **changes):
                self.done.failed += 1
            return
        with journal.atomic():
            if _held(notice).update(state=NoticeState.DEAD, next_at=None, ended_at=at, **changes):
                event = NoticeDead(
                    subject=notice.ref,
                    actor=SYSTEM,
                    at=at,
                    about=notice.subject,
                    template=notice.template,
                    channel=notice.channel,
                    attempts=notice.attempts,
                    error=refusal.failure.value,
                )
                journal.publish([event])
                self.done.dead += 1


def _held(notice: Notice) -> NoticeQuerySet:
    """The row, as long as we still hold it."""
    return Notice.objects.filter(pk=notice.pk, state=NoticeState.SENDING, claim=notice.claim)
