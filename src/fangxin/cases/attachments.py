"""A case's files (附件): who may do what with them, the panel of the case page, and how the history tells of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _

from fangxin.accounts.access import person_of
from fangxin.accounts.models import Person
from fangxin.cases import timeline
from fangxin.cases.events import KindSet
from fangxin.cases.models import Case, Erasure, keys_for
from fangxin.files import guards, queries, services, words
from fangxin.files.forms import CategoryForm, PurposeForm, RemovalForm
from fangxin.files.guards import Action
from fangxin.files.models import Attachment, Reason
from fangxin.kernel import journal, panels, permits
from fangxin.kernel.refs import Ref, identity

PERMITS: Mapping[Action, str] = {"view": "reveal", "add": "handle", "remove": "arrange"}
"""What one may do with a case's files follows from what one may do with the case; a delegated body takes no evidence off it."""

ACCEPTED = (
    "image/jpeg,image/png,image/webp,image/gif,application/pdf,audio/mpeg,audio/mp4,audio/wav,audio/ogg,.mp3,.m4a,.wav,.amr,.awb,.ogg,.opus"
)
"""For the browser's file chooser; a telephone then turns its HEIC photos into JPEG by itself."""


@dataclass(slots=True)
class Outcome:
    """What became of the files of one upload."""

    kept: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    """Name and reason."""


def guard(person: Any, action: Action, subject: Ref) -> bool:
    """The rule for files whose subject is a case."""
    case = Case(pk=identity(subject))
    if not isinstance(person, Person) or (action == "add" and Erasure.objects.filter(case=case, approved_at__isnull=False).exists()):
        return False  # nothing comes to a case again whose personal data was erased
    return permits.may(person, "view", case) and permits.may(person, PERMITS[action], case)


def keys(subject: Ref) -> str:
    """Files of a report are sealed with the reporter's keys (Order 121 Art 37)."""
    kind = Case.objects.filter(pk=identity(subject)).values_list("kind", flat=True).first()
    return keys_for(kind or "")


@journal.on(KindSet)
def reseal_files(event: KindSet) -> None:
    """A filing turned out to be a report: its files come under the reporter's keys."""
    services.reseal(event.subject, by=event.actor, at=event.at)


def panel(request: HttpRequest, case: Case) -> Mapping[str, Any]:
    """The files that were handed in, with what this person may do with them; documents of our own making have their own panel."""
    person = person_of(request)
    found = [one for one in queries.of(case.ref) if not one.made]
    people = timeline.names(one.by for one in found)
    may_view = guards.may(person, "view", case.ref)
    return {
        "case": case,
        "files": [_shown(one, people, may_view=may_view) for one in found],
        "may_view": may_view,
        "may_add": guards.may(person, "add", case.ref),
        "may_remove": guards.may(person, "remove", case.ref),
        "purpose_form": PurposeForm(auto_id=False),
        "removal_form": RemovalForm(auto_id=False),
        "category_form": CategoryForm(request.POST if getattr(request, "upload_outcome", None) else None, auto_id="upload_%s"),
        "outcome": getattr(request, "upload_outcome", None),
        "accepted": ACCEPTED,
        "limit_mb": settings.UPLOAD_BYTES >> 20,
        "limit": settings.UPLOAD_BYTES,
        "too_large": words.refusal(services.too_large()),
    }


def _shown(attachment: Attachment, people: Mapping[str, str], *, may_view: bool) -> Mapping[str, Any]:
    kind = words.kind(attachment.media_type)
    return {
        "pk": attachment.pk,
        "name": attachment.name if may_view else kind,
        "kind": kind,
        "category": words.category(attachment.category),
        "size": words.size(attachment.size),
        "at": attachment.at,
        "by": people.get(attachment.by, attachment.by),
    }


# --- in the history ------------------------------------------------------------------------------------------------------------


@timeline.tells("files.FileKept")
def _kept(values: Mapping[str, Any], _offices: Mapping[str, str]) -> str:
    told = {"category": words.category(values["category"]), "kind": words.kind(values["media_type"])}
    return _("File added: %(category)s (%(kind)s)") % told


@timeline.tells("files.FileOpened")
def _opened(values: Mapping[str, Any], _offices: Mapping[str, str]) -> str:
    return _("File opened; purpose: %(purpose)s") % {"purpose": words.purpose(values["purpose"])}


@timeline.tells("files.FileRemoved")
def _removed(values: Mapping[str, Any], _offices: Mapping[str, str]) -> str:
    return _("File removed: %(reason)s") % {"reason": dict(Reason.choices).get(values["reason"], values["reason"])}


@timeline.tells("files.FileErased")
def _erased(_values: Mapping[str, Any], _offices: Mapping[str, str]) -> str:
    return _("File erased for good")


@timeline.tells("files.FileResealed")
def _resealed(_values: Mapping[str, Any], _offices: Mapping[str, str]) -> str:
    return _("File sealed with the reporter's keys")


guards.register(Case.ref_kind, guard, keys=keys)
panels.register("case.main", panels.Panel("attachments", "cases/parts/attachments.html", panel, order=30))
