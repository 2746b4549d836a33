"""Registers the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ExchangeConfig(AppConfig):
    """Files and interfaces of 12345 and 12315 (数据交换): orders in, dispositions out."""

    name = "fangxin.exchange"
    label = "exchange"
    verbose_name = _("exchange")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register permits."""
        from fangxin.exchange import permits  # noqa: F401, PLC0415 -- registers on import
