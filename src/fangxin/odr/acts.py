"""Acts on the case page: send a complaint to the trader's ODR enterprise, and take it back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy
from django.utils.translation import gettext as _

from fangxin.accounts.models import Person
from fangxin.cases.acts import Act, ActForm, register
from fangxin.cases.models import Case, Kind
from fangxin.clocks import terms
from fangxin.clocks.rules import local_date
from fangxin.kernel.errors import IllegalStep
from fangxin.kernel.refs import Ref
from fangxin.kernel.workflow import Step
from fangxin.odr.models import Dispute
from fangxin.odr.services import disputes
from fangxin.odr.states import LIVE_DISPUTES, Ending, Origin
from fangxin.odr.workflow import law_of

_HANDLING = frozenset({"accept", "start_mediation", "settle"})
"""Steps that only who works on the complaint may take."""


class SendForm(ActForm):
    """What the enterprise is told, and that the complainant agrees."""

    summary = forms.CharField(
        label=gettext_lazy("What the enterprise is told"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Empty: the narrative without personal data."),
    )
    agreed = forms.BooleanField(
        label=gettext_lazy("The complainant agrees to negotiate on line and that the enterprise may contact them"),
        widget=forms.CheckboxInput(attrs={"class": "form-check-input"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if disputes.needs_summary(self.case):
            self.fields["summary"].required = True
            self.fields["summary"].help_text = _(
                "This filing also has a part that the enterprise must not know of: write only what the dispute is about."
            )


class RecallForm(ActForm):
    """Why it is taken back is not asked: the bureau may always go on by itself."""


def _send(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    disputes.send(case, summary=given["summary"], by=by, at=at)


def _recall(case: Case, _given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    dispute = running(case)
    if dispute is None:
        raise IllegalStep("odr.not_running", "No enterprise is negotiating this complaint.")
    disputes.end(dispute, Ending.RECALLED, by=by, at=at)


def running(case: Case) -> Dispute | None:
    """The dispute about the bureau's own complaint that still runs."""
    return Dispute.objects.filter(case=case, origin=Origin.BUREAU, state__in=LIVE_DISPUTES).first()


def _sendable(_person: Person, case: Case, steps: Mapping[str, Step]) -> bool:
    if case.kind != Kind.COMPLAINT or case.state not in disputes.SENDABLE or case.trader_id is None or not _HANDLING & set(steps):
        return False
    return disputes.enterprise_for(case) is not None and running(case) is None


def _recallable(_person: Person, case: Case, steps: Mapping[str, Step]) -> bool:
    return case.kind == Kind.COMPLAINT and case.is_open and bool(_HANDLING & set(steps)) and running(case) is not None


def _effects(_case: Case, now: datetime) -> list[str]:
    version = terms.term(disputes.TERM).on(local_date(now))
    return [
        _("The enterprise has %(days)s working days to settle it with the complainant.") % {"days": version.amount},
        _("The case's own periods go on."),
        _("It sees no name; it may look at name and telephone number for a purpose, on record."),
    ]


def _law(_case: Case, now: datetime) -> str:
    return law_of("odr.negotiation", local_date(now)).text(get_language() or "zh-hans")


register(
    Act("send_to_odr", pgettext_lazy("step", "Send to ODR"), SendForm, _send, offered=_sendable, effects=_effects, law=_law, order=65),
    Act("recall_from_odr", pgettext_lazy("step", "Take back from ODR"), RecallForm, _recall, offered=_recallable, order=66),
)
