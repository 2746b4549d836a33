"""The law as data: instruments, citations, and rules that resolve to the citation in force on a day.

Nothing here knows a rule by heart. `instruments.toml` says which texts exist and when each is in force; a book of rules is a
TOML file of its own (`LawBook.load`), so that an app keeps the articles of its steps beside its steps.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Protocol, Self, TypeVar

from fangxin.kernel.errors import BadInput, UnknownRule

__all__ = ["Cite", "Instrument", "LawBook", "RuleVersion", "check_spans", "chinese_number", "in_force", "instrument", "instruments"]


@dataclass(frozen=True, slots=True)
class Instrument:
    """One legal text, pledge or practice that a rule can cite (法律依据).

    `in_force_from` is the first day of the wording that the project cites, which may be younger than the text's first issue;
    `in_force_until` is the last day, None while it is in force. `quoted` is false for what is not a titled text.
    """

    id: str
    title_zh: str
    title_en: str
    short_en: str
    in_force_from: date
    in_force_until: date | None = None
    quoted: bool = True

    def covers(self, first: date, last: date | None) -> bool:
        """Whether the text is in force on every day from `first` to `last` (None: without end)."""
        return self.in_force_from <= first and (self.in_force_until is None or (last is not None and last <= self.in_force_until))


@cache
def instruments() -> Mapping[str, Instrument]:
    """Every instrument of `instruments.toml`, by id."""
    with Path(__file__).with_name("instruments.toml").open("rb") as file:
        return {key: Instrument(id=key, **values) for key, values in tomllib.load(file).items()}


def instrument(key: str) -> Instrument:
    """The instrument with this id; raises UnknownRule if there is none."""
    try:
        return instruments()[key]
    except KeyError:
        raise UnknownRule("law.instrument_unknown", "There is no legal text %(name)s.", name=key) from None


_DIGITS = "零一二三四五六七八九"


def chinese_number(number: int) -> str:
    """A whole number from 1 to 999 as the law writes its articles: 16 → 十六, 115 → 一百一十五, 203 → 二百零三."""
    if not 1 <= number <= 999:
        raise ValueError(number)
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    text = f"{_DIGITS[hundreds]}百" if hundreds else ""
    if tens:
        text += "十" if tens == 1 and not hundreds else f"{_DIGITS[tens]}十"
    elif hundreds and ones:
        text += "零"
    return text + (_DIGITS[ones] if ones else "")


_CITE = re.compile(r"(?P<instrument>[a-z][a-z0-9_]*)(?::(?P<article>\d+)(?:\.(?P<paragraph>\d+))?(?:\((?P<item>\d+)\))?)?")


@dataclass(frozen=True, slots=True)
class Cite:
    """A place in the law: article 条, paragraph 款, item 项. Without an article it cites the whole text.

    `str(cite)` is the short form that `parse` reads: `order121:16(4)`, `order121:23.2`, `order121:10.1(3)`, `local_pledge`.
    """

    instrument: str
    article: int | None = None
    paragraph: int | None = None
    item: int | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the short form. Raises BadInput if it is not one, UnknownRule if the instrument is unknown."""
        match = _CITE.fullmatch(text)
        if match is None:
            raise BadInput("law.cite_malformed", "%(text)s is not a citation.", text=text)
        key, *numbers = match.groups()
        instrument(key)
        return cls(key, *(int(number) if number else None for number in numbers))

    @property
    def source(self) -> Instrument:
        """The instrument that is cited."""
        return instrument(self.instrument)

    def __str__(self) -> str:
        if self.article is None:
            return self.instrument
        paragraph = f".{self.paragraph}" if self.paragraph else ""
        item = f"({self.item})" if self.item else ""
        return f"{self.instrument}:{self.article}{paragraph}{item}"

    def zh(self) -> str:
        """As a Chinese document writes it: 《市场监督管理投诉举报处理办法》第十六条第（四）项."""
        source = self.source
        text = f"《{source.title_zh}》" if source.quoted else source.title_zh
        if self.article:
            text += f"第{chinese_number(self.article)}条"
        if self.paragraph:
            text += f"第{chinese_number(self.paragraph)}款"
        if self.item:
            text += f"第（{chinese_number(self.item)}）项"
        return text

    def en(self) -> str:
        """In short English: Order 121 Art 16(4), Order 121 Art 23 para 2."""
        text = self.source.short_en
        if self.article:
            text += f" Art {self.article}"
        if self.paragraph:
            text += f" para {self.paragraph}"
        return f"{text}({self.item})" if self.item else text

    def text(self, language: str) -> str:
        """`zh()` for a language code that begins with zh, else `en()`."""
        return self.zh() if language.startswith("zh") else self.en()


class _Version(Protocol):
    @property
    def effective_from(self) -> date: ...
    @property
    def effective_until(self) -> date | None: ...


V = TypeVar("V", bound=_Version)


def in_force(name: str, versions: Sequence[V], on: date, *, as_if: bool = False) -> V:
    """The version in force on a day.

    With `as_if` a day outside every version takes the version whose validity lies nearest (the later one of two equally near);
    without it such a day raises UnknownRule.
    """
    nearest = versions[0]
    distance: int | None = None
    for version in versions:
        until = version.effective_until
        if version.effective_from <= on and (until is None or on <= until):
            return version
        gap = (version.effective_from - on).days if on < version.effective_from else (on - (until or on)).days
        if distance is None or gap <= distance:
            nearest, distance = version, gap
    if as_if:
        return nearest
    raise UnknownRule("law.not_in_force", "No version of %(name)s is in force on %(day)s.", name=name, day=on.isoformat())


def check_spans(name: str, versions: Iterable[tuple[date, date | None, Sequence[Cite]]]) -> None:
    """Refuse versions that are empty, out of order or overlapping, or that cite a text outside its validity (BadInput)."""
    last: date | None = None
    seen = False
    for first, until, cites in versions:
        if seen and (last is None or first <= last):
            raise BadInput("law.versions_overlap", "The versions of %(name)s overlap or are out of order.", name=name)
        if until is not None and until < first:
            raise BadInput("law.version_empty", "A version of %(name)s ends before it begins.", name=name)
        for cite in cites:
            if not cite.source.covers(first, until):
                raise BadInput("law.cite_not_in_force", "%(name)s cites %(cite)s outside its validity.", name=name, cite=str(cite))
        last, seen = until, True
    if not seen:
        raise BadInput("law.versions_missing", "%(name)s has no version.", name=name)


@dataclass(frozen=True, slots=True)
class RuleVersion:
    """What a rule cites from `effective_from` to `effective_until` (None: until further notice).

    `as_if` is true when the version was taken for a day on which it is not in force.
    """

    rule: str
    effective_from: date
    effective_until: date | None
    cites: tuple[Cite, ...]
    as_if: bool = False

    def text(self, language: str) -> str:
        """All citations in one line."""
        return ("、" if language.startswith("zh") else ", ").join(cite.text(language) for cite in self.cites)


class LawBook:
    """Rules by name, each with its versions by effective date.

    The file holds one table a rule; a version's `from` and `until` default to the validity of the first text it cites:

        ["complaint.refusal"]
        versions = [
          { cites = ["order20:15"] },
          { cites = ["order121:16"] },
        ]
    """

    def __init__(self, rules: Mapping[str, Sequence[RuleVersion]]) -> None:
        for name, versions in rules.items():
            check_spans(name, [(version.effective_from, version.effective_until, version.cites) for version in versions])
        self._rules = {name: tuple(versions) for name, versions in rules.items()}

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a book. Raises BadInput for what is not one, UnknownRule for a citation of an unknown text."""
        try:
            with path.open("rb") as file:
                content = tomllib.load(file)
            return cls({name: [_version(name, entry) for entry in rule["versions"]] for name, rule in content.items()})
        except (tomllib.TOMLDecodeError, KeyError, TypeError, IndexError) as error:
            raise BadInput("law.book_unreadable", "%(path)s is not a book of rules: %(why)s", path=path.name, why=str(error)) from error

    @property
    def names(self) -> tuple[str, ...]:
        """Every rule's name, in the file's order."""
        return tuple(self._rules)

    def versions(self, name: str) -> tuple[RuleVersion, ...]:
        """All versions of a rule, oldest first; raises UnknownRule if the book has no such rule."""
        try:
            return self._rules[name]
        except KeyError:
            raise UnknownRule("law.rule_unknown", "There is no rule %(name)s.", name=name) from None

    def resolve(self, name: str, on: date, *, as_if: bool = False) -> RuleVersion:
        """The version of a rule in force on a day; raises UnknownRule outside its validity.

        `as_if` takes the nearest version instead, for replays of days on which no version is in force, and marks it `as_if`.
        """
        version = in_force(name, self.versions(name), on, as_if=as_if)
        inside = version.effective_from <= on and (version.effective_until is None or on <= version.effective_until)
        return version if inside else replace(version, as_if=True)


def _version(name: str, entry: Mapping[str, Any]) -> RuleVersion:
    cites = tuple(Cite.parse(text) for text in entry["cites"])
    return RuleVersion(
        rule=name,
        effective_from=entry.get("from") or cites[0].source.in_force_from,
        effective_until=entry.get("until") or cites[0].source.in_force_until,
        cites=cites,
    )
