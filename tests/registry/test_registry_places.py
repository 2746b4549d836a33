"""Divisions, towns and their names, on the file that ships."""

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, transaction

from fangxin.kernel.errors import BadInput
from fangxin.kernel.journal.models import Entry
from fangxin.kernel.refs import SYSTEM
from fangxin.registry.models import Division, PlaceName, Town, TownClaim
from fangxin.registry.queries import place, places
from fangxin.registry.services import PlacesReport, load_places

NOW = datetime(2026, 7, 30, 1, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture
def _jining():
    Division.objects.exists() or load_places(by=SYSTEM, at=NOW)


def meant(text: str) -> list[tuple[str, str, list[str]]]:
    """(kind of name, code, codes of counties) of what a text may mean."""
    return [(found.kind, (found.town or found.division).code, [county.code for county in found.counties]) for found in place(text)]


@pytest.mark.usefixtures("_jining")
def test_the_city_has_eleven_counties_and_three_zones():
    assert set(Division.objects.counties().in_standard().values_list("code", flat=True)) == {
        *("370811", "370812", "370826", "370827", "370828", "370829", "370830", "370831", "370832", "370881", "370883")
    }
    assert list(Division.objects.filter(is_local_code=True).values_list("code", flat=True)) == ["370871", "370872", "370873"]
    assert Town.objects.count() == 158


def test_loading_again_changes_nothing_and_announces_once():
    PlaceName.objects.all().delete()
    TownClaim.objects.all().delete()
    Town.objects.all().delete()
    Division.objects.filter(parent__isnull=False).delete()
    Division.objects.all().delete()
    announced = Entry.objects.filter(event="registry.PlacesLoaded").count()

    first = load_places(by=SYSTEM, at=NOW)
    again = load_places(by=SYSTEM, at=NOW)

    assert (first.divisions, first.towns) == (15, 158 + 9)
    assert again == PlacesReport(0, 0, 0)
    assert Entry.objects.filter(event="registry.PlacesLoaded").count() == announced + 1


@pytest.mark.usefixtures("_jining")
@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("任城区", [("official", "370811", ["370811"])]),
        ("济宁市任城区", [("official", "370811", ["370811"])]),
        ("任城", [("short", "370811", ["370811"])]),
        ("市中区", [("former", "370811", ["370811"])]),
        ("370802", [("former_code", "370811", ["370811"])]),
        ("兖州市", [("former", "370812", ["370812"])]),
        ("370882", [("former_code", "370812", ["370812"])]),
        ("370811", [("code", "370811", ["370811"])]),
        ("高新区", [("short", "370871", ["370871"])]),
        ("济宁市", [("official", "370800", [])]),
        ("长沟", [("short", "370811102", ["370811"])]),
        ("金乡", [("short", "370828", ["370828"]), ("short", "370828001", ["370828"])]),
        ("许庄镇", [("former", "370811002", ["370811", "370872"])]),
        ("济南市历下区", []),
        ("", []),
        ("　", []),
    ],
)
def test_a_place_is_found_by_any_of_its_names(text, answer):
    assert meant(text) == answer


@pytest.mark.usefixtures("_jining")
def test_a_town_of_the_zone_shows_both_counties_that_claim_it():
    assert meant("王因街道") == [("official", "370871004", ["370871", "370812"])]
    assert meant("洸河街道") == [("official", "370871001", ["370871", "370811"])]
    assert meant("370811017") == [("code", "370811017", ["370811"]), ("code", "370871001", ["370871", "370811"])]
    assert {town.name for town in Town.objects.of(Division.objects.get(code="370812"))} >= {"王因街道", "黄屯街道", "大安镇"}


@pytest.mark.usefixtures("_jining")
@pytest.mark.parametrize("texts", [["王因街道"], ["王因街道", "任城", "金乡"]])
def test_many_places_take_two_queries(texts, django_assert_num_queries):
    with django_assert_num_queries(2):
        answers = places(texts)

    assert all(answers)


@pytest.mark.usefixtures("_jining")
def test_the_database_refuses_a_name_of_two_places_and_a_county_without_city():
    county, town = Division.objects.get(code="370811"), Town.objects.get(code="370811002")

    with pytest.raises(IntegrityError), transaction.atomic():
        PlaceName.objects.create(text="某地", normalised="某地", kind="alias", division=county, town=town)
    with pytest.raises(IntegrityError), transaction.atomic():
        Division.objects.create(code="370899", name="某县", level="county")


def test_a_file_that_is_not_of_places_is_refused(tmp_path):
    path = tmp_path / "places.toml"
    path.write_text("[city]\nname = 'nowhere'\n", encoding="utf-8")

    with pytest.raises(BadInput) as refusal:
        load_places(path, by=SYSTEM, at=NOW)

    assert refusal.value.code == "registry.places_file"
