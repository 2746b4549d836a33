"""Grounds and pledge as data (不予通过和退出的事由、承诺书): a bureau edits the files, not the code."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.utils.translation import get_language

from fangxin.kernel.errors import BadInput

_DATA = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class Pledge:
    """The text of the pledge (承诺书) in one version."""

    version: str
    zh: tuple[str, ...]
    en: tuple[str, ...]

    @property
    def lines(self) -> Sequence[str]:
        """The pledge in the reader's language; what binds is the Chinese text."""
        return self.zh if _chinese() else self.en

    @property
    def digest(self) -> str:
        """Version and hash of the Chinese text, as the journal keeps it."""
        text = "\n".join(self.zh)
        return f"{self.version}:{sha256(text.encode()).hexdigest()}"


def _chinese() -> bool:
    return (get_language() or "zh-hans").startswith("zh")


def _read(name: str) -> dict[str, Any]:
    with (_DATA / name).open("rb") as file:
        return tomllib.load(file)


@cache
def _grounds() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    return _read("grounds.toml")


@cache
def pledge() -> Pledge:
    """The pledge in force."""
    read = _read("pledge.toml")
    return Pledge(read["version"], tuple(read["zh"]), tuple(read["en"]))


def choices(of: str) -> list[tuple[str, str]]:
    """Codes and words of the grounds of `refusal` or `exit`, in the reader's language."""
    return [(code, label(of, code)) for code in _grounds()[of]]


def label(of: str, code: str) -> str:
    """A ground in words; the code itself if the file no longer knows it."""
    found = _grounds()[of].get(code)
    return code if found is None else found["zh" if _chinese() else "en"]


def check(of: str, code: str) -> None:
    """Raise BadInput for a ground that the file does not know."""
    if code not in _grounds()[of]:
        raise BadInput("odr.no_such_ground", "There is no such ground: %(ground)s.", ground=code)
