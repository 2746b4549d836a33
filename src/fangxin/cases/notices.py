"""Cases as subjects of notices (告知): what a list calls them, and who must not hear of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from django.urls import reverse

from fangxin.accounts.models import Person
from fangxin.cases.models import Case, Kind
from fangxin.cases.numbers import number_of
from fangxin.kernel import permits
from fangxin.kernel.refs import Ref, identity
from fangxin.notices import subjects as registry
from fangxin.notices import templates
from fangxin.notices.states import Audience
from fangxin.notices.subjects import Shown

OTHER_SIDE = frozenset({Audience.RESPONDENT.value, Audience.ENTERPRISE.value})
OPEN_TO_BOTH = frozenset({Kind.COMPLAINT.value, Kind.CONSULTATION.value})


class CaseSubjects:
    """Answers for references such as `case:42`."""

    def shown(self, person: Person, subjects: Sequence[Ref]) -> Mapping[Ref, Shown]:
        """Number and page of those cases that the person may see."""
        keys = {identity(subject): subject for subject in subjects}
        seen = permits.rows(person, "view", Case.objects.filter(pk__in=keys)).values_list("pk", flat=True)
        return {keys[pk]: Shown(number_of(pk), reverse("cases:detail", kwargs={"pk": pk})) for pk in seen}

    def forbidden(self, subjects: Sequence[tuple[Ref, str]]) -> set[tuple[Ref, str]]:
        """Whom a report is against hears nothing of it (Order 121 Art 37); nor of what may turn out to be one."""
        pairs = [pair for pair in subjects if pair[1] in OTHER_SIDE]
        keys = {identity(subject) for subject, _audience in pairs}
        open_ = set(Case.objects.filter(pk__in=keys, kind__in=OPEN_TO_BOTH).values_list("pk", flat=True)) if keys else set()
        return {pair for pair in pairs if identity(pair[0]) not in open_}


registry.register("case", CaseSubjects())
templates.register(Path(__file__).parent / "data" / "notices.toml")
