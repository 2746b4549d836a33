"""The periods of law and of local promise (时限), each in versions by effective date, read from `data/terms.toml`.

The version in force on the day of a clock's start event, in Asia/Shanghai, governs that clock to its end.
"""

import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from fangxin.kernel.errors import BadInput, UnknownRule
from fangxin.kernel.law import Cite, check_spans, in_force

DATA = Path(__file__).with_name("data")


class Layer(StrEnum):
    """Who set the period: law, the city's own pledge, the 12345 hotline, or the 12315 platform."""

    LAW = "law"
    LOCAL = "local"
    HOTLINE = "hotline"
    PLATFORM = "platform"


class Unit(StrEnum):
    """What a period is counted in. `prompt` (及时) has no number; `notice` ends on the day a notice names."""

    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"
    WORKDAYS = "workdays"
    MONTHS = "months"
    YEARS = "years"
    PROMPT = "prompt"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class PauseRule:
    """A kind of pause that may be recorded; `stops` says whether its days are left out of the count (不计入)."""

    kind: str
    stops: bool
    cites: tuple[Cite, ...]


@dataclass(frozen=True, slots=True)
class ExtensionRule:
    """An extension (延长) of at most `amount` (None: the approver says how much), at most `times` times."""

    amount: int | None
    unit: Unit
    times: int
    approver_zh: str
    approver_en: str


@dataclass(frozen=True, slots=True)
class Lead:
    """How long before the due instant the alarm "nearing" is raised: a working habit, not law."""

    amount: int
    unit: Unit


@dataclass(frozen=True, slots=True)
class Restart:
    """An event that makes a running period begin again (重新计算)."""

    id: str
    code: str
    name_zh: str
    name_en: str
    cites: tuple[Cite, ...]


@dataclass(frozen=True, slots=True, eq=False)
class TermVersion:
    """A period as it is in force from `effective_from` to `effective_until` (None: until further notice).

    `amount` is 0 for prompt and notice periods. `roll` says whether a last day that is off moves the lenient date to the next
    working day. `restarts` are ids of `Restart`. `confidence` is high, medium or low: how well the source is known. Versions are
    singletons of `book()`, compared and hashed by identity.
    """

    id: str
    term: str
    effective_from: date
    effective_until: date | None
    amount: int
    unit: Unit
    start_zh: str
    start_en: str
    pauses: tuple[PauseRule, ...]
    extension: ExtensionRule | None
    restarts: tuple[str, ...]
    roll: bool
    nearing: Lead | None
    cites: tuple[Cite, ...]
    on_breach_zh: str
    on_breach_en: str
    confidence: str
    note: str

    def covers(self, day: date) -> bool:
        """Whether the version is in force on a day; a clock started on another day was started as if it were."""
        return self.effective_from <= day and (self.effective_until is None or day <= self.effective_until)

    def basis(self, language: str) -> str:
        """All citations in one line."""
        return ("、" if language.startswith("zh") else ", ").join(cite.text(language) for cite in self.cites)


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """A named period; `code` is its short number in the list of periods (C1, R1, L2 …).

    A `right` is a time in which something may be done, not one in which it must: when it lapses nobody is late, so it raises no alarm.
    """

    id: str
    code: str
    name_zh: str
    name_en: str
    layer: Layer
    versions: tuple[TermVersion, ...]
    right: bool = False

    def on(self, day: date, *, as_if: bool = False) -> TermVersion:
        """The version in force on a day; raises UnknownRule outside every version's validity.

        `as_if` takes the nearest version instead; `version.covers(day)` then says whether that was needed.
        """
        return in_force(self.id, self.versions, day, as_if=as_if)

    def version(self, key: str) -> TermVersion:
        """Its version with this id, e.g. C1@order121; raises UnknownRule."""
        for version in self.versions:
            if version.id == key:
                return version
        raise UnknownRule("clocks.version_unknown", "There is no version %(version)s of %(term)s.", version=key, term=self.id)

    def name(self, language: str) -> str:
        """Its name in Chinese for a language code that begins with zh, else in English."""
        return self.name_zh if language.startswith("zh") else self.name_en


@dataclass(frozen=True, slots=True)
class Book:
    """Every term, every version and every restart rule, by id."""

    terms: Mapping[str, Term]
    versions: Mapping[str, TermVersion]
    restarts: Mapping[str, Restart]

    def term(self, key: str) -> Term:
        """The term with this id; raises UnknownRule."""
        try:
            return self.terms[key]
        except KeyError:
            raise UnknownRule("clocks.term_unknown", "There is no period %(name)s.", name=key) from None

    def version(self, key: str) -> TermVersion:
        """The version with this id (C1@order121), whatever its term; raises UnknownRule."""
        try:
            return self.versions[key]
        except KeyError:
            raise UnknownRule("clocks.version_nowhere", "No period has a version %(version)s.", version=key) from None


@cache
def book() -> Book:
    """The terms that ship with the project, read once."""
    return load(DATA / "terms.toml")


def term(key: str) -> Term:
    """Shorthand for `book().term(key)`."""
    return book().term(key)


def load(path: Path) -> Book:
    """Read a book of terms.

    A key given beside a term's versions holds for each version that does not set it. Raises BadInput if the file is malformed,
    versions overlap, an id occurs twice, or a version cites a text outside its validity.
    """
    try:
        with path.open("rb") as file:
            content = tomllib.load(file)
        restarts = {entry["id"]: _restart(entry) for entry in content.get("restart", ())}
        terms = [_term(entry) for entry in content["term"]]
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise BadInput("clocks.terms_unreadable", "%(path)s is not a list of periods: %(why)s", path=path.name, why=repr(error)) from error
    versions = [version for one in terms for version in one.versions]
    ids = Counter([one.id for one in terms] + [version.id for version in versions])
    for key, times in ids.items():
        if times > 1:
            raise BadInput("clocks.term_twice", "%(name)s is defined twice.", name=key)
    for one in terms:
        check_spans(one.id, [(version.effective_from, version.effective_until, version.cites) for version in one.versions])
        for version in one.versions:
            for key in version.restarts:
                if key not in restarts:
                    raise UnknownRule("clocks.term_unknown", "There is no period %(name)s.", name=key)
    return Book({one.id: one for one in terms}, {version.id: version for version in versions}, restarts)


def _term(entry: Mapping[str, Any]) -> Term:
    shared = {key: value for key, value in entry.items() if key != "version"}
    return Term(
        id=entry["id"],
        code=entry["code"],
        name_zh=entry["name_zh"],
        name_en=entry["name_en"],
        layer=Layer(entry["layer"]),
        versions=tuple(_version(entry["id"], shared | version) for version in entry["version"]),
        right=entry.get("right", False),
    )


def _version(term_id: str, values: Mapping[str, Any]) -> TermVersion:
    extension = values.get("extension")
    nearing = values.get("nearing")
    return TermVersion(
        id=values["id"],
        term=term_id,
        effective_from=values["from"],
        effective_until=values.get("until"),
        amount=values.get("amount", 0),
        unit=Unit(values["unit"]),
        start_zh=values["start_zh"],
        start_en=values["start_en"],
        pauses=tuple(PauseRule(rule["kind"], rule["stops"], _cites(rule)) for rule in values.get("pauses", ())),
        extension=extension
        and ExtensionRule(
            extension.get("amount"),
            Unit(extension.get("unit", values["unit"])),
            extension.get("times", 1),
            extension["approver_zh"],
            extension["approver_en"],
        ),
        restarts=tuple(values.get("restarts", ())),
        roll=values.get("roll", False),
        nearing=nearing and Lead(nearing["amount"], Unit(nearing["unit"])),
        cites=_cites(values),
        on_breach_zh=values.get("on_breach_zh", ""),
        on_breach_en=values.get("on_breach_en", ""),
        confidence=values.get("confidence", "high"),
        note=values.get("note", ""),
    )


def _restart(values: Mapping[str, Any]) -> Restart:
    return Restart(values["id"], values["code"], values["name_zh"], values["name_en"], _cites(values))


def _cites(values: Mapping[str, Any]) -> tuple[Cite, ...]:
    return tuple(Cite.parse(text) for text in values["cites"])
