"""An import that is killed again and again ends as if nothing had happened: nothing lost, nothing doubled."""

import csv
import json
import random
import subprocess
import sys
import time
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from fangxin.sample.files import ORDERS_12345, _hotline_row
from fangxin.sample.stream import Truth, filings

pytestmark = pytest.mark.kill

ROWS = 20_000
BATCH = 400
KILLS = 10
"""Each after at most three batches and a fourth begun: however fast the machine, fifty batches outlast them."""
START = 0.5
"""Seconds, fewer than Python and Django need before the first batch: a kill without a batch strikes the start."""
FANGXIN = Path(sys.executable).with_name("fangxin")
NUMBER, RECEIVED, KIND, NARRATIVE, OTHER = (
    ORDERS_12345.index(name) for name in ("工单编号", "来电时间", "诉求类型", "诉求内容", "12315编号")
)
KINDS = {"投诉": "complaint", "举报": "report", "咨询": "consultation", "": "undetermined"}

IMPORT = """
import sys
from datetime import UTC, datetime
import django
django.setup()
from fangxin.exchange.services import import_file
from fangxin.kernel.refs import SYSTEM
import_file(
    sys.argv[1], "12345-orders", by=SYSTEM, at=datetime.now(UTC), batch=int(sys.argv[2]), progress=lambda done, _: print(done, flush=True)
)
"""
LOOK = """
import json
from collections import Counter
import django
django.setup()
from django.db.models import Min
from fangxin.cases.models import Case, OutsideNumber, Party
from fangxin.clocks.models import Clock
from fangxin.clocks.services import derive
from fangxin.exchange.models import ImportRun, QuarantinedRow
from fangxin.kernel.journal.models import Delivery, Entry

due = dict(Clock.objects.running().values("subject").annotate(due=Min("due_at")).values_list("subject", "due"))
terms = {}
for subject, term in Clock.objects.order_by("subject", "term").values_list("subject", "term"):
    terms.setdefault(subject, []).append(term)
cases = list(Case.objects.order_by("pk"))
sample = list(Clock.objects.order_by("pk")[::97])
print(json.dumps({
    "cases": [[case.outside_number, case.kind, case.narrative, terms.get(case.ref, [])] for case in cases],
    "stale": [case.outside_number for case in cases if case.next_due_at != due.get(case.ref)],
    "strays": sorted(set(terms) - {case.ref for case in cases}),
    "underived": [one.pk for one in sample if derive(one).due_at != one.due_at],
    "parties": Party.objects.values("case").distinct().count(),
    "numbers": OutsideNumber.objects.count(),
    "quarantine": list(QuarantinedRow.objects.order_by("row").values_list("row", flat=True)),
    "runs": list(ImportRun.objects.values_list("rows", "created", "updated", "unchanged", "quarantined")),
    "unfinished": ImportRun.objects.filter(finished_at=None).count(),
    "events": Counter(Entry.objects.values_list("event", flat=True)),
    "deliveries": Delivery.objects.count(),
}))
"""


def orders(path: Path) -> tuple[dict[str, list[str]], set[int], int, int]:
    """Twenty thousand orders of a sample city, some spoiled, some twice, some changed later; answers what must come of them."""
    rows = [_hotline_row(filing) for filing, _ in filings(ROWS - 100, date(2026, 5, 1), date(2026, 10, 31), 7, traders=200, truth=Truth())]
    table = [[f"JN{index:06d}", *row[1:]] for index, row in enumerate(rows)]
    spoiled = set(range(13, len(table), 331))
    for index in spoiled:
        table[index][RECEIVED] = "2026-02-30 10:00:00"
    sound = [index for index in range(len(table)) if index not in spoiled]
    again = [table[index] for index in sound[100:150]]
    changed = [
        [*table[index][:NARRATIVE], table[index][NARRATIVE] + "（补充）", *table[index][NARRATIVE + 1 :]] for index in sound[200:250]
    ]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([ORDERS_12345, *table, *again, *changed])
    expected = {table[index][NUMBER]: table[index] for index in sound} | {row[NUMBER]: row for row in changed}
    return expected, {index + 2 for index in spoiled}, len(again), len(changed)


def run(world: dict[str, str], *command: str) -> str:
    done = subprocess.run([*command], env=world, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def start_and_kill(world: dict[str, str], file: Path, batches: int, share: float) -> int:
    """Let an import do some batches, then a share of one by the time that the last took, kill it; answers how far it said it was."""
    done, pace = 0, 0.0
    with subprocess.Popen([sys.executable, "-c", IMPORT, str(file), str(BATCH)], env=world, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(batches):
            began = time.perf_counter()
            done = int(process.stdout.readline())
            pace = time.perf_counter() - began
        time.sleep(share * (pace or START))
        process.kill()
    assert process.returncode == -9, f"the import ended before it could be killed, {done} rows after {batches} batches"
    return done


def test_an_import_killed_ten_times_loses_and_doubles_nothing(own_world, tmp_path):
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    dice = random.Random(seed)
    file = tmp_path / "orders.csv"
    expected, spoiled, again, changed = orders(file)
    run(own_world, str(FANGXIN), "migrate")

    reached = [start_and_kill(own_world, file, dice.choice((0, 2, 3)), dice.random()) for _ in range(KILLS)]
    last = json.loads(run(own_world, str(FANGXIN), "import", str(file), "--profile", "12345-orders", "--json"))
    once_more = json.loads(run(own_world, str(FANGXIN), "import", str(file), "--profile", "12345-orders", "--json"))
    found = json.loads(run(own_world, sys.executable, "-c", LOOK))
    proof = json.loads(run(own_world, str(FANGXIN), "journal", "verify", "--json"))

    assert max(reached) < ROWS
    assert (last["rows"], last["created"], last["updated"], last["unchanged"], last["quarantined"]) == (
        *(ROWS, len(expected), changed, again, len(spoiled)),
    )
    assert (once_more["rows"], once_more["created"], once_more["quarantined"]) == (ROWS, 0, len(spoiled))
    assert [number for number, times in Counter(case[0] for case in found["cases"]).items() if times > 1] == []
    assert {case[0] for case in found["cases"]} == set(expected)
    for number, kind, narrative, terms in found["cases"]:
        row = expected[number]
        assert kind == KINDS[row[KIND]]
        assert narrative.endswith("（补充）") == row[NARRATIVE].endswith("（补充）")
        assert terms == ["local.answer", *(["local.cautious_acceptance"] if kind == "undetermined" else []), "local.dispatch"]
    assert (found["stale"], found["strays"], found["underived"], found["unfinished"]) == ([], [], [], 0)
    assert found["numbers"] == sum(bool(row[OTHER]) for row in expected.values())
    assert set(found["quarantine"]) == spoiled
    assert len(found["quarantine"]) == len(spoiled)
    assert found["events"]["cases.CaseReceived"] == found["events"]["clocks.ClocksStarted"] == len(expected)
    assert found["deliveries"] == 0
    assert proof["sound"], proof["findings"]
