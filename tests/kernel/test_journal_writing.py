"""The journal tells what was committed, in the order of commits, and nothing else."""

import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import ClassVar

import pytest
from django.db import connection, transaction

from fangxin.kernel import journal
from fangxin.kernel.journal import Event, chain, delivery, events
from fangxin.kernel.journal.models import Delivery, Entry, Head
from fangxin.kernel.refs import SYSTEM, Ref

NOON = datetime(2026, 8, 3, 4, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Knocked(Event):
    name: ClassVar[str] = "tests.Knocked"
    times: int = 1
    on: date | None = None
    when: datetime | None = None
    places: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Answered(Event):
    name: ClassVar[str] = "tests.Answered"


def knock(subject: str = "door:1", **more) -> Knocked:
    return Knocked(**{"subject": Ref(subject), "actor": SYSTEM, "at": NOON} | more)


def write(*told: Event) -> None:
    with journal.atomic():
        journal.publish(told)


def subjects() -> list[str]:
    return list(Entry.objects.order_by("seq").values_list("subject", flat=True))


@pytest.fixture
def handler(monkeypatch):
    """Registers handlers for the length of one test."""
    monkeypatch.setattr(delivery, "_handlers", {name: dict(known) for name, known in delivery._handlers.items()})
    return journal.on


def in_threads(*works) -> list[Exception]:
    """Run all at once, each with its own connection; answers what was raised."""
    raised: list[Exception] = []
    barrier = threading.Barrier(len(works))

    def run(work) -> None:
        try:
            barrier.wait()
            work()
        except Exception as error:  # noqa: BLE001 -- handed to the test
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return raised


# --- what is written ---


@pytest.mark.django_db
def test_an_entry_is_chained_to_its_subject_and_to_all():
    write(knock("door:1"), knock("door:2"), knock("door:1", times=2, at=NOON + timedelta(microseconds=5)))

    one, two, three = Entry.objects.order_by("seq")
    texts = [
        chain.text(row.seq, str(row.recorded_at)[:-6], str(row.at)[:-6], row.event, row.subject, row.actor, row.data)
        for row in (one, two, three)
    ]
    links = [chain.link(chain.START, texts[0]), chain.link(chain.START, texts[1])]
    links.append(chain.link(links[0], texts[2]))
    heads = [chain.head(chain.START, links[0])]
    heads += [chain.head(heads[0], links[1])]
    heads += [chain.head(heads[1], links[2])]
    assert [bytes(row.link) for row in (one, two, three)] == links
    assert [bytes(row.head) for row in (one, two, three)] == heads
    assert three.data == '{"on":null,"places":[],"times":2,"when":null}'
    head = Head.objects.get()
    assert (head.seq, bytes(head.head)) == (3, heads[2])


@pytest.mark.django_db
def test_an_event_comes_back_as_it_was_told():
    told = knock(
        times=3,
        on=date(2026, 8, 3),
        when=datetime(2026, 8, 3, 12, 0, 0, 7, tzinfo=timezone(timedelta(hours=8))),
        places=(("a", "b"), ("c", "d")),
    )

    write(told)

    row = Entry.objects.get()
    assert events.rebuild(row.event, subject=row.subject, actor=row.actor, at=row.at, data=row.data) == told


@pytest.mark.django_db
def test_publishing_outside_its_transaction_is_refused():
    with pytest.raises(RuntimeError, match=r"journal\.atomic"):
        journal.publish([knock()])

    with journal.atomic(), pytest.raises(RuntimeError, match=r"journal\.atomic"), transaction.atomic():
        journal.publish([knock()])

    assert subjects() == []


@pytest.mark.django_db
def test_a_nested_part_that_fails_forgets_its_events():
    with journal.atomic():
        journal.publish([knock("door:1")])
        with suppress(ValueError), journal.atomic():
            journal.publish([knock("door:2")])
            raise ValueError
        with journal.atomic():
            journal.publish([knock("door:3")])

    assert subjects() == ["door:1", "door:3"]


@pytest.mark.django_db
def test_a_rollback_leaves_nothing_behind():
    write(knock("door:1"))

    with suppress(ValueError), journal.atomic():
        journal.publish([knock("door:2")])
        raise ValueError
    write(knock("door:3"))

    assert list(Entry.objects.order_by("seq").values_list("seq", "subject")) == [(1, "door:1"), (2, "door:3")]
    assert journal.verify().sound


@pytest.mark.django_db
@pytest.mark.parametrize("field", ["at", "when"])
def test_a_time_without_zone_is_refused(field):
    with pytest.raises(ValueError, match="time zone"):
        write(knock(**{field: datetime(2026, 8, 3)}))  # noqa: DTZ001 -- that is the point


@pytest.mark.django_db
def test_an_entry_is_never_recorded_before_its_predecessor(monkeypatch):
    write(knock())
    monkeypatch.setattr("fangxin.kernel.journal.writing.timezone.now", lambda: datetime(2020, 1, 1, tzinfo=UTC))

    write(knock())

    first, second = Entry.objects.order_by("seq")
    assert second.recorded_at == first.recorded_at


@pytest.mark.django_db(transaction=True)
def test_numbers_have_no_gaps_whoever_writes():
    def several(name: str):
        def work() -> None:
            for count in range(15):
                with suppress(ValueError), journal.atomic():
                    journal.publish([knock(f"door:{name}"), knock("door:shared", times=count)])
                    if count % 5 == 4:
                        raise ValueError

        return work

    raised = in_threads(*map(several, "abcd"))

    assert raised == []
    rows = list(Entry.objects.order_by("seq").values_list("seq", "recorded_at"))
    assert [seq for seq, _ in rows] == list(range(1, 4 * 12 * 2 + 1))
    assert sorted(at for _, at in rows) == [at for _, at in rows]
    assert journal.verify().sound


@pytest.mark.django_db(transaction=True)
def test_two_writers_never_wait_for_each_other_crosswise():
    """Each locks a row of its own, publishes, and then locks the other's subject in the journal only: the head comes last."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite lets one writer in at a time")
    write(knock("door:1"))
    Delivery.objects.bulk_create([Delivery(entry_id=1, handler=name, next_at=NOON) for name in "ab"])
    published = threading.Barrier(2)

    def crosswise(name: str):
        def work() -> None:
            with journal.atomic():
                journal.publish([knock(f"door:{name}")])
                published.wait(10)
                Delivery.objects.select_for_update().get(handler=name)
                journal.publish([knock("door:shared")])

        return work

    assert in_threads(crosswise("a"), crosswise("b")) == []
    assert sorted(subjects()) == ["door:1", "door:a", "door:b", "door:shared", "door:shared"]


# --- handing over ---


@pytest.mark.django_db(transaction=True)
def test_a_handler_hears_after_the_commit_and_its_delivery_goes(handler):
    heard = []

    @handler(Knocked)
    def listen(event: Knocked) -> None:
        heard.append((event.subject, connection.in_atomic_block))

    with journal.atomic():
        journal.publish([knock()])
        assert heard == []

    assert heard == [("door:1", True)]
    assert not Delivery.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_what_a_handler_publishes_is_written_and_heard(handler):
    heard = []

    @handler(Knocked)
    def answer(event: Knocked) -> None:
        write(Answered(subject=event.subject, actor=SYSTEM, at=event.at))

    @handler(Answered)
    def listen(event: Answered) -> None:
        heard.append(event.subject)

    with journal.atomic():
        with journal.atomic():
            journal.publish([knock("door:1")])
        journal.publish([knock("door:2")])

    assert [(row.event, row.subject) for row in Entry.objects.order_by("seq")] == [
        ("tests.Knocked", "door:1"),
        ("tests.Knocked", "door:2"),
        ("tests.Answered", "door:1"),
        ("tests.Answered", "door:2"),
    ]
    assert heard == ["door:1", "door:2"]
    assert journal.verify().sound


@pytest.mark.django_db(transaction=True)
def test_a_failing_handler_is_rolled_back_kept_and_retried_with_patience(handler):
    broken = [True]

    @handler(Knocked)
    def fussy(event: Knocked) -> None:
        write(Answered(subject=event.subject, actor=SYSTEM, at=event.at))
        if broken[0]:
            raise ValueError("no")

    @handler(Knocked)
    def calm(event: Knocked) -> None:
        pass

    write(knock())
    first = Delivery.objects.get()
    soon = first.next_at - timedelta(seconds=1)
    assert (first.attempts, first.error, journal.deliver_due(soon)) == (1, "ValueError: no", 0)
    assert journal.deliver_due(first.next_at) == 0
    second = Delivery.objects.get()
    assert (second.attempts, second.next_at - first.next_at) == (2, 2 * delivery.FIRST_WAIT)
    assert list(Delivery.objects.failing()) == [second]
    assert subjects() == ["door:1"]

    broken[0] = False
    assert journal.deliver_due(second.next_at) == 1

    assert (Delivery.objects.count(), list(Entry.objects.order_by("seq").values_list("event", flat=True))) == (
        0,
        ["tests.Knocked", "tests.Answered"],
    )


@pytest.mark.django_db
def test_waiting_grows_to_a_limit(handler):
    write(knock())
    Delivery.objects.create(entry_id=1, handler="gone", attempts=40, next_at=NOON)

    journal.deliver_due(NOON)

    assert Delivery.objects.get().next_at == NOON + delivery.LONGEST_WAIT


@pytest.mark.django_db
def test_an_app_that_was_removed_holds_up_nobody(handler):
    heard = []

    @handler(Knocked)
    def listen(event: Knocked) -> None:
        heard.append(event.subject)

    write(knock("door:1"), knock("door:2"))
    Delivery.objects.create(entry_id=1, handler="gone.listen", next_at=NOON)
    Entry.objects.create(
        seq=3, recorded_at=NOON, at=NOON, event="gone.Event", subject="gone:1", actor="system", data="{}", link=b"", head=b""
    )
    Delivery.objects.create(entry_id=3, handler="gone.listen", next_at=NOON)
    later = Entry.objects.get(seq=1).recorded_at + timedelta(days=1)

    assert journal.deliver_due(later) == 2

    assert heard == ["door:1", "door:2"]
    assert [(one.entry_id, one.attempts) for one in Delivery.objects.order_by("entry_id")] == [(1, 1), (3, 1)]


@pytest.mark.django_db(transaction=True)
def test_two_workers_hand_over_once(handler):
    heard = []

    @handler(Knocked)
    def listen(event: Knocked) -> None:
        heard.append(event.subject)

    with transaction.atomic():
        write(*(knock(f"door:{number}") for number in range(20)))
        transaction.get_connection().run_on_commit.clear()
    later = Entry.objects.get(seq=1).recorded_at + timedelta(seconds=1)

    raised = in_threads(*[lambda: journal.deliver_due(later)] * 3)

    assert raised == []
    assert sorted(heard) == sorted(f"door:{number}" for number in range(20))
