"""How the history of a case tells of mediation: one event, one sentence."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from fangxin.cases.models import Side
from fangxin.cases.timeline import tells
from fangxin.mediation.states import AskedBy, Attendance, Bearer, Choice, Decision, Means, Mode, Question, Result, Way

Values = Mapping[str, Any]


def _word(choices: Any, value: str) -> str:
    return str(dict(choices.choices).get(value, value))


def _told(pairs: Any) -> str:
    """complainant by telephone, respondent by letter."""
    return _(", ").join(_("%(side)s: %(means)s") % {"side": _word(Side, side), "means": _word(Means, means)} for side, means in pairs)


def _moment(value: str) -> str:
    return f"{timezone.localtime(datetime.fromisoformat(value)):%Y-%m-%d %H:%M}"


@tells("mediation.PartiesInvited")
def _invited(values: Values, _offices: Mapping[str, str]) -> str:
    if values["question"] == Question.DELEGATION:
        return _("Asked about delegated mediation (%(told)s)") % {"told": _told(values["means"])}
    return _("Invited to mediation (%(told)s)") % {"told": _told(values["means"])}


@tells("mediation.ConsentRecorded")
def _answered(values: Values, _offices: Mapping[str, str]) -> str:
    told = {"side": _word(Side, values["side"]), "question": _word(Question, values["question"]), "means": _word(Means, values["means"])}
    if values["given"]:
        return _("%(side)s consents to %(question)s (%(means)s)") % told
    return _("%(side)s refuses %(question)s (%(means)s)") % told


@tells("mediation.SessionScheduled")
def _scheduled(values: Values, _offices: Mapping[str, str]) -> str:
    told = {"mode": _word(Mode, values["mode"]), "time": _moment(values["starts_at"])}
    text = _("Session changed: %(mode)s, %(time)s") if values["changed"] else _("Session arranged: %(mode)s, %(time)s")
    return text % told + (_(" (told: %(told)s)") % {"told": _told(values["told"])} if values["told"] else "")


@tells("mediation.SessionCancelled")
def _cancelled(_values: Values, _offices: Mapping[str, str]) -> str:
    return _("Session cancelled")


@tells("mediation.SessionRecorded")
def _recorded(values: Values, _offices: Mapping[str, str]) -> str:
    missing = [side for side in Side if values[side.value] != Attendance.CAME]
    if missing:
        absent = _(", ").join(
            _("%(side)s %(how)s") % {"side": _word(Side, side.value), "how": _word(Attendance, values[side.value])} for side in missing
        )
        return _("Session not held: %(absent)s") % {"absent": absent}
    return _("Session held: %(mode)s, %(result)s") % {"mode": _word(Mode, values["mode"]), "result": _word(Result, values["result"])}


@tells("mediation.RecusalRequested")
def _requested(values: Values, _offices: Mapping[str, str]) -> str:
    return _("Recusal of a mediator requested by: %(side)s") % {"side": _word(AskedBy, values["asked_by"])}


@tells("mediation.RecusalDecided")
def _decided(values: Values, _offices: Mapping[str, str]) -> str:
    return _("Recusal decided: %(decision)s") % {"decision": _word(Decision, values["decision"])}


@tells("mediation.AppraisalArranged")
def _appraisal(values: Values, _offices: Mapping[str, str]) -> str:
    told = {"choice": _word(Choice, values["choice"]), "bearer": _word(Bearer, values["bearer"])}
    return _("Test or appraisal: body %(choice)s, cost: %(bearer)s") % told


@tells("mediation.AgreementReached")
def _agreed(values: Values, _offices: Mapping[str, str]) -> str:
    return _("Agreement reached: %(way)s") % {"way": _word(Way, values["way"])}


@tells("mediation.AgreementSigned")
def _signed(values: Values, _offices: Mapping[str, str]) -> str:
    return _("Agreement signed by: %(side)s, %(day)s") % {"side": _word(Side, values["side"]), "day": values["on"]}


@tells("mediation.DelegationReported")
def _reported(values: Values, _offices: Mapping[str, str]) -> str:
    if values["result"] == "agreed":
        return _("The delegated body reports an agreement")
    if values["ground"]:
        return _("The delegated body reports that no agreement was reached, ground %(ground)s") % {"ground": values["ground"]}
    return _("The delegated body reports that no agreement was reached")
