"""Writing the journal: `atomic` gathers what a transaction publishes and writes it last, under one short lock."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime

from django.db import connection, transaction
from django.utils import timezone

from fangxin.kernel.journal import chain, delivery
from fangxin.kernel.journal.events import Event
from fangxin.kernel.journal.models import Delivery, Entry, Head
from fangxin.kernel.sql import bulk


@dataclass(slots=True)
class _Level:
    """What one `atomic` has gathered, and how many savepoints deep it stands."""

    depth: int
    events: list[Event] = field(default_factory=list)


_gathered: ContextVar[tuple[_Level, ...]] = ContextVar("gathered", default=())


@contextmanager
def atomic() -> Iterator[None]:
    """A transaction whose events are written just before it commits; works as decorator too.

    Rows are locked before the journal's head, so two transactions never wait for each other crosswise, and the head is held only
    while the entries are inserted. Nested uses join the outermost; what a nested one published is forgotten if it fails.
    """
    stack = _gathered.get()
    with transaction.atomic():
        own = _Level(len(connection.savepoint_ids))
        token = _gathered.set((*stack, own))
        try:
            yield
        finally:
            _gathered.reset(token)  # before the commit: handlers that run after it gather their own
        if stack:
            stack[-1].events.extend(own.events)
        else:
            _write(own.events)


def publish(events: Sequence[Event]) -> None:
    """Tell what happened: one journal entry each, and an open delivery for each handler, in the caller's transaction.

    Raises RuntimeError outside `journal.atomic()`: an event without its transaction could tell of what never happened. So could one
    published inside a plain `transaction.atomic()` within it, whose failure the journal would not notice; that is refused too.
    """
    stack = _gathered.get()
    if not stack or len(connection.savepoint_ids) != stack[-1].depth:
        raise RuntimeError("publish() stands directly inside journal.atomic().")
    stack[-1].events.extend(events)


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
    at, happened = recorded_at, recorded
    for event in events:
        seq += 1
        data = event.data()
        if event.at is not at:
            at, happened = event.at, _stamp(event.at)
        entry = chain.text(seq, recorded, happened, event.name, event.subject, event.actor, data)
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
    with connection.cursor() as cursor:
        for start in range(0, len(names), 500):
            some = names[start : start + 500]
            # By hand: for a few hundred subjects the ORM takes longer to write this query than the database to answer it.
            marks = ", ".join(["%s"] * len(some))
            cursor.execute(
                "SELECT entry.subject, entry.link FROM kernel_journal entry JOIN (SELECT max(seq) AS seq FROM kernel_journal "  # noqa: S608 -- only marks are put in
                f"WHERE subject IN ({marks}) GROUP BY subject) newest ON entry.seq = newest.seq",
                some,
            )
            found.update((subject, bytes(link)) for subject, link in cursor.fetchall())
    return found


def _stamp(instant: datetime) -> str:
    if instant.tzinfo is None:
        raise ValueError(f"{instant} has no time zone.")
    return str(instant if instant.tzinfo is UTC else instant.astimezone(UTC))[:-6]


def _open_deliveries(events: list[Event], *, first: int, now: datetime) -> None:
    """Open a delivery for each handler of each event; they are tried once the transaction has committed."""
    rows = [(seq, name, 0, now, "") for seq, event in enumerate(events, first) for name in delivery.handlers_of(event.name)]
    if not rows:
        return
    bulk.insert(Delivery, ("entry_id", "handler", "attempts", "next_at", "error"), rows)
    last = first + len(events) - 1
    transaction.on_commit(lambda: delivery.deliver(first=first, last=last), robust=True)
