"""Registers the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SampleConfig(AppConfig):
    """A generated sample city with true proportions (示例城市); never real data."""

    name = "fangxin.sample"
    label = "sample"
    verbose_name = _("sample city")
    default_auto_field = "django.db.models.BigAutoField"
