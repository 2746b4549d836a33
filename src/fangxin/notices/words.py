"""Notices in words, for pages."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from fangxin.notices import templates
from fangxin.notices.models import Notice
from fangxin.notices.states import Failure, NoticeState
from fangxin.notices.subjects import Shown


def failure(error: str, status: int | None) -> str:
    """Why the last attempt failed, with the number that the gateway answered."""
    if error not in Failure.values:
        return error
    said = str(Failure(error).label)
    return _("%(why)s (%(status)s)") % {"why": said, "status": status} if status is not None else said


@dataclass(frozen=True, slots=True)
class Line:
    """One notice as a list shows it."""

    notice: Notice
    subject: Shown | None = None
    may_settle: bool = False
    address: str = ""

    @property
    def what(self) -> str:
        """Which notice it is."""
        return templates.label(self.notice.template)

    @property
    def why(self) -> str:
        """The last error in words."""
        if self.notice.error == Failure.INTERRUPTED and self.notice.state == NoticeState.SENDING:
            return ""  # what the row would say if the sender died; it has not
        return failure(self.notice.error, self.notice.status) if self.notice.error else ""

    @property
    def tone(self) -> str:
        """The colour of its state."""
        return {"sent": "green", "dead": "red", "given_up": "secondary"}.get(self.notice.state, "blue")

    @property
    def can_retry(self) -> bool:
        """A notice without a usable address would only fail again."""
        return self.may_settle and self.notice.state == NoticeState.DEAD and self.notice.error != Failure.BAD_ADDRESS
