"""Which columns are sealed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import models

from fangxin.kernel.vault.sealing import place_of


@dataclass(frozen=True, slots=True)
class VaultedColumn:
    """A sealed column, and whose keys each of its rows is sealed with."""

    model: type[models.Model]
    column: str
    purpose_of: Callable[[Any], str]

    @property
    def place(self) -> str:
        """What the sealed values are bound to, beside the row."""
        return place_of(self.model, self.column)

    @property
    def rows(self) -> "models.QuerySet[Any]":
        """All rows of the table, also those that the model's own manager hides."""
        return self.model._base_manager.all()  # noqa: SLF001 -- Django's documented Model._base_manager


@dataclass(frozen=True, slots=True)
class VaultedStore:
    """Sealed files outside the database, one a row; rotation walks their rows as it walks those of a column."""

    model: type[models.Model]
    place: str
    reseal: Callable[[Any], bool]
    """Brings the file of one row to the active keys; answers whether it was not there yet. Raises DomainError if it does not open."""
    batch: int = 20
    """Rows a transaction: files are larger than columns."""

    @property
    def rows(self) -> "models.QuerySet[Any]":
        """All rows of the table."""
        return self.model._base_manager.all()  # noqa: SLF001 -- Django's documented Model._base_manager


COLUMNS: dict[str, VaultedColumn | VaultedStore] = {}
"""By place."""


def vaulted(model: type[models.Model], column: str, purpose: str | Callable[[Any], str]) -> None:
    """Register a sealed column (a BinaryField of a table with an integer key) for rotation; an app does it in `ready`.

    `purpose` names the keys, or is asked for each row. Registering again replaces.
    """
    found = VaultedColumn(model, column, purpose if callable(purpose) else lambda _row: purpose)
    COLUMNS[found.place] = found


def vaulted_store(model: type[models.Model], place: str, reseal: Callable[[Any], bool]) -> None:
    """Register sealed files, whose rows are this table, for rotation. Registering again replaces."""
    COLUMNS[place] = VaultedStore(model, place, reseal)
