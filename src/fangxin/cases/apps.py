"""Registers the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CasesConfig(AppConfig):
    """Complaints, reports and consultations (投诉、举报、咨询) from receipt to closing."""

    name = "fangxin.cases"
    label = "cases"
    verbose_name = _("cases")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Load what registers itself when it is imported."""
        # ruff: noqa: F401, PLC0415 -- imported for what they register
        import fangxin.cases.acts.answers
        import fangxin.cases.acts.approvals
        import fangxin.cases.acts.basic
        import fangxin.cases.acts.complaints
        import fangxin.cases.acts.joining
        import fangxin.cases.acts.jurisdiction
        import fangxin.cases.acts.outcomes
        import fangxin.cases.acts.oversight
        import fangxin.cases.acts.privacy
        import fangxin.cases.acts.reports
        import fangxin.cases.attachments
        import fangxin.cases.chronicle
        import fangxin.cases.handlers
        import fangxin.cases.notices
        import fangxin.cases.papers.handling
        import fangxin.cases.papers.telling
        import fangxin.cases.permits
        import fangxin.cases.telling
        import fangxin.cases.views.papers
        import fangxin.cases.views.reporting
