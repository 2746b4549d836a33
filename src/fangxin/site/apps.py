"""Registers the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SiteConfig(AppConfig):
    """Settings, addresses, base templates, command line."""

    name = "fangxin.site"
    label = "site"
    verbose_name = _("site")
    default_auto_field = "django.db.models.BigAutoField"
