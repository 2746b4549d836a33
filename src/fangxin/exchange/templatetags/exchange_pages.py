"""What the quarantine's pages need."""

from collections.abc import Mapping
from typing import Any

from django import template

register = template.Library()


@register.filter
def of(values: Mapping[str, Any], name: str) -> Any:
    """The value under a name that only the page knows."""
    return values.get(name, "")
