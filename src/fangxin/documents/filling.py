"""What was given for a form's blanks, checked and said the Chinese way (pure): 2026年11月24日, 第〔三〕项, ☑是 □否."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from fangxin.documents.specs import Field, FormSpec
from fangxin.kernel.errors import BadInput

NUMERALS: Final = "一二三四五六七八九十"
KNOWN: Final = ("number", "office", "issued_on")
"""Blanks that nobody fills in: they are known when a document is issued."""
LONGEST: Final = {"long": 4000, "papers": 500}
LONGEST_LINE: Final = 200
DATE_BLANK: Final = "　　年　月　日"
_BLANK = re.compile(r"\{(\w+)\}")
_CHECKED, _OPEN = "☑", "□"


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a paragraph: fixed text, what was filled in, or a blank that waits to be."""

    text: str
    filled: bool = False
    blank: bool = False


def cleaned(spec: FormSpec, given: Mapping[str, str], language: str = "zh-hans") -> dict[str, str]:
    """What was given, without signs that can't be printed, in the form's order; complete and readable, or refused.

    Raises BadInput, naming the field, for one that is missing, too long, or not what its kind asks for, and for a name that is no field.
    """
    unknown = set(given) - {field.name for field in spec.fields}
    if unknown:
        raise BadInput("documents.no_such_field", "The form has no field “%(name)s”.", name=", ".join(sorted(unknown)))
    values = {field.name: tidy(field, given.get(field.name) or "") for field in spec.fields}
    for field in spec.fields:
        wrong = fault(spec, field, values[field.name], language)
        if wrong is not None:
            raise wrong
    return values


def tidy(field: Field, value: str) -> str:
    """A value as the field takes it: only signs that can be printed, and several lines only where there may be some."""
    return printable(str(value), lines=field.kind in LONGEST)


def fault(spec: FormSpec, field: Field, value: str, language: str) -> BadInput | None:
    """What is wrong with a tidy value; None if the form takes it."""
    name = field.label(language)
    if not value:
        return BadInput("documents.field_missing", "“%(name)s” is missing.", name=name) if field.required else None
    if len(value) > LONGEST.get(field.kind, LONGEST_LINE):
        return BadInput("documents.field_long", "“%(name)s” is too long.", name=name)
    if not readable(spec, field, value):
        return BadInput("documents.field_unreadable", "“%(name)s” can't be “%(value)s”.", name=name, value=value[:40])
    return None


def printable(value: str, *, lines: bool) -> str:
    """A value without control signs; on one line unless it may have several, and never more than one empty line in a row."""
    kept = "".join(
        "\n" if sign in "\n\v\f\x85\u2028\u2029" else " " if sign == "\t" else sign
        for sign in value.replace("\r\n", "\n").replace("\r", "\n")
        if sign in "\n\t\v\f\x85" or unicodedata.category(sign) not in {"Cc", "Cs", "Cn", "Co"}
    )
    if not lines:
        return " ".join(kept.split("\n")).strip()
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in kept.split("\n"))).strip()


def readable(spec: FormSpec, field: Field, value: str) -> bool:  # noqa: PLR0911 -- one answer a kind
    """Whether a value that was given can be what its kind asks for; nothing given is nothing wrong."""
    if not value:
        return True
    try:
        match field.kind:
            case "date":
                date.fromisoformat(value)
            case "moment":
                return "T" in value and bool(datetime.fromisoformat(value))
            case "number":
                return value.isascii() and value.isdigit() and int(value) < 10_000
            case "item":
                return value.isascii() and value.isdigit() and 1 <= int(value) <= len(spec.items)
            case "consent":
                return value in {"yes", "no"}
            case "choice":
                return value in field.choices
    except ValueError:
        return False
    return True


def said(field: Field, value: str) -> str:
    """A value as it is printed; empty for none, except for what has a form of its own when it is empty."""
    match field.kind:
        case "date":
            return day(date.fromisoformat(value)) if value else ""
        case "moment":
            return moment(datetime.fromisoformat(value)) if value else ""
        case "item":
            return NUMERALS[int(value) - 1] if value else ""
        case "consent":
            return f"{_CHECKED if value == 'yes' else _OPEN}是　{_CHECKED if value == 'no' else _OPEN}否"
        case "papers":
            return "".join(f"；{number}. {line.strip('；;。 ')}" for number, line in enumerate(value.split("\n"), 2) if line.strip()) + "。"
    return value


def day(on: date) -> str:
    """2026年11月24日."""
    return f"{on.year}年{on.month}月{on.day}日"


def moment(at: datetime) -> str:
    """2026年12月1日14时, with 30分 only where there are minutes; local time as given."""
    return f"{day(at.date())}{at.hour}时" + (f"{at.minute}分" if at.minute else "")


def blank(field: Field) -> str:
    """What stands on paper where nothing is filled in."""
    if field.blank:
        return field.blank
    return {"date": DATE_BLANK, "moment": "　　年　月　日　时"}.get(field.kind, "　" * field.size)


def paragraphs(spec: FormSpec, values: Mapping[str, str]) -> Iterator[tuple[str, Sequence[Piece]]]:
    """The form's paragraphs with their styles, filled in; a long value becomes as many as it has lines."""
    for block in spec.blocks:
        alone = _BLANK.fullmatch(block.text)
        if alone and alone[1] not in KNOWN and spec.field(alone[1]).kind == "long" and values.get(alone[1]):
            for line in values[alone[1]].split("\n"):
                yield block.style, (Piece(line.strip(), filled=True),)
        else:
            yield block.style, tuple(pieces(spec, block.text, values))


def pieces(spec: FormSpec, text: str, values: Mapping[str, str]) -> Iterator[Piece]:
    """One text with its blanks filled in."""
    at = 0
    for found in _BLANK.finditer(text):
        if found.start() > at:
            yield Piece(text[at : found.start()])
        at = found.end()
        yield piece(spec, found[1], values)
    if at < len(text):
        yield Piece(text[at:])


def piece(spec: FormSpec, name: str, values: Mapping[str, str]) -> Piece:
    """One blank, filled in or waiting."""
    value = values.get(name, "")
    if name in KNOWN:
        return Piece(value, filled=True) if value else Piece(DATE_BLANK if name == "issued_on" else "", blank=True)
    field = spec.field(name)
    text = said(field, value)
    return Piece(text, filled=True) if text else Piece(blank(field), blank=True)


def message(spec: FormSpec, values: Mapping[str, str]) -> str:
    """The form's body for a short message, in its own words: of listed grounds only the one that was found, no address line, no seal."""
    chosen = f"（{said(spec.field('ground'), values.get('ground', ''))}）" if spec.items else ""
    kept = []
    for style, parts in paragraphs(spec, values):
        text = "".join(part.text for part in parts)
        if style in {"body", "line"} or (style == "item" and text.startswith(chosen)):
            kept.append(text.replace("|", " "))
    return "".join(kept)
