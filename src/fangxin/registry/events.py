"""What the registry announces."""

from dataclasses import dataclass
from typing import ClassVar

from fangxin.kernel import journal
from fangxin.kernel.refs import Ref, ref

PLACES: Ref = ref("registry", "places")
TRADERS: Ref = ref("registry", "traders")


@dataclass(frozen=True, kw_only=True)
class PlacesLoaded(journal.Event):
    """Divisions, towns or their names were added or changed from a file."""

    name: ClassVar[str] = "registry.PlacesLoaded"

    sha256: str
    divisions: int
    towns: int
    names: int


@dataclass(frozen=True, kw_only=True)
class TradersImported(journal.Event):
    """A run brought traders in or changed some; one event a run. `sha256` is the file's, empty for lines that came from no file."""

    name: ClassVar[str] = "registry.TradersImported"

    sha256: str
    rows: int
    created: int
    updated: int
    unchanged: int
    rejected: int
