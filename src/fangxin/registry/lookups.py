"""Traders and places while their names are being typed (边输入边查找): by index, whatever the size of the register."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from fangxin.kernel.sql.prefixes import begins
from fangxin.registry.models import Division, DivisionLevel, PlaceName, PlaceNameKind, Trader, TraderName, TraderStatus
from fangxin.registry.names import normalise, place_key
from fangxin.registry.queries import PlaceFound, TraderFound, by_name, places

SHORTEST = 2
"""So many signs are typed before anything is looked up: one sign begins half the register."""
_CODE_SIGNS = frozenset("0123456789ABCDEFGHJKLMNPQRTUWXY")
_CODE_LENGTH = 18
_CODE_BEGINS = 4
_LOOKED_AT = 40
"""So many candidates are read before the best are shown."""
_PROVINCE = ("山东省", "山东")
_UNITS = "区县市"
_LAST_CODE = "Z"
"""Sorts after every sign of a code, in any collation that keeps digits before letters and both in order."""


def traders(text: str, *, limit: int = 8) -> list[TraderFound]:
    """Traders whose code, name or other name begins with this, those in business first; exact names before all. Five queries at most.

    Names on the register begin with the city or county (济宁市任城区…) and people leave that out, so a name is also tried behind each of
    these. A code is looked for from its fourth sign on.
    """
    key = normalise(text)
    if len(key) < SHORTEST:
        return []
    if _may_be_code(key):
        found = Trader.objects.filter(uscc__gte=key.ljust(_CODE_LENGTH, "0"), uscc__lte=key.ljust(_CODE_LENGTH, _LAST_CODE))
        return [
            TraderFound(trader, trader.uscc or "", "uscc")
            for trader in found.select_related("division", "town__county").order_by("uscc")[:limit]
        ]
    keys = [key, *_behind_places(key)]
    found_by: dict[int, TraderFound] = {one.trader.pk: one for one in by_name(text, limit=limit)}
    for trader in Trader.objects.filter(begins("normalised_name", keys)).select_related("division", "town__county")[:_LOOKED_AT]:
        found_by.setdefault(trader.pk, TraderFound(trader, trader.name, "registered"))
    others = TraderName.objects.filter(begins("normalised", keys)).select_related("trader__division", "trader__town__county")[:_LOOKED_AT]
    for other in others:
        found_by.setdefault(other.trader_id, TraderFound(other.trader, other.name, other.kind))
    return sorted(found_by.values(), key=lambda one: _rank(one, key))[:limit]


def _may_be_code(key: str) -> bool:
    return _CODE_BEGINS <= len(key) <= _CODE_LENGTH and set(key) <= _CODE_SIGNS and key[0].isdigit()


def _rank(found: TraderFound, key: str) -> tuple[bool, bool, int, int]:
    exact = normalise(found.matched) == key
    return (not exact, found.trader.status != TraderStatus.ACTIVE, len(found.matched), found.trader.pk)


def _behind_places(key: str) -> Iterator[str]:
    """The name behind the places that names of the register begin with; nothing for one that begins with a place itself."""
    divisions = list(Division.objects.filter(active=True).values_list("name", "level"))
    cities = [name for name, level in divisions if level == DivisionLevel.CITY]
    counties = [name for name, level in divisions if level == DivisionLevel.COUNTY]
    stems = [stem for name in (*cities, *counties) if len(stem := name.rstrip(_UNITS)) > 1]
    if key.startswith((*_PROVINCE, *(city.rstrip(_UNITS) for city in cities))):
        return
    yield from (place + key for place in (*cities, *(city.rstrip(_UNITS) for city in cities), *_PROVINCE))
    if key.startswith(tuple(stems)):
        return
    yield from (place + key for place in (*counties, *stems))
    yield from (city + county + key for city in cities for county in counties)


def place_names(text: str, *, limit: int = 8) -> list[PlaceFound]:
    """Counties and towns whose name, present or former, begins with this; divisions before towns. Three queries."""
    key = place_key(text)
    if not key:
        return []
    rows = PlaceName.objects.filter(begins("normalised", [key])).exclude(kind__in=_CODES)
    names = dict.fromkeys(rows.order_by("normalised").values_list("normalised", flat=True)[: limit * 4])
    shown: dict[tuple[str, int], PlaceFound] = {}
    for found in (one for each in places(list(names)) for one in each):
        where = ("town", found.town.pk) if found.town else ("division", found.division.pk if found.division else 0)
        shown.setdefault(where, found)
    return sorted(shown.values(), key=lambda one: (one.town is not None, len(one.matched)))[:limit]


_CODES = (PlaceNameKind.CODE, PlaceNameKind.FORMER_CODE)


def places_in(address: str) -> list[PlaceFound]:
    """The county or town that an address names, the town before the county; several if the name leaves it open. Three queries.

    Of the names that stand in the address the longest of each level count; a town counts only within the county that is named too,
    if one is. Nothing for an address that names no place of the city.
    """
    plain = normalise(address)
    if len(plain) < SHORTEST:
        return []
    known = PlaceName.objects.exclude(kind__in=_CODES).values_list("normalised", flat=True).distinct()
    inside = [name for name in known if len(name) >= SHORTEST and _stands_in(name, plain)]
    best: defaultdict[bool, list[PlaceFound]] = defaultdict(list)
    for found in (one for each in places(inside) for one in each):
        if found.division is None or found.division.parent_id is not None:
            best[found.town is not None].append(found)
    counties = _longest(best[False])
    named = {county.pk for found in counties for county in found.counties}
    towns = [_within(found, named) for found in best[True]]
    return _longest([town for town in towns if town.counties]) or counties


def _within(found: PlaceFound, named: Collection[int]) -> PlaceFound:
    """A town with those of its counties that are named too; with all of them if none is named at all."""
    return replace(found, counties=tuple(county for county in found.counties if county.pk in named)) if named else found


def _stands_in(name: str, address: str) -> bool:
    """Whether the address has this name, and not only a road, bridge or estate that is called after it (古槐路)."""
    at = address.find(name)
    while at >= 0:
        behind = address[at + len(name) :]
        if not behind.startswith(_CALLED_AFTER) or behind.startswith("街道"):
            return True
        at = address.find(name, at + 1)
    return False


_CALLED_AFTER = ("路", "街", "巷", "大道", "桥", "小区", "花园", "广场", "大厦", "中学", "小学", "医院")


def _longest(found: Sequence[PlaceFound]) -> list[PlaceFound]:
    """Those with the longest name, each place once."""
    longest = max((len(one.matched) for one in found), default=0)
    once = {(one.town or one.division): one for one in found if len(one.matched) == longest}
    return list(once.values())
