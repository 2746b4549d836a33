"""Registers the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RegistryConfig(AppConfig):
    """Places and traders (行政区划、经营者)."""

    name = "fangxin.registry"
    label = "registry"
    verbose_name = _("registry")
    default_auto_field = "django.db.models.BigAutoField"
