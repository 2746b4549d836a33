"""Acts of a complaint: identity proof, acceptance or refusal, withdrawal, test and appraisal, termination and its notice.

Mediation itself (consents, sessions, recusal, delegation, agreement) is registered by its own app.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from fangxin.accounts.models import Person
from fangxin.cases import grounds, services, words
from fangxin.cases.acts import effects
from fangxin.cases.acts.registry import Act, ActForm, register
from fangxin.cases.models import ApprovalKind, Case, Side
from fangxin.cases.services import approving, checks, timing
from fangxin.cases.services.complaints import IDENTITY_RESULTS, sides_told
from fangxin.clocks.models import Clock
from fangxin.clocks.rules import local_date
from fangxin.kernel.journal.models import Entry
from fangxin.kernel.refs import Ref
from fangxin.kernel.workflow import Step

NOTE = forms.Textarea(attrs={"rows": 2, "maxlength": 2000})
REASON = forms.Textarea(attrs={"rows": 3, "maxlength": 2000})
CHOOSE = ("", _("choose …"))
REFUSAL_AFTER: Mapping[str, tuple[str, Any]] = {
    "missing": ("5", _("Proof of identity was asked for and did not come by the day that the notice set.")),
    "declined": ("6", _("The complainant declined the check of their true identity.")),
    "false": ("5", _("The proof of identity that was handed in is false.")),
}
"""The ground of refusal (Order 121 Art 16) and the reason that each result leads to; the officer may choose another."""
WAYS = [(key, label) for key, label in words.METHODS.items() if key != "outside"]
APPRAISALS = [("test", pgettext_lazy("appraisal", "test")), ("appraisal", pgettext_lazy("appraisal", "appraisal"))]  # 检测、鉴定


def day_field(label: Any, **options: Any) -> forms.DateField:
    """A day."""
    return forms.DateField(label=label, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **options)


def yuan_field(label: Any, **options: Any) -> "YuanField":
    """An amount in yuan, cleaned to fen."""
    return YuanField(label=label, required=False, min_value=0, max_digits=14, decimal_places=2, **options)


class YuanField(forms.DecimalField):
    """Yuan with two decimals as people write them; cleaned to whole fen, 0 for nothing."""

    def clean(self, value: Any) -> int:
        """The amount in fen."""
        given = super().clean(value)
        return 0 if given is None else int(given * 100)

    def prepare_value(self, value: Any) -> Any:
        """An amount in fen as it stands in the box."""
        return f"{value // 100}.{value % 100:02d}" if isinstance(value, int) else value


def set_choices(form: forms.Form, name: str, choices: Sequence[tuple[str, Any]]) -> None:
    """Give a field of choices its choices."""
    field = form.fields[name]
    if isinstance(field, forms.ChoiceField):
        field.choices = list(choices)


def items(step: str, on: date) -> list[tuple[str, str]]:
    """The items of a step's article in force on a day, as choices in the reader's language."""
    language = get_language() or "zh-hans"
    return [(ground.number, ground.label(language)) for ground in grounds.grounds(step, on)]


class NoteForm(ActForm):
    """A step with a note."""

    note = forms.CharField(label=_("Note"), required=False, max_length=2000, widget=NOTE)


class RefuseForm(ActForm):
    """On which ground, and why. What the facts suggest stands there already."""

    ground = forms.ChoiceField(label=pgettext_lazy("article", "Ground"), choices=[CHOOSE])
    note = forms.CharField(label=_("Reasons"), max_length=1500, widget=REASON)

    def __init__(self, data: Mapping[str, Any] | None = None, *, case: Case, person: Person, prefix: str) -> None:
        super().__init__(data, case=case, person=person, prefix=prefix)
        set_choices(self, "ground", [CHOOSE, *items("refuse", timezone.localdate())])
        self.fields["note"].help_text = _now("The complainant is also told of the other routes: %(routes)s.") % {
            "routes": _now("; ").join(grounds.routes(get_language() or "zh-hans"))
        }
        if data is None:
            self.fields["ground"].initial, self.fields["note"].initial = proposed("refuse", case) or ("", "")


class ProofForm(ActForm):
    """What is to be handed in, and by which day."""

    until = day_field(_("Until"))
    note = forms.CharField(label=_("What is to be handed in"), max_length=2000, widget=NOTE)

    def __init__(self, data: Mapping[str, Any] | None = None, *, case: Case, person: Person, prefix: str) -> None:
        super().__init__(data, case=case, person=person, prefix=prefix)
        clock = effects.running(case, timing.ACCEPTANCE)
        if clock is not None and clock.strict_on is not None:
            field = self.fields["until"]
            field.widget.attrs |= {"min": timezone.localdate().isoformat(), "max": clock.strict_on.isoformat()}
            field.help_text = _now("Not after the last day of the acceptance period, %(day)s.") % {
                "day": effects.weekday_day(clock.strict_on)
            }


class ProofResultForm(ActForm):
    """What came of it."""

    result = forms.ChoiceField(label=_("Result"), choices=[CHOOSE, *((key, words.PROOFS[key]) for key in IDENTITY_RESULTS)])
    note = forms.CharField(label=_("Note"), required=False, max_length=2000, widget=NOTE)


class WithdrawForm(ActForm):
    """Why, and what the consumer got back if the two settled by themselves."""

    note = forms.CharField(label=_("Reason"), max_length=2000, widget=NOTE)
    recovered = yuan_field(_("Recovered by a settlement of their own (yuan)"))


class AppraiseForm(ActForm):
    """What is tested or appraised, from when; body and cost are arranged in mediation."""

    cause = forms.ChoiceField(label=_("Kind"), choices=[CHOOSE, *APPRAISALS])
    on = day_field(_("Handed over on"), initial=timezone.localdate)
    note = forms.CharField(label=_("What is tested or appraised, and by which body"), max_length=1800, widget=NOTE)

    def clean(self) -> dict[str, Any]:
        """The days left out begin no earlier than the acceptance and no later than today."""
        given = super().clean() or {}
        on, decided = given.get("on"), self.case.decided_at
        if on and on > timezone.localdate():
            self.add_error("on", _now("This day is still to come."))
        elif on and decided and on < local_date(decided):
            self.add_error("on", _now("The complaint was accepted on %(day)s.") % {"day": local_date(decided).isoformat()})
        return given


class EndAppraisalForm(ActForm):
    """The result is there."""

    on = day_field(_("Result received on"), initial=timezone.localdate)
    note = forms.CharField(label=_("Result"), required=False, max_length=2000, widget=NOTE)

    def clean_on(self) -> date:
        """A result can't be there tomorrow."""
        on: date = self.cleaned_data["on"]
        if on > timezone.localdate():
            raise forms.ValidationError(_now("This day is still to come."))
        return on


class TerminateForm(ActForm):
    """On which ground; for mediation that should not have begun, also why it should not. What the facts suggest is chosen already."""

    ground = forms.ChoiceField(label=pgettext_lazy("article", "Ground"), choices=[CHOOSE])
    found = forms.ChoiceField(
        label=_("Found after acceptance"),
        required=False,
        help_text=_("Only with ground (6): the ground on which the complaint should not have been accepted."),
    )
    note = forms.CharField(label=_("Reasons"), required=False, max_length=1500, widget=REASON)

    def __init__(self, data: Mapping[str, Any] | None = None, *, case: Case, person: Person, prefix: str) -> None:
        super().__init__(data, case=case, person=person, prefix=prefix)
        today, language = timezone.localdate(), get_language() or "zh-hans"
        set_choices(self, "ground", [CHOOSE, *items("terminate", today)])
        set_choices(self, "found", [("", "—"), *((one.number, one.label(language)) for one in grounds.found_after_acceptance(today))])
        if data is None:
            self.fields["ground"].initial, self.fields["note"].initial = proposed("terminate", case) or ("", "")
        suggestions = checks.suggested("terminate", case, timezone.now()) if data is None else []
        if suggestions:
            self.fields["ground"].initial = suggestions[0].ground
            self.fields["ground"].help_text = " ".join(one.reason for one in suggestions)

    def clean(self) -> dict[str, Any]:
        """Ground 6 names what was found, no other does."""
        given = super().clean() or {}
        six = given.get("ground") == grounds.SHOULD_NOT_HAVE_BEGUN
        if six and not given.get("found"):
            self.add_error("found", _now("Say which ground of refusal was found."))
        return {**given, "found": given.get("found", "") if six else ""}


class TellForm(ActForm):
    """Which side was told, and how."""

    side = forms.ChoiceField(label=_("Told"))
    method = forms.ChoiceField(label=_("Way"), choices=WAYS)
    note = forms.CharField(label=_("Note"), required=False, max_length=2000, widget=NOTE)

    def __init__(self, data: Mapping[str, Any] | None = None, *, case: Case, person: Person, prefix: str) -> None:
        super().__init__(data, case=case, person=person, prefix=prefix)
        told = {one.side for one in sides_told(case)}
        left = [(value, label) for value, label in Side.choices if value not in told]
        both = [("both", _now("both sides"))] if len(left) == len(Side.choices) else []
        set_choices(self, "side", [*left, *both])


# --- what they do ------------------------------------------------------------------------------------------------------------


def _accept(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    services.accept([case], by=by, at=at, note=given["note"])


def _refuse(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    services.refuse(case, ground=given["ground"], by=by, at=at, note=given["note"])


def _ask_proof(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    services.ask_identity_proof(case, until=given["until"], by=by, at=at, note=given["note"])


def _record_proof(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    services.record_identity_proof(case, result=given["result"], by=by, at=at, note=given["note"])


def _withdraw(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    services.withdraw(case, by=by, at=at, note=given["note"], recovered_fen=given["recovered"])


def _appraise(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    reason = _now("%(what)s: %(reason)s") % {"what": dict(APPRAISALS)[given["cause"]], "reason": given["note"]}
    approving.ask(case, ApprovalKind.APPRAISAL, reason=reason, cause="testing", starts_on=given["on"], by=by, at=at)


def _end_appraisal(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    services.end_appraisal(case, on=given["on"], by=by, at=at, note=given["note"])


def _terminate(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    services.terminate(case, ground=given["ground"], found=given["found"], by=by, at=at, note=given["note"])


def _tell(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    sides = Side.values if given["side"] == "both" else [given["side"]]
    services.notify_termination(case, sides=sides, method=given["method"], by=by, at=at, note=given["note"])


# --- when they are offered ---------------------------------------------------------------------------------------------------


def _runs(term: str, *, wanted: bool = True, paused: bool | None = None) -> Any:
    def offered(_person: Person, case: Case, _steps: Mapping[str, Step]) -> bool:
        clock: Clock | None = effects.running(case, term)
        if clock is None:
            return not wanted
        return wanted and (paused is None or clock.paused is paused)

    return offered


def _may_appraise(person: Person, case: Case, steps: Mapping[str, Step]) -> bool:
    asked = {one.kind for one in approving.waiting(case)}
    return ApprovalKind.APPRAISAL not in asked and bool(_runs(timing.MEDIATION, paused=False)(person, case, steps))


def _proof_may_be_asked(person: Person, case: Case, steps: Mapping[str, Step]) -> bool:
    """Only a named person can prove who they are, and only while the acceptance period leaves a day for it."""
    clock = effects.running(case, timing.ACCEPTANCE)
    if clock is None or clock.strict_on is None or clock.strict_on < timezone.localdate():
        return False
    return bool(_runs(timing.IDENTITY_PROOF, wanted=False)(person, case, steps))


def proof_result(case: Case) -> str:
    """What came of the last request for proof of identity; empty where none was answered."""
    entry = Entry.objects.of(case.ref).filter(event="cases.IdentityProof").order_by("-seq").first()
    return str(json.loads(entry.data).get("result", "")) if entry else ""


def proposed(step: str, case: Case) -> tuple[str, str] | None:
    """The ground that the facts speak for, with its reason: what became of the identity proof, then what others suggest."""
    after = REFUSAL_AFTER.get(proof_result(case)) if step == "refuse" else None
    if after:
        return after[0], str(after[1])
    suggestions = checks.suggested(step, case, timezone.now())
    return (suggestions[0].ground, suggestions[0].reason) if suggestions else None


# --- what they bring about ---------------------------------------------------------------------------------------------------


def _accept_effects(case: Case, at: datetime) -> Sequence[str]:
    return [
        *effects.stops(case, timing.ACCEPTANCE, at),
        *effects.starts(case, timing.MEDIATION, at),
        *([_now("The case becomes yours.")] if case.officer_id is None else []),
    ]


def _refuse_effects(case: Case, at: datetime) -> Sequence[str]:
    owed = _now("The complainant must be told the reason and the other routes of the consumer law.")
    return [*effects.closes(case, at, stopping=(timing.ACCEPTANCE,)), owed]


def _proof_effects(case: Case, at: datetime) -> Sequence[str]:
    goes_on = _now("The acceptance period goes on: the law names no pause.")
    return [*effects.starts(case, timing.IDENTITY_PROOF, at), goes_on]


def _proof_result_effects(case: Case, at: datetime) -> Sequence[str]:
    refusal = _now("If it is missing, declined or false, the refusal is filled in beforehand.")
    return [*effects.stops(case, timing.IDENTITY_PROOF, at), refusal]


def _withdraw_effects(case: Case, at: datetime) -> Sequence[str]:
    return effects.closes(case, at)


def _appraise_effects(case: Case, at: datetime) -> Sequence[str]:
    asks = _now("Applies to the head of the bureau; nothing moves before it is approved.")
    return [asks, *effects.pauses(case, timing.MEDIATION, at)]


def _end_appraisal_effects(case: Case, at: datetime) -> Sequence[str]:
    return effects.resumes(case, timing.MEDIATION, at)


def _terminate_effects(case: Case, at: datetime) -> Sequence[str]:
    return [
        *effects.closes(case, at, stopping=(timing.MEDIATION,)),
        *effects.starts(case, timing.TERMINATION_NOTICE, at),
        _now("Mediation that should not have begun ends with ground (6), which names the ground of refusal."),
    ]


def _tell_effects(case: Case, at: datetime) -> Sequence[str]:
    stops = effects.stops(case, timing.TERMINATION_NOTICE, at)
    return stops if sides_told(case) else [_now("The period ends when both sides are told."), *stops]


register(
    Act("record_identity_proof", words.STEPS["record_identity_proof"], ProofResultForm, _record_proof, step="record_identity_proof", offered=_runs(timing.IDENTITY_PROOF), effects=_proof_result_effects, order=30),
    Act("accept", words.STEPS["accept"], NoteForm, _accept, step="accept", effects=_accept_effects, order=31, together=True),
    Act("refuse", words.STEPS["refuse"], RefuseForm, _refuse, step="refuse", effects=_refuse_effects, order=32, together=True),
    Act("ask_identity_proof", words.STEPS["ask_identity_proof"], ProofForm, _ask_proof, step="ask_identity_proof", offered=_proof_may_be_asked, effects=_proof_effects, order=33),
    Act("withdraw", words.STEPS["withdraw"], WithdrawForm, _withdraw, step="withdraw", effects=_withdraw_effects, order=34),
    Act("end_appraisal", words.STEPS["end_appraisal"], EndAppraisalForm, _end_appraisal, step="end_appraisal", offered=_runs(timing.MEDIATION, paused=True), effects=_end_appraisal_effects, order=40),
    Act("appraise", _("Apply for a test or appraisal"), AppraiseForm, _appraise, step="appraise", offered=_may_appraise, effects=_appraise_effects, order=65),
    Act("terminate", words.STEPS["terminate"], TerminateForm, _terminate, step="terminate", effects=_terminate_effects, order=66, together=True),
    Act("notify_termination", words.STEPS["notify_termination"], TellForm, _tell, step="notify_termination", offered=_runs(timing.TERMINATION_NOTICE), effects=_tell_effects, order=41),
)  # fmt: skip
