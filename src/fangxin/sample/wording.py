"""How the vocabulary's lists are written: words with spaces between, goods with their prices."""


def words(text: str) -> tuple[str, ...]:
    """The words of a text."""
    return tuple(text.split())


def items(text: str) -> tuple[tuple[str, int, int], ...]:
    """Goods with their lowest and highest price in yuan, written `name:low:high`."""
    rows = (entry.split(":") for entry in text.split())
    return tuple((name, int(low), int(high)) for name, low, high in rows)
