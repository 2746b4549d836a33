"""Registers the app."""

from pathlib import Path

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DocumentsConfig(AppConfig):
    """Official documents (文书): the ten forms, their numbers, their delivery with proof."""

    name = "fangxin.documents"
    label = "documents"
    verbose_name = _("documents")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register handlers, the texts of messages, and who may read the files of documents."""
        from fangxin.documents import access, handlers  # noqa: F401, PLC0415 -- handlers register on import
        from fangxin.documents.models import Document  # noqa: PLC0415 -- models load with the apps
        from fangxin.files import guards  # noqa: PLC0415 -- as above
        from fangxin.notices import templates  # noqa: PLC0415 -- as above

        guards.register(Document.ref_kind, access.may, keys=access.keys_of)
        templates.register(Path(__file__).parent / "data" / "notices.toml")
