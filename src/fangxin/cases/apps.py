"""Registers the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CasesConfig(AppConfig):
    """Complaints, reports and consultations (投诉、举报、咨询) from receipt to closing."""

    name = "fangxin.cases"
    label = "cases"
    verbose_name = _("cases")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register permits and handlers."""
        from fangxin.cases import handlers, permits  # noqa: F401, PLC0415 -- both register on import
