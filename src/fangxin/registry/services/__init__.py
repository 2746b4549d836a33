"""What changes the registry."""

from fangxin.registry.services.importing import ImportReport, Rejection, import_traders
from fangxin.registry.services.places import JINING, PlacesReport, load_places

__all__ = ["JINING", "ImportReport", "PlacesReport", "Rejection", "import_traders", "load_places"]
