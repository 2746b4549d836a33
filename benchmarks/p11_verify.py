"""P11, journal verify: ours against reading the very rows and one SHA-256 over each.

python benchmarks/p11_verify.py [--size N]      on SQLite, or beside the database that FANGXIN_DATABASE_URL names
"""

# ruff: noqa: PLC0415 -- Django is imported once its settings are known

import argparse
import json
import resource
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import ClassVar

from scratch import database

ROUNDS = 5
START = datetime(2026, 8, 3, 4, tzinfo=UTC)


def build(size: int) -> None:
    """Entries about a quarter as many subjects, over ten days, all but the last sealed."""
    from django.utils import timezone

    from fangxin.kernel import journal
    from fangxin.kernel.journal import Event
    from fangxin.kernel.refs import Ref

    @dataclass(frozen=True, kw_only=True)
    class Measured(Event):
        name: ClassVar[str] = "bench.Measured"
        term: str = "complaint.mediation"
        version: str = "C3@order121"
        number: int

    step = max(size // 100, 1)
    real = timezone.now
    try:
        for first in range(0, size, step):
            timezone.now = lambda first=first: START + timedelta(days=10 * first // size, microseconds=first)
            with journal.atomic():
                journal.publish(
                    [
                        Measured(subject=Ref(f"case:{number * 7919 % (size // 4 + 1)}"), actor=Ref("person:7"), at=START, number=number)
                        for number in range(first, min(first + step, size))
                    ]
                )
            if first // step % 10 == 0:
                journal.checkpoint()
    finally:
        timezone.now = real
    journal.seal((START + timedelta(days=9)).date())
    journal.checkpoint()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=100_000)
    size = parser.parse_args().size
    with database():
        measure(size)


def measure(size: int) -> None:
    from django.db import connection

    from fangxin.kernel import journal

    def bare() -> int:
        read, last = 0, 0
        with connection.cursor() as cursor:
            while True:
                cursor.execute(
                    "SELECT seq, CAST(recorded_at AS TEXT), CAST(at AS TEXT), event, subject, actor, data, link, head FROM kernel_journal WHERE seq > %s ORDER BY seq LIMIT 5000",
                    [last],
                )
                rows = cursor.fetchall()
                if not rows:
                    return read
                for seq, recorded, at, event, subject, actor, data, link, head in rows:
                    sha256(f"{seq}{recorded}{at}{event}{subject}{actor}{data}".encode() + link + head).digest()
                read += len(rows)
                last = rows[-1][0]

    build(size)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    ours, other = [], []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        report = journal.verify()
        ours.append(time.perf_counter() - began)
        assert report.sound, report.findings[:3]
        assert report.entries == size
        began = time.perf_counter()
        assert bare() == size
        other.append(time.perf_counter() - began)
    print(
        json.dumps(
            {
                "workload": f"P11 journal verify ({connection.vendor})",
                "size": size,
                "ours": round(min(ours), 3),
                "other": round(min(other), 3),
                "unit": "s",
                "other_is": "reading the rows and one SHA-256 over each",
                "ratio": round(min(ours) / min(other), 2),
                "days": report.days,
                "peak_mb_before": before,
                "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            }
        )
    )


if __name__ == "__main__":
    main()
