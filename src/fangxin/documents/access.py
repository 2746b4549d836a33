"""Who may read the files of a document: the app that owns what the document is about says so."""

from collections.abc import Callable
from typing import Any

from fangxin.documents.models import Document
from fangxin.kernel import refs
from fangxin.kernel.refs import Ref

Guard = Callable[[Any, str, Ref], bool]

Stands = Callable[[Document], None]
"""Locks what the document is about and raises a DomainError if what the document says no longer holds (a decision was taken back)."""

_guards: dict[str, Guard] = {}
_stands: dict[str, Stands] = {}


def register(ref_kind: str, guard: Guard, *, stands: Stands | None = None) -> None:
    """Let an app speak for documents about its kind of thing (`case`); registering again replaces."""
    _guards[ref_kind] = guard
    if stands is not None:
        _stands[ref_kind] = stands


def check_stands(document: Document) -> None:
    """Ask, inside the transaction that delivers it, whether the document may still be delivered."""
    check = _stands.get(refs.kind(document.subject))
    if check is not None:
        check(document)


def may(person: Any, action: str, document: Ref) -> bool:
    """For `files.guards`: whether the person may view or add files of the document (`document:12`); nobody removes them."""
    subject = Document.objects.filter(pk=refs.identity(document)).values_list("subject", flat=True).first()
    guard = _guards.get(refs.kind(subject or ""))
    return action in {"view", "add"} and guard is not None and subject is not None and guard(person, action, Ref(subject))


def keys_of(document: Ref) -> str:
    """Whose keys seal the document and its files."""
    return Document.objects.values_list("keys", flat=True).get(pk=refs.identity(document))
