"""Who may do what with the files of a kind of subject: the app that owns the kind says so."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from fangxin.kernel import refs
from fangxin.kernel.errors import NotPermitted
from fangxin.kernel.refs import Ref
from fangxin.kernel.vault import Purpose

Action = Literal["view", "add", "remove"]
Guard = Callable[[Any, Action, Ref], bool]


@dataclass(frozen=True, slots=True)
class _Kind:
    guard: Guard
    keys: Callable[[Ref], str]


_kinds: dict[str, _Kind] = {}


def register(ref_kind: str, guard: Guard, *, keys: Callable[[Ref], str] = lambda _subject: Purpose.PERSON.value) -> None:
    """Say who may view, add and remove files of subjects of this kind (`case`), and whose keys seal them; again replaces.

    The guard is asked for each download, never cached.
    """
    _kinds[ref_kind] = _Kind(guard, keys)


def may(person: Any, action: Action, subject: Ref) -> bool:
    """Whether the person may; nobody may anything with a kind that no app has spoken for."""
    known = _kinds.get(refs.kind(subject))
    return known is not None and known.guard(person, action, subject)


def require(person: Any, action: Action, subject: Ref) -> None:
    """Raise NotPermitted unless the person may."""
    if not may(person, action, subject):
        raise NotPermitted("kernel.not_permitted", "You may not do this here.")


def keys_of(subject: Ref) -> str:
    """Whose keys seal the subject's files: `reporter` for reports (Order 121 Art 37), `person` unless something else is registered."""
    known = _kinds.get(refs.kind(subject))
    return known.keys(subject) if known else Purpose.PERSON.value
