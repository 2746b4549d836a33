"""What a reward for a report comes to (pure): grade, percentage, floor and cap as data with their article (举报奖励)."""

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from fangxin.kernel.errors import BadInput
from fangxin.kernel.law import Cite, check_spans, in_force

YUAN = 100


@dataclass(frozen=True, slots=True)
class Grade:
    """One grade: a share of fine and confiscation, and what it comes to at least."""

    grade: int
    percent: int
    floor_fen: int
    text_zh: str
    text_en: str

    def text(self, language: str) -> str:
        """What the grade asks for, in Chinese for a language code that begins with zh, else in English."""
        return self.text_zh if language.startswith("zh") else self.text_en


@dataclass(frozen=True, slots=True)
class RewardRule:
    """One version of the rule. From `consult_fen` on, the finance department is asked first."""

    id: str
    cites: tuple[Cite, ...]
    confidence: str
    cap_fen: int
    consult_fen: int
    grades: tuple[Grade, ...]
    effective_from: date
    effective_until: date | None

    def amount(self, grade: int, base_fen: int) -> int:
        """The reward in fen: the grade's share, rounded down to whole fen, not below its floor, never above the cap.

        A case without fine or confiscation gives the floor. Raises BadInput for a grade that is none or a negative base.
        """
        found = next((one for one in self.grades if one.grade == grade), None)
        if found is None or base_fen < 0:
            raise BadInput("cases.reward_input", "A reward needs one of the grades and an amount that is not negative.")
        return min(max(base_fen * found.percent // 100, found.floor_fen), self.cap_fen)


@cache
def versions() -> tuple[RewardRule, ...]:
    """Every version of the file, oldest first."""
    with (Path(__file__).parent / "data" / "rewards.toml").open("rb") as file:
        found = tuple(
            RewardRule(
                id=entry["id"],
                cites=(cites := tuple(Cite.parse(text) for text in entry["cites"])),
                confidence=entry["confidence"],
                cap_fen=entry["cap_yuan"] * YUAN,
                consult_fen=entry["consult_yuan"] * YUAN,
                grades=tuple(
                    Grade(one["grade"], one["percent"], one["floor_yuan"] * YUAN, one["zh"], one["en"]) for one in entry["grades"]
                ),
                effective_from=entry.get("from") or cites[0].source.in_force_from,
                effective_until=entry.get("until") or cites[0].source.in_force_until,
            )
            for entry in tomllib.load(file)["version"]
        )
    check_spans("reward", [(one.effective_from, one.effective_until, one.cites) for one in found])
    return found


def rule_on(day: date) -> RewardRule:
    """The version in force on a day. Raises UnknownRule outside its validity: a reward is never guessed."""
    return in_force("reward", versions(), day)


def rule(key: str) -> RewardRule:
    """The version with this id, as a note keeps it."""
    return next(one for one in versions() if one.id == key)
