"""P1: taking in orders from xlsx (parse, validate, encrypt, deduplicate, clocks, journal) against the bare insert of the very rows left behind.

    python benchmarks/p1_import.py [--rows 8000] [--rounds 3] [--postgres postgres://postgres@127.0.0.1:5432]

Every round imports the same two xlsx exports (12345 and 12315) into a fresh copy of a prepared database, reads back what the import left
in its tables, and puts the same tuples into another fresh copy: executemany on SQLite, COPY on PostgreSQL, a thousand cases a
transaction, same indexes, same durability. Rounds are interleaved; one line of JSON tells medians, the ratio and the import's peak memory.
"""

# ruff: noqa: PLC0415 -- each mode imports what it measures

import argparse
import json
import os
import resource
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path

# In the order of their foreign keys; what else the import writes is a handful of rows.
TABLES = (
    "kernel_journal",
    "kernel_delivery",
    "clocks_clock",
    "cases_case",
    "cases_party",
    "cases_outsidenumber",
    "cases_caselink",
    "cases_note",
)
CHUNK = 1000
PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY", "cache_size=-65536", "mmap_size=268435456")


def child(mode: str, environment: dict[str, str], *arguments: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, __file__, "--mode", mode, *arguments],
        env={**os.environ, **environment},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def prepare(folder: Path, rows: int) -> dict[str, float]:
    """In the prepared database: schema, places, offices, people, traders; and the two files."""
    import django

    django.setup()
    from fangxin.accounts.services import load_offices, load_people
    from fangxin.kernel.refs import SYSTEM
    from fangxin.registry.services import import_traders
    from fangxin.sample.files import generate
    from fangxin.site.cli.operations import prepare as migrate
    from fangxin.site.cli.people import office_rows, person_rows

    now = datetime.now(UTC)
    generate(folder, cases=rows, since=date(2026, 4, 15), until=date(2026, 10, 31), seed=1, xlsx=True, traders=20_000)
    migrate()
    load_offices(office_rows(folder / "offices.csv"), by=SYSTEM, at=now)
    load_people(person_rows(folder / "people.csv"), by=SYSTEM, at=now)
    import_traders(folder / "traders.csv", by=SYSTEM, at=now)
    return {}


def ours(folder: Path) -> dict[str, float]:
    import django

    django.setup()
    from fangxin.exchange.services import import_file
    from fangxin.kernel.refs import SYSTEM

    rows = 0
    started = time.perf_counter()
    for profile in ("12345-orders", "12315-orders"):
        rows += import_file(folder / f"{profile}.xlsx", profile, by=SYSTEM, at=datetime.now(UTC)).rows
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "rows": rows, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


class Feed:
    """A table's rows, transaction by transaction: those of the cases that are in already, or, without such a tie, its share of all."""

    def __init__(self, statement: str, rows: Iterator[tuple], share: float, place: int | None) -> None:
        self.statement, self.rows, self.share, self.place = statement, rows, share, place
        self.kept: list[tuple] = []

    def piece(self, number: int, last_case: int) -> list[tuple]:
        if self.place is None:
            return list(islice(self.rows, round(self.share * (number + 1)) - round(self.share * number)))
        some = []
        while (row := self.kept.pop() if self.kept else next(self.rows, None)) is not None:
            if row[self.place] > last_case:
                self.kept.append(row)
                break
            some.append(row)
        return some


def transactions(feeds: list[Feed], cases: int) -> Iterator[list[tuple[str, list[tuple]]]]:
    """Rows of every table for a thousand cases at a time, cases before those that refer to them; what rounding left over comes last."""
    last_case = 0
    for number in range(-(-cases // CHUNK)):
        found = []
        for feed in feeds:
            some = feed.piece(number, last_case)
            if "cases_case " in feed.statement and some:
                last_case = some[-1][0]
            found.append((feed.statement, some))
        yield found
    yield [(feed.statement, list(feed.rows)) for feed in feeds if feed.place is None]


TIES = {"cases_party": "case_id", "cases_outsidenumber": "case_id", "cases_note": "case_id", "cases_caselink": "second_id"}


def bare_sqlite(source: Path, target: Path) -> dict[str, float]:
    read = sqlite3.connect(source)
    write = sqlite3.connect(target, isolation_level=None)
    for pragma in PRAGMAS:
        write.execute(f"PRAGMA {pragma}")
    seconds, count, cases = 0.0, 0, read.execute("SELECT count(*) FROM cases_case").fetchone()[0]
    feeds = []
    for table in TABLES:
        mine = "seq" if table == "kernel_journal" else "id"
        last = write.execute(f"SELECT coalesce(max({mine}), 0) FROM {table}").fetchone()[0]
        total = read.execute(f"SELECT count(*) FROM {table} WHERE {mine} > ?", [last]).fetchone()[0]
        names = [column[0] for column in read.execute(f"SELECT * FROM {table} LIMIT 0").description]
        tie = TIES.get(table)
        rows = read.execute(f"SELECT * FROM {table} WHERE {mine} > ? ORDER BY {tie or mine}", [last])
        statement = f"INSERT INTO {table} VALUES ({', '.join('?' * len(names))})"
        feeds.append(Feed(statement, rows, total * CHUNK / cases, names.index(tie) if tie else None))
    for pieces in transactions(feeds, cases):
        started = time.perf_counter()
        write.execute("BEGIN IMMEDIATE")
        for statement, some in pieces:
            write.executemany(statement, some)
            count += len(some)
        write.execute("COMMIT")
        seconds += time.perf_counter() - started
    return {"seconds": seconds, "rows": count}


def bare_postgres(source: str, target: str) -> dict[str, float]:
    import psycopg

    seconds, count = 0.0, 0
    with psycopg.connect(source) as read, psycopg.connect(target) as write:
        cases = read.execute("SELECT count(*) FROM cases_case").fetchone()[0]
        feeds = []
        for table in TABLES:
            mine = "seq" if table == "kernel_journal" else "id"
            last = write.execute(f"SELECT coalesce(max({mine}), 0) FROM {table}").fetchone()[0]
            total = read.execute(f"SELECT count(*) FROM {table} WHERE {mine} > %s", [last]).fetchone()[0]
            cursor = read.cursor(name=f"feed_{table}")
            cursor.itersize = 5000
            columns = read.execute(
                "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s ORDER BY ordinal_position", [table]
            ).fetchall()
            chosen = ", ".join(f'"{name}"::text' if kind == "jsonb" else f'"{name}"' for name, kind in columns)
            tie = TIES.get(table)
            cursor.execute(f'SELECT {chosen} FROM "{table}" WHERE {mine} > %s ORDER BY {tie or mine}', [last])
            place = [name for name, _ in columns].index(tie) if tie else None
            feeds.append(Feed(f"COPY {table} FROM STDIN", iter(cursor), total * CHUNK / cases, place))
        write.commit()
        for pieces in transactions(feeds, cases):
            started = time.perf_counter()
            for statement, some in pieces:
                with write.cursor().copy(statement) as copy:
                    for row in some:
                        copy.write_row(row)
                count += len(some)
            write.commit()
            seconds += time.perf_counter() - started
    return {"seconds": seconds, "rows": count}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=8000, help="cases of the sample city, all channels")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--postgres", help="server address; databases named fangxin_p1_… are made and dropped there")
    parser.add_argument("--mode", choices=["prepare", "ours", "bare"], help=argparse.SUPPRESS)
    parser.add_argument("paths", nargs="*", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fangxin.site.settings")
    if chosen.mode == "prepare":
        print(json.dumps(prepare(Path(chosen.paths[0]), chosen.rows)))
    elif chosen.mode == "ours":
        print(json.dumps(ours(Path(chosen.paths[0]))))
    elif chosen.mode == "bare":
        bare = bare_postgres(*chosen.paths) if chosen.postgres else bare_sqlite(*map(Path, chosen.paths))
        print(json.dumps(bare))
    else:
        measure(chosen.rows, chosen.rounds, chosen.postgres)


def measure(size: int, rounds: int, postgres: str | None) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        environment = {"FANGXIN_HOME": str(folder / "home"), "FANGXIN_LANGUAGE": "en"}
        store = Postgres(postgres) if postgres else Sqlite(folder)
        try:
            child("prepare", {**environment, "FANGXIN_DATABASE_URL": store.url("prepared")}, str(folder / "city"), "--rows", str(size))
            imports, inserts = [], []
            for _ in range(rounds):
                store.copy("prepared", "ours")
                store.copy("prepared", "bare")
                imports.append(child("ours", {**environment, "FANGXIN_DATABASE_URL": store.url("ours")}, str(folder / "city")))
                inserts.append(child("bare", environment, *store.bare("ours", "bare")))
        finally:
            store.drop()
    mine, other = (statistics.median(one["seconds"] for one in runs) for runs in (imports, inserts))
    ratios = sorted(a["seconds"] / b["seconds"] for a, b in zip(imports, inserts, strict=True))
    print(
        json.dumps(
            {
                "workload": "P1 import",
                "database": "postgresql" if postgres else "sqlite",
                "size": imports[0]["rows"],
                "rows_left": inserts[0]["rows"],
                "ours_s": round(mine, 2),
                "other_s": round(other, 2),
                "ratio": round(statistics.median(ratios), 2),
                "ratios": [round(ratio, 2) for ratio in ratios],
                "per_s": round(imports[0]["rows"] / mine),
                "peak_mb": round(max(one["peak_mb"] for one in imports), 1),
            }
        )
    )


class Sqlite:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, name: str) -> Path:
        return self.folder / f"{name}.sqlite3"

    def url(self, name: str) -> str:
        return f"sqlite:///{self.path(name)}"

    def copy(self, source: str, target: str) -> None:
        for suffix in ("", "-wal", "-shm"):
            Path(f"{self.path(target)}{suffix}").unlink(missing_ok=True)
        with sqlite3.connect(self.path(source)) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copy(self.path(source), self.path(target))

    def bare(self, source: str, target: str) -> list[str]:
        return [str(self.path(source)), str(self.path(target))]

    def drop(self) -> None:
        """The scratch folder goes by itself."""


class Postgres:
    def __init__(self, server: str) -> None:
        self.server = server.rstrip("/")

    def url(self, name: str) -> str:
        if name == "prepared":
            self._run('DROP DATABASE IF EXISTS "fangxin_p1_prepared"', 'CREATE DATABASE "fangxin_p1_prepared"') if not hasattr(
                self, "made"
            ) else None
            self.made = True
        return f"{self.server}/fangxin_p1_{name}"

    def copy(self, source: str, target: str) -> None:
        self._run(f'DROP DATABASE IF EXISTS "fangxin_p1_{target}"', f'CREATE DATABASE "fangxin_p1_{target}" TEMPLATE "fangxin_p1_{source}"')

    def bare(self, source: str, target: str) -> list[str]:
        return ["--postgres", self.server, self.url(source), self.url(target)]

    def drop(self) -> None:
        self._run(*(f'DROP DATABASE IF EXISTS "fangxin_p1_{name}"' for name in ("prepared", "ours", "bare")))

    def _run(self, *statements: str) -> None:
        import psycopg

        with psycopg.connect(f"{self.server}/postgres", autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)


if __name__ == "__main__":
    main()
