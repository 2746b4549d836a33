"""The permission matrix as a table that people read: principals with equal columns together, addresses with equal rows together."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from string import ascii_uppercase

BEGIN, END = "<!-- permission matrix: begin -->", "<!-- permission matrix: end -->"
PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "security.md"
WRITE = "pytest tests/security/test_permission_walk.py --write-matrix"

Answers = Mapping[tuple[str, str, str], int]
"""By method, address and principal."""


def columns(answers: Answers, principals: Sequence[str]) -> list[list[str]]:
    """Principals who get the same answer everywhere, in the order given."""
    addresses = sorted({(method, name) for method, name, _ in answers})
    found: dict[tuple[int, ...], list[str]] = {}
    for one in principals:
        found.setdefault(tuple(answers[method, name, one] for method, name in addresses), []).append(one)
    return list(found.values())


def table(answers: Answers, method: str, groups: Sequence[Sequence[str]], letters: str = ascii_uppercase) -> list[str]:
    """A Markdown table of one method."""
    names = list(dict.fromkeys(name for known, name, _ in answers if known == method))
    rows: dict[tuple[int, ...], list[str]] = {}
    for name in names:
        row = tuple(answers[method, name, group[0]] for group in groups)
        rows.setdefault(row, []).append(name)
    heads = letters[: len(groups)]
    lines = [f"| {method} | {' | '.join(heads)} |", "|---" * (len(groups) + 1) + "|"]
    lines += [f"| {'<br>'.join(found)} | {' | '.join(map(str, row))} |" for row, found in sorted(rows.items(), key=lambda one: one[1][0])]
    return lines


def key(groups: Sequence[Sequence[str]], told: Callable[[Sequence[str]], str], letters: str = ascii_uppercase) -> list[str]:
    """Who stands behind the letters."""
    return [f"- **{letter}** {told(group)}" for letter, group in zip(letters, groups, strict=False)]


def kept(page: str) -> str:
    """What stands between the markers."""
    return page.partition(BEGIN)[2].partition(END)[0].strip("\n")


def written(page: str, text: str) -> str:
    """The page with another matrix between the markers."""
    before, _begin, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}"
