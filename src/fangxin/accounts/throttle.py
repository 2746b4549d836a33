"""Failed sign-ins cost growing delays, in such a way that nobody can lock out somebody else.

Failures are counted under the client's own keys, never under the login alone:

- a browser that has signed in as this person before (a *known device*, see `devices`) has its own counter and no other, so
  whoever hammers a login, from anywhere and even from behind the same address, never blocks its owner's browser;
- any other client is counted under (login, address), and under its address over all logins with a much higher allowance,
  since a whole office may share one address.

Every try is charged before the password is looked at, and given back when it was right: tries that run at the same moment
can't outrun the counter. A try refused for waiting costs nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from django.db import transaction
from django.utils.crypto import salted_hmac

from fangxin.kernel.errors import IllegalStep

from .models import FailureCounter


class TooManyAttempts(IllegalStep):
    """Wait before trying again; `params["seconds"]` tells how long."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """So many failures are free; after them the delay doubles from `first` to `longest`; all is forgotten after `memory`."""

    free: int
    first: timedelta
    longest: timedelta
    memory: timedelta

    def delay(self, failures: int) -> timedelta:
        """How long to wait after this many failures."""
        if failures < self.free:
            return timedelta(0)
        return min(self.longest, self.first * (1 << min(failures - self.free, 20)))


CLIENT = Allowance(free=5, first=timedelta(seconds=5), longest=timedelta(minutes=15), memory=timedelta(hours=24))
ADDRESS = Allowance(free=100, first=timedelta(seconds=2), longest=timedelta(minutes=1), memory=timedelta(hours=1))
STRANGERS = Allowance(free=50, first=timedelta(minutes=1), longest=timedelta(hours=1), memory=timedelta(hours=24))
"""For second-factor codes of one person from all unknown devices: whoever comes there already has the password."""


@dataclass(frozen=True, slots=True)
class Counted:
    """One counter that a try is charged to."""

    key: str
    allowance: Allowance


def counted(allowance: Allowance, *parts: str) -> Counted:
    """The counter for these parts; its key is a keyed hash, so the table tells no login and no address."""
    return Counted(salted_hmac("fangxin.accounts.throttle", "\x1f".join(parts), algorithm="sha256").hexdigest(), allowance)


@transaction.atomic
def charge(counters: Sequence[Counted], *, at: datetime) -> bool:
    """Charge one try to each counter; True if this try begins a time of waiting that was not there before.

    Raises TooManyAttempts, and charges nothing, while one of them has to wait.
    """
    FailureCounter.objects.bulk_create([FailureCounter(key=one.key, last_at=at) for one in counters], ignore_conflicts=True)
    rows = {row.key: row for row in FailureCounter.objects.select_for_update().filter(key__in=[c.key for c in counters]).order_by("key")}
    waits = [row.blocked_until - at for row in rows.values() if row.blocked_until and row.blocked_until > at]
    if waits:
        seconds = ceil(max(waits).total_seconds())
        raise TooManyAttempts(
            "accounts.too_many_attempts", "Too many attempts. Please wait %(seconds)s seconds and try again.", seconds=seconds
        )
    begins = False
    for one in counters:
        row = rows[one.key]
        if at - row.last_at > one.allowance.memory:
            row.failures = 0
        row.failures += 1
        row.last_at = at
        delay = one.allowance.delay(row.failures)
        row.blocked_until = at + delay if delay else None
        begins |= row.failures == one.allowance.free
    FailureCounter.objects.bulk_update(rows.values(), ["failures", "blocked_until", "last_at"])
    return begins


def forgive(counters: Sequence[Counted], *, at: datetime) -> None:
    """The try was right: the client's own counter starts again, the shared ones get this try back. Drops what is long forgotten."""
    allowances = {one.key: one.allowance for one in counters}
    with transaction.atomic():
        rows = list(FailureCounter.objects.select_for_update().filter(key__in=allowances).order_by("key"))
        for row in rows:
            allowance = allowances[row.key]
            row.failures = 0 if allowance is CLIENT else max(row.failures - 1, 0)
            delay = allowance.delay(row.failures)
            row.blocked_until = row.last_at + delay if delay else None
        FailureCounter.objects.bulk_update(rows, ["failures", "blocked_until"])
    with transaction.atomic():
        old = FailureCounter.objects.select_for_update(skip_locked=True).filter(last_at__lt=at - timedelta(hours=48))
        FailureCounter.objects.filter(pk__in=[row.pk for row in old[:1000]]).delete()
