"""What notices are about, told by the apps that know: a label, an address and who may hear of it.

This app stands below `cases` and knows no case. An app that sends notices registers a resolver for its kind of reference:

    subjects.register("case", CaseSubjects())
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from fangxin.accounts.models import Person
from fangxin.kernel.errors import NotPermitted
from fangxin.kernel.refs import Ref, kind
from fangxin.notices.states import Audience

K = TypeVar("K", bound=Ref | tuple[Ref, str])


@dataclass(frozen=True, slots=True)
class Shown:
    """How a subject stands in a list."""

    label: str
    url: str = ""


class Resolver(Protocol):
    """What an app answers about its subjects; both take a batch, so that a list costs the same for one row and a hundred."""

    def shown(self, person: Person, subjects: Sequence[Ref]) -> Mapping[Ref, Shown]:
        """Those of the subjects that the person may see."""

    def forbidden(self, subjects: Sequence[tuple[Ref, str]]) -> set[tuple[Ref, str]]:
        """Those pairs of subject and audience that must never be: a report and whom it is against (Order 121 Art 37)."""


class _Unknown:
    """For a kind that nobody speaks for: nobody sees it, and nobody on the other side hears of it."""

    def shown(self, person: Person, subjects: Sequence[Ref]) -> Mapping[Ref, Shown]:  # noqa: ARG002 -- the shape of a resolver
        return {}

    def forbidden(self, subjects: Sequence[tuple[Ref, str]]) -> set[tuple[Ref, str]]:
        return {pair for pair in subjects if pair[1] in {Audience.RESPONDENT, Audience.ENTERPRISE}}


_UNKNOWN = _Unknown()
_resolvers: dict[str, Resolver] = {}


def register(ref_kind: str, resolver: Resolver) -> None:
    """Let an app speak for its kind of reference; an app does it in `ready`. Registering again replaces."""
    _resolvers[ref_kind] = resolver


def shown(person: Person, subjects: Sequence[Ref]) -> dict[Ref, Shown]:
    """Label and address of those subjects that the person may see."""
    found: dict[Ref, Shown] = {}
    for resolver, mine in _by_resolver({subject: subject for subject in subjects}):
        found.update(resolver.shown(person, list(mine)))
    return found


def check(messages: Sequence[tuple[Ref, str]]) -> None:
    """Raise NotPermitted if one of these audiences must not hear of its subject."""
    for resolver, mine in _by_resolver({pair: pair[0] for pair in messages}):
        for subject, _audience in sorted(resolver.forbidden(list(mine))):
            raise NotPermitted(
                "notices.audience_forbidden", "Whom %(subject)s is directed against must not be told of it.", subject=subject
            )


def _by_resolver(wanted: Mapping[K, Ref]) -> list[tuple[Resolver, list[K]]]:
    kinds: dict[str, list[K]] = {}
    for key, subject in wanted.items():
        kinds.setdefault(kind(subject), []).append(key)
    return [(_resolvers.get(name, _UNKNOWN), keys) for name, keys in kinds.items()]
