"""Files in and dispositions out."""

from fangxin.exchange.services.exporting import Acknowledged, Exported, acknowledge, collect, export
from fangxin.exchange.services.importing import Report, drop, import_file, look, retry

__all__ = ["Acknowledged", "Exported", "Report", "acknowledge", "collect", "drop", "export", "import_file", "look", "retry"]
