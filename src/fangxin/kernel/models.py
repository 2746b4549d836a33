"""The kernel's tables, gathered for Django."""

from fangxin.kernel.journal.models import DailyRoot, Delivery, Entry, Head
from fangxin.kernel.vault.models import VaultRotation

__all__ = ["DailyRoot", "Delivery", "Entry", "Head", "VaultRotation"]
