"""Writing the journal: `atomic` gathers what a transaction publishes and writes it last, under one short lock."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import partial

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from fangxin.kernel.journal import chain, delivery
from fangxin.kernel.journal.events import Event
from fangxin.kernel.journal.models import Delivery, Entry, Head
from fangxin.kernel.sql import bulk

_gathered: ContextVar[tuple[list[Event], ...]] = ContextVar("gathered", default=())


@contextmanager
def atomic() -> Iterator[None]:
    """A transaction whose events are written just before it commits; works as decorator too.

    Rows are locked before the journal's head, so two transactions never wait for each other crosswise, and the head is held only
    while the entries are inserted. Nested uses join the outermost; what a nested one published is forgotten if it fails.
    """
    stack = _gathered.get()
    own: list[Event] = []
    token = _gathered.set((*stack, own))
    try:
        with transaction.atomic():
            yield
            if stack:
                stack[-1].extend(own)
            else:
                _write(own)
    finally:
        _gathered.reset(token)


def publish(events: Sequence[Event]) -> None:
    """Tell what happened: one journal entry each, and an open delivery for each handler, in the caller's transaction.

    Raises RuntimeError outside `journal.atomic()`: an event without its transaction could tell of what never happened.
    """
    stack = _gathered.get()
    if not stack:
        raise RuntimeError("publish() stands inside journal.atomic().")
    stack[-1].extend(events)


def _write(events: list[Event]) -> None:
    if not events:
        return
    newest = _lock_head()
    links = _last_links({event.subject for event in events if not event.opens})
    now = timezone.now()
    recorded_at = max(now, newest.recorded_at) if newest.recorded_at else now
    recorded = _stamp(recorded_at)
    seq, head = newest.seq, bytes(newest.head)
    rows = []
    for event in events:
        seq += 1
        data = event.data()
        entry = chain.text(seq, recorded, _stamp(event.at), event.name, event.subject, event.actor, data)
        link = chain.link(links.get(event.subject, chain.START), entry)
        head = chain.head(head, link)
        links[event.subject] = link
        rows.append((seq, recorded_at, event.at, event.name, event.subject, event.actor, data, link, head))
    bulk.insert(Entry, ("seq", "recorded_at", "at", "event", "subject", "actor", "data", "link", "head"), rows)
    Head.objects.filter(id=1).update(seq=seq, head=head, recorded_at=recorded_at)
    _open_deliveries(events, first=newest.seq + 1, now=recorded_at)


def _lock_head() -> Head:
    """The head, locked until the transaction ends. On SQLite the immediate transaction is the lock."""
    try:
        return Head.objects.select_for_update().get(id=1)
    except Head.DoesNotExist:
        Head.objects.bulk_create([Head(id=1)], ignore_conflicts=True)
        return Head.objects.select_for_update().get(id=1)


def _last_links(subjects: set[str]) -> dict[str, bytes]:
    """The newest link of each subject that has one; asked under the lock, so nobody can add one meanwhile."""
    found: dict[str, bytes] = {}
    names = sorted(subjects)
    for start in range(0, len(names), 500):
        newest = Entry.objects.filter(subject__in=names[start : start + 500]).values("subject").annotate(last=Max("seq")).values("last")
        found.update((subject, bytes(link)) for subject, link in Entry.objects.filter(seq__in=newest).values_list("subject", "link"))
    return found


def _stamp(instant: datetime) -> str:
    return str(instant if instant.tzinfo is UTC else instant.astimezone(UTC))[:-6]


def _open_deliveries(events: list[Event], *, first: int, now: datetime) -> None:
    """Open a delivery for each handler of each event; they are tried once the transaction has committed."""
    rows = [(seq, name, 0, now, "") for seq, event in enumerate(events, first) for name in delivery.handlers_of(event.name)]
    if not rows:
        return
    bulk.insert(Delivery, ("entry_id", "handler", "attempts", "next_at", "error"), rows)
    transaction.on_commit(partial(delivery.deliver, first=first, last=first + len(events) - 1))
