"""P3, the work list: the first page by nearest due date, plain and narrowed to a unit and a state, at a million cases, over the whole stack.

python benchmarks/p3_work_list.py [--size N]      on SQLite, or beside the database that FANGXIN_DATABASE_URL names
"""

# ruff: noqa: PLC0415 -- Django is imported once its settings are known

import argparse
import json
import resource
import statistics
import time
from datetime import UTC, datetime, timedelta

from scratch import database

ROUNDS = 40
NOW = datetime(2026, 8, 10, 4, tzinfo=UTC)
COUNTIES, TOWNSHIPS = 12, 12
PASSWORD = "a-long-password-7"
OPEN_EVERY = 10
"""One case in so many is still open."""
STATES = ("received", "dispatched", "dispatched", "accepted", "mediating", "filed")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=100_000)
    size = parser.parse_args().size
    with database():
        measure(size)


def build(first: int, last: int) -> None:
    """Cases with these keys, spread over the units; a tenth of them open, with their nearest clock."""
    from fangxin.accounts.models import Office
    from fangxin.cases.models import Case
    from fangxin.cases.services.receiving import _CASE_COLUMNS
    from fangxin.clocks.keeping import current_calendar
    from fangxin.clocks.models import Clock
    from fangxin.clocks.services import _COLUMNS
    from fangxin.kernel.sql import bulk

    kept, _ = current_calendar(NOW)
    units = list(Office.objects.exclude(parent=None).order_by("pk").values_list("pk", "competent_id"))
    plain = dict.fromkeys(_CASE_COLUMNS, "")
    plain |= {"as_if": False, "anonymous": False, "claimed_fen": 0, "recovered_fen": 0, "consent_publish": "yes", "consent_delegate": "no"}
    plain |= {
        "sealed_filing": b"",
        "channel": "12345",
        "kind": "complaint",
        "title": "电热水壶漏水",
        "narrative": "七月在店里买的电热水壶漏水，商家拒绝退货。" * 4,
    }
    for name in (
        "competent_received_at",
        "dispatched_at",
        "responded_at",
        "decided_at",
        "closed_at",
        "unit_id",
        "competent_id",
        "officer_id",
        "trader_id",
        "occurred_on",
        "next_due_at",
    ):
        plain[name] = None
    for start in range(first, last + 1, 20_000):
        cases, clocks = [], []
        for number in range(start, min(start + 20_000, last + 1)):
            received = NOW - timedelta(minutes=number % 500_000)
            row = plain | {
                "id": number,
                "outside_number": f"JN{number}",
                "digest": number.to_bytes(16, "big"),
                "first_received_at": received,
            }
            open_ = number % OPEN_EVERY == 0
            state = STATES[(number // OPEN_EVERY) % len(STATES)] if open_ else "settled"
            unit, competent = units[(number * 7) % len(units)]
            row |= {"state": state, "closed_at": None if open_ else NOW}
            if state != "received":
                row |= {"unit_id": unit, "competent_id": competent, "dispatched_at": received, "competent_received_at": received}
            if open_:
                due = NOW + timedelta(minutes=(number % 20_000) - 2_000)
                row |= {"next_due_at": due, "next_term": "complaint.acceptance"}
                day = due.date()
                clocks.append(
                    (number, f"case:{number}", "complaint.acceptance", "C1@order121", kept.pk, False, received, received, None, day, day, due, due, due,
                     False, False, 0, due, None, "", None, None)
                )  # fmt: skip
            cases.append(tuple(row[name] for name in _CASE_COLUMNS))
        bulk.insert(Case, _CASE_COLUMNS, cases)
        bulk.insert(Clock, _COLUMNS, clocks)


def measure(size: int) -> None:
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from fangxin.accounts.services import OfficeRow, PersonRow, load_offices, load_people
    from fangxin.cases.models import Case
    from fangxin.kernel.refs import SYSTEM

    settings.ALLOWED_HOSTS = ["testserver"]
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    rows = [OfficeRow(code="370800", name="市局", kind="city_amr")]
    for county in range(COUNTIES):
        code = f"3708{county + 11}"
        rows.append(OfficeRow(code=code, name=f"{county}县局", kind="county_amr", parent_code="370800"))
        rows += [OfficeRow(code=f"{code}-{n}", name=f"{county}县{n}所", kind="township_office", parent_code=code) for n in range(TOWNSHIPS)]
    load_offices(rows, by=SYSTEM, at=NOW)
    people = {"desk": ("city_desk", "370800"), "officer": ("officer", "370811"), "town": ("officer", "370811-3")}
    load_people(
        [PersonRow(login=login, name=login, office_code=office, roles=((role, ""),), password=PASSWORD, must_change_password=False) for login, (role, office) in people.items()],
        by=SYSTEM, at=NOW,
    )  # fmt: skip
    clients = {}
    for login in people:
        clients[login] = Client()
        assert clients[login].post("/accounts/sign-in", {"login": login, "password": PASSWORD}).status_code == 302
    pages = [
        ("desk", "/cases/"),
        ("desk", "/cases/?unit=370811&state=dispatched"),
        ("desk", "/cases/?state=received"),
        ("officer", "/cases/"),
        ("officer", "/cases/?unit=370811-3&state=accepted"),
        ("town", "/cases/"),
        ("town", "/cases/?due=overdue"),
    ]

    def queries() -> list[int]:
        counted = []
        for client in clients.values():  # signs of life are noted once a minute
            client.get("/accounts/me")
        for login, address in pages:
            with CaptureQueriesContext(connection) as context:
                answer = clients[login].get(address)
                assert answer.status_code == 200, (answer.status_code, answer.headers)
            counted.append(len(context))
        return counted

    build(1, 1_000)
    few = queries()
    build(1_001, size)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
    else:
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    many = queries()
    took: list[float] = []
    floor: list[float] = []
    unit = Case.objects.filter(unit__code="370811-3").values_list("unit_id", flat=True)[0]
    for _ in range(ROUNDS):
        for login, address in pages:
            began = time.perf_counter()
            clients[login].get(address)
            took.append(time.perf_counter() - began)
        began = time.perf_counter()
        list(Case.objects.open().filter(unit_id=unit).order_by("next_due_at", "pk").values()[:51])
        floor.append(time.perf_counter() - began)
    centiles = statistics.quantiles(took, n=100)
    print(
        json.dumps(
            {
                "workload": f"P3 work list, whole request ({connection.vendor})",
                "size": size,
                "ours": round(statistics.median(took) * 1000, 1),
                "p95": round(centiles[94] * 1000, 1),
                "other": round(statistics.median(floor) * 1000, 1),
                "unit": "ms",
                "other_is": "the bare query of one unit's page",
                "ratio": round(statistics.median(took) / statistics.median(floor), 1),
                "queries_at_1000": few,
                "queries": many,
                "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            }
        )
    )
    assert few == many, "the number of queries grows with the rows"


if __name__ == "__main__":
    main()
