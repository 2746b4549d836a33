"""The ten official forms (文书式样, April 2026) as data: fields in their order, fixed text, notes, numbering (pure).

The wording stands in `data/forms.toml`, word for word; nothing here or elsewhere repeats it.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

from fangxin.kernel.errors import BadInput

DATA: Final = Path(__file__).parent / "data"
EDITION: Final = date(2026, 4, 15)
"""The forms of April 2026 go with Order 121; both took the place of their forerunners on this day."""

COMPLAINT, REPORT, DECISION = "complaint", "report", "decision"
"""The series of numbers: registrations of complaints, of reports (编号), and everything else (市监〔年〕第号)."""

KINDS: Final = frozenset({"text", "long", "date", "moment", "number", "item", "consent", "choice", "papers"})
"""text one line; long paragraphs; item a ground of an article; consent yes or no; papers a list of things to bring, one a line."""


@dataclass(frozen=True, slots=True)
class Field:
    """One blank of a form."""

    name: str
    zh: str
    en: str
    kind: str = "text"
    required: bool = False
    group: str = ""
    """Whose it is, where a form asks the same of two people."""
    group_en: str = ""
    choices: tuple[str, ...] = ()
    choices_en: tuple[str, ...] = ()
    blank: str = ""
    """What stands there while nothing is filled in; empty: a blank line of `size` signs."""
    size: int = 8
    default: str = ""
    """`today`, or what is proposed for it."""

    def label(self, language: str) -> str:
        """What it is called, in Chinese for a language that begins with zh, else in English."""
        name, group = (self.zh, self.group) if language.startswith("zh") else (self.en, self.group_en)
        return f"{group}{'：' if language.startswith('zh') else ': '}{name}" if group else name


@dataclass(frozen=True, slots=True)
class Block:
    """One paragraph of a form: fixed text with {blanks}."""

    style: str
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a registration table: a head with lines of labelled fields, one long text, or a signature."""

    head: str = ""
    lines: tuple[tuple[str, ...], ...] = ()
    text: str = ""
    height: float = 0.0
    """At least so high, in cm."""
    sign: str = ""
    signer: str = ""
    signed_on: str = ""


@dataclass(frozen=True, slots=True)
class FormSpec:
    """One official form (文书式样)."""

    id: str
    ordinal: int
    title: str
    en: str
    series: str
    to: tuple[str, ...]
    """Whom it may be delivered to."""
    keys: str
    """Whose keys seal its values; empty: whoever issues it says."""
    notes: tuple[str, ...]
    fields: tuple[Field, ...]
    blocks: tuple[Block, ...] = ()
    table: tuple[Row, ...] = ()
    dense: bool = False
    """Set in smaller type, so that it stays on one page."""

    def name(self, language: str) -> str:
        """What the form is called."""
        return self.title if language.startswith("zh") else self.en

    def field(self, name: str) -> Field:
        """The field of that name; KeyError for none."""
        return _by_name(self)[name]

    @property
    def items(self) -> tuple[str, ...]:
        """The grounds that the form lists, without their numbers; empty for a form without any."""
        return tuple(block.text.partition("）")[2] for block in self.blocks if block.style == "item")


@cache
def _by_name(spec: FormSpec) -> Mapping[str, Field]:
    return {field.name: field for field in spec.fields}


@cache
def forms() -> Mapping[str, FormSpec]:
    """The ten forms by id, in the official order."""
    with (DATA / "forms.toml").open("rb") as file:
        found = [_form(entry) for entry in tomllib.load(file)["form"]]
    return {spec.id: spec for spec in found}


def spec(form: str) -> FormSpec:
    """The form of that id. Raises BadInput for one that is none."""
    found = forms().get(form)
    if found is None:
        raise BadInput("documents.no_such_form", "There is no form “%(form)s”.", form=form)
    return found


def _form(entry: Mapping[str, Any]) -> FormSpec:
    fields = tuple(Field(**{key: _frozen(value) for key, value in one.items()}) for one in entry["fields"])
    blocks = tuple(Block(**one) for one in entry.get("blocks", ()))
    table = tuple(Row(**{key: _frozen(value) for key, value in one.items()}) for one in entry.get("table", ()))
    given = {key: _frozen(value) for key, value in entry.items() if key not in {"fields", "blocks", "table"}}
    made = FormSpec(**given, fields=fields, blocks=blocks, table=table)
    unknown = {field.kind for field in fields} - KINDS
    if unknown:
        raise ValueError(f"{made.id}: unknown kinds {unknown}")
    return made


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, Sequence) and not isinstance(value, str) else value
