"""One function answers both "may this person do this to that" and "which rows may this person see" (权限)."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet

from fangxin.kernel.errors import NotPermitted

M = TypeVar("M", bound=Model)
Rule = Callable[[Any], Q]

NOBODY = Q(pk__in=())
EVERYBODY = Q()

_rules: dict[tuple[type[Model], str], Rule] = {}


def rule(model: type[Model], *actions: str) -> Callable[[Rule], Rule]:
    """Register what a person may do: a function from the person to the rows it covers."""

    def register(function: Rule) -> Rule:
        for action in actions:
            if (model, action) in _rules:
                raise ValueError(f"Two rules for {action} on {model.__name__}.")
            _rules[model, action] = function
        return function

    return register


def rows(person: Any, action: str, queryset: QuerySet[M]) -> QuerySet[M]:
    """Those rows of the queryset that the person may do this to. Someone not signed in gets none.

    Raises LookupError for an action that no rule speaks of.
    """
    function = _rules.get((queryset.model, action))
    if function is None:
        raise LookupError(f"No rule for {action} on {queryset.model.__name__}.")
    if not getattr(person, "is_authenticated", False) or not getattr(person, "is_active", False):
        return queryset.none()
    return queryset.filter(function(person))


def may(person: Any, action: str, subject: Model) -> bool:
    """Whether the person may do this to that: the very same rule as `rows`."""
    return rows(person, action, type(subject)._default_manager.filter(pk=subject.pk)).exists()  # noqa: SLF001 -- Django's documented way to the manager


def require(person: Any, action: str, subject: Model) -> None:
    """Raise NotPermitted unless the person may do this to that."""
    if not may(person, action, subject):
        raise NotPermitted("kernel.not_permitted", "You may not do this here.")


def actions() -> list[tuple[type[Model], str]]:
    """Every (model, action) that has a rule."""
    return list(_rules)
