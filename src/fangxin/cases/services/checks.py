"""What other modules want looked at before a step is taken, and the ground that the facts suggest for one.

A step's own service does not know of joint complaints or of mediation. They register here, and the step asks: `run` refuses by
raising, `suggested` only proposes; the officer decides.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from fangxin.cases.models import Case

Check = Callable[[Case], None]
"""Raises a DomainError if the step may not be taken with this case now."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A ground that the facts of a case suggest for a step."""

    ground: str
    """The item of the step's article, by its number (`cases.grounds`)."""
    reason: str
    """Why, in a sentence in the reader's language."""


Suggest = Callable[[Case, datetime], Sequence[Suggestion]]
"""What the facts of a case speak for at a moment."""

_checks: dict[str, dict[str, Check]] = {}
_suggestions: dict[str, dict[str, Suggest]] = {}


def before(*steps: str) -> Callable[[Check], Check]:
    """Register a check that `run` makes before each of these steps; the same function again replaces itself."""

    def register(function: Check) -> Check:
        for step in steps:
            _checks.setdefault(step, {})[_name(function)] = function
        return function

    return register


def suggests(step: str) -> Callable[[Suggest], Suggest]:
    """Register who proposes grounds for a step."""

    def register(function: Suggest) -> Suggest:
        _suggestions.setdefault(step, {})[_name(function)] = function
        return function

    return register


def run(step: str, cases: Sequence[Case]) -> None:
    """Make every check of a step for these cases. The services of the steps call it, inside their transaction."""
    for check in _checks.get(step, {}).values():
        for case in cases:
            check(case)


def suggested(step: str, case: Case, at: datetime) -> list[Suggestion]:
    """The grounds that the facts suggest for a step, the strongest of each proposer first; none where nothing speaks for one."""
    return [one for suggest in _suggestions.get(step, {}).values() for one in suggest(case, at)]


def _name(function: Callable[..., object]) -> str:
    return f"{function.__module__}.{function.__qualname__}"
