"""Which units a waiting case might go to, the likeliest first, each with the reason.

What proposes is registered (`register`), so that triage can put its own in front; until then, and where it abstains: the unit of the
place that was stated, that of the respondent's address, the units that had the trader's earlier cases, those used most.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from fangxin.accounts.models import Office
from fangxin.cases import queries
from fangxin.cases.models import Case

MOST = 9


@dataclass(frozen=True, slots=True)
class Proposal:
    """A unit, and why."""

    unit: Office
    reason: str
    probability: float | None = None


Proposer = Callable[[Sequence[Case], Sequence[Office]], Mapping[int, Sequence[Proposal]]]

_proposers: list[Proposer] = []


def register(proposer: Proposer) -> None:
    """Add a source of proposals; those registered first stand in front."""
    if proposer not in _proposers:
        _proposers.append(proposer)


def propose(cases: Sequence[Case], units: Sequence[Office], *, without: Mapping[int, str] | None = None) -> dict[int, list[Proposal]]:
    """At most nine units for each case, each once, by the case's key; `without` are codes of units that gave it back.

    Two queries for any number of cases, and what the registered sources need.
    """
    usual = [Proposal(unit, "") for unit in queries.most_used(units)]
    before = _of_the_trader(cases, units)
    sources = [proposer(cases, units) for proposer in _proposers]
    found: dict[int, list[Proposal]] = {}
    for case in cases:
        mine = [one for source in sources for one in source.get(case.pk, ())]
        for stated, reason in ((case.place, _("place as stated")), (case.respondent_address, _("address as stated"))):
            unit = queries.suggested(stated, units)
            mine += [Proposal(unit, reason)] if unit else []
        mine += before.get(case.trader_id or 0, [])
        gave_back = (without or {}).get(case.pk)
        unique: dict[int, Proposal] = {}
        for one in (*mine, *usual):
            if one.unit.code != gave_back:
                unique.setdefault(one.unit.pk, one)
        found[case.pk] = list(unique.values())[:MOST]
    return found


def _of_the_trader(cases: Sequence[Case], units: Sequence[Office]) -> dict[int, list[Proposal]]:
    """The units that the traders' newest cases went to."""
    traders = {case.trader_id for case in cases if case.trader_id}
    known = {unit.pk: unit for unit in units}
    found: dict[int, list[Proposal]] = {}
    for trader, unit in (
        Case.objects.filter(trader__in=traders, unit__isnull=False).order_by("-first_received_at").values_list("trader_id", "unit_id")[:500]
        if traders
        else ()
    ):
        if trader and unit in known and known[unit] not in {one.unit for one in found.get(trader, [])}:
            found.setdefault(trader, []).append(Proposal(known[unit], _("had this trader's cases before")))
    return found
