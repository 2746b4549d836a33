"""Texts that begin with something, found by walking an index on either database."""

from collections.abc import Iterable

from django.db import connection
from django.db.models import Q

_LAST = "\U0010ffff"


def begins(column: str, beginnings: Iterable[str]) -> Q:
    """Rows whose column begins with one of these; nobody begins with an empty one.

    PostgreSQL walks an index of the class `varchar_pattern_ops` for LIKE, whatever the collation. SQLite's LIKE takes no index that
    tells capitals apart, so there it is a range, which is right because its texts are compared by their bytes.
    """
    condition = Q(pk__in=())
    for text in beginnings:
        if not text:
            continue
        if connection.vendor == "sqlite":
            condition |= Q(**{f"{column}__gte": text, f"{column}__lt": text + _LAST})
        else:
            condition |= Q(**{f"{column}__startswith": text})
    return condition
