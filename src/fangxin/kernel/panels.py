"""Upper apps add panels to lower pages through this registry, so that a case page can show what `cases` doesn't know of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest


@dataclass(frozen=True, slots=True)
class Panel:
    """One piece of a page: a template and what fills it."""

    name: str
    template: str
    context: Callable[[HttpRequest, Any], Mapping[str, Any] | None]
    """From the request and the page's subject; None: nothing to show to this person."""
    order: int = 100


_panels: dict[str, dict[str, Panel]] = {}


def register(place: str, panel: Panel) -> None:
    """Add a panel to a place such as `case.side`; the same name again replaces it."""
    _panels.setdefault(place, {})[panel.name] = panel


def shown(place: str, request: HttpRequest, subject: Any) -> list[tuple[str, Mapping[str, Any]]]:
    """The templates and contexts of a place for this request, in order."""
    found = []
    for panel in sorted(_panels.get(place, {}).values(), key=lambda panel: (panel.order, panel.name)):
        context = panel.context(request, subject)
        if context is not None:
            found.append((panel.template, context))
    return found
