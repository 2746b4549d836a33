"""What mediation knows of two official forms: the notice of mediation (文书式样七) and the mediation agreement (文书式样九)."""

from collections.abc import Mapping

from django.utils import timezone

from fangxin.cases.papers import Setting, register
from fangxin.kernel import vault
from fangxin.kernel.vault import Purpose
from fangxin.mediation import queries
from fangxin.mediation.models import PLACE_AGREEMENT, Agreement
from fangxin.mediation.states import Mode

PURPOSE = "documents"
"""Why the terms are opened, as the journal keeps it (`cases.words.PURPOSES`)."""


def notice(setting: Setting) -> Mapping[str, str]:
    """Form 7 from the arranged session: time, place, mediator, what to bring, within how many days to ask for recusal.

    It is the notice of a session on site (现场调解); for another one the form keeps what the case says.
    """
    session = queries.coming(setting.case)
    if session is None or session.mode != Mode.ON_SITE:
        return {}
    return {
        "session_at": timezone.localtime(session.starts_at).strftime("%Y-%m-%dT%H:%M"),
        "place": session.place,
        "materials": session.materials,
        "recusal_days": str(session.recusal_days or ""),
        "mediator": session.mediator.name,
    }


def agreement(setting: Setting) -> Mapping[str, str]:
    """Form 9 from the agreement on record, with its terms as written; must not be called inside a transaction."""
    found = queries.agreement_of(setting.case)
    return {"agreement": _terms(found, setting)} if found else {}


def _terms(found: Agreement, setting: Setting) -> str:
    if not found.sealed:
        return found.terms
    sealed = vault.Sealed(Purpose.PERSON, PLACE_AGREEMENT, found.pk, bytes(found.sealed))
    now = timezone.now()  # a look is journalled when it happens; the form's own day is another thing
    return vault.reveal(sealed, fields=("text",), subject=setting.case.ref, purpose=PURPOSE, actor=setting.person.ref, at=now)["text"]


register("mediation_notice", notice)
register("mediation_agreement", agreement)
