"""Registers the app."""

from pathlib import Path

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NoticesConfig(AppConfig):
    """Notices (通知): an outbox of messages to people, sent by gateways, retried, never lost."""

    name = "fangxin.notices"
    label = "notices"
    verbose_name = _("notices")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register permits, our own templates and what case pages show."""
        from fangxin.notices import panel, permits, templates  # noqa: F401, PLC0415 -- permits and panel register on import

        templates.register(Path(__file__).parent / "data" / "templates.toml")
