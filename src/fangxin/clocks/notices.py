"""Who must be told what about a report (举报告知): law by law, read from `data/notices.toml`.

Since Order 121 there is no general duty to tell a real-name reporter whether a case is filed; what is owed depends on the field.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from typing import Any

from fangxin.clocks.terms import DATA
from fangxin.kernel.errors import UnknownRule
from fangxin.kernel.law import Cite, check_spans


class ReportField(StrEnum):
    """The field of law that a report is about, as far as the duties differ; ASSOCIATION is a referral by a consumer association."""

    GENERAL = "general"
    ADVERTISING = "advertising"
    UNFAIR_COMPETITION = "unfair_competition"
    FOOD = "food"
    DRUG = "drug"
    DEVICE = "device"
    COSMETICS = "cosmetics"
    ASSOCIATION = "association"


@dataclass(frozen=True, slots=True)
class Duty:
    """One thing that the bureau owes somebody. `term` is the id of the period that runs for it, if one does.

    `fields` is empty if the duty holds in every field. A condition that is None does not matter; otherwise the report must be as
    it says.
    """

    id: str
    fields: tuple[ReportField, ...]
    term: str | None
    text_zh: str
    text_en: str
    cites: tuple[Cite, ...]
    effective_from: date
    effective_until: date | None
    real_name: bool | None
    with_evidence: bool | None
    in_remit: bool | None
    tell: str = ""
    """Who is to be told: reporter, association; empty for a duty of another kind."""
    after: str = "decision"
    """When that can be done at the earliest: after the decision on the report, or only after its result."""
    written: bool = False
    """It must be told in writing (书面)."""

    def text(self, language: str) -> str:
        """What is owed, in Chinese for a language code that begins with zh, else in English."""
        return self.text_zh if language.startswith("zh") else self.text_en


@cache
def matrix() -> tuple[Duty, ...]:
    """Every duty of the file, in its order."""
    with (DATA / "notices.toml").open("rb") as file:
        duties = tuple(_duty(entry) for entry in tomllib.load(file)["duty"])
    for duty in duties:
        check_spans(duty.id, [(duty.effective_from, duty.effective_until, duty.cites)])
    return duties


def duty(key: str) -> Duty:
    """The duty with this id. Raises UnknownRule if there is none."""
    found = next((one for one in matrix() if one.id == key), None)
    if found is None:
        raise UnknownRule("notices.duty_unknown", "There is no duty %(name)s.", name=key)
    return found


def duties(field: ReportField | str, *, real_name: bool, with_evidence: bool, in_remit: bool, on: date, as_if: bool = False) -> list[Duty]:
    """What is owed about a report received on a day, the special law before the general.

    Raises UnknownRule for an unknown field, and for a day before the first duty's validity; `as_if` takes that first day instead.
    """
    try:
        wanted = ReportField(field)
    except ValueError:
        raise UnknownRule("notices.field_unknown", "There is no field %(name)s.", name=str(field)) from None
    first = min(duty.effective_from for duty in matrix() if not duty.fields)
    if on < first:
        if not as_if:
            raise UnknownRule("notices.not_in_force", "No rule on notices is known for %(day)s.", day=on.isoformat())
        on = first
    facts = {"real_name": real_name, "with_evidence": with_evidence, "in_remit": in_remit}
    return [
        duty
        for duty in matrix()
        if (not duty.fields or wanted in duty.fields)
        and duty.effective_from <= on
        and (duty.effective_until is None or on <= duty.effective_until)
        and all(getattr(duty, name) in {None, fact} for name, fact in facts.items())
    ]


def _duty(entry: Mapping[str, Any]) -> Duty:
    cites = tuple(Cite.parse(text) for text in entry["cites"])
    return Duty(
        id=entry["id"],
        fields=tuple(ReportField(name) for name in entry.get("fields", ())),
        term=entry.get("term"),
        text_zh=entry["zh"],
        text_en=entry["en"],
        cites=cites,
        effective_from=cites[0].source.in_force_from,
        effective_until=cites[0].source.in_force_until,
        real_name=entry.get("real_name"),
        with_evidence=entry.get("with_evidence"),
        in_remit=entry.get("in_remit"),
        tell=entry.get("tell", ""),
        after=entry.get("after", "decision"),
        written=entry.get("written", False),
    )
