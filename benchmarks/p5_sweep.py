"""P5, the sweep: a million running clocks, a thousandth of them newly due, against the bare range query and the same writes done raw.

python benchmarks/p5_sweep.py [--size N]      on SQLite, or beside the database that FANGXIN_DATABASE_URL names
"""

# ruff: noqa: PLC0415 -- Django is imported once its settings are known

import argparse
import json
import resource
import time
from datetime import UTC, date, datetime, timedelta

from scratch import database

ROUNDS = 7
NOW = datetime(2026, 8, 10, 4, tzinfo=UTC)


def build(size: int) -> None:
    """Running clocks: every thousandth has its alarm behind it, the others weeks ahead."""
    from fangxin.clocks.keeping import current_calendar
    from fangxin.clocks.models import Clock
    from fangxin.clocks.services import _COLUMNS
    from fangxin.kernel.sql import bulk

    kept, _ = current_calendar(NOW)
    start, later = NOW - timedelta(days=40), date(2026, 9, 30)

    def row(number: int) -> tuple:
        nearing = NOW - timedelta(seconds=number // 1000) if number % 1000 == 0 else NOW + timedelta(days=10, seconds=number)
        due = nearing + timedelta(days=60)
        return (number, f"case:{number}", "complaint.mediation", "C3@order121", kept.pk, False, None, start, None, later, later, nearing, due, due,
                False, False, 0, nearing, None, "", None, None)  # fmt: skip

    for first in range(1, size + 1, 50_000):
        bulk.insert(Clock, _COLUMNS, [row(number) for number in range(first, min(first + 50_000, size + 1))])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=200_000)
    size = parser.parse_args().size
    with database():
        measure(size)


def measure(size: int) -> None:
    from django.db import connection, transaction

    from fangxin.clocks.models import Clock
    from fangxin.clocks.sweeping import sweep
    from fangxin.kernel.journal.models import Entry, Head
    from fangxin.kernel.sql import bulk

    build(size)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    columns = ("seq", "recorded_at", "at", "event", "subject", "actor", "data", "link", "head")

    def reset() -> None:
        Clock.objects.filter(announced__gt=0).update(announced=0, next_at=NOW - timedelta(days=1))
        Entry.objects.all().delete()
        Head.objects.all().delete()
        Head.objects.create(id=1)

    def raw(entries: list[tuple]) -> None:
        """What a sweep leaves behind, with nothing worked out: in the same batches, by the fastest way the driver has."""
        done = 0
        at = NOW if connection.vendor == "postgresql" else str(NOW)[:-6]
        while True:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SELECT next_at, id FROM clocks_clock WHERE next_at <= %s ORDER BY next_at, id LIMIT 500", [at])
                keys = [key for _, key in cursor.fetchall()]
                if not keys:
                    return
                marks = ", ".join(["%s"] * len(keys))
                cursor.execute(f"UPDATE clocks_clock SET announced = 1, next_at = due_at WHERE id IN ({marks})", keys)
                bulk.insert(Entry, columns, entries[done : done + len(keys)])
                done += len(keys)
                last = entries[done - 1]
                cursor.execute("UPDATE kernel_journal_head SET seq = %s, head = %s WHERE id = 1", [last[0], last[-1]])

    reset()
    swept = sweep(NOW)
    assert swept.nearing == size // 1000, swept
    entries = [
        tuple(bytes(cell) if isinstance(cell, memoryview) else cell for cell in row)
        for row in Entry.objects.order_by("seq").values_list(*columns)
    ]
    ours, other, query = [], [], []
    for _ in range(ROUNDS):
        reset()
        began = time.perf_counter()
        list(Clock.objects.to_announce(NOW).values_list("next_at", "pk"))
        query.append(time.perf_counter() - began)
        began = time.perf_counter()
        sweep(NOW)
        ours.append(time.perf_counter() - began)
        reset()
        began = time.perf_counter()
        raw(entries)
        other.append(time.perf_counter() - began)
    print(
        json.dumps(
            {
                "workload": f"P5 sweep, 0.1 % newly due ({connection.vendor})",
                "size": size,
                "ours": round(min(ours) * 1000, 1),
                "other": round(min(other) * 1000, 1),
                "unit": "ms",
                "other_is": "range query and the same writes, raw",
                "ratio": round(min(ours) / min(other), 2),
                "range_query_ms": round(min(query) * 1000, 1),
                "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            }
        )
    )


if __name__ == "__main__":
    main()
