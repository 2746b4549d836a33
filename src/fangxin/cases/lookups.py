"""What is looked up while somebody speaks: where a filing would go, and what the same person has filed before (录入时查找)."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q
from django.db.models.functions import Substr

from fangxin.accounts.models import COMPETENT_KINDS, DISPATCH_KINDS, Office, Person, Role
from fangxin.cases import queries
from fangxin.cases.models import Case, Party, PartyRole
from fangxin.kernel import permits, vault
from fangxin.registry.lookups import places_in
from fangxin.registry.models import Division, Trader
from fangxin.registry.names import normalise
from fangxin.registry.queries import PlaceFound

ENTERS = (Role.CITY_DESK, Role.OFFICER)
"""Who takes filings down (登记)."""
EARLIER = 6
"""So many earlier cases are shown; the count says how many there are."""
COUNTED = 100
EXCERPT = 60
_KEYS = (vault.Purpose.PERSON, vault.Purpose.REPORTER)
_SHORTEST_PHONE = 7


@dataclass(frozen=True, slots=True)
class Earlier:
    """Cases of the same telephone or identity number that the reader may look into."""

    count: int
    """Up to `COUNTED`."""
    cases: Sequence[Case]
    same: frozenset[int]
    """Keys of those against the same trader: perhaps the same matter."""


def own_units(person: Person) -> list[Office]:
    """The offices for which an officer takes filings down: their own, then those that their role is given at."""
    paths = person.paths(Role.OFFICER)
    if not paths:
        return []
    found = Office.objects.filter(Q(path__in=paths) | Q(pk=person.office_id), active=True, kind__in=DISPATCH_KINDS).select_related(
        "competent"
    )
    mine = [office for office in found if office.path.startswith(paths)]
    return sorted(mine, key=lambda office: (office.pk != person.office_id, office.path))


def units_for(person: Person) -> list[Office]:
    """The units that the person may give a new filing to: all that the desk dispatches to; for an officer only their own (Art 41)."""
    return queries.destinations(person, queries.offices_seen(person)) or own_units(person)


def unit_for(found: Sequence[PlaceFound], units: Sequence[Office]) -> Office | None:
    """The unit of the first of these places: the office of the town, else its county's bureau; None where the county is in doubt."""
    for place in found:
        if len(place.counties) != 1:
            continue
        if place.town is not None:
            for unit in units:
                if place.town.code in {unit.code, unit.division_code}:
                    return unit
        bureau = _bureau_of(place.counties[0], units)
        if bureau is not None:
            stem = place.town.name.rstrip("街道镇乡") if place.town is not None else ""
            inside = [unit for unit in units if len(stem) > 1 and unit.competent_id == bureau.pk and stem in unit.name]
            return inside[0] if len(inside) == 1 else bureau
    return None


def _bureau_of(county: Division, units: Sequence[Office]) -> Office | None:
    bureaus = [unit for unit in units if unit.kind in COMPETENT_KINDS and county.code in {unit.code, unit.division_code}]
    return min(bureaus, key=lambda unit: unit.path, default=None)


def places_of(address: str, trader: Trader | None) -> list[PlaceFound]:
    """Where the trader is: by the address as stated, else by the register (Order 121 Art 13: actual place of business or registered address)."""
    found = places_in(address)
    if found or trader is None:
        return found
    if trader.town is not None:
        return [PlaceFound(trader.town.name, "registered", None, trader.town, (trader.division or trader.town.county,))]
    if trader.division is not None:
        return [PlaceFound(trader.division.name, "registered", trader.division, None, (trader.division,))]
    return places_in(trader.address)


def earlier(person: Person, *, phone: str = "", id_number: str = "", trader: int | None = None, respondent: str = "") -> Earlier:
    """Earlier cases of who has this telephone or identity number, newest first. Two queries.

    This is no reveal and is not journalled: the number comes from the caller, it is compared as a blind index, nothing is opened and
    no name is shown. But to know whose a case is, is to know the person: so only those cases count that the reader may reveal people
    of (Order 121 Art 37), and the count tells of no others.
    """
    condition = Q()
    if sum(sign.isdigit() for sign in phone) >= _SHORTEST_PHONE:
        condition |= Q(phone_index__in=_indexes("phone", phone))
    if len(id_number.strip()) >= _SHORTEST_PHONE:
        condition |= Q(id_index__in=_indexes("id_number", id_number))
    if not condition:
        return Earlier(0, (), frozenset())
    people = Party.objects.filter(condition).exclude(role=PartyRole.RESPONDENT_CONTACT)
    mine = permits.rows(person, "reveal", Case.objects.filter(pk__in=people.values("case_id")))
    rows = mine.select_related("unit", "trader").defer("narrative", "request", "sealed_filing", "digest")
    newest = list(rows.annotate(excerpt=Substr("narrative", 1, EXCERPT)).order_by("-first_received_at", "-pk")[:COUNTED])
    name = normalise(respondent)
    same = [case for case in newest if _same_trader(case, trader, name)]
    shown = [*same, *(case for case in newest if case not in same)][:EARLIER]
    return Earlier(len(newest), shown, frozenset(case.pk for case in same))


def _indexes(field: str, value: str) -> list[bytes]:
    return [index for keys in _KEYS if (index := vault.blind_index(keys, field, value))]


def _same_trader(case: Case, trader: int | None, name: str) -> bool:
    if trader is not None and case.trader_id is not None:
        return case.trader_id == trader
    return bool(name) and normalise(case.respondent_name) == name
