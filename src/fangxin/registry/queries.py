"""Exact look-up of traders and places, for one and for many."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from fangxin.registry.models import Division, PlaceName, Town, TownClaim, Trader, TraderName
from fangxin.registry.names import check_uscc, is_uscc, normalise, place_key
from fangxin.registry.rows import Places, TownEntry

MATCH_BATCH = 10_000
REGISTERED_NAME = "registered"


@dataclass(frozen=True, slots=True)
class TraderFound:
    """A trader that goes by a name: which of its names it was, and of what kind (`registered` or a TraderNameKind)."""

    trader: Trader
    matched: str
    kind: str


@dataclass(frozen=True, slots=True)
class PlaceFound:
    """A place that goes by a name or code.

    `counties` holds the county itself or, for a town, the one that administers it first and then whoever else claims it: with more
    than one, the name does not settle the county. It is empty for the city.
    """

    matched: str
    kind: str
    division: Division | None
    town: Town | None
    counties: tuple[Division, ...]


def by_uscc(code: str) -> Trader | None:
    """The trader with this unified social credit code. Raises BadInput for what can't be one (see `check_uscc`)."""
    return Trader.objects.filter(uscc=check_uscc(code)).first()


def by_name(text: str, *, limit: int = 50) -> list[TraderFound]:
    """Traders whose registered, former, brand, shop or short name is exactly this one, as `normalise` writes it; two queries.

    A trader stands there once, by its registered name if that is the one. Each of the two look-ups is cut at `limit`.
    """
    found = {
        trader.pk: TraderFound(trader, trader.name, REGISTERED_NAME) for trader in Trader.objects.called([text]).order_by("pk")[:limit]
    }
    for other in TraderName.objects.saying([text]).select_related("trader").order_by("pk")[:limit]:
        found.setdefault(other.trader_id, TraderFound(other.trader, other.name, other.kind))
    return list(found.values())


def match_stated(names_and_codes: Sequence[tuple[str, str]]) -> list[int | None]:
    """The id of the one trader that each stated (name, code) means, or None; at most three queries for each 10,000.

    Only what is exact and without contradiction counts: the code's trader, unless the name is exactly other traders' alone; without a valid
    code the one trader that goes by the name. A valid code that is not on the register matches nobody who has another code. An
    empty name and an empty code match nobody.
    """
    matched: list[int | None] = []
    for start in range(0, len(names_and_codes), MATCH_BATCH):
        matched += _match_batch(names_and_codes[start : start + MATCH_BATCH])
    return matched


def _match_batch(stated: Sequence[tuple[str, str]]) -> list[int | None]:
    keys = [(normalise(name), check_uscc(code) if code and is_uscc(code) else None) for name, code in stated]
    codes = {code for _, code in keys if code}
    names = {name for name, _ in keys if name}
    coded = dict(Trader.objects.filter(uscc__in=codes).values_list("uscc", "pk")) if codes else {}
    named: defaultdict[str, dict[int, str | None]] = defaultdict(dict)
    if names:
        for key, pk, uscc in Trader.objects.filter(normalised_name__in=names).values_list("normalised_name", "pk", "uscc"):
            named[key][pk] = uscc
        for key, pk, uscc in TraderName.objects.filter(normalised__in=names).values_list("normalised", "trader_id", "trader__uscc"):
            named[key][pk] = uscc
    return [_decide(coded.get(code) if code else None, named.get(name, {}), code) for name, code in keys]


def _decide(by_code: int | None, by_name: dict[int, str | None], code: str | None) -> int | None:
    if by_code is not None:
        return by_code if not by_name or by_code in by_name else None
    if len(by_name) != 1:
        return None
    ((pk, registered),) = by_name.items()
    return None if code and registered else pk


def place(text: str) -> list[PlaceFound]:
    """What a name or code of a division or town may mean: current, old, short or other. Several if it is ambiguous, none if unknown."""
    return places([text])[0]


def places(texts: Sequence[str]) -> list[list[PlaceFound]]:
    """`place` for many texts with two queries: divisions before towns, each by code."""
    found: defaultdict[str, list[PlaceFound]] = defaultdict(list)
    names = list(PlaceName.objects.said(texts).select_related("division", "town__county"))
    claims: defaultdict[int, list[Division]] = defaultdict(list)
    towns = {name.town_id for name in names if name.town_id}
    if towns:
        for claim in TownClaim.objects.filter(town_id__in=towns).select_related("county").order_by("county__code"):
            claims[claim.town_id].append(claim.county)
    names.sort(key=lambda name: (name.town is not None, (name.town or name.division or name).__dict__.get("code", "")))
    for name in names:
        counties: tuple[Division, ...] = ()
        if name.town is not None:
            counties = (name.town.county, *claims[name.town.pk])
        elif name.division is not None and name.division.parent_id is not None:
            counties = (name.division,)
        found[name.normalised].append(PlaceFound(name.text, name.kind, name.division, name.town, counties))
    return [list(found.get(place_key(text), ())) for text in texts]


def place_index() -> Places:
    """All names of places in memory, for a stream of rows; two queries."""
    claims: defaultdict[int, list[int]] = defaultdict(list)
    for town_id, county_id in TownClaim.objects.order_by("county__code").values_list("town_id", "county_id"):
        claims[town_id].append(county_id)
    divisions: defaultdict[str, set[int]] = defaultdict(set)
    towns: defaultdict[str, list[TownEntry]] = defaultdict(list)
    rows = PlaceName.objects.order_by("town__code").values_list("normalised", "division_id", "town_id", "town__county_id")
    for key, division_id, town_id, county_id in rows:
        if division_id is not None:
            divisions[key].add(division_id)
        elif town_id is not None:
            towns[key].append(TownEntry(town_id, (county_id, *claims[town_id])))
    return Places({key: frozenset(ids) for key, ids in divisions.items()}, {key: tuple(entries) for key, entries in towns.items()})
