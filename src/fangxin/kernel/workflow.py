"""Procedures as tables: one line a step, and one writer of `state` (办理流程)."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Model

from fangxin.kernel import journal
from fangxin.kernel.errors import IllegalStep, StaleState
from fangxin.kernel.journal.events import Event
from fangxin.kernel.refs import Ref, ref


@dataclass(frozen=True, slots=True)
class Step:
    """One edge of a procedure."""

    name: str
    """The bare verb."""
    sources: tuple[str, ...]
    target: str | None
    """The state after; None if it stays as it is."""
    law: str
    """Name of the rule that allows it, resolved for the day in question (`kernel.law`)."""
    emits: type[Event]
    roles: frozenset[str] = frozenset()
    """Who may take it; empty: only the system."""
    needs: tuple[str, ...] = ()
    """What must be given, e.g. a ground or a reason; an empty text is not given."""
    targets: tuple[str, ...] = ()
    """For a step that leads back to where its subject came from: the states that its move may name."""


@dataclass(frozen=True, slots=True)
class Move:
    """One subject's share of a step: what else its row and its event carry."""

    subject: Any
    columns: Mapping[str, Any] = field(default_factory=dict)
    """Further columns written in the same UPDATE."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the event."""
    at: datetime | None = None
    """When it happened, where that differs from the others of the batch."""
    target: str | None = None
    """The state after, where the step leaves it open (`Step.targets`)."""


class Workflow:
    """A table of steps over one model with a `state` column and a class attribute `ref_kind`."""

    def __init__(self, steps: Iterable[Step]) -> None:
        self.steps: dict[str, Step] = {}
        for step in steps:
            if step.name in self.steps:
                raise ValueError(f"Step {step.name} stands twice in the table.")
            self.steps[step.name] = step

    def lawful(self, state: str, roles: Collection[str]) -> list[Step]:
        """The steps that lead on from a state for someone with these roles, in the table's order."""
        return [step for step in self.steps.values() if state in step.sources and step.roles & set(roles)]

    def step(self, name: str, state: str) -> Step:
        """The step of that name. Raises IllegalStep if the table doesn't lead on from `state` by it."""
        step = self.steps.get(name)
        if step is None or state not in step.sources:
            raise IllegalStep("kernel.illegal_step", "Step “%(step)s” is not possible in state “%(state)s”.", step=name, state=state)
        return step

    def apply(self, subject: Any, name: str, *, by: Ref, at: datetime, columns: Mapping[str, Any] | None = None, **data: Any) -> None:
        """Take one step with one subject; see `apply_many`."""
        self.apply_many([Move(subject, columns or {}, data)], name, by=by, at=at)

    def apply_many(self, moves: Sequence[Move], name: str, *, by: Ref, at: datetime) -> None:
        """Take the same step with many subjects, all or none, and announce it.

        A compare-and-set on `state`: of two people who decide at once, the second gets StaleState. The instances are brought up to
        date. Raises IllegalStep if the table doesn't allow it or something needed is missing.
        """
        taken: list[tuple[Move, str]] = []
        events: list[Event] = []
        with journal.atomic():
            for move in sorted(moves, key=lambda move: move.subject.pk):  # in one order, so that two batches can't wait crosswise
                step = self.step(name, move.subject.state)
                self._check_needs(step, move)
                if (move.target is None) is bool(step.targets) or (move.target is not None and move.target not in step.targets):
                    raise IllegalStep(
                        "kernel.illegal_step", "Step “%(step)s” is not possible in state “%(state)s”.", step=name, state=move.subject.state
                    )
                target = move.target or step.target or move.subject.state
                model: type[Model] = type(move.subject)
                changed = model._default_manager.filter(pk=move.subject.pk, state=move.subject.state).update(state=target, **move.columns)  # noqa: SLF001 -- Django's documented way to the manager
                if changed != 1:
                    raise StaleState(
                        "kernel.stale_state", "Someone else changed %(subject)s first; please read it again.", subject=str(move.subject)
                    )
                taken.append((move, target))
                events.append(step.emits(subject=ref(move.subject.ref_kind, move.subject.pk), actor=by, at=move.at or at, **move.data))
            journal.publish(events)
        for move, target in taken:
            move.subject.state = target
            for column, value in move.columns.items():
                setattr(move.subject, column, value)

    @staticmethod
    def _check_needs(step: Step, move: Move) -> None:
        given = {**move.columns, **move.data}
        for need in step.needs:
            value = given.get(need)
            if value is None or (isinstance(value, str) and not value.strip()):
                raise IllegalStep("kernel.step_needs", "Step “%(step)s” needs “%(need)s”.", step=step.name, need=need)
