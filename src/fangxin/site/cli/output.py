"""How commands answer: text for people, one line of JSON for programs, progress for whoever waits."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import Any

import click
from django.utils.translation import gettext as _

from fangxin.kernel.errors import DomainError


def said(error: DomainError) -> str:
    """A refusal in the user's language."""
    return _(error.message) % error.params if error.params else _(error.message)


def _plain(value: object) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple | set | frozenset):
        return list(value)
    raise TypeError(f"{type(value).__name__} can't be written as JSON.")


def emit(answer: Any, *, as_json: bool) -> None:
    """Print what a command answers. A tuple (data, text) gives programs the data and people the text."""
    if answer is None:
        return
    data, text = answer if isinstance(answer, tuple) else (answer, None)
    if as_json:
        click.echo(json.dumps(data, ensure_ascii=False, default=_plain))
    elif text is not None:
        click.echo(text)
    else:
        click.echo(table(_plain(data) if is_dataclass(data) else data))


def table(values: Mapping[str, Any]) -> str:
    """Names and values, one a line."""
    return "\n".join(f"{name}: {_shown(value)}" for name, value in values.items() if value not in ([], (), {}, ""))


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


@contextmanager
def progress(label: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, nothing elsewhere; call what it yields with the number of further steps done."""
    if not sys.stderr.isatty():
        yield lambda _steps: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=total)
        yield lambda steps: bar.advance(task, steps)


def counted(step: Callable[[int], None]) -> Callable[..., None]:
    """For producers that tell how far they are (and perhaps of how many) rather than how many steps more."""
    told = 0

    def tell(done: int, _expected: int = 0) -> None:
        nonlocal told
        step(done - told)
        told = done

    return tell
