"""What documents are numbered with, and the letterheads of offices (文号)."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.conf import settings

from fangxin.accounts.models import Office
from fangxin.documents.specs import COMPLAINT, DATA, DECISION, REPORT
from fangxin.kernel.errors import BadInput

PATTERNS: Mapping[str, str] = {
    COMPLAINT: "{sign}投〔{year}〕第{sequence}号",
    REPORT: "{sign}举〔{year}〕第{sequence}号",
    DECISION: "{sign}市监〔{year}〕第{sequence}号",
}
"""The official forms give 市监〔年〕第号 for decisions and leave the registration number (编号) to the bureau."""


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What an office's documents carry of the office."""

    sign: str = ""
    phone: str = ""
    address: str = ""


def letterhead(office: Office) -> Letterhead:
    """The office's own line of the data files; an office without one numbers by the plain official pattern."""
    own = settings.HOME / "documents.toml"
    entry = {**_read(DATA / "offices.toml", 0).get(office.code, {}), **_read(own, _stamp(own)).get(office.code, {})}
    return Letterhead(**{key: str(value) for key, value in entry.items() if key in {"sign", "phone", "address"}})


def number_text(series: str, office: Office, year: int, sequence: int) -> str:
    """The number as it is printed, e.g. 济市监〔2026〕第12号."""
    return PATTERNS[series].format(sign=letterhead(office).sign, year=year, sequence=sequence)


def _stamp(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


@cache
def _read(path: Path, stamp: int) -> Mapping[str, Mapping[str, str]]:  # noqa: ARG001 -- a changed file is another stamp, and read anew
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        return {}
    except tomllib.TOMLDecodeError as error:
        raise BadInput(
            "documents.letterheads_unreadable", "The file %(path)s can't be read: %(why)s", path=str(path), why=str(error)
        ) from None
