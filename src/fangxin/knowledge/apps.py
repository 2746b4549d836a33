"""Registers the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class KnowledgeConfig(AppConfig):
    """The knowledge base (知识库): short answers to usual questions, with their articles."""

    name = "fangxin.knowledge"
    label = "knowledge"
    verbose_name = _("knowledge base")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register permits."""
        from fangxin.knowledge import permits  # noqa: F401, PLC0415 -- registers on import
