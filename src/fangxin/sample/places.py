"""Counties, towns and offices of the sample city: the places of the register, with an office for each."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

CITY = "370800"
CITY_NAME = "济宁市"
ASSOCIATION = f"{CITY}-ca"

_WEIGHTS = {
    "370811": 0.21,
    "370812": 0.08,
    "370826": 0.065,
    "370827": 0.04,
    "370828": 0.065,
    "370829": 0.075,
    "370830": 0.07,
    "370831": 0.05,
    "370832": 0.07,
    "370871": 0.05,
    "370872": 0.018,
    "370873": 0.012,
    "370881": 0.075,
    "370883": 0.12,
}
"""Share of the city's filings, by the size of the county."""
_ZONES = {"370871": ("高新区", "任城区"), "370872": ("太白湖新区", "任城区"), "370873": ("经开区", "嘉祥县")}
"""Zones under local codes: the name that people use, and the county that addresses there often still name."""


@dataclass(frozen=True, slots=True)
class Place:
    """One town with the county-level bureau and the township office that are competent there; offices have the codes of their places."""

    county: str
    county_name: str
    town: str
    office: str
    stated_as: tuple[str, ...]
    """Other names under which addresses put it: the district it was before, the county around a zone."""


@cache
def counties() -> dict[str, tuple[Place, ...]]:
    """Towns by county code. A town that a development zone claims is the zone's here."""
    data = tomllib.loads(files("fangxin.registry").joinpath("data", "jining.toml").read_text(encoding="utf-8"))
    claimed = {claim["town"]: claim["county"] for claim in data["claim"] if claim["county"] in _ZONES}
    towns: dict[str, list[Place]] = {county["code"]: [] for county in data["county"]}
    names = {county["code"]: county["name"] for county in data["county"]}
    former = {county["code"]: tuple(county.get("former", ())[:1]) for county in data["county"] if county["code"] in ("370811", "370812")}
    for county in data["county"]:
        for code, town in county.get("towns", {}).items():
            if town.endswith(("街道", "镇", "乡")):
                at = claimed.get(code, county["code"])
                name, around = _ZONES.get(at, (names[at], ""))
                towns[at].append(Place(at, name, town, code, (around,) if around else former.get(at, ())))
    return {code: tuple(places) for code, places in towns.items()}


def weights() -> list[float]:
    """The share of each county, in the order of `counties`."""
    return [_WEIGHTS[code] for code in counties()]


@dataclass(frozen=True, slots=True)
class Office:
    """One row of `offices.csv`; `parent` is an office code, `division` a six-digit code."""

    code: str
    name: str
    kind: str
    parent: str
    division: str


def offices() -> list[Office]:
    """City AMR, consumer association, county and zone AMRs, and a township office (市场监管所) for each town; parents first."""
    rows = [
        Office(CITY, f"{CITY_NAME}市场监督管理局", "city_amr", "", CITY),
        Office(ASSOCIATION, f"{CITY_NAME}消费者协会", "association", CITY, CITY),
    ]
    for code, places in counties().items():
        zone = code in _ZONES
        bureau = f"济宁{places[0].county_name}市场监督管理局" if zone else f"{places[0].county_name}市场监督管理局"
        rows.append(Office(code, bureau, "local_amr" if zone else "county_amr", CITY, code))
        for place in places:
            short = place.town.removesuffix("街道").removesuffix("镇").removesuffix("乡")
            rows.append(Office(place.office, f"{bureau}{short}市场监督管理所", "township_office", code, code))
    return rows
