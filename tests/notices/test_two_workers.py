"""Several workers at once, on the suite's database: what one sends no other sends."""

import threading
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from outboxwork import NOON, message, queued

from fangxin.kernel import journal
from fangxin.kernel.refs import SYSTEM
from fangxin.notices.gateways.memory import MemoryGateway
from fangxin.notices.models import Notice
from fangxin.notices.services import enqueue, retry, send_due

pytestmark = pytest.mark.django_db(transaction=True)
WORKERS = 4


def at_once(*works):
    """Run them in threads that start together; what one raises is raised here."""
    barrier = threading.Barrier(len(works))
    errors = []

    def run(work):
        try:
            barrier.wait(10)
            work()
        except Exception as error:  # noqa: BLE001 -- raised again by the test's own thread
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if errors:
        raise errors[0]


class Watched(MemoryGateway):
    """Notices whether one parcel is in two hands at the same time."""

    def __init__(self):
        super().__init__()
        self.hands = Counter()
        self.lock = threading.Lock()
        self.clashes = []

    def send(self, parcel):
        with self.lock:
            self.hands[parcel.id] += 1
            if self.hands[parcel.id] > 1:
                self.clashes.append(parcel.id)
        threading.Event().wait(0.002)
        with self.lock:
            self.hands[parcel.id] -= 1
            super().send(parcel)


def test_workers_at_once_send_each_notice_exactly_once():
    with journal.atomic():
        enqueue([message() for _ in range(60)], by=SYSTEM, at=NOON)
    gateway = Watched()

    at_once(*[lambda: send_due(NOON, gateways=lambda _channel, _rules: gateway)] * WORKERS)
    send_due(NOON + timedelta(minutes=1), gateways=lambda _channel, _rules: gateway)

    assert Counter(parcel.id for parcel in gateway.sent) == {f"notice-{pk}": 1 for pk in Notice.objects.values_list("pk", flat=True)}
    assert gateway.clashes == []
    assert set(Notice.objects.values_list("state", "attempts", "maybe_twice")) == {("sent", 1, False)}


def test_the_same_occasion_told_by_two_at_once_is_one_notice():
    found = []

    at_once(*[lambda: found.append(queued(once="case:1 accepted").pk)] * WORKERS)

    assert len(found) == WORKERS
    assert len(set(found)) == Notice.objects.count() == 1


def test_a_lease_that_ran_out_goes_to_one_of_two():
    notice = queued()
    Notice.objects.filter(pk=notice.pk).update(state="sending", claim="gone", next_at=NOON)
    gateway = Watched()

    at_once(*[lambda: send_due(NOON + timedelta(seconds=1), gateways=lambda _channel, _rules: gateway)] * WORKERS)

    assert [parcel.id for parcel in gateway.sent] == [f"notice-{notice.pk}"]


def test_two_people_send_one_failed_notice_off_once():
    notice = queued(to="")
    Notice.objects.filter(pk=notice.pk).update(error="refused")
    notice.refresh_from_db()
    done = []

    at_once(*[lambda: done.append(retry([notice], by=SYSTEM, at=NOON))] * WORKERS)

    assert sorted(done) == [0] * (WORKERS - 1) + [1]
