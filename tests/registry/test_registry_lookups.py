"""Traders and places while they are typed: by the beginning of any of their names, by index on both databases."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from fangxin.kernel.refs import SYSTEM
from fangxin.kernel.sql.prefixes import begins
from fangxin.registry.lookups import place_names, places_in, traders
from fangxin.registry.models import Trader, TraderName
from fangxin.registry.names import normalise
from fangxin.registry.services import load_places

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture
def places() -> None:
    load_places(by=SYSTEM, at=AT)


def trader(name: str, *, uscc: str | None = None, status: str = "active", others: tuple[tuple[str, str], ...] = ()) -> Trader:
    known = {"uscc": uscc} if uscc else {"stated_key": normalise(name)[:32]}
    made = Trader.objects.create(name=name, normalised_name=normalise(name), status=status, **known)
    TraderName.objects.bulk_create([TraderName(trader=made, name=text, normalised=normalise(text), kind=kind) for kind, text in others])
    return made


def names(text: str) -> list[str]:
    return [found.trader.name for found in traders(text)]


@pytest.mark.parametrize("text", ["鲁好", "鲁好商贸", "济宁市鲁好", "济宁市鲁好商贸有限公司", " 鲁好 商贸"])
def test_a_trader_is_found_with_and_without_the_city_in_front(places, text):
    trader("济宁市鲁好商贸有限公司")
    trader("济宁市别家商贸有限公司")

    assert names(text) == ["济宁市鲁好商贸有限公司"]


@pytest.mark.parametrize(
    "registered", ["任城区鲁好商店", "任城鲁好商店", "济宁市任城区鲁好商店", "山东鲁好商店", "山东省鲁好商店", "鲁好商店"]
)
def test_every_place_that_names_begin_with_is_left_out_in_speech(places, registered):
    trader(registered)

    assert names("鲁好") == [registered]


def test_brand_former_and_shop_names_are_found_and_told(places):
    made = trader("济宁市甲乙丙商贸有限公司", others=(("brand", "鲁好超市"), ("former", "旧名商行")))

    assert [(one.trader, one.matched, one.kind) for one in traders("鲁好")] == [(made, "鲁好超市", "brand")]
    assert names("旧名") == [made.name]


def test_the_exact_name_comes_first_then_those_in_business(places):
    trader("鲁好商店东关分店")
    gone = trader("鲁好", status="deregistered")
    closed = trader("鲁好一店", status="revoked")

    assert names("鲁好") == [gone.name, "鲁好商店东关分店", closed.name]


@pytest.mark.parametrize(("text", "found"), [("9137", True), ("91370811MA3", True), ("91370811ma3", True), ("913", False), ("9237", False)])
def test_a_code_is_looked_for_from_its_fourth_sign(places, text, found):
    made = trader("济宁市鲁好商贸有限公司", uscc="91370811MA3XXXXXX1")

    assert names(text) == ([made.name] if found else [])


@pytest.mark.parametrize("text", ["", " ", "鲁", "%", "_鲁", "鲁%", "\\鲁好", "鲁好'"])
def test_one_sign_or_a_pattern_finds_nobody(places, text):
    trader("济宁市鲁好商贸有限公司")

    assert names(text) == []


def test_a_look_up_costs_the_same_for_one_and_for_many(places):
    costs = []
    for size in (1, 60):
        for number in range(size):
            trader(f"济宁市鲁好第{size}之{number}店", others=(("shop", f"鲁好{number}"),))
        with CaptureQueriesContext(connection) as spent:
            assert len(traders("鲁好")) == min(8, size)
        costs.append(len(spent))

    assert costs == [5, 5]


@pytest.mark.parametrize(
    ("model", "column", "index"),
    [(Trader, "normalised_name", "registry_trader_name"), (TraderName, "normalised", "registry_trader_other_name")],
)
def test_both_databases_walk_the_index(places, model, column, index):
    trader("济宁市鲁好商贸有限公司")
    query = model.objects.filter(begins(column, ["鲁好", "济宁市鲁好"]))
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
            plan = query.explain()
        else:
            sql, params = query.query.sql_with_params()
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
            plan = "\n".join(str(row) for row in cursor.fetchall())

    assert index in plan
    assert f"SCAN {model._meta.db_table}" not in plan


def test_places_are_found_by_the_beginning_of_present_and_former_names(places):
    def found(text: str) -> list[str]:
        return [str(one.town or one.division) for one in place_names(text)]

    assert found("任城")[0] == "任城区"
    assert "任城区" in found("市中")
    assert found("古槐") == ["古槐街道"]
    assert found("济宁市任") == found("任")
    assert found("370811") == []
    assert found("") == []


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("济宁市任城区古槐街道共青团路1号", ["古槐街道"]),
        ("任城区阜桥街道古槐路19号", ["阜桥街道"]),
        ("济宁市任城区古槐路19号", ["任城区"]),
        ("市中区某小区", ["任城区"]),
        ("曲阜市鼓楼大街", ["曲阜市"]),
        ("北京市朝阳区", []),
        ("济宁市", []),
        ("", []),
    ],
)
def test_an_address_tells_the_town_else_the_county_and_a_road_is_no_town(places, address, expected):
    assert [str(one.town or one.division) for one in places_in(address)] == expected


def test_a_contested_town_is_settled_by_the_county_that_the_address_names(places):
    def counties(address: str) -> list[str]:
        return [county.name for found in places_in(address) for county in found.counties]

    assert len(counties("疃里镇")) == 2
    assert counties("嘉祥县疃里镇安居小区") == ["嘉祥县"]
    assert counties("济宁市经开区疃里镇安居小区") == ["济宁经济技术开发区"]
