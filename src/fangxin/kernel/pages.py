"""Lists page by page: by key, not by offset, so that page 5,000 costs what page 1 costs."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import CharField, DateTimeField, Model, Q, QuerySet, TextField

from fangxin.kernel.errors import BadInput

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class Page(Generic[M]):
    """Some rows in order, and the keys that lead on."""

    rows: Sequence[M]
    next: str
    """Key of the next page; empty at the end."""


def page(queryset: QuerySet[M], *, by: str, after: str = "", size: int = 50, shown: QuerySet[M] | None = None) -> Page[M]:
    """One page ordered by a column, nulls last, and then by primary key.

    `after` is the previous page's `next`. One range query for the rows with a value, one for those without. With `shown` (joins, deferred
    columns, annotations) the page's keys are found in an index first and only these rows are read. Raises BadInput for a key that is not ours.
    """
    column = queryset.model._meta.get_field(by)  # noqa: SLF001 -- Django's documented meta API
    value, pk = _decode(after, column) if after else (None, None)
    found: list[M] = []
    if value is not None or not after:
        # A bound on the column itself: databases can't start in the middle of an index by an OR alone.
        valued = queryset.filter(**{f"{by}__isnull": False})
        if value is not None:
            valued = valued.filter(Q(**{f"{by}__gt": value}) | Q(pk__gt=pk), **{f"{by}__gte": value})
        found = _read(valued.order_by(by, "pk"), size + 1, shown)
    if column.null:
        empty = queryset.filter(**{f"{by}__isnull": True})
        if after and value is None:
            empty = empty.filter(pk__gt=pk)
        # Asked even where nothing more fits: a page costs the same number of queries whatever it holds.
        found += _read(empty.order_by("pk"), max(1, size + 1 - len(found)), shown)
    rows = found[:size]
    return Page(rows, _encode(getattr(rows[-1], by), rows[-1].pk) if len(found) > size else "")


def _read(ordered: QuerySet[M], most: int, shown: QuerySet[M] | None) -> list[M]:
    if shown is None:
        return list(ordered[:most])
    return list(shown.filter(pk__in=ordered.values("pk")[:most]).order_by(*ordered.query.order_by))


def _encode(value: Any, pk: Any) -> str:
    text = value.isoformat() if isinstance(value, date) else value
    return base64.urlsafe_b64encode(json.dumps([text, pk]).encode()).decode().rstrip("=")


def _decode(key: str, column: Any) -> tuple[Any, int]:
    try:
        value, pk = json.loads(base64.b64decode(key + "=" * (-len(key) % 4), altchars=b"-_", validate=True))
        return None if value is None else _typed(value, column), int(pk)
    except (ValueError, TypeError, OverflowError, RecursionError, ValidationError) as error:
        raise BadInput("kernel.bad_page_key", "This address leads to no page; please start from the first one.") from error


def _typed(value: Any, column: Any) -> Any:
    """A key's value as the column holds it; ValueError or TypeError for another kind of value."""
    if isinstance(column, CharField | TextField) and (not isinstance(value, str) or "\0" in value):
        raise TypeError(value)
    value = datetime.fromisoformat(value) if isinstance(column, DateTimeField) else column.to_python(value)
    if isinstance(value, datetime) and value.tzinfo is None:
        raise ValueError(value)
    return value.astimezone(UTC) if isinstance(value, datetime) else value  # OverflowError at the ends of the calendar
