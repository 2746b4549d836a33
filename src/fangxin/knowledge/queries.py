"""Finding entries: by parts of words and pairs of signs, the same on every database, for a base of hundreds."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from fangxin.knowledge.models import Entry

_WORDS = re.compile(r"[a-z0-9]+|[\u3400-\u9fff]+")
_WEIGHTS = (("title", 5.0), ("words", 4.0), ("title_en", 3.0), ("body", 2.0), ("answer", 1.0))
_EMPTY = frozenset("的了吗呢是我你他她它在有和与或怎么什么如何可以请问想要")
LONGEST = 300


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry and how well it fits; the higher the better."""

    entry: Entry
    score: float


def search(text: str, *, limit: int = 10, inactive: bool = False) -> list[Hit]:
    """The entries that fit a question best, best first; none for a text that says nothing. One query.

    Chinese is compared by pairs of signs (a word of one sign by itself), Latin by words; what stands in the question or among the
    search words counts more than what stands in the answer, and a query that is found as a whole more than its parts.
    """
    asked = terms_of(text[:LONGEST])
    if not asked:
        return []
    whole = normal(text)[:LONGEST]
    found = []
    for entry in Entry.objects.all() if inactive else Entry.objects.active():
        score = 0.0
        for column, weight in _WEIGHTS:
            value = normal(getattr(entry, column))
            hits = sum(1 for term in asked if term in value)
            score += weight * hits / len(asked)
            score += weight if len(whole) > 1 and whole in value else 0
        if score:
            found.append(Hit(entry, score))
    best = max((one.score for one in found), default=0.0)
    return sorted((one for one in found if one.score >= best / 5), key=lambda one: (-one.score, one.entry.slug))[:limit]


def normal(text: str) -> str:
    """A text as it is compared: one width, small letters, no blanks between Chinese signs."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text).lower()).strip()


def terms_of(text: str) -> frozenset[str]:
    """What a question is taken apart into: pairs of Chinese signs, Latin words and numbers."""
    found: set[str] = set()
    for run in _WORDS.findall(normal(text)):
        if run[0].isascii():
            found.add(run)
        elif len(run) == 1:
            found |= {run} - _EMPTY
        else:
            found |= {pair for pair in _pairs(run) if not _EMPTY.issuperset(pair)}
    return frozenset(found)


def _pairs(run: str) -> Iterable[str]:
    return (run[place : place + 2] for place in range(len(run) - 1))


def quoted(entry: Entry) -> str:
    """An entry as an answer quotes it: the text, who is competent, and its articles."""
    parts = [entry.answer.strip()]
    if entry.body:
        parts.append(f"承办单位：{entry.body}" + (f"，电话：{entry.phone}" if entry.phone else "") + "。")
    basis = entry.basis("zh-hans")
    if basis:
        parts.append(f"依据：{'、'.join(basis)}。")
    return "\n".join(parts)
