"""Rows to filings: every field, and every reason why not."""
# ruff: noqa: DTZ001 -- spreadsheets know no zones

from dataclasses import dataclass
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fangxin.cases.filings import Channel, Consent, Filing, Kind, Person, Reply, Respondent
from fangxin.exchange import profiles
from fangxin.exchange.mapping import Mapper, Reject, cells_of, raw
from fangxin.exchange.readers import Fault
from fangxin.kernel.errors import BadInput

AT = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)


@dataclass
class Header:
    header: list[str]
    epoch_1904: bool = False


def mapped(profile: str, row: dict, *, at: datetime = AT, **options) -> Filing | Reject:
    mapper = Mapper(profiles.load(profile), Header(list(row)), at=at, **options)
    return mapper(2, list(row.values()))


ORDER = {"工单编号": "JN1", "来电时间": "2026-11-02 09:30:00", "诉求内容": "锅漏水"}


def test_a_full_hotline_order():
    row = {
        "工单编号": "JN2026110200001",
        "来电时间": "2026-11-02 09:30:00",
        "派单时间": "2026/11/2 10:05",
        "来电人": " 张三😀 ",
        "联系电话": 13800138000.0,
        "来电人地址": "任城区某路1号",
        "诉求类型": "投诉举报",
        "标题": "锅",
        "诉求内容": "锅漏水",
        "被反映对象": "某厨具店",
        "被反映对象地址": "某街2号",
        "所属区县": "任城区",
        "承办单位": "任城区市场监督管理局",
        "办结时间": "2026年11月5日 16时20分",
        "答复内容": "已退款",
        "12315编号": "1370800000000001",
        "是否保密": "否",
        "是否同意公示": "是",
        "是否同意委托调解": "",
    }

    filing = mapped("12345-orders", row, units={"任城区市场监督管理局": "370811"}.get)

    assert filing == Filing(
        channel=Channel.HOTLINE_12345,
        received_at=datetime(2026, 11, 2, 1, 30, tzinfo=UTC),
        narrative="锅漏水",
        outside_number="JN2026110200001",
        other_numbers=((Channel.PLATFORM_12315, "1370800000000001"),),
        kind=Kind.MIXED,
        title="锅",
        persons=(Person(name="张三😀", phone="13800138000", address="任城区某路1号"),),
        respondent=Respondent(name="某厨具店", address="某街2号"),
        place="任城区",
        consent_publish=Consent.YES,
        consent_delegate=Consent.NOT_ASKED,
        unit_code="370811",
        dispatched_at=datetime(2026, 11, 2, 2, 5, tzinfo=UTC),
        reply=Reply(at=datetime(2026, 11, 5, 8, 20, tzinfo=UTC), text="已退款"),
        extra={"是否保密": "否"},
    )


def test_a_full_form_of_12315():
    row = {
        "登记编号": "3708002026110001", "登记时间": datetime(2026, 11, 2, 9, 30), "登记单位": "某局", "类型": "举报",
        "姓名": "李四", "联系电话": "没有电话", "证件类型": "身份证", "证件号码": "370811199001011234", "联系地址": "某处",
        "是否同意公示投诉信息": "否", "是否同意委托调解": "是", "被投诉人名称": "某店", "统一社会信用代码": "91370800MA3C000000",
        "被投诉人联系人": "王五", "被投诉人地址": "某街", "被投诉人联系电话": "0537-1234567", "电商平台": "某平台", "商品或服务": "手机",
        "客体类别": "通讯产品", "问题类别": "质量", "消费者权益争议事实依据": "屏幕是坏的", "投诉请求": "退货", "涉及金额(元)": "1,299.50",
        "发生时间": "2026-11-01", "是否匿名": "否",
    }  # fmt: skip

    filing = mapped("12315-orders", row)

    assert filing == Filing(
        channel=Channel.PLATFORM_12315,
        received_at=datetime(2026, 11, 2, 1, 30, tzinfo=UTC),
        narrative="屏幕是坏的",
        outside_number="3708002026110001",
        kind=Kind.REPORT,
        persons=(Person(name="李四", phone="没有电话", id_type="身份证", id_number="370811199001011234", address="某处"),),
        respondent=Respondent(
            name="某店", uscc="91370800MA3C000000", address="某街", contact="王五", phone="0537-1234567", platform="某平台"
        ),
        request="退货",
        claimed_fen=129_950,
        occurred_on=date(2026, 11, 1),
        goods_or_service="手机",
        object_class="通讯产品",
        problem_class="质量",
        consent_publish=Consent.NO,
        consent_delegate=Consent.YES,
        extra={"登记单位": "某局"},
    )


def test_a_message_has_reached_its_unit_when_it_was_left_and_stays_undetermined():
    filing = mapped("12345-messages", {"留言编号": 188006, "留言时间": "2019-02-28T11:25:05", "留言详情": "路灯不亮", "点赞数": 3})

    assert (filing.kind, filing.dispatched_at, filing.extra) == (Kind.UNDETERMINED, filing.received_at, {"点赞数": "3"})
    assert filing.outside_number == "188006"


def test_a_list_without_numbers_is_told_apart_by_content_and_count():
    table = Header(["text", "label"])
    first, second = (Mapper(profiles.load("plain"), table, at=AT, given=AT) for _ in range(2))
    rows = [["退货", "1"], ["退货", "1"], ["换货", "1"]]

    numbers = [first(n, row).outside_number for n, row in enumerate(rows)]

    assert len(set(numbers)) == 3
    assert numbers == [second(n, row).outside_number for n, row in enumerate(rows)]
    assert first(9, rows[0]).received_at == AT


@pytest.mark.parametrize(
    ("cell", "instant"),
    [
        ("2026-11-02 09:30:00", datetime(2026, 11, 2, 1, 30)),
        ("2026-11-02T09:30:00+09:00", datetime(2026, 11, 2, 0, 30)),
        ("2026/1/2 9:05", datetime(2026, 1, 2, 1, 5)),
        ("2026.1.2", datetime(2026, 1, 1, 16, 0)),
        ("2026年1月2日9时5分7秒", datetime(2026, 1, 2, 1, 5, 7)),
        ("20260102090507", datetime(2026, 1, 2, 1, 5, 7)),
        (20260102, datetime(2026, 1, 1, 16, 0)),
        (46024.5, datetime(2026, 1, 2, 4, 0)),
        (datetime(2026, 1, 2, 12, 0), datetime(2026, 1, 2, 4, 0)),
        ("1988-07-01 12:00:00", datetime(1988, 7, 1, 3, 0)),  # summer time
    ],
)
def test_instants_of_every_form_are_local_times(cell, instant):
    assert mapped("12345-orders", ORDER | {"来电时间": cell}).received_at == instant.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "column", "code"),
    [
        ({"来电时间": "2026-02-30 10:00"}, "来电时间", "exchange.date_impossible"),
        ({"来电时间": "昨天"}, "来电时间", "exchange.date_impossible"),
        ({"来电时间": "0205-01-01"}, "来电时间", "exchange.date_impossible"),
        ({"来电时间": "2026-11-20 10:11:00"}, "来电时间", "exchange.time_in_future"),
        ({"来电时间": None}, "来电时间", "exchange.cell_empty"),
        ({"工单编号": "  "}, "工单编号", "exchange.cell_empty"),
        ({"工单编号": 3.7e19}, "工单编号", "exchange.number_rounded"),
        ({"工单编号": 1234567890123456}, "工单编号", "exchange.number_rounded"),
        ({"工单编号": "3.70801E+17"}, "工单编号", "exchange.number_rounded"),
        ({"工单编号": "9" * 65}, "工单编号", "exchange.number_too_long"),
        ({"诉求类型": "表扬信"}, "诉求类型", "exchange.code_unknown"),
        ({"是否同意公示": "可能"}, "是否同意公示", "exchange.code_unknown"),
        ({"办结时间": "2026-11-01 09:00:00", "答复内容": "好"}, "办结时间", "exchange.before_receipt"),
        ({"派单时间": "2026-11-02 09:00:00"}, "派单时间", "exchange.before_receipt"),
        ({"办结时间": "", "答复内容": "好"}, "办结时间", "exchange.reply_untimed"),
        ({"诉求内容": Fault("exchange.cell_too_long", "x")}, "诉求内容", "exchange.cell_too_long"),
        ({"备注": Fault("exchange.formula_unvalued", "x")}, "备注", "exchange.formula_unvalued"),
    ],
)
def test_what_can_not_be_is_rejected_with_column_and_reason(changes, column, code):
    found = mapped("12345-orders", ORDER | changes)

    assert isinstance(found, Reject)
    assert (found.row, found.column, found.code) == (2, column, code)
    assert found.message % found.params


@pytest.mark.parametrize(
    ("cell", "fen"),
    [
        ("12.5元", 1250),
        ("￥1,200", 120_000),
        ("1.2万元", 1_200_000),
        (0.29, 29),
        ("", 0),
        (19.999, 2000),
        ("-3", None),
        ("约五百", None),
        ("1e30", None),
    ],
)
def test_amounts_become_fen_or_a_reject(cell, fen):
    row = {"登记编号": "1", "登记时间": "2026-11-02", "类型": "投诉", "消费者权益争议事实依据": "x", "涉及金额(元)": cell}

    found = mapped("12315-orders", row)

    assert (found.code if isinstance(found, Reject) else found.claimed_fen) == ("exchange.amount_impossible" if fen is None else fen)


@given(fen=st.integers(0, 10**12))
def test_amounts_in_yuan_keep_every_fen(fen):
    row = {
        "登记编号": "1",
        "登记时间": "2026-11-02",
        "类型": "投诉",
        "消费者权益争议事实依据": "x",
        "涉及金额(元)": f"{fen // 100}.{fen % 100:02}",
    }

    assert mapped("12315-orders", row).claimed_fen == fen


def test_a_bare_date_on_the_day_of_receipt_counts_as_the_receipt():
    filing = mapped("12345-orders", ORDER | {"办结时间": "2026-11-02", "派单时间": "2026-11-02"})

    assert filing.reply.at == filing.dispatched_at == filing.received_at


def test_an_error_value_in_a_column_that_no_field_takes_is_kept_as_text():
    fault = Fault("exchange.cell_error", "x", text="#N/A")

    assert mapped("12345-orders", ORDER | {"备注": fault}).extra == {"备注": "#N/A"}


def test_missing_columns_are_named_with_what_was_found():
    with pytest.raises(BadInput, match=r"Missing column: 工单编号/工单号/受理编号、诉求内容.*The file has: 来电时间、电话\."):
        Mapper(profiles.load("12345-orders"), Header(["来电时间", "电话"]), at=AT)


def test_a_column_that_stands_twice_is_refused_and_a_second_alias_is_kept():
    with pytest.raises(BadInput, match="“来电人” stands twice"):
        Mapper(profiles.load("12345-orders"), Header([*ORDER, "来电人", "来电人"]), at=AT)

    filing = mapped("12345-orders", ORDER | {"来电人": "张三", "诉求人": "李四"})
    assert (filing.persons[0].name, filing.extra) == ("张三", {"诉求人": "李四"})


def test_an_unknown_unit_stays_on_record_without_being_one():
    filing = mapped("12345-orders", ORDER | {"承办单位": "火星局"}, units=lambda _: "")

    assert (filing.unit_code, filing.extra) == ("", {"承办单位": "火星局"})


def test_raw_values_go_back_into_the_same_filing():
    row = {**ORDER, "来电时间": datetime(2026, 11, 2, 9, 30), "联系电话": 13800138000, "备注": "x"}
    values = raw(list(row), list(row.values()))

    again = Mapper(profiles.load("12345-orders"), Header(list(values)), at=AT)(2, cells_of(values, values))

    assert again == mapped("12345-orders", row)


BASE = 'name = "x"\nchannel = "12345"\n'
COLUMNS = "".join(f'[[column]]\nfield = "{field}"\nnames = ["{field}"]\n' for field in ("outside_number", "received_at", "narrative"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("name = ", "is no TOML"),
        ('channel = "12345"\n' + COLUMNS, "name is missing"),
        ('name = "x"\nchannel = "fax"\n', "channel is 'fax'"),
        (BASE + "colour = 1\n", "unknown setting 'colour'"),
        (BASE + COLUMNS + '[[column]]\nfield = "weather"\nnames = ["a"]\n', "unknown field 'weather'"),
        (BASE + COLUMNS + '[[column]]\nfield = "title"\n', "names is empty"),
        (BASE + COLUMNS + '[[column]]\nfield = "title"\nnames = ["narrative"]\n', "name 'narrative' stands twice"),
        (BASE + COLUMNS + '[[column]]\nfield = "narrative"\nnames = ["b"]\n', "field 'narrative' stands twice"),
        (BASE + COLUMNS + '[[column]]\nfield = "kind"\nnames = ["k"]\ncodes = { "投诉" = "praise" }\n', "codes lead to 'praise'"),
        (BASE + COLUMNS + '[[column]]\nfield = "title"\nnames = ["k"]\ncodes = { "a" = "b" }\n', "title takes no codes"),
        (BASE + COLUMNS + '[[column]]\nfield = "claimed_fen"\nnames = ["k"]\nunit = "euro"\n', "unit is 'euro'"),
        (BASE + COLUMNS + '[[column]]\nfield = "reply.text"\nnames = ["k"]\n', "a reply needs a column for reply.at"),
        (BASE + '[[column]]\nfield = "narrative"\nnames = ["k"]\n', "no column for outside_number"),
        (BASE + COLUMNS + '[export]\ncolumns = { "a" = "at" }\n', "no column for outside_number"),
        (BASE + COLUMNS + '[export]\ncolumns = { "a" = "wind" }\n', "unknown field 'wind'"),
    ],
)
def test_a_wrong_profile_says_what_is_wrong_and_where(text, reason):
    with pytest.raises(BadInput) as caught:
        profiles.parse(text.encode(), source="mine.toml")

    assert "mine.toml" in str(caught.value)
    assert reason in str(caught.value)


def test_shipped_profiles_load_and_an_unknown_one_names_them(tmp_path):
    assert profiles.available() == ["12315-orders", "12345-messages", "12345-orders", "plain"]
    for name in profiles.available():
        assert profiles.load(name).name == name
    (tmp_path / "own.toml").write_text(BASE + COLUMNS)
    assert profiles.load(tmp_path / "own.toml").name == "x"
    with pytest.raises(BadInput, match="12345-orders"):
        profiles.load("12345")
