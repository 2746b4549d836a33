"""Registers the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ClocksConfig(AppConfig):
    """Legal and local periods (时限): rules as data, running clocks, the sweep."""

    name = "fangxin.clocks"
    label = "clocks"
    verbose_name = _("clocks")
    default_auto_field = "django.db.models.BigAutoField"
