"""The head's decision on what was applied for: one act for extensions, pauses and appraisals alike (审批)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from fangxin.accounts.models import Person
from fangxin.cases import timeline
from fangxin.cases.acts import effects
from fangxin.cases.acts.registry import Act, ActForm, register
from fangxin.cases.models import Approval, ApprovalKind, Case
from fangxin.cases.services import approving, reports, timing
from fangxin.cases.workflow import law_of
from fangxin.clocks.rules import local_date
from fangxin.kernel.errors import StaleState
from fangxin.kernel.refs import Ref
from fangxin.kernel.workflow import Step


class DecideForm(ActForm):
    """What the head decides on an application."""

    application = forms.ChoiceField(label=_("Application"))
    decision = forms.ChoiceField(
        label=_("Decision"),
        choices=[("", _("choose …")), ("approve", pgettext_lazy("decision", "approve")), ("decline", pgettext_lazy("decision", "decline"))],
    )
    note = forms.CharField(
        label=_("Reason, where it is declined"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2, "maxlength": 2000}),
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, case: Case, person: Person, prefix: str) -> None:
        super().__init__(data, case=case, person=person, prefix=prefix)
        field = self.fields["application"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [(str(one.pk), application(one)) for one in approving.waiting(case) if approving.may_decide(person, one)]
            sent = str((data or {}).get("application") or "")  # one that was decided meanwhile is refused as that, not as no choice
            if sent.isascii() and sent.isdigit() and len(sent) < 19 and sent not in dict(field.choices):
                field.choices = (
                    [*field.choices, (sent, sent)] if Approval.objects.filter(case=case, pk=int(sent)).exists() else field.choices
                )

    def clean(self) -> dict[str, Any]:
        """A refusal says why."""
        given = super().clean() or {}
        if given.get("decision") == "decline" and not (given.get("note") or "").strip():
            self.add_error("note", _now("To decline an application, say why."))
        return {**given, "person": self.person}


def _decide(case: Case, given: Mapping[str, Any], _by: Ref, at: datetime) -> None:
    found = Approval.objects.select_related("case__unit", "case__competent").filter(case=case, pk=int(given["application"])).first()
    if found is None:
        raise StaleState("kernel.stale_state", "Someone else changed %(subject)s first; please read it again.", subject=case.number)
    approving.decide(found, approved=given["decision"] == "approve", by=given["person"], at=at, note=given["note"])


def _may_decide(person: Person, case: Case, _steps: Mapping[str, Step]) -> bool:
    return any(approving.may_decide(person, one) for one in approving.waiting(case))


def application(approval: Approval) -> str:
    """An application in a line: what, how much, by whom, why."""
    who = timeline.names([approval.asked_by]).get(approval.asked_by, approval.asked_by)
    told = {"what": approval.get_kind_display(), "who": who, "reason": approval.reason}
    if approval.kind == ApprovalKind.EXTENSION:
        return _now("%(what)s by %(n)s working days, applied for by %(who)s: %(reason)s") % {**told, "n": approval.amount}
    if approval.starts_on:
        return _now("%(what)s from %(day)s, applied for by %(who)s: %(reason)s") % {**told, "day": approval.starts_on.isoformat()}
    return _now("%(what)s, applied for by %(who)s: %(reason)s") % told


def _decide_effects(case: Case, at: datetime) -> Sequence[str]:
    told: list[str] = []
    for one in approving.waiting(case):
        told.append(application(one))
        told += effects.extends(case, reports.verification_of(case), one.amount or 0) if one.kind == ApprovalKind.EXTENSION else []
        told += effects.pauses(case, reports.verification_of(case), at) if one.kind == ApprovalKind.PAUSE else []
        told += effects.pauses(case, timing.MEDIATION, at) if one.kind == ApprovalKind.APPRAISAL else []
    return told


def _decide_law(case: Case, at: datetime) -> str:
    steps = {approving.STEPS[ApprovalKind(one.kind)] for one in approving.waiting(case)}
    language = get_language() or "zh-hans"
    return ("、" if language.startswith("zh") else ", ").join(
        law_of(step, case.kind, local_date(at)).text(language) for step in sorted(steps)
    )


register(
    Act("decide_approval", _("Decide on the application"), DecideForm, _decide, offered=_may_decide, effects=_decide_effects, law=_decide_law, permit="approve", order=5),
)  # fmt: skip
