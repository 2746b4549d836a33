"""Amounts and counts as people write them."""

from django import template

register = template.Library()


@register.filter
def yuan(fen: int) -> str:
    """An amount in fen as yuan: 12345 → ¥123.45."""
    return f"¥{fen // 100:,}.{fen % 100:02d}" if fen % 100 else f"¥{fen // 100:,}"


@register.filter
def capped(count: int, cap: int) -> str:
    """A count that stopped at the cap: 10000 of 10000 → 9,999+."""
    return f"{cap - 1:,}+" if count >= cap else f"{count:,}"
