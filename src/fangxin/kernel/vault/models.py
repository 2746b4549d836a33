"""Tables of the vault."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class VaultRotation(models.Model):
    """How far the re-encryption (密钥轮换) of one table to one set of active keys has come."""

    fingerprint = models.CharField(_("active keys"), max_length=16, help_text=_("Fingerprint of the key ring."))
    place = models.CharField(_("column"), max_length=128)
    cursor = models.BigIntegerField(_("last row"), default=0)
    bad = models.PositiveIntegerField(_("rows that do not open"), default=0)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)

    class Meta:
        app_label = "kernel"
        verbose_name = _("key rotation")
        constraints = [models.UniqueConstraint(fields=["fingerprint", "place"], name="kernel_rotation_once")]

    def __str__(self) -> str:
        return f"{self.place} → {self.fingerprint}"
