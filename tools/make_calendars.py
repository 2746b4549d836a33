"""Write the shipped calendars (src/fangxin/clocks/data/calendars) from three libraries that must agree on every day.

    python tools/make_calendars.py 2011 2026

chinesecalendar supplies the names; `holidays` and lunar_python must call the same days worked. A disagreement stops the run
unless RESOLVED settles that day from the notice itself.
"""

import argparse
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import chinese_calendar
import holidays
from lunar_python.util import HolidayUtil

TARGET = Path(__file__).parents[1] / "src/fangxin/clocks/data/calendars"

NOTICES = {
    2011: "国办发明电〔2010〕40号",
    2012: "国办发明电〔2011〕45号",
    2013: "国办发明电〔2012〕33号",
    2014: "国办发明电〔2013〕28号",
    2015: "国办发明电〔2014〕28号、国发明电〔2015〕1号",
    2016: "国办发明电〔2015〕18号",
    2017: "国办发明电〔2016〕17号",
    2018: "国办发明电〔2017〕12号",
    2019: "国办发明电〔2018〕15号、国办发明电〔2019〕3号",
    2020: "国办发明电〔2019〕16号、国办发明电〔2020〕1号",
    2021: "国办发明电〔2020〕27号",
    2022: "国办发明电〔2021〕11号",
    2023: "国办发明电〔2022〕16号",
    2024: "国办发明电〔2023〕7号",
    2025: "国办发明电〔2024〕12号",
    2026: "国办发明电〔2025〕7号",
}

NAMES = {
    "New Year's Day": "元旦",
    "Spring Festival": "春节",
    "Tomb-sweeping Day": "清明节",
    "Labour Day": "劳动节",
    "Dragon Boat Festival": "端午节",
    "Mid-autumn Festival": "中秋节",
    "National Day": "国庆节",
    "Anti-Fascist 70th Day": "抗战胜利70周年纪念日",
}

# Day → (worked, why). lunar_python misses two make-up days of 2013; the other two libraries follow the notice.
RESOLVED = {
    date(2013, 4, 7): (True, "国办发明电〔2012〕33号：清明节4月7日（星期日）上班；lunar_python漏列"),
    date(2013, 10, 12): (True, "国办发明电〔2012〕33号：国庆节10月12日（星期六）上班；lunar_python漏列"),
}


def worked(day: date, other: holidays.HolidayBase) -> bool:
    """Whether the libraries call the day worked; exits if they disagree and nobody has settled it."""
    listed = HolidayUtil.getHoliday(day.isoformat())
    answers = {
        "chinesecalendar": chinese_calendar.is_workday(day),
        "holidays": other.is_working_day(day),
        "lunar_python": listed.isWork() if listed else day.weekday() < 5,
    }
    if len(set(answers.values())) == 1:
        return answers["holidays"]
    if day in RESOLVED:
        return RESOLVED[day][0]
    sys.exit(f"{day}: {answers}")


def spans(days: list[date], works: dict[date, bool]) -> Iterator[tuple[str, date, date]]:
    """Days off as runs of one name, over a weekend inside: (name, first, last)."""
    run: tuple[str, date, date] | None = None
    for day in days:
        name = NAMES[chinese_calendar.get_holiday_detail(day)[1]]
        if run and run[0] == name and not any(works[run[2] + timedelta(n)] for n in range(1, (day - run[2]).days)):
            run = (name, run[1], day)
            continue
        if run:
            yield run
        run = (name, day, day)
    if run:
        yield run


def year_file(year: int) -> str:
    """The TOML of one year; exits where the libraries disagree."""
    other = holidays.country_holidays("CN", years=year)
    days = [date(year, 1, 1) + timedelta(n) for n in range((date(year + 1, 1, 1) - date(year, 1, 1)).days)]
    works = {day: worked(day, other) for day in days}
    made_up = [day for day in days if works[day] and day.weekday() > 4]
    off = [day for day in days if not works[day] and chinese_calendar.get_holiday_detail(day)[1]]
    lost = [day for day in days if not works[day] and day.weekday() < 5 and day not in off]
    if lost:
        sys.exit(f"{year}: no name for {lost}")

    later = " Its last days follow the notice for the year after." if any(day >= date(year, 12, 25) for day in [*off, *made_up]) else ""
    lines = [f"# Days off and make-up days of {year}, by the State Council's notice.{later} Written by tools/make_calendars.py."]
    lines += [f"# {day}: {why}" for day, (_, why) in RESOLVED.items() if day.year == year]
    lines += [f"year = {year}", f"revision = {NOTICES[year].count('、') + 1}", f'notice = "{NOTICES[year]}"']
    lines += [f"make_up = [{', '.join(map(str, made_up))}]", ""]
    for name, first, last in spans(off, works):
        lines += ["[[holiday]]", f'name = "{name}"', f"from = {first}", f"to = {last}", ""]
    return "\n".join(lines)


def main() -> None:
    """Write the years asked for."""
    parser = argparse.ArgumentParser(description="Write the shipped calendars.")
    parser.add_argument("first", type=int)
    parser.add_argument("last", type=int)
    asked = parser.parse_args()
    TARGET.mkdir(parents=True, exist_ok=True)
    for year in range(asked.first, asked.last + 1):
        (TARGET / f"{year}.toml").write_text(year_file(year), encoding="utf-8")
        sys.stdout.write(f"{year}.toml\n")


if __name__ == "__main__":
    main()
