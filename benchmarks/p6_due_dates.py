"""P6, due dates: ours against counting day by day, one at a time and in batch. Prints one line of JSON.

python benchmarks/p6_due_dates.py [SIZE]
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import numpy as np

from fangxin.clocks.calendars import default
from fangxin.clocks.rules import due, due_batch, due_many
from fangxin.clocks.terms import term

ROUNDS = 5


def peer(calendar_days: dict[date, bool], start: date, n: int) -> date:
    """What most systems do: step through the days and ask of each whether it is worked."""
    day = start
    while n:
        day += timedelta(1)
        n -= calendar_days[day]
    return day


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> None:
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    calendar = default()
    acceptance, mediation, answer = (term(key).versions[-1] for key in ("complaint.acceptance", "complaint.mediation", "local.answer"))
    rng = np.random.default_rng(6)
    ordinals = rng.integers(date(2011, 1, 1).toordinal(), date(2026, 9, 1).toordinal(), size)
    days = [date.fromordinal(int(day)) for day in ordinals]
    # A day's cases come together: instants spread over one year, as an import reads them.
    instants = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=int(minute)) for minute in np.sort(rng.integers(0, 525_600, size))]
    many = np.resize(ordinals, 5_000_000)
    table = {day: calendar.is_workday(day) for day in map(date.fromordinal, range(calendar.first.toordinal(), calendar.last.toordinal()))}
    few = days[: size // 20]

    work = {
        "ours_scalar": (size, lambda: [calendar.add(day, 7) for day in days]),
        "peer_scalar": (len(few), lambda: [peer(table, day, 7) for day in few]),
        "ours_array": (len(many), lambda: calendar.add_many(many, 7)),
        "ours_due_many_rolled": (len(many), lambda: due_many(mediation, calendar, many)),
        "ours_due": (size, lambda: [due(acceptance, calendar, at) for at in instants]),
        "ours_due_batch": (size, lambda: due_batch(acceptance, calendar, instants)),
        "ours_due_batch_hours": (size, lambda: due_batch(answer, calendar, instants)),
    }
    assert [calendar.add(day, 7) for day in few] == [peer(table, day, 7) for day in few]
    assert calendar.add_many(ordinals, 7).tolist() == [calendar.add(day, 7).toordinal() for day in days]
    times: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(ROUNDS):
        for name, (_, run) in work.items():
            times[name].append(seconds(run))
    rates = {name: round(count / min(times[name])) for name, (count, _) in work.items()}
    print(
        json.dumps(
            {
                "workload": "P6 due dates, 7 working days (60 days rolled)",
                "size": size,
                "ours_per_s": rates["ours_scalar"],
                "ours_batch_per_s": rates["ours_array"],
                "other": "day by day in Python",
                "other_per_s": rates["peer_scalar"],
                "ratio": round(rates["ours_scalar"] / rates["peer_scalar"], 1),
                "ratio_batch": round(rates["ours_array"] / rates["peer_scalar"]),
                "due_many_rolled_per_s": rates["ours_due_many_rolled"],
                "due_per_s": rates["ours_due"],
                "due_batch_per_s": rates["ours_due_batch"],
                "due_batch_hours_per_s": rates["ours_due_batch_hours"],
                "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            }
        )
    )


if __name__ == "__main__":
    main()
