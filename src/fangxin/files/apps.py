"""Registers the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FilesConfig(AppConfig):
    """Attachments (附件): sniffed, cleaned, sealed, kept by content hash, served apart."""

    name = "fangxin.files"
    label = "files"
    verbose_name = _("attachments")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the sealed files for key rotation."""
        from fangxin.files import store  # noqa: PLC0415 -- models can be imported only now
        from fangxin.files.models import PLACE_CONTENT, Blob  # noqa: PLC0415 -- as above
        from fangxin.kernel.vault import vaulted_store  # noqa: PLC0415 -- as above

        vaulted_store(Blob, PLACE_CONTENT, store.bring_to_active_keys)
