"""Handing events to their handlers after the commit: at least once, each in its own transaction, failures kept and retried."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from django.db import transaction
from django.utils import timezone

from fangxin.kernel.journal import events
from fangxin.kernel.journal.events import Event
from fangxin.kernel.journal.models import Delivery

logger = logging.getLogger(__name__)

E = TypeVar("E", bound=Event)
_handlers: dict[str, dict[str, Callable[..., None]]] = {}

FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=6)


def on(*kinds: type[Event]) -> Callable[[Callable[[E], None]], Callable[[E], None]]:
    """Register a handler for events. It takes one event, runs inside a transaction, and bears being called twice."""

    def register(handler: Callable[[E], None]) -> Callable[[E], None]:
        name = f"{handler.__module__.removeprefix('fangxin.')}.{handler.__qualname__}"
        for kind in kinds:
            _handlers.setdefault(kind.name, {})[name] = handler
        return handler

    return register


def handlers_of(event: str) -> list[str]:
    """The names of the handlers of an event."""
    return list(_handlers.get(event, ()))


def deliver(*, first: int, last: int) -> int:
    """Try the open deliveries of the entries `first` to `last`; answers how many succeeded."""
    keys = list(
        Delivery.objects.filter(entry__gte=first, entry__lte=last, attempts=0).order_by("entry_id", "handler").values_list("pk", flat=True)
    )
    return sum(_try(key, now=timezone.now()) for key in keys)


def deliver_due(now: datetime, *, limit: int = 1000) -> int:
    """Try what is open and due, oldest first; answers how many succeeded. The worker calls it."""
    return sum(_try(key, now=now) for key in list(Delivery.objects.due(now).values_list("pk", flat=True)[:limit]))


def _try(key: int, *, now: datetime) -> bool:
    """One attempt. A delivery that someone else holds or has finished is left alone."""
    try:
        with transaction.atomic():
            delivery = Delivery.objects.select_for_update(of=("self",), skip_locked=True).select_related("entry").filter(pk=key).first()
            if delivery is None:
                return False
            entry = delivery.entry
            event = events.rebuild(entry.event, subject=entry.subject, actor=entry.actor, at=entry.at, data=entry.data)
            _handlers[entry.event][delivery.handler](event)
            delivery.delete()
    except Exception as error:  # noqa: BLE001 -- whatever a handler throws is kept with the delivery and tried again
        logger.warning("delivery %s failed: %s", key, type(error).__name__)
        _postpone(key, error, now)
        return False
    return True


def _postpone(key: int, error: Exception, now: datetime) -> None:
    with transaction.atomic():
        delivery = Delivery.objects.filter(pk=key).first()
        if delivery is None:
            return
        delivery.attempts += 1
        delivery.next_at = now + min(FIRST_WAIT * 2 ** min(delivery.attempts - 1, 20), LONGEST_WAIT)
        delivery.error = f"{type(error).__name__}: {error}"[:2000]
        delivery.save(update_fields=["attempts", "next_at", "error"])
