"""Loading divisions, towns and their names from a file."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from fangxin.kernel import journal
from fangxin.kernel.errors import BadInput
from fangxin.kernel.refs import Ref
from fangxin.registry.events import PLACES, PlacesLoaded
from fangxin.registry.models import Division, DivisionLevel, PlaceName, PlaceNameKind, Town, TownClaim, TownKind
from fangxin.registry.names import place_key

JINING = Path(__file__).resolve().parent.parent / "data" / "jining.toml"
_KINDS = (("街道", TownKind.STREET), ("镇", TownKind.TOWN), ("乡", TownKind.TOWNSHIP))


@dataclass(frozen=True, slots=True)
class PlacesReport:
    """How many places and names of places were added or changed; all zero if the file brought nothing new."""

    divisions: int
    towns: int
    names: int


@journal.atomic()
def load_places(path: Path = JINING, *, by: Ref, at: datetime) -> PlacesReport:
    """Bring divisions, towns, claims and names to what the file says; loading it again changes nothing.

    Names that the file no longer has stay (a name once in use may still be said), and so do places. Announces PlacesLoaded if anything
    changed. Raises BadInput if the file is not as `data/jining.toml` shows.
    """
    raw = path.read_bytes()
    try:
        data = tomllib.loads(raw.decode())
        counts = _load(data)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise BadInput("registry.places_file", "The file of places can't be read: %(why)s", why=str(error)) from error
    report = PlacesReport(*counts)
    if any(counts):
        journal.publish(
            [
                PlacesLoaded(
                    subject=PLACES,
                    actor=by,
                    at=at,
                    sha256=sha256(raw).hexdigest(),
                    divisions=report.divisions,
                    towns=report.towns,
                    names=report.names,
                )
            ]
        )
    return report


def _load(data: dict[str, Any]) -> tuple[int, int, int]:
    divisions, changed_divisions = _load_divisions(data)
    towns, changed_towns = _load_towns(data, divisions)
    claims = data.get("claim", [])
    changed_claims = _load_claims(claims, divisions, towns)
    names = [
        PlaceName(text=text, normalised=place_key(text), kind=kind, division=divisions[block["code"]])
        for block in (data["city"], *data["county"])
        for text, kind in _division_names(block)
    ]
    names += [
        PlaceName(text=text, normalised=place_key(text), kind=kind, town=town)
        for town in towns.values()
        for text, kind in _town_names(town, data.get("other_town_names", {}).get(town.code, ()))
    ]
    names += [
        PlaceName(text=claim["code"], normalised=claim["code"], kind=PlaceNameKind.CODE, town=towns[claim["town"]])
        for claim in claims
        if claim.get("code")
    ]
    return changed_divisions, changed_towns + changed_claims, _add_names(names)


def _load_divisions(data: dict[str, Any]) -> tuple[dict[str, Division], int]:
    known = {division.code: division for division in Division.objects.all()}
    changed = 0
    city: Division | None = None
    for block in (data["city"], *data["county"]):
        wanted = {
            "name": block["name"],
            "level": DivisionLevel.COUNTY if city else DivisionLevel.CITY,
            "parent_id": city.pk if city else None,
            "is_local_code": block.get("local_code", False),
            "active": block.get("active", True),
        }
        division = known.setdefault(block["code"], Division(code=block["code"]))
        changed += _save_if_changed(division, wanted)
        city = city or division
    return known, changed


def _load_towns(data: dict[str, Any], divisions: dict[str, Division]) -> tuple[dict[str, Town], int]:
    known = {town.code: town for town in Town.objects.select_related("county")}
    changed = 0
    for block in data["county"]:
        for code, name in block.get("towns", {}).items():
            kind = next((kind for ending, kind in _KINDS if name.endswith(ending)), TownKind.OTHER)
            town = known.setdefault(code, Town(code=code))
            changed += _save_if_changed(town, {"name": name, "kind": kind, "county_id": divisions[block["code"]].pk})
    return known, changed


def _load_claims(claims: Iterable[dict[str, Any]], divisions: dict[str, Division], towns: dict[str, Town]) -> int:
    known = {(claim.town_id, claim.county_id): claim for claim in TownClaim.objects.all()}
    changed = 0
    for block in claims:
        town, county = towns[block["town"]], divisions[block["county"]]
        claim = known.get((town.pk, county.pk), TownClaim(town=town, county=county))
        changed += _save_if_changed(claim, {"code": block.get("code", ""), "basis": block["basis"]})
    return changed


def _save_if_changed(thing: Division | Town | TownClaim, wanted: dict[str, Any]) -> int:
    if thing.pk is not None and all(getattr(thing, name) == value for name, value in wanted.items()):
        return 0
    for name, value in wanted.items():
        setattr(thing, name, value)
    thing.save()
    return 1


def _division_names(block: dict[str, Any]) -> Iterable[tuple[str, PlaceNameKind]]:
    yield block["name"], PlaceNameKind.OFFICIAL
    yield block["code"], PlaceNameKind.CODE
    for key, kind in (
        ("short", PlaceNameKind.SHORT),
        ("former", PlaceNameKind.FORMER),
        ("former_codes", PlaceNameKind.FORMER_CODE),
        ("alias", PlaceNameKind.ALIAS),
    ):
        for text in block.get(key, ()):
            yield text, kind


def _town_names(town: Town, others: Iterable[str]) -> Iterable[tuple[str, PlaceNameKind]]:
    yield town.name, PlaceNameKind.OFFICIAL
    yield town.code, PlaceNameKind.CODE
    for text in others:
        yield text, PlaceNameKind.FORMER
    stem = town.name.removesuffix(next((ending for ending, kind in _KINDS if kind == town.kind), ""))
    if town.kind == TownKind.OTHER:
        return
    if len(stem) > 1:
        yield stem, PlaceNameKind.SHORT
    if town.kind == TownKind.STREET:
        yield f"{stem}街道办事处", PlaceNameKind.ALIAS
        yield f"{stem}办事处", PlaceNameKind.ALIAS
        yield f"{stem}街道办", PlaceNameKind.ALIAS
    else:
        yield f"{town.name}人民政府", PlaceNameKind.ALIAS


def _add_names(names: Iterable[PlaceName]) -> int:
    known: set[tuple[int | None, int | None, str]] = set(PlaceName.objects.values_list("division_id", "town_id", "normalised"))
    fresh = []
    for name in names:
        key = (name.division_id, name.town_id, name.normalised)
        if key not in known:
            known.add(key)
            fresh.append(name)
    PlaceName.objects.bulk_create(fresh)
    return len(fresh)
