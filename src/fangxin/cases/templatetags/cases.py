"""Amounts and counts as people write them, and long lists of options: hundreds a page, which a template's loop takes ten times as long for."""

from collections.abc import Iterable
from html import escape
from typing import Any

from django import template
from django.utils.safestring import SafeString, mark_safe

from fangxin.accounts.models import Office
from fangxin.cases import words

register = template.Library()


register.filter("yuan", words.yuan)


@register.filter
def capped(count: int, cap: int) -> str:
    """A count that stopped at the cap: 10000 of 10000 → 9,999+."""
    return f"{cap - 1:,}+" if count >= cap else f"{count:,}"


@register.simple_tag
def options(choices: Iterable[tuple[Any, Any]], chosen: Any) -> SafeString:
    """The options of a select."""
    return mark_safe(  # noqa: S308 -- each part is escaped
        "".join(
            f'<option value="{escape(str(value))}"{" selected" if value == chosen else ""}>{escape(str(label))}</option>'
            for value, label in choices
        )
    )


@register.simple_tag
def unit_options(units: Iterable[Office]) -> SafeString:
    """Units to choose from by typing, each with the bureau that it is part of."""
    return mark_safe(  # noqa: S308 -- each part is escaped
        "".join(
            f'<option value="{escape(unit.name)}">{escape(unit.competent.name) if unit.competent and unit.competent_id != unit.pk else ""}</option>'
            for unit in units
        )
    )
