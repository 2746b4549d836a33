"""The sample city is what it says: true proportions, everything planted really there, equal for equal seeds, and streamed."""

import csv
import json
import tracemalloc
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook
from stdnum.cn import ric
from stdnum.cn import uscc as uscc_number

from fangxin.cases.filings import Channel, Kind
from fangxin.kernel.errors import BadInput
from fangxin.sample.days import calendar, counts
from fangxin.sample.files import generate, read_filings, read_outcomes
from fangxin.sample.outcomes import SHANGHAI
from fangxin.sample.stream import Truth, city, filings

SINCE, UNTIL = date(2025, 7, 1), date(2026, 6, 30)
CASES = 6000


@pytest.fixture(scope="module")
def truth():
    return Truth()


@pytest.fixture(scope="module")
def sample(truth):
    return list(filings(CASES, SINCE, UNTIL, 7, truth=truth))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sample")
    generate(folder, cases=800, since=SINCE, until=UNTIL, seed=3, traders=400)
    return folder


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def share(count, total):
    return count / total


def test_equal_seeds_give_equal_bytes_and_another_seed_gives_others(folder, tmp_path):
    generate(tmp_path / "again", cases=800, since=SINCE, until=UNTIL, seed=3, traders=400)
    generate(tmp_path / "other", cases=800, since=SINCE, until=UNTIL, seed=4, traders=400)

    names = sorted(path.name for path in folder.iterdir())
    assert names == [
        "12315-orders.csv",
        "12345-orders.csv",
        "offices.csv",
        "other-channels.jsonl",
        "outcomes.jsonl",
        "people.csv",
        "traders.csv",
        "truth.json",
    ]
    assert all((folder / name).read_bytes() == (tmp_path / "again" / name).read_bytes() for name in names)
    assert {name for name in names if (folder / name).read_bytes() == (tmp_path / "other" / name).read_bytes()} == {"offices.csv"}


def test_a_workbook_holds_what_the_csv_holds(tmp_path):
    generate(tmp_path / "csv", cases=200, since=SINCE, until=UNTIL, seed=3, traders=200)
    generate(tmp_path / "xlsx", cases=200, since=SINCE, until=UNTIL, seed=3, traders=200, xlsx=True)

    for name in ("12345-orders", "12315-orders"):
        sheet = CalamineWorkbook.from_path(tmp_path / "xlsx" / f"{name}.xlsx").get_sheet_by_index(0).to_python()
        assert [[str(cell) for cell in row] for row in sheet] == rows(tmp_path / "csv" / f"{name}.csv")


def test_the_columns_are_those_of_the_outside_systems(folder):
    assert rows(folder / "12345-orders.csv")[0] == [
        *("工单编号", "来电时间", "派单时间", "来电人", "联系电话", "来电人地址", "诉求类型", "标题", "诉求内容", "被反映对象"),
        *("被反映对象地址", "所属区县", "承办单位", "办结时间", "答复内容", "12315编号", "是否保密", "是否同意公示", "是否同意委托调解"),
    ]
    assert rows(folder / "12315-orders.csv")[0] == [
        *("登记编号", "登记时间", "登记单位", "类型", "姓名", "联系电话", "证件类型", "证件号码", "联系地址", "是否同意公示投诉信息"),
        *("是否同意委托调解", "被投诉人名称", "统一社会信用代码", "被投诉人联系人", "被投诉人地址", "被投诉人联系电话", "电商平台"),
        *("商品或服务", "客体类别", "问题类别", "消费者权益争议事实依据", "投诉请求", "涉及金额(元)", "发生时间", "是否匿名"),
    ]
    assert rows(folder / "traders.csv")[0] == [
        *("uscc", "name", "kind", "status", "industry", "division", "town", "address", "registered_on", "former_names", "brand_names"),
    ]


def test_every_case_stands_in_one_file_once_with_its_outcome(folder):
    written = [("12345", row[0]) for row in rows(folder / "12345-orders.csv")[1:]]
    written += [("12315", row[0]) for row in rows(folder / "12315-orders.csv")[1:]]
    written += [(one.channel.value, one.outside_number) for one in read_filings(folder / "other-channels.jsonl")]

    assert len(set(written)) == len(written) == 800
    assert {(one.channel.value, one.number) for one in read_outcomes(folder / "outcomes.jsonl")} == set(written)


def test_what_is_read_back_is_what_was_streamed(folder):
    pairs = list(filings(800, SINCE, UNTIL, 3, traders=400))

    outside = (Channel.HOTLINE_12345, Channel.PLATFORM_12315)
    assert list(read_outcomes(folder / "outcomes.jsonl")) == [outcome for _, outcome in pairs]
    assert list(read_filings(folder / "other-channels.jsonl")) == [one for one, _ in pairs if one.channel not in outside]


def test_the_mix_is_that_of_the_published_figures(sample):
    kinds = Counter(Kind.COMPLAINT if outcome.kind is Kind.MIXED else outcome.kind for _, outcome in sample)
    assert share(kinds[Kind.COMPLAINT], CASES) == pytest.approx(14230 / 44953, abs=0.03)
    assert share(kinds[Kind.REPORT], CASES) == pytest.approx(4474 / 44953, abs=0.02)
    assert share(kinds[Kind.CONSULTATION], CASES) == pytest.approx(26249 / 44953, abs=0.03)

    channels = Counter(filing.channel for filing, _ in sample)
    assert share(channels[Channel.HOTLINE_12345] + channels[Channel.TELEPHONE], CASES) == pytest.approx(0.745, abs=0.02)
    assert share(sum(channels[one] for one in (Channel.PLATFORM_12315, Channel.WEB, Channel.ODR)), CASES) == pytest.approx(0.242, abs=0.03)

    complaints = [outcome for _, outcome in sample if outcome.kind in (Kind.COMPLAINT, Kind.MIXED) and outcome.problem_class]
    problems = Counter(outcome.problem_class for outcome in complaints)
    published = {"食品安全": 3465, "其他投诉问题": 2066, "售后服务": 1671, "质量": 1198}
    for name, count in published.items():
        assert share(problems[name], len(complaints)) == pytest.approx(count / 14230, abs=0.035)
    classes = Counter(outcome.object_class for outcome in complaints)
    assert share(sum(classes[one] for one in ("食品", "一般食品", "烟酒饮料")), len(complaints)) == pytest.approx(4522 / 14230, abs=0.04)
    assert {outcome.division for _, outcome in sample} == {
        o.code for o in city(7).offices if o.kind in ("city_amr", "county_amr", "local_amr")
    }


def test_outcomes_are_those_of_the_published_figures(sample):
    decided = [outcome for _, outcome in sample if outcome.decided_at]
    assert share(sum(outcome.accepted for outcome in decided), len(decided)) == pytest.approx(11028 / 14230, abs=0.04)
    mediated = [outcome for outcome in decided if outcome.mediation]
    assert share(sum(outcome.mediation == "agreed" for outcome in mediated), len(mediated)) == pytest.approx(0.5163, abs=0.05)
    assert sum(outcome.recovered_fen for _, outcome in sample) / 100 / CASES == pytest.approx(36_000_000 / 174_000, rel=0.4)
    assert all(outcome.refusal in range(1, 8) for outcome in decided if not outcome.accepted)


def test_an_outcome_is_late_exactly_if_it_says_so(sample):
    workdays = calendar()
    seen = Counter()
    for filing, outcome in sample:
        late = set()
        if outcome.dispatched_at and outcome.dispatched_at - filing.received_at > timedelta(hours=2):
            late.add("local.dispatch")
        if outcome.responded_at and outcome.responded_at - filing.received_at > timedelta(hours=24):
            late.add("local.answer")
        for term, start, end, limit in (
            ("hotline.closing", outcome.dispatched_at, outcome.answered_at, 5),
            ("complaint.acceptance", outcome.dispatched_at, outcome.decided_at, 7),
            ("report.verification", outcome.dispatched_at, outcome.verified_at, 15),
        ):
            if end and end.astimezone(SHANGHAI).date() > workdays.add(start.astimezone(SHANGHAI).date(), limit):
                late.add(term)
        if (
            outcome.mediated_at
            and (outcome.mediated_at.astimezone(SHANGHAI).date() - outcome.decided_at.astimezone(SHANGHAI).date()).days > 60
        ):
            late.add("complaint.mediation")
        assert late == set(outcome.late), outcome
        seen.update(late)
    assert {"local.dispatch", "local.answer", "hotline.closing"} <= set(seen)


def test_what_happens_after_the_last_day_has_not_happened(sample):
    for _, outcome in sample:
        instants = [
            outcome.dispatched_at,
            outcome.responded_at,
            outcome.decided_at,
            outcome.mediated_at,
            outcome.verified_at,
            outcome.closed_at,
        ]
        assert all(at.astimezone(SHANGHAI).date() <= UNTIL for at in instants if at)

    still_open = [filing.received_at.astimezone(SHANGHAI).date() for filing, outcome in sample if outcome.closed_at is None]
    assert still_open
    assert min(still_open) > UNTIL - timedelta(200)


def test_filings_are_in_order_inside_the_days_and_exactly_as_many(sample):
    received = [filing.received_at for filing, _ in sample]
    assert len(received) == CASES
    assert received == sorted(received)
    assert received[0].astimezone(SHANGHAI).date() >= SINCE
    assert received[-1].astimezone(SHANGHAI).date() <= UNTIL


@pytest.mark.parametrize(
    ("since", "until", "cases"), [(date(2025, 12, 31), date(2026, 1, 1), 40), (date(2026, 3, 15), date(2026, 3, 15), 25)]
)
def test_a_short_time_over_the_turn_of_the_year_is_kept(since, until, cases):
    days = Counter(filing.received_at.astimezone(SHANGHAI).date() for filing, _ in filings(cases, since, until, 5))

    assert sum(days.values()) == cases
    assert set(days) == {since, until}


def test_a_time_that_ends_before_it_begins_is_refused():
    with pytest.raises(BadInput):
        next(filings(10, date(2026, 1, 2), date(2026, 1, 1), 1))


def test_the_year_has_its_peaks():
    days = dict(counts(174_000, date(2025, 1, 1), date(2025, 12, 31), 1))
    usual = 174_000 / 365

    assert max(days, key=days.__getitem__) == date(2025, 3, 15)
    assert days[date(2025, 11, 12)] > 1.2 * usual
    assert sum(days[date(2025, 10, n)] for n in range(1, 8)) > 7 * 1.2 * usual
    assert sum(days[date(2025, 1, n)] for n in (28, 29, 30)) < 3 * 0.7 * usual  # Spring Festival
    assert sum(days[date(2025, 2, n)] for n in range(5, 11)) > 6 * 1.05 * usual
    june = [days[date(2025, 6, n)] for n in (9, 14)]  # a Monday and a Saturday
    assert june[0] > june[1]


def test_every_trader_has_a_valid_code_of_its_own_and_people_valid_identity_numbers(folder):
    traders = rows(folder / "traders.csv")[1:]
    codes = [row[0] for row in traders]
    assert len(codes) == len(set(codes)) >= 200
    assert all(uscc_number.is_valid(code) and code[8:10] == "Y9" for code in codes)

    header, *orders = rows(folder / "12315-orders.csv")
    numbers = [row[header.index("证件号码")] for row in orders if row[header.index("证件号码")]]
    assert numbers
    assert all(ric.calc_check_digit(number) == number[-1] and number.startswith("370899") for number in numbers)


def test_every_telephone_number_is_of_a_range_that_nobody_has(sample):
    numbers = {person.phone for filing, _ in sample for person in filing.persons}
    assert {number[:3] for number in numbers} == {"160", "161", "163", "164", "168", "169"}


def test_narratives_are_as_long_as_real_ones_and_some_hold_personal_data(sample):
    lengths = [len(filing.narrative) for filing, _ in sample]
    assert min(lengths) >= 60
    assert max(lengths) <= 220
    told = [filing for filing, _ in sample if filing.persons]
    with_phone = sum(filing.persons[0].phone in filing.narrative for filing in told)
    with_name = sum(filing.persons[0].name in filing.narrative for filing in told)
    assert 0.02 < with_phone / len(told) < 0.2
    assert 0.01 < with_name / len(told) < 0.2
    assert len({filing.narrative for filing in told}) > 0.93 * len(told)
    assert not any(brace in filing.narrative + filing.title for filing in told for brace in "{}")


def test_the_planted_bursts_are_really_there(sample, truth):
    by_key = {f"{filing.channel.value}:{filing.outside_number}": (filing, outcome) for filing, outcome in sample}
    assert {burst.plan.name for burst in truth.bursts} >= {"gym_closed", "kettle_batch", "mall_car_park", "copied_text"}
    for burst in truth.bursts:
        members = [by_key[key] for key in burst.members]
        assert len(members) == sum(burst.day_counts.values()) >= 4
        days = {filing.received_at.astimezone(SHANGHAI).date() for filing, _ in members}
        assert (min(days), max(days)) == (burst.first, burst.last)
        assert {outcome.problem_class for _, outcome in members} == {burst.plan.problem}
        assert {outcome.object_class for _, outcome in members} == {burst.plan.line}
        traders = {outcome.uscc for _, outcome in members}
        assert len(traders) == 1 if burst.plan.one_trader else len(traders) > 1
    copied = next(burst for burst in truth.bursts if burst.plan.text)
    members = [by_key[key][0] for key in copied.members]
    assert len(members) == 50
    assert {filing.narrative for filing in members} == {copied.text}
    assert len({filing.persons[0].phone for filing in members}) > 45


def test_the_planted_duplicates_say_what_the_first_said(sample, truth):
    by_key = {f"{filing.channel.value}:{filing.outside_number}": (filing, outcome) for filing, outcome in sample}
    kinds = Counter(one.kind for one in truth.duplicates)
    assert set(kinds) == {"same_person_and_facts", "same_text", "other_channel"}
    for one in truth.duplicates:
        again, first = by_key[one.number], by_key[one.of]
        assert again[0].persons[0].phone == first[0].persons[0].phone
        assert again[0].received_at > first[0].received_at
        assert again[1].uscc == first[1].uscc
        assert again[1].duplicate_of == one.of
        assert (again[0].narrative == first[0].narrative) or one.kind != "same_text"
        assert (again[0].channel != first[0].channel) or one.kind != "other_channel"
    linked = {filing.other_numbers[0][1] for filing, _ in sample if filing.other_numbers}
    assert linked <= {one.of.partition(":")[2] for one in truth.duplicates}


def test_truth_json_tells_what_was_planted(folder):
    told = json.loads((folder / "truth.json").read_text(encoding="utf-8"))

    planted = Truth()
    for _ in filings(800, SINCE, UNTIL, 3, traders=400, truth=planted):
        pass
    assert [burst["members"] for burst in told["bursts"]] == [burst.members for burst in planted.bursts]
    assert [one["number"] for one in told["duplicates"]] == [one.number for one in planted.duplicates]


def test_several_years_have_a_set_of_bursts_each():
    planted = Truth()
    years = Counter(
        filing.received_at.astimezone(SHANGHAI).year for filing, _ in filings(900, date(2024, 1, 1), date(2026, 12, 31), 2, truth=planted)
    )

    assert set(years) == {2024, 2025, 2026}
    assert Counter(burst.plan.name for burst in planted.bursts).most_common()[0][1] == 3


def test_there_are_people_in_every_role_and_every_unit_is_an_office(sample):
    town = city(7)
    codes = {office.code for office in town.offices}

    assert {role for person in town.people for role in person.roles} == {
        *("city_desk", "officer", "mediator", "supervisor", "publisher", "evaluator", "auditor", "administrator"),
    }
    assert len({person.login for person in town.people}) == len(town.people)
    assert {person.office for person in town.people} <= codes
    assert {outcome.unit_code for _, outcome in sample if outcome.unit_code} <= codes
    assert all(office.parent in codes for office in town.offices if office.parent)


def test_memory_does_not_grow_with_the_cases():
    def peak(cases):
        tracemalloc.start()
        for _ in filings(cases, SINCE, UNTIL, 1, traders=300):
            pass
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    peak(50)
    assert peak(1200) < peak(300) + 1_000_000


def test_no_shop_bears_the_name_of_a_real_company(folder):
    register = Path(__file__).resolve().parents[3] / "shared" / "data" / "register" / "jining_companies.csv"
    if not register.exists():
        pytest.skip("the shared list of real companies is not here")
    with register.open(encoding="utf-8-sig", newline="") as file:
        real = {row["name"] for row in csv.DictReader(file)}

    assert not real & {row[1] for row in rows(folder / "traders.csv")}
