"""A new notice settles what was provisional and touches nothing else."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from factories import HEAD, OFFICER, at, running
from fangxin.clocks.calendars import shipped
from fangxin.clocks.keeping import calendar_of, current_calendar, keep
from fangxin.clocks.loading import load_calendar
from fangxin.clocks.models import CalendarVersion, Clock
from fangxin.clocks.services import derive, extend, pause, resume
from fangxin.clocks.sweeping import sweep
from fangxin.kernel.errors import BadInput
from fangxin.kernel.journal import events
from fangxin.kernel.journal.models import Entry

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 10, 2, tzinfo=UTC)
WHO = {"reason": "see file 7", "approver": HEAD, "by": OFFICER}


def calendar(folder: Path, *, revision: int = 1, new_year_until: str = "2027-01-03", make_up: str = "2027-01-09", year: int = 2027) -> Path:
    """An invented notice, for nobody knows the real one yet."""
    path = folder / f"{year}-{revision}-{new_year_until}.toml"
    path.write_text(
        f'year = {year}\nrevision = {revision}\nnotice = "invented"\nmake_up = [{make_up}]\n'
        f'[[holiday]]\nname = "元旦"\nfrom = {year}-01-01\nto = {new_year_until}\n',
        encoding="utf-8",
    )
    return path


def load(path: Path, **more):
    return load_calendar(path, **({"by": OFFICER, "at": NOW} | more))


def rows() -> dict[str, dict]:
    return {row["subject"]: row for row in Clock.objects.values()}


@pytest.fixture
def clocks():
    """One well inside 2026, one that reaches into 2027, one of hours."""
    settled = running("complaint.acceptance", at(date(2026, 11, 2)), "case:1")
    open_ = running("complaint.acceptance", at(date(2026, 12, 28)), "case:2")
    hours = running("local.answer", at(date(2026, 12, 31)), "case:3")
    return settled, open_, hours


def test_only_provisional_clocks_are_counted_again(clocks, tmp_path):
    before = rows()
    assert [before[f"case:{number}"]["provisional"] for number in (1, 2, 3)] == [False, True, False]

    loaded = load(calendar(tmp_path))

    after = rows()
    assert (loaded.new, loaded.looked_at, loaded.changed) == (True, 1, 1)
    assert (after["case:1"], after["case:3"]) == (before["case:1"], before["case:3"])
    clock = Clock.objects.get(subject="case:2")
    assert (before["case:2"]["strict_on"], clock.strict_on, clock.provisional) == (date(2027, 1, 6), date(2027, 1, 7), False)
    assert calendar_of(clock.calendar_id).version == loaded.label
    assert derive(clock).due_at == clock.due_at
    row = Entry.objects.get(event="clocks.ClockRecomputed")
    told = events.rebuild(row.event, subject=row.subject, actor=row.actor, at=row.at, data=row.data)
    assert (told.was_strict, told.was_lenient, told.strict, told.lenient, told.provisional, told.calendar) == (
        date(2027, 1, 6),
        date(2027, 1, 6),
        date(2027, 1, 7),
        date(2027, 1, 7),
        False,
        loaded.label,
    )


def test_the_same_file_again_changes_nothing(clocks, tmp_path):
    load(calendar(tmp_path))
    before, entries = rows(), Entry.objects.count()

    assert not load(calendar(tmp_path)).new

    assert (rows(), Entry.objects.count()) == (before, entries)


def test_a_dry_run_tells_and_writes_nothing(clocks, tmp_path):
    before, entries, versions = rows(), Entry.objects.count(), CalendarVersion.objects.count()

    tried = load(calendar(tmp_path), dry_run=True)

    assert (rows(), Entry.objects.count(), CalendarVersion.objects.count()) == (before, entries, versions)
    assert tried == load(calendar(tmp_path))


def test_a_dry_run_refuses_what_the_run_would_refuse(tmp_path):
    with pytest.raises(BadInput, match="2027"):
        load(calendar(tmp_path, year=2028, new_year_until="2028-01-02", make_up=""), dry_run=True)


def test_a_revised_year_is_refused_without_rerule(clocks, tmp_path):
    load(calendar(tmp_path))

    with pytest.raises(BadInput, match="rerule"):
        load(calendar(tmp_path, revision=2, new_year_until="2027-01-05"))


def test_rerule_moves_what_the_revision_moves_and_nothing_else(tmp_path):
    """January 2020: on the 27th the Spring Festival was prolonged to 2 February for clocks that already ran."""
    first = [year for year in shipped() if year.year < 2020]
    revised = next(year for year in shipped() if year.year == 2020)
    keep([*first, original_2020(revised)], at=at(date(2020, 1, 2)))
    moved = running("complaint.acceptance", at(date(2020, 1, 21)), "case:1")
    untouched = running("complaint.acceptance", at(date(2020, 1, 3)), "case:2")
    stopped_before = rows()["case:2"]
    assert (moved.strict_on, untouched.strict_on) == (date(2020, 2, 5), date(2020, 1, 14))
    path = Path(__file__).parents[2] / "src" / "fangxin" / "clocks" / "data" / "calendars" / "2020.toml"

    loaded = load(path, at=at(date(2020, 1, 27)), rerule=True)

    moved.refresh_from_db()
    assert (loaded.looked_at, loaded.changed, moved.strict_on) == (2, 1, date(2020, 2, 7))
    assert rows()["case:2"] == stopped_before
    assert not load(path, at=at(date(2020, 1, 28)), rerule=True).new


def original_2020(revised):
    """As the notice of November 2019 had it: off until 30 January, with make-up days on 19 January and 1 February."""
    from dataclasses import replace  # noqa: PLC0415 -- only here

    return replace(
        revised,
        revision=1,
        days_off=tuple(day for day in revised.days_off if not date(2020, 1, 31) <= day <= date(2020, 2, 2)),
        make_up=tuple(sorted({*revised.make_up, date(2020, 2, 1)})),
    )


def test_a_revision_taken_back_counts_again_for_new_clocks(tmp_path):
    load(calendar(tmp_path))
    load(calendar(tmp_path, revision=2, new_year_until="2027-01-05"), rerule=True)

    load(calendar(tmp_path, revision=3), rerule=True)

    assert running("complaint.acceptance", at(date(2026, 12, 28)), "case:9").strict_on == date(2027, 1, 7)
    assert current_calendar(NOW)[0].label.endswith(".2")


def test_a_paused_clock_goes_on_with_the_calendar_that_came_meanwhile(tmp_path):
    clock = running("complaint.mediation", at(date(2026, 11, 10)))
    pause(clock, cause="testing", on=date(2026, 11, 20), at=NOW, **WHO)

    load(calendar(tmp_path))
    resume(clock, on=date(2026, 12, 1), by=OFFICER, at=NOW)

    clock.refresh_from_db()
    assert (clock.provisional, clock.calendar_id) == (False, current_calendar(NOW)[0].pk)


def test_an_extension_into_a_year_that_came_meanwhile_is_not_provisional(tmp_path):
    clock = running("report.verification", at(date(2026, 11, 30)))
    assert not clock.provisional
    load(calendar(tmp_path))

    extend(clock, amount=15, at=NOW, **WHO)

    clock.refresh_from_db()
    assert (clock.provisional, derive(clock).strict_on) == (False, clock.strict_on)


def test_a_moved_date_is_announced_anew_with_the_next_sweep(clocks, tmp_path):
    sweep(at(date(2027, 1, 7), 0))
    load(calendar(tmp_path))

    sweep(at(date(2027, 1, 8), 0))

    told = Entry.objects.filter(subject="case:2", event__startswith="clocks.Clock").order_by("seq").values_list("event", flat=True)
    assert [name.removeprefix("clocks.Clock") for name in told][1:] == [
        "Nearing",
        "Due",
        "Breached",
        "Recomputed",
        "Nearing",
        "Due",
        "Breached",
    ]
