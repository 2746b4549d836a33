"""How the history tells what happens to reports and applications: one event, one sentence. Registers with `timeline`."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from fangxin.cases import words
from fangxin.cases.models import ApprovalKind, ApprovalOutcome
from fangxin.cases.numbers import number_of
from fangxin.cases.timeline import tells
from fangxin.clocks import notices
from fangxin.kernel import refs

Offices = Mapping[str, str]


@tells("cases.ReportVerified")
def verified(values: Mapping[str, Any], _offices: Offices) -> str:
    """A step of the verification, with its day."""
    return _("Verification: %(method)s on %(day)s") % {
        "method": words.VERIFICATIONS.get(values["method"], values["method"]),
        "day": values["on"],
    }


@tells("cases.FieldOfLawSet")
def field_set(values: Mapping[str, Any], _offices: Offices) -> str:
    """What the report is about."""
    return _("Field of law: %(field)s") % {"field": words.FIELDS_OF_LAW.get(values["field"], values["field"])}


@tells("cases.ReporterNotified")
def notified(values: Mapping[str, Any], _offices: Offices) -> str:
    """Which duty was fulfilled, or found not to be owed."""
    language = get_language() or "zh-hans"
    said = _(", ").join(notices.duty(key).text(language) for key in values["duties"])
    if values["outcome"] == "not_owed":
        return _("Found not to be owed: %(duty)s") % {"duty": said}
    return _("Reporter told: %(duty)s") % {"duty": said} if said else str(words.STEPS["notify"])


@tells("cases.ApprovalAsked")
def asked(values: Mapping[str, Any], _offices: Offices) -> str:
    """What was applied for."""
    return _("Applied for: %(what)s") % {"what": dict(ApprovalKind.choices).get(values["kind"], values["kind"])}


@tells("cases.ApprovalDecided")
def decided(values: Mapping[str, Any], _offices: Offices) -> str:
    """What became of an application."""
    what = dict(ApprovalKind.choices).get(values["kind"], values["kind"])
    return _("Application: %(what)s, %(outcome)s") % {"what": what, "outcome": dict(ApprovalOutcome.choices).get(values["outcome"], "")}


@tells("cases.ReportRepeated")
def repeated(values: Mapping[str, Any], _offices: Offices) -> str:
    """Another report said the same, or more."""
    told = {"number": number_of(refs.identity(values["later"]))}
    if values["new_facts"]:
        return _("Reported again with new facts: %(number)s was merged into this report") % told
    return _("Reported again without new facts: %(number)s was closed") % told


@tells("cases.ClueFound")
def clue(_values: Mapping[str, Any], _offices: Offices) -> str:
    """A report was made of a clue. Its number is on the list of linked cases, for who may see it."""
    return _("A clue was found in mediation; a report was made of it")


@tells("cases.KnowledgeUsed")
def used(values: Mapping[str, Any], _offices: Offices) -> str:
    """Which entries an answer rests on."""
    return _("Answered from the knowledge base: %(entries)s") % {"entries": _(", ").join(values["entries"])}


@tells("cases.RewardRecorded")
def rewarded(values: Mapping[str, Any], _offices: Offices) -> str:
    """How far the reward is."""
    stages = {"noted": _("Reward noted"), "told": _("Reporter told of the reward"), "claimed": _("Reward claimed")}
    return stages.get(values["stage"], str(values["stage"]))
