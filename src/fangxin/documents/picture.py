"""A form on the screen as it will look on paper: what the template `documents/paper.html` draws."""

from collections.abc import Mapping
from typing import Any

from fangxin.documents import filling
from fangxin.documents.filling import Piece
from fangxin.documents.specs import FormSpec, Row


def paper(spec: FormSpec, values: Mapping[str, str], *, office: str, number: str = "", issued_on: str = "") -> dict[str, Any]:
    """The template's context: what was filled in beside the fixed words, blanks where nothing is."""
    known = {**values, "office": office, "number": number, "issued_on": issued_on}
    return {
        "spec": spec,
        "office": office,
        "number": number or ("" if spec.table else "市监〔　　〕第　　号"),
        "rows": [_row(spec, row, known) for row in spec.table],
        "paragraphs": [(style, _columns(parts) if style == "line" else [parts]) for style, parts in filling.paragraphs(spec, known)],
    }


def _row(spec: FormSpec, row: Row, values: Mapping[str, str]) -> dict[str, Any]:
    day = values.get(row.signed_on, "") if row.signed_on else ""
    return {
        "head": row.head,
        "lines": [[(spec.field(name).zh, filling.said(spec.field(name), values.get(name, ""))) for name in line] for line in row.lines],
        "text": values.get(row.text, "").split("\n") if row.text else [],
        "sign": row.sign,
        "signer": values.get(row.signer, "") if row.signer else "",
        "signed_on": filling.said(spec.field(row.signed_on), day) if day else "　　年　　月　　日",
    }


def _columns(parts: Any) -> list[list[Piece]]:
    """A line of two columns, parted at the stroke of its fixed text."""
    columns: list[list[Piece]] = [[]]
    for part in parts:
        if part.filled or part.blank:
            columns[-1].append(part)
            continue
        for place, text in enumerate(part.text.split("|")):
            if place:
                columns.append([])
            if text:
                columns[-1].append(Piece(text))
    return columns
