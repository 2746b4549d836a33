"""Who may see what mediation keeps: whoever may see the case (权限)."""

from django.db.models import Q

from fangxin.accounts.models import Person
from fangxin.cases.models import Case
from fangxin.kernel import permits
from fangxin.mediation.models import Agreement, Appraisal, Consent, Delegation, Invitation, Recusal, Session


@permits.rule(Invitation, "view")
@permits.rule(Consent, "view")
@permits.rule(Session, "view")
@permits.rule(Recusal, "view")
@permits.rule(Delegation, "view")
@permits.rule(Appraisal, "view")
@permits.rule(Agreement, "view")
def view(person: Person) -> Q:
    """The rule of the case decides; nothing of mediation is seen without it."""
    return Q(case__in=permits.rows(person, "view", Case.objects.all()))


@permits.rule(Agreement, "read")
def read(person: Person) -> Q:
    """The terms: whoever may read what was written on the case."""
    return Q(case__in=permits.rows(person, "read_notes", Case.objects.all()))


@permits.rule(Agreement, "reveal")
def reveal(person: Person) -> Q:
    """The terms as written, where they hold personal data."""
    return Q(case__in=permits.rows(person, "reveal", Case.objects.all()))
