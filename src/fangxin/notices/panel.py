"""What a case page shows of its notices. `cases` knows nothing of it, and this app nothing of cases: the place has a name."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

from fangxin.kernel import panels
from fangxin.notices import queries
from fangxin.notices.words import Line

SHOWN = 20


def context(_request: HttpRequest, subject: Any) -> Mapping[str, Any] | None:
    """The newest notices about the page's subject; who sees the page sees them, masked."""
    found = list(queries.of(subject.ref)[:SHOWN])
    return {"lines": [Line(notice) for notice in found]} if found else None


panels.register("case.side", panels.Panel("notices", "notices/parts/panel.html", context, order=60))
