"""Registers the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class KernelConfig(AppConfig):
    """What every app stands on and what knows no app: law, working days, journal, vault, workflow, permits."""

    name = "fangxin.kernel"
    label = "kernel"
    verbose_name = _("kernel")
    default_auto_field = "django.db.models.BigAutoField"
