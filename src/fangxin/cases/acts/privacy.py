"""Acts of erasure: asked for by one, approved by another (个人信息删除)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy
from django.utils.translation import gettext as _

from fangxin.accounts.models import Person, Role
from fangxin.cases.acts.registry import Act, ActForm, register
from fangxin.cases.models import Case, Erasure, ErasureGround
from fangxin.cases.services import privacy
from fangxin.cases.workflow import law_book
from fangxin.clocks.rules import local_date
from fangxin.kernel import permits
from fangxin.kernel.errors import IllegalStep
from fangxin.kernel.refs import Ref
from fangxin.kernel.workflow import Step


class AskErasureForm(ActForm):
    """The ground."""

    ground = forms.ChoiceField(label=gettext_lazy("Ground"), choices=ErasureGround.choices)


class ApproveErasureForm(ActForm):
    """A word of certainty: it can't be undone."""

    sure = forms.BooleanField(label=gettext_lazy("I have checked the ground. What is erased can't be brought back."))


def _ask(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    privacy.ask_erasure(case, ground=given["ground"], by=by, at=at)


def _approve(case: Case, _given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    erasure = Erasure.objects.filter(case=case, approved_at__isnull=True).first()
    if erasure is None:
        raise IllegalStep("cases.erased_already", "This was erased already.")
    privacy.erase(erasure, by=by, at=at)


def _may_ask(person: Person, case: Case, _steps: Mapping[str, Step]) -> bool:
    return not case.is_open and permits.may(person, "reveal", case) and not Erasure.objects.filter(case=case).exists()


def _may_approve(person: Person, case: Case, _steps: Mapping[str, Step]) -> bool:
    if case.is_open or not person.has_role(Role.SUPERVISOR, case.unit):
        return False
    return Erasure.objects.filter(case=case, approved_at__isnull=True).exclude(asked_by=person.ref).exists()


def _effects(_case: Case, _at: datetime) -> list[str]:
    return [
        _("Destroys names, numbers, addresses, what was filed, notes, files, documents and messages of this case for good."),
        _("Number, classes, periods, verdicts, amounts and the journal stay."),
    ]


def _article(case: Case, at: datetime) -> str:
    return law_book().resolve("privacy.erasure", local_date(at), as_if=case.as_if).text(get_language() or "zh-hans")


register(
    Act("ask_erasure", pgettext_lazy("act", "Ask for erasure"), AskErasureForm, _ask, offered=_may_ask, law=_article, order=190),
    Act(
        "approve_erasure",
        pgettext_lazy("act", "Approve the erasure"),
        ApproveErasureForm,
        _approve,
        offered=_may_approve,
        effects=_effects,
        law=_article,
        order=191,
    ),
)
