"""How the history tells of oversight, cases worked together, joint complaints, copies and erasure: one event, one sentence."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from fangxin.cases import ladder, words
from fangxin.cases.models import Matter
from fangxin.cases.numbers import number_of
from fangxin.cases.timeline import names, tells
from fangxin.kernel import refs

Offices = Mapping[str, str]


@tells("cases.CaseCombined")
def combined(values: Mapping[str, Any], _offices: Offices) -> str:
    """With which case it goes."""
    return _("Worked together with %(number)s from now on") % {"number": number_of(refs.identity(values["lead"]))}


@tells("cases.CaseSeparated")
def separated(values: Mapping[str, Any], _offices: Offices) -> str:
    """That it goes by itself again."""
    return _("No longer worked together with %(number)s") % {"number": number_of(refs.identity(values["lead"]))}


@tells("cases.RepresentativesElected")
def elected(values: Mapping[str, Any], _offices: Offices) -> str:
    """How many were chosen; who, the list of people says."""
    return _("Representatives chosen: %(n)s") % {"n": len(values["parties"])}


@tells("cases.JointConsentGiven")
def consented(values: Mapping[str, Any], _offices: Offices) -> str:
    """What was asked, and how many agreed."""
    return _("Those represented were asked (%(matter)s): %(yes)s agree, %(no)s do not") % {
        "matter": dict(Matter.choices).get(values["matter"], values["matter"]),
        "yes": len(values["agreed"]),
        "no": len(values["declined"]),
    }


@tells("cases.CaseAssigned")
def assigned(values: Mapping[str, Any], _offices: Offices) -> str:
    """To whom."""
    return _("Given to %(person)s") % {"person": names([values["officer"]]).get(values["officer"], values["officer"])}


@tells("cases.CaseUrged")
def urged(_values: Mapping[str, Any], _offices: Offices) -> str:
    """An instruction; its words stand below."""
    return _("Instruction of oversight")


@tells("cases.CaseEscalated")
def escalated(values: Mapping[str, Any], _offices: Offices) -> str:
    """How far up, and for which period."""
    rung = next((rung for rung in ladder.ladder() if rung.level == values["level"]), None)
    name = rung.name(get_language() or "zh-hans") if rung else str(values["level"])
    return _("Overdue (%(term)s): %(what)s") % {"term": words.term_name(values["term"]), "what": name}


@tells("cases.DataSubjectServed")
def served(_values: Mapping[str, Any], _offices: Offices) -> str:
    """A copy went to the person concerned."""
    return _("A copy of the personal data was handed over to the person concerned")


@tells("cases.ErasureAsked")
def erasure_asked(_values: Mapping[str, Any], _offices: Offices) -> str:
    """Someone asked for erasure."""
    return _("Erasure of the personal data asked for")


@tells("cases.CaseErased")
def erased(_values: Mapping[str, Any], _offices: Offices) -> str:
    """What was personal is gone."""
    return _("Personal data erased")
