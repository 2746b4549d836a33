"""Amounts and counts as people write them."""

from django import template

from fangxin.cases import words

register = template.Library()


register.filter("yuan", words.yuan)


@register.filter
def capped(count: int, cap: int) -> str:
    """A count that stopped at the cap: 10000 of 10000 → 9,999+."""
    return f"{cap - 1:,}+" if count >= cap else f"{count:,}"
