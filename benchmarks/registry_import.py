"""Import of the register of traders against the bare insert of the very rows that it leaves behind.

    python benchmarks/registry_import.py [--rows 532000] [--database URL]

Writes a CSV of generated traders, imports it into a database of its own, then puts the same tuples into a copy of the tables with
bare executemany or COPY, and prints one line of JSON. The database named must be one that may be emptied; without it, an SQLite file
in a temporary folder.
"""

# ruff: noqa: PLC0415, SLF001 -- Django is imported once its settings are known; _meta is its documented API

import argparse
import csv
import json
import os
import random
import resource
import sys
import tempfile
import time
from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

HEADER = ("uscc", "name", "kind", "status", "industry", "division", "town", "address", "registered_on", "former_names", "brand_names")
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
VALUES = {character: value for value, character in enumerate(ALPHABET)}
WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
COUNTIES = ("370811", "370812", "370826", "370827", "370828", "370829", "370830", "370831", "370832", "370881", "370883")
WORDS = "鲁好济运河孔孟泗水微山湖荷曲阜圣城邹峄梁泊金嘉祥汶上兖鱼台任古槐运达兴隆顺发福瑞恒信"
TRADES = (("商贸有限公司", "有限责任公司", "F5211"), ("饭店", "个体工商户", "H6210"), ("超市", "个体工商户", "F5212"))


def generate(path: Path, rows: int) -> None:
    chance = random.Random(20260730)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for number in range(rows):
            county = chance.choice(COUNTIES)
            ending, form, industry = TRADES[number % 3]
            word = "".join(chance.choices(WORDS, k=4))
            body = f"92{county}MA{(number * 7919) % 10_000_000:07d}"
            code = body + ALPHABET[(31 - sum(VALUES[c] * w for c, w in zip(body, WEIGHTS, strict=True)) % 31) % 31]
            founded = date(2005, 1, 1) + timedelta(days=chance.randrange(7_500))
            former = f"{word[:2]}{ending}旧店" if number % 20 == 0 else ""
            address = f"山东省济宁市{county}号{chance.randrange(300)}路{chance.randrange(999)}号"
            writer.writerow([code, f"{word}{number}{ending}", form, "存续", industry, county, "", address, founded, former, word])


def peak_mb() -> float:
    """Peak resident memory of this process; Linux counts in KiB, macOS in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1 << 20 if sys.platform == "darwin" else 1 << 10), 1)


def stored(model: type, columns: tuple[str, ...]) -> Iterator[list[tuple]]:
    """Pieces of the rows that the import has left behind, read outside the timing."""
    last = 0
    while piece := list(model.objects.filter(pk__gt=last).order_by("pk").values_list(*columns)[:20_000]):
        last = piece[-1][0]
        yield piece


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=532_000)
    parser.add_argument("--database", default="", help="address of a database that may be emptied")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fangxin.site.settings")
        os.environ["FANGXIN_HOME"] = folder
        os.environ["FANGXIN_DATABASE_URL"] = options.database or f"sqlite:///{folder}/bench.sqlite3"
        print(json.dumps(measure(Path(folder) / "traders.csv", options.rows)))


def measure(path: Path, rows: int) -> dict[str, object]:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection, transaction

    from fangxin.kernel.refs import SYSTEM
    from fangxin.kernel.sql import bulk
    from fangxin.registry.models import Trader, TraderName
    from fangxin.registry.services import import_traders, load_places
    from fangxin.registry.services.importing import BATCH

    now = datetime(2026, 7, 30, tzinfo=UTC)
    call_command("migrate", verbosity=0)
    load_places(by=SYSTEM, at=now)
    generate(path, rows)
    before = peak_mb()

    started = time.perf_counter()
    report = import_traders(path, by=SYSTEM, at=now)
    ours = time.perf_counter() - started
    peak = peak_mb()
    assert (report.rows, report.created) == (rows, rows), report

    started = time.perf_counter()
    again = import_traders(path, by=SYSTEM, at=now)
    unchanged = time.perf_counter() - started
    assert again.unchanged == rows, again

    # The floor: the same tuples, in the same order and transactions, into the same tables and indexes after they were emptied.
    columns = {model: tuple(field.attname for field in model._meta.concrete_fields) for model in (Trader, TraderName)}
    names = [row for piece in stored(TraderName, columns[TraderName]) for row in piece]
    traders = [row for piece in stored(Trader, columns[Trader]) for row in piece]
    with connection.cursor() as cursor:
        for model in (TraderName, Trader):
            cursor.execute(f"DELETE FROM {model._meta.db_table}")
        if connection.vendor == "sqlite":
            cursor.execute("VACUUM")
    owners = [row[columns[TraderName].index("trader_id")] for row in names]
    done = 0
    started = time.perf_counter()
    for start in range(0, len(traders), BATCH):
        batch = traders[start : start + BATCH]
        upto = bisect_right(owners, batch[-1][0])
        with transaction.atomic():
            bulk.insert(Trader, columns[Trader], batch)
            bulk.insert(TraderName, columns[TraderName], names[done:upto])
        done = upto
    floor = time.perf_counter() - started
    return {
        "workload": "registry import",
        "size": rows,
        "database": connection.vendor,
        "ours_s": round(ours, 2),
        "other": "bare insert of the same rows",
        "other_s": round(floor, 2),
        "ratio": round(ours / floor, 2),
        "rows_per_s": round(rows / ours),
        "unchanged_rows_per_s": round(rows / unchanged),
        "peak_mb": peak,
        "peak_growth_mb": round(peak - before, 1),
    }


if __name__ == "__main__":
    main()
