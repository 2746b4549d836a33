"""Registers the app."""

from pathlib import Path

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MediationConfig(AppConfig):
    """Mediation (调解): invitations, consents, sessions, recusal, delegation."""

    name = "fangxin.mediation"
    label = "mediation"
    verbose_name = _("mediation")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register permits, handlers, acts, the panel, the forms' values and the notices."""
        from fangxin.mediation import acts, handlers, panels, papers, permits, proposing, telling  # noqa: F401, PLC0415 -- each registers on import
        from fangxin.notices import templates  # noqa: PLC0415 -- apps are loaded first

        templates.register(Path(__file__).parent / "data" / "notices.toml")
