"""The ladder of oversight (督办层级): a rule of the house, kept as data in `data/escalation.toml`; pure."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from fangxin.clocks.rules import local_date
from fangxin.kernel.workdays import Calendar

WHO = frozenset({"officer", "head", "superior"})


@dataclass(frozen=True, slots=True)
class Rung:
    """One level: after how many working days past the last day an overdue period is taken to whom."""

    level: int
    workdays: int
    who: str
    name_zh: str
    name_en: str

    def name(self, language: str) -> str:
        """What happens at this level, in the reader's language."""
        return self.name_zh if language.startswith("zh") else self.name_en


@cache
def ladder() -> Sequence[Rung]:
    """The rungs, lowest first. Raises ValueError if they don't rise or name an unknown addressee."""
    with (Path(__file__).parent / "data" / "escalation.toml").open("rb") as file:
        rungs = [Rung(**row) for row in tomllib.load(file)["rung"]]
    days = [rung.workdays for rung in rungs]
    if [rung.level for rung in rungs] != list(range(1, len(rungs) + 1)) or days != sorted(days) or {rung.who for rung in rungs} - WHO:
        raise ValueError("escalation.toml: levels count from 1, working days rise, who is officer, head or superior.")
    return rungs


def rung_of(breach_at: datetime, now: datetime, calendar: Calendar) -> Rung | None:
    """The rung that a period has reached which is overdue since `breach_at`; None while it is not overdue."""
    if now < breach_at:
        return None
    passed = calendar.count(local_date(breach_at), local_date(now)) if local_date(now) > local_date(breach_at) else 0
    return [rung for rung in ladder() if rung.workdays <= passed][-1]
