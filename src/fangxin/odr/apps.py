"""Registers the app."""

from pathlib import Path

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OdrConfig(AppConfig):
    """Online dispute resolution (在线纠纷解决): enterprises settle with consumers before the bureau steps in."""

    name = "fangxin.odr"
    label = "odr"
    verbose_name = _("online dispute resolution")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register permits, handlers, acts, the panel on the case page, notices and who may see files."""
        from fangxin.files import guards  # noqa: PLC0415 -- models must be loaded first
        from fangxin.kernel import panels  # noqa: PLC0415 -- as above
        from fangxin.notices import subjects, templates  # noqa: PLC0415 -- as above
        from fangxin.odr import acts, handlers, outward, permits  # noqa: F401, PLC0415 -- register on import
        from fangxin.odr.panels import case_panel  # noqa: PLC0415 -- as above

        panels.register("case.side", panels.Panel("odr", "odr/parts/case_panel.html", case_panel, order=60))
        guards.register("dispute", outward.guard_dispute)
        guards.register("enterprise", outward.guard_enterprise)
        subjects.register("dispute", outward.Subjects())
        subjects.register("enterprise", outward.Subjects())
        templates.register(Path(__file__).parent / "data" / "notices.toml")
