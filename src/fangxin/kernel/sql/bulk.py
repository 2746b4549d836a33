"""Rows in bulk: executemany on SQLite, COPY on PostgreSQL.

The ORM's instances cost more than the insert itself on the paths that a stream goes through (docs/performance.md, P1), so these
paths hand over tuples.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any

from django.db import connection, models

Row = Sequence[Any]


def reserve_ids(model: type[models.Model], count: int) -> list[int]:
    """`count` primary keys that no other transaction will get, so that child rows can be built before the insert.

    Call it inside a transaction. Numbers of a transaction that rolls back are lost on PostgreSQL, which is harmless.
    """
    if count == 0:
        return []
    table = model._meta.db_table  # noqa: SLF001 -- Django's documented meta API
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", [f'"{table}"', count])
            return [row[0] for row in cursor.fetchall()]
        cursor.execute("UPDATE sqlite_sequence SET seq = seq + %s WHERE name = %s", [count, table])
        if cursor.rowcount == 0:
            cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [table, count])
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        last = int(cursor.fetchone()[0])
        return list(range(last - count + 1, last + 1))


def _instants() -> Callable[[datetime], str]:
    """As Django stores an aware datetime on SQLite: naive UTC text. The rows of a batch often share the very same instant."""
    last: datetime | None = None
    text = ""

    def instant(value: datetime) -> str:
        nonlocal last, text
        if value is not last:
            if value.tzinfo is None:
                raise ValueError(f"{value} has no time zone.")
            last, text = value, str(value if value.tzinfo is UTC else value.astimezone(UTC))[:-6]
        return text

    return instant


def _adapter(field: "models.Field[Any, Any]") -> Callable[[Any], Any] | None:
    """What SQLite's driver can't write by itself."""
    if isinstance(field, models.DateTimeField):
        return _instants()
    if isinstance(field, models.DateField):
        return date.isoformat
    return None


def insert(model: type[models.Model], columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Insert rows given as tuples in the order of `columns` (attribute names such as `trader_id`).

    Values are Python values: aware datetimes, dates, bytes, numbers, text; JSON is handed over as text. Defaults of the model are
    not applied, so name every column that has no database default. The caller owns the transaction.
    """
    meta = model._meta  # noqa: SLF001 -- Django's documented meta API
    by_attname = {field.attname: field for field in meta.concrete_fields}
    fields = [by_attname[name] for name in columns]
    names = ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)
    table = connection.ops.quote_name(meta.db_table)
    if connection.vendor == "postgresql":
        with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        return
    adapters = [(position, adapt) for position, field in enumerate(fields) if (adapt := _adapter(field))]
    marks = ", ".join(["%s"] * len(fields))
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", [_adapted(row, adapters) for row in rows])  # noqa: S608 -- names come from the models


def _adapted(row: Row, adapters: list[tuple[int, Callable[[Any], Any]]]) -> list[Any]:
    values = list(row)
    for position, adapt in adapters:
        value = values[position]
        if value is not None:
            values[position] = adapt(value)
    return values
