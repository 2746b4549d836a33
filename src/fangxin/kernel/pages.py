"""Lists page by page: by key, not by offset, so that page 5,000 costs what page 1 costs."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.db.models import F, Model, Q, QuerySet

from fangxin.kernel.errors import BadInput

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class Page(Generic[M]):
    """Some rows in order, and the keys that lead on."""

    rows: Sequence[M]
    next: str
    """Key of the next page; empty at the end."""


def page(queryset: QuerySet[M], *, by: str, after: str = "", size: int = 50) -> Page[M]:
    """One page ordered by a column, nulls last, and then by primary key.

    `after` is the previous page's `next`. One query, whatever the page. Raises BadInput for a key that is not ours.
    """
    if after:
        value, pk = _decode(after)
        if value is None:
            queryset = queryset.filter(**{f"{by}__isnull": True}, pk__gt=pk)
        else:
            queryset = queryset.filter(Q(**{f"{by}__gt": value}) | Q(**{by: value}, pk__gt=pk) | Q(**{f"{by}__isnull": True}))
    found = list(queryset.order_by(F(by).asc(nulls_last=True), "pk")[: size + 1])
    rows = found[:size]
    return Page(rows, _encode(getattr(rows[-1], by), rows[-1].pk) if len(found) > size else "")


def _encode(value: Any, pk: Any) -> str:
    text = value.isoformat() if isinstance(value, datetime) else value
    return base64.urlsafe_b64encode(json.dumps([text, pk]).encode()).decode().rstrip("=")


def _decode(key: str) -> tuple[Any, Any]:
    try:
        value, pk = json.loads(base64.urlsafe_b64decode(key + "=" * (-len(key) % 4)))
        return (datetime.fromisoformat(value) if isinstance(value, str) else value), int(pk)
    except (ValueError, TypeError) as error:
        raise BadInput("kernel.bad_page_key", "This address leads to no page; please start from the first one.") from error
