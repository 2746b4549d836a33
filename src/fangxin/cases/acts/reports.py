"""Acts of a report: field of law, verification, applications and their approval, decision, transfer, repeats, notices, end, reward."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from fangxin.accounts.models import Person
from fangxin.cases import filings, rewards, services, words
from fangxin.cases.acts import effects
from fangxin.cases.acts.registry import Act, ActForm, register
from fangxin.cases.models import ApprovalKind, Case, Kind, Reward, RewardGround
from fangxin.cases.services import approving, repeating, reports, telling, timing
from fangxin.clocks import terms
from fangxin.clocks.models import Adjustment, AdjustmentKind
from fangxin.clocks.rules import local_date
from fangxin.kernel import permits
from fangxin.kernel.errors import BadInput, DomainError
from fangxin.kernel.refs import Ref
from fangxin.kernel.workflow import Step

CAUSES: Mapping[str, Any] = {
    "testing": pgettext_lazy("pause", "test, inspection, quarantine or appraisal"),  # 检测、检验、检疫、鉴定
    "identification": pgettext_lazy("pause", "identification by the right holder"),  # 权利人辨认或者鉴别
}
"""What is left out of the count (处罚程序规定 Art 18 para 2), as the period's rule names it."""
FIELDS = words.FIELDS_OF_LAW
DECLINES, RESULTS = words.REPORT_GROUNDS["decline"], words.REPORT_GROUNDS["conclude"]
STAGES = {"told": ("told", _("the reporter was told")), "claimed": ("claimed", _("the reward was claimed"))}
TELLING = [(key, label) for key, label in words.METHODS.items() if key != "outside"]


def area(rows: int = 2) -> forms.Textarea:
    """A text box for what an officer writes."""
    return forms.Textarea(attrs={"rows": rows, "maxlength": 2000})


def day(label: Any, **options: Any) -> forms.DateField:
    """A day, today unless another one is given."""
    return forms.DateField(
        label=label, initial=timezone.localdate, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **options
    )


def choose(label: Any, choices: Any, **options: Any) -> forms.ChoiceField:
    """One of several, none of them picked beforehand."""
    return forms.ChoiceField(label=label, choices=[("", _("choose …")), *choices], **options)


class FieldForm(ActForm):
    """The field of law that the report is about."""

    field = choose(_("Field of law"), list(FIELDS.items()), help_text=_("Decides who must be told what; periods count from receipt."))
    note = forms.CharField(label=_("Reason, where it is corrected"), required=False, max_length=2000, widget=area())


class VerifyForm(ActForm):
    """One step of the verification."""

    method = choose(_("Step"), list(words.VERIFICATIONS.items()))
    on = day(_("Day"))
    note = forms.CharField(label=_("What was found"), max_length=2000, widget=area(3))


class ExtendForm(ActForm):
    """An application for an extension."""

    amount = forms.IntegerField(label=_("Working days"), min_value=1, max_value=365)
    note = forms.CharField(label=_("Special circumstances"), max_length=2000, widget=area(3))

    def __init__(self, data: Mapping[str, Any] | None = None, *, case: Case, person: Person, prefix: str) -> None:
        super().__init__(data, case=case, person=person, prefix=prefix)
        allowed = allowed_extension(case)
        if allowed:
            field = self.fields["amount"]
            field.initial, field.widget.attrs["max"] = allowed, allowed


class PauseForm(ActForm):
    """An application to leave time out of the count."""

    cause = choose(_("Cause"), list(CAUSES.items()))
    on = day(_("From"))
    note = forms.CharField(label=_("What is tested or identified, and by whom"), max_length=2000, widget=area(3))


class ResumeForm(ActForm):
    """The result has come."""

    on = day(_("Result received on"))
    note = forms.CharField(label=_("Result"), required=False, max_length=2000, widget=area())


class NoteForm(ActForm):
    """A step with a note."""

    note = forms.CharField(label=_("Note"), required=False, max_length=2000, widget=area())


class DeclineForm(ActForm):
    """Why no case is filed."""

    ground = choose(_("Ground for not filing"), list(DECLINES.items()))
    note = forms.CharField(label=_("Reasons in full"), max_length=2000, widget=area(3))


class TransferForm(ActForm):
    """To which body, under which letter."""

    body = forms.CharField(label=_("Competent body"), max_length=100)
    reference = forms.CharField(label=_("Reference of the letter"), max_length=60)
    on = day(_("Sent on"))
    note = forms.CharField(label=_("Reasons"), max_length=2000, widget=area())


class RouteForm(ActForm):
    """The right route, and how the reporter was told."""

    note = forms.CharField(label=_("What the reporter was told: no power here, and where to go"), max_length=2000, widget=area(3))
    method = choose(_("Told by"), TELLING, required=False, help_text=_("Leave it open if nobody could be told yet."))


class RepeatForm(ActForm):
    """Which earlier report this one repeats, and whether it brings new facts."""

    earlier = forms.ChoiceField(label=_("Earlier report"))
    facts = choose(
        _("Facts"),
        [(repeating.REPEAT, _("the same: not handled again")), (repeating.NEW_FACTS, _("new ones: merged, counted anew from this report"))],
    )
    note = forms.CharField(label=_("Reasons"), max_length=2000, widget=area())

    def __init__(self, data: Mapping[str, Any] | None = None, *, case: Case, person: Person, prefix: str) -> None:
        super().__init__(data, case=case, person=person, prefix=prefix)
        self.offered = {str(one.pk): one for one in seen_earlier(person, case)}
        field = self.fields["earlier"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [(key, earlier_line(one)) for key, one in self.offered.items()]

    def clean(self) -> dict[str, Any]:
        """Hand the report itself on."""
        given = super().clean() or {}
        return {**given, "earlier": self.offered.get(str(given.get("earlier")))}


class NotifyForm(ActForm):
    """Which duty is fulfilled, how, and in what words."""

    duty = forms.ChoiceField(label=_("Duty"))
    outcome = forms.ChoiceField(
        label=_("Result"), choices=[("told", _("has been told")), ("not_owed", _("is not owed here, for the reason below"))]
    )
    method = choose(_("Told by"), TELLING, required=False)
    note = forms.CharField(label=_("What was said, or why nothing is owed"), max_length=2000, widget=area(3))

    def __init__(self, data: Mapping[str, Any] | None = None, *, case: Case, person: Person, prefix: str) -> None:
        super().__init__(data, case=case, person=person, prefix=prefix)
        language = get_language() or "zh-hans"
        field = self.fields["duty"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [(one.duty.id, one.duty.text(language)) for one in telling.standing(case) if one.owed and one.possible]

    def clean(self) -> dict[str, Any]:
        """Who was told was told in some way."""
        given = super().clean() or {}
        if given.get("outcome") == "told" and not given.get("method"):
            self.add_error("method", _now("Say how it was told."))
        return given


class ConcludeForm(ActForm):
    """How the investigation ended."""

    result = choose(_("Result"), list(RESULTS.items()))
    note = forms.CharField(label=_("Note"), required=False, max_length=2000, widget=area())


class RewardForm(ActForm):
    """Whether a reward is due, and its grade and base."""

    ground = forms.ChoiceField(label=_("Reward"), required=False)
    grade = forms.ChoiceField(label=_("Grade"), required=False)
    base = forms.DecimalField(
        label=_("Fine and confiscation (yuan)"), required=False, min_value=Decimal(0), max_value=Decimal(10) ** 12, decimal_places=2
    )
    note = forms.CharField(label=_("Note"), required=False, max_length=2000, widget=area())

    def __init__(self, data: Mapping[str, Any] | None = None, *, case: Case, person: Person, prefix: str) -> None:
        super().__init__(data, case=case, person=person, prefix=prefix)
        language = get_language() or "zh-hans"
        rule = rewards.versions()[-1]
        choices = {
            "ground": [
                ("", _("is due")),
                *[(value, _now("none: %(ground)s") % {"ground": label}) for value, label in RewardGround.choices],
            ],
            "grade": [("", _("choose …")), *[(str(one.grade), f"{one.percent}% {one.text(language)}") for one in rule.grades]],
        }
        for name, allowed in choices.items():
            field = self.fields[name]
            if isinstance(field, forms.ChoiceField):
                field.choices = allowed

    def clean(self) -> dict[str, Any]:
        """A reward needs its grade and its base."""
        given = super().clean() or {}
        if not given.get("ground"):
            if not given.get("grade"):
                self.add_error("grade", _now("Choose the grade."))
            if given.get("base") is None:
                self.add_error("base", _now("Give the amount; 0 for a case without fine or confiscation."))
        return given


class FollowForm(ActForm):
    """What happened to the reward."""

    stage = forms.ChoiceField(
        label=_("What happened"), choices=[("told", _("the reporter was told")), ("claimed", _("the reward was claimed"))]
    )
    note = forms.CharField(label=_("Note"), required=False, max_length=2000, widget=area())

    def __init__(self, data: Mapping[str, Any] | None = None, *, case: Case, person: Person, prefix: str) -> None:
        super().__init__(data, case=case, person=person, prefix=prefix)
        reward = Reward.objects.filter(case=case).first()
        field = self.fields["stage"]
        if reward and isinstance(field, forms.ChoiceField):
            field.choices = [STAGES["told" if reward.told_at is None else "claimed"]]


class ClueForm(ActForm):
    """A clue that came up in mediation. The name of the complainant does not belong in it."""

    found_on = day(_("Found on"))
    title = forms.CharField(label=_("Short title"), required=False, max_length=100)
    clue = forms.CharField(
        label=_("Clue and facts"),
        max_length=2000,
        widget=area(4),
        help_text=_("Goes into the report: write nothing there about the complainant."),
    )
    field = choose(_("Field of law"), [choice for choice in FIELDS.items() if choice[0] != "association"], required=False)


# --- what they do ------------------------------------------------------------------------------------------------------------


def _set_field(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    services.set_field(case, given["field"], by=by, at=at, note=given["note"])


def _verify(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    services.verify(case, method=given["method"], on=given["on"], by=by, at=at, note=given["note"])


def _ask_extension(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    allowed = allowed_extension(case)
    if allowed is not None and given["amount"] > allowed:
        raise BadInput("cases.extension_too_long", "The law allows no more than %(n)s working days.", n=allowed)
    approving.ask(case, ApprovalKind.EXTENSION, reason=given["note"], amount=given["amount"], by=by, at=at)


def _ask_pause(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    approving.ask(case, ApprovalKind.PAUSE, reason=given["note"], cause=given["cause"], starts_on=given["on"], by=by, at=at)


def _resume(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    services.resume_verification(case, on=given["on"], by=by, at=at, note=given["note"])


def _file(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    services.file_report(case, by=by, at=at, note=given["note"])


def _decline(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    services.decline_report(case, ground=given["ground"], by=by, at=at, note=given["note"])


def _transfer(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    services.transfer_report(case, body=given["body"], reference=given["reference"], on=given["on"], by=by, at=at, note=given["note"])


def _redirect(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    services.redirect(case, by=by, at=at, note=given["note"], method=given["method"])


def _merge(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    close = services.merge_repeated if given["facts"] == repeating.NEW_FACTS else services.close_repeated
    close(case, given["earlier"], by=by, at=at, note=given["note"])


def _notify(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    services.notify_reporter(
        case, duties=[given["duty"]], method=given["method"], not_owed=given["outcome"] == "not_owed", by=by, at=at, note=given["note"]
    )


def _conclude(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    services.conclude_report(case, result=given["result"], by=by, at=at, note=given["note"])


def _reward(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    services.note_reward(
        case, ground=given["ground"], grade=int(given["grade"]) if given["grade"] else None, base_fen=int((given["base"] or 0) * 100),
        by=by, at=at, note=given["note"],
    )  # fmt: skip


def _follow_reward(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    follow = services.tell_reward if given["stage"] == "told" else services.claim_reward
    follow(case, by=by, at=at, note=given["note"])


def _find_clue(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    found_at = (
        at
        if given["found_on"] == local_date(at)
        else datetime.combine(given["found_on"], datetime.min.time(), tzinfo=timezone.get_default_timezone())
    )
    services.open_clue(
        case,
        clue=given["clue"],
        title=given["title"],
        field_of_law=given["field"],
        found_at=max(found_at, case.first_received_at),
        by=by,
        at=at,
    )


# --- when they are offered ---------------------------------------------------------------------------------------------------


def _is_report(_person: Person, case: Case, _steps: Mapping[str, Step]) -> bool:
    return case.kind == Kind.REPORT


def _may_ask(kind_: ApprovalKind) -> Any:
    def offered(_person: Person, case: Case, _steps: Mapping[str, Step]) -> bool:
        clock = effects.running(case, reports.verification_of(case))
        return clock is not None and not clock.paused and kind_ not in {one.kind for one in approving.waiting(case)}

    return offered


def _may_extend(person: Person, case: Case, steps: Mapping[str, Step]) -> bool:
    return allowed_extension(case) is not None and bool(_may_ask(ApprovalKind.EXTENSION)(person, case, steps))


def _stands_still(_person: Person, case: Case, _steps: Mapping[str, Step]) -> bool:
    clock = effects.running(case, reports.verification_of(case))
    return clock is not None and clock.paused


def _is_repeat(person: Person, case: Case, _steps: Mapping[str, Step]) -> bool:
    return case.kind == Kind.REPORT and bool(seen_earlier(person, case))


def _owes(_person: Person, case: Case, _steps: Mapping[str, Step]) -> bool:
    return any(one.owed and one.possible for one in telling.standing(case))


def _had_reporter(_person: Person, case: Case, _steps: Mapping[str, Step]) -> bool:
    return case.channel != filings.Channel.FOUND and not Reward.objects.filter(case=case).exists()


def _reward_goes_on(_person: Person, case: Case, _steps: Mapping[str, Step]) -> bool:
    return Reward.objects.filter(case=case, eligible=True, claimed_at__isnull=True).exists()


def seen_earlier(person: Person, case: Case) -> list[Case]:
    """The earlier reports of the same reporter that this person may see."""
    found = repeating.earlier_reports(case)
    seen = (
        set(permits.rows(person, "view", Case.objects.filter(pk__in=[one.pk for one in found])).values_list("pk", flat=True))
        if found
        else set()
    )
    return [one for one in found if one.pk in seen]


def allowed_extension(case: Case) -> int | None:
    """The longest extension that the running period's rule still allows, in its unit."""
    clock = effects.running(case, reports.verification_of(case))
    extension = terms.book().version(clock.version).extension if clock else None
    if clock is None or extension is None:
        return None
    since = Adjustment.objects.filter(clock=clock, kind=AdjustmentKind.RESTART).order_by("-pk").values_list("pk", flat=True).first() or 0
    used = Adjustment.objects.filter(clock=clock, kind=AdjustmentKind.EXTENSION, pk__gt=since).count()
    return extension.amount if used < extension.times else None


# --- how they are told -------------------------------------------------------------------------------------------------------


def earlier_line(case: Case) -> str:
    """An earlier report in a line of a list."""
    told = {"number": case.number, "day": timezone.localtime(case.first_received_at).date().isoformat(), "state": case.get_state_display()}
    return _now("%(number)s of %(day)s, %(state)s") % told


def _verification(case: Case) -> str:
    return reports.verification_of(case)


def _ask_effects(_case: Case, _at: datetime) -> Sequence[str]:
    return [_now("Applies to the head of the bureau; nothing moves before it is approved.")]


def _extend_effects(case: Case, at: datetime) -> Sequence[str]:
    return [*_ask_effects(case, at), *effects.extends(case, _verification(case), allowed_extension(case) or 0)]


def _pause_effects(case: Case, at: datetime) -> Sequence[str]:
    return [*_ask_effects(case, at), *effects.pauses(case, _verification(case), at)]


def _file_effects(case: Case, at: datetime) -> Sequence[str]:
    return effects.stops(case, _verification(case), at)


def _close_effects(*stopping: str) -> Any:
    def told(case: Case, at: datetime) -> Sequence[str]:
        return effects.closes(case, at, stopping=stopping, keeps=sorted(timing.NOTICES))

    return told


def _transfer_effects(case: Case, at: datetime) -> Sequence[str]:
    language = get_language() or "zh-hans"
    duties = [one.text(language) for one in telling.duties_of(case, in_remit=False) if one.tell] if telling.reachable(case) else []
    owed = [_now("Then owed: %(duty)s.") % {"duty": duty} for duty in duties]
    return [*effects.closes(case, at, stopping=timing.VERIFICATIONS), *owed]


def _clue_effects(case: Case, at: datetime) -> Sequence[str]:
    known = terms.term(timing.CLUE_VERIFICATION)
    try:
        version = known.on(local_date(at), as_if=case.as_if)
    except DomainError:
        return []
    told = {"term": words.term_name(timing.CLUE_VERIFICATION), "length": words.length(version.amount, version.unit)}
    return [
        _now(
            "Makes a report of its own with the same unit, without the complainant; starts %(length)s of “%(term)s” from the day of the find."
        )
        % told
    ]


def _reward_law(_case: Case, at: datetime) -> str:
    rule = rewards.rule_on(local_date(at))
    language = get_language() or "zh-hans"
    return ("、" if language.startswith("zh") else ", ").join(cite.text(language) for cite in rule.cites)


register(
    Act("set_field", words.STEPS["set_field"], FieldForm, _set_field, step="set_field", order=30),
    Act("verify", words.STEPS["verify"], VerifyForm, _verify, step="verify", order=31),
    Act("extend", _("Apply for an extension"), ExtendForm, _ask_extension, step="extend", offered=_may_extend, effects=_extend_effects, order=33),
    Act("pause_verification", _("Apply to leave time out of the count"), PauseForm, _ask_pause, step="pause_verification", offered=_may_ask(ApprovalKind.PAUSE), effects=_pause_effects, order=34),
    Act("resume_verification", words.STEPS["resume_verification"], ResumeForm, _resume, step="resume_verification", offered=_stands_still, effects=lambda case, at: effects.resumes(case, _verification(case), at), order=32),
    Act("file", words.STEPS["file"], NoteForm, _file, step="file", effects=_file_effects, order=36),
    Act("decline", words.STEPS["decline"], DeclineForm, _decline, step="decline", effects=_close_effects(*timing.VERIFICATIONS), order=37),
    Act("transfer", words.STEPS["transfer"], TransferForm, _transfer, step="transfer", effects=_transfer_effects, order=38),
    Act("redirect_report", _("Tell the reporter the right route"), RouteForm, _redirect, step="redirect", offered=_is_report, effects=lambda case, at: effects.closes(case, at, stopping=timing.VERIFICATIONS), order=39),
    Act("merge", words.STEPS["merge"], RepeatForm, _merge, step="merge", offered=_is_repeat, effects=effects.closes, order=29),
    Act("notify", words.STEPS["notify"], NotifyForm, _notify, step="notify", offered=_owes, order=40),
    Act("conclude", words.STEPS["conclude"], ConcludeForm, _conclude, step="conclude", effects=_close_effects(), order=41),
    Act("reward", words.STEPS["reward"], RewardForm, _reward, step="reward", offered=_had_reporter, law=_reward_law, order=42),
    Act("follow_reward", _("Follow up the reward"), FollowForm, _follow_reward, step="reward", offered=_reward_goes_on, law=_reward_law, order=43),
    Act("find_clue", words.STEPS["find_clue"], ClueForm, _find_clue, step="find_clue", effects=_clue_effects, order=64),
)  # fmt: skip
