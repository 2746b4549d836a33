"""The shipped calendars against two libraries and the notices, day by day; and what a calendar file must not say."""

import json
from datetime import date, timedelta
from pathlib import Path

import chinese_calendar
import holidays
import pytest

from fangxin.clocks.calendars import build, default, load_file, shipped
from fangxin.kernel.errors import BadInput

EVERY_DAY = [date(2011, 1, 1) + timedelta(n) for n in range((date(2027, 1, 1) - date(2011, 1, 1)).days)]

FILE = """
year = 2027
revision = 1
notice = "a notice"
make_up = [2027-10-09]

[[holiday]]
name = "国庆节"
from = 2027-10-01
to = 2027-10-07
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "2027.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_day_of_sixteen_years_is_what_two_libraries_say():
    others = {year: holidays.country_holidays("CN", years=year) for year in range(2011, 2027)}
    ours = [default().is_workday(day) for day in EVERY_DAY]

    assert len(ours) == 5844
    assert [day for day, worked in zip(EVERY_DAY, ours, strict=True) if worked != chinese_calendar.is_workday(day)] == []
    assert [day for day, worked in zip(EVERY_DAY, ours, strict=True) if worked != others[day.year].is_working_day(day)] == []


def test_every_day_is_what_the_notices_data_say(shared):
    """Third oracle: the days of the notices themselves, 2020 to 2026."""
    wrong = []
    for path in sorted((shared / "data/calendar").glob("*.json")):
        for entry in json.loads(path.read_text(encoding="utf-8"))["days"]:
            day = date.fromisoformat(entry["date"])
            if day.year >= 2020 and default().is_workday(day) == entry["isOffDay"]:
                wrong.append(day)

    assert wrong == []


def test_each_year_names_its_notice_and_its_make_up_days():
    assert {one.year: (one.revision, one.notice, len(one.make_up)) for one in shipped()} == {
        2011: (1, "国办发明电〔2010〕40号", 6),  # with 31 December, by the notice for 2012
        2012: (1, "国办发明电〔2011〕45号", 6),
        2013: (1, "国办发明电〔2012〕33号", 12),
        2014: (1, "国办发明电〔2013〕28号", 5),
        2015: (2, "国办发明电〔2014〕28号、国发明电〔2015〕1号", 5),
        2016: (1, "国办发明电〔2015〕18号", 6),
        2017: (1, "国办发明电〔2016〕17号", 5),
        2018: (1, "国办发明电〔2017〕12号", 7),  # with 29 December, by the notice for 2019
        2019: (2, "国办发明电〔2018〕15号、国办发明电〔2019〕3号", 6),
        2020: (2, "国办发明电〔2019〕16号、国办发明电〔2020〕1号", 6),
        2021: (1, "国办发明电〔2020〕27号", 7),
        2022: (1, "国办发明电〔2021〕11号", 7),
        2023: (1, "国办发明电〔2022〕16号", 7),
        2024: (1, "国办发明电〔2023〕7号", 8),
        2025: (1, "国办发明电〔2024〕12号", 5),
        2026: (1, "国办发明电〔2025〕7号", 6),
    }


def test_the_six_make_up_days_of_2026():
    made_up = [date(2026, 1, 4), date(2026, 2, 14), date(2026, 2, 28), date(2026, 5, 9), date(2026, 9, 20), date(2026, 10, 10)]

    assert [day for day in EVERY_DAY if day.year == 2026 and day.weekday() > 4 and default().is_workday(day)] == made_up
    # Friday 13 February and one working day is the Saturday that was made up, not the Tuesday after the festival.
    assert default().add(date(2026, 2, 13), 1) == date(2026, 2, 14)
    assert default().add(date(2026, 2, 14), 1) == date(2026, 2, 24)


@pytest.mark.parametrize(
    ("eve", "last_off", "seventh"),
    [
        (date(2011, 2, 1), date(2011, 2, 8), date(2011, 2, 16)),
        (date(2012, 1, 21), date(2012, 1, 28), date(2012, 2, 6)),
        (date(2013, 2, 8), date(2013, 2, 15), date(2013, 2, 22)),
        (date(2014, 1, 30), date(2014, 2, 6), date(2014, 2, 14)),
        (date(2015, 2, 17), date(2015, 2, 24), date(2015, 3, 4)),
        (date(2016, 2, 6), date(2016, 2, 13), date(2016, 2, 22)),
        (date(2017, 1, 26), date(2017, 2, 2), date(2017, 2, 10)),
        (date(2018, 2, 14), date(2018, 2, 21), date(2018, 3, 1)),
        (date(2019, 2, 3), date(2019, 2, 10), date(2019, 2, 19)),
        (date(2020, 1, 23), date(2020, 2, 2), date(2020, 2, 11)),  # prolonged by three days
        (date(2021, 2, 10), date(2021, 2, 17), date(2021, 2, 25)),
        (date(2022, 1, 30), date(2022, 2, 6), date(2022, 2, 15)),
        (date(2023, 1, 20), date(2023, 1, 27), date(2023, 2, 3)),
        (date(2024, 2, 9), date(2024, 2, 17), date(2024, 2, 26)),
        (date(2025, 1, 27), date(2025, 2, 4), date(2025, 2, 12)),
        (date(2026, 2, 14), date(2026, 2, 23), date(2026, 3, 3)),
    ],
)
def test_seven_working_days_over_every_spring_festival(eve, last_off, seventh):
    assert default().is_workday(eve)
    assert default().roll(eve + timedelta(1)) == last_off + timedelta(1)
    assert default().add(eve, 7) == seventh


def test_the_shipped_calendar_is_known_to_the_end_of_2026_and_named_by_its_days():
    calendar = default()

    assert (calendar.first, calendar.known_until) == (date(2011, 1, 1), date(2026, 12, 31))
    assert calendar.version.startswith("2011-2026.")
    assert calendar.version == build(reversed(shipped())).version
    assert calendar.version != build(shipped()[:-1]).version
    assert build(shipped(), version="mine").version == "mine"


def test_a_year_that_is_loaded_later_moves_what_is_known_and_nothing_before(tmp_path):
    more = build([*shipped(), load_file(write(tmp_path, FILE))])

    assert more.known_until == date(2027, 12, 31)
    assert more.add(date(2027, 9, 30), 3) == date(2027, 10, 11)
    assert more.is_workday(date(2027, 10, 9))
    assert [day for day in EVERY_DAY if more.is_workday(day) != default().is_workday(day)] == []


def test_the_highest_revision_of_a_year_counts(tmp_path):
    first = load_file(write(tmp_path, FILE))
    second = load_file(write(tmp_path, FILE.replace("revision = 1", "revision = 2").replace("2027-10-09", "2027-10-10")))

    assert build([second, first]).is_workday(date(2027, 10, 10))
    assert not build([second, first]).is_workday(date(2027, 10, 9))


def test_years_must_follow_one_another(tmp_path):
    with pytest.raises(BadInput, match="calendar of 2020 is missing"):
        build([one for one in shipped() if one.year != 2020])
    with pytest.raises(BadInput, match="no calendar"):
        build([])


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("year = 2027", "year = 2026", "2027-10-09|2027-10-01 is not in 2026"),
        ("year = 2027", "", "year must be a whole number"),
        ("year = 2027", 'year = "2027"', "year must be a whole number"),
        ("year = 2027", "year = 27", "27 is no year"),
        ("revision = 1", "revision = 0", "revision must be a whole number"),
        ('notice = "a notice"', 'notice = " "', "does not name the notice"),
        ("[2027-10-09]", "[2027-10-08]", "2027-10-08 is no weekend day"),
        ("[2027-10-09]", "[2027-10-02]", "2027-10-02 is given twice"),
        ("[2027-10-09]", "[2027-10-09, 2027-10-09]", "2027-10-09 is given twice"),
        ("[2027-10-09]", "[2028-01-01]", "2028-01-01 is not in 2027; it belongs in the file of its own year"),
        ("[2027-10-09]", '["2027-10-09"]', "2027-10-09 is not a day"),
        ("[2027-10-09]", "[2027-10-09T00:00:00]", "is not a day such as"),
        ("[2027-10-09]", "2027-10-09", "make_up must be a list"),
        ("from = 2027-10-01", "", "None is not a day"),
        ("to = 2027-10-07", "to = 2027-09-30", "can't last from 2027-10-01 to 2027-09-30"),
        ("to = 2027-10-07", "to = 2028-10-07", "can't last"),
        ("[[holiday]]", "[holiday]", "has no holidays"),
        ("[[holiday]]", "[[holiday", "not a calendar file"),
    ],
)
def test_a_calendar_file_that_can_t_be_right_is_refused_by_name(tmp_path, old, new, why):
    with pytest.raises(BadInput, match=why) as refusal:
        load_file(write(tmp_path, FILE.replace(old, new)))

    assert "2027.toml" in str(refusal.value)


def test_a_calendar_file_in_another_encoding_is_refused(tmp_path):
    path = tmp_path / "2027.toml"
    path.write_bytes(FILE.encode("gb18030"))

    with pytest.raises(BadInput, match="not a calendar file"):
        load_file(path)
