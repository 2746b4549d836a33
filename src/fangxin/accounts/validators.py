"""What a password may not be, beyond Django's own checks."""

import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from .models import Person


class OwnDetailsValidator:
    """A password may not contain the person's login or name, or their office's code or name."""

    def validate(self, password: str, user: Person | None = None) -> None:
        """Raise ValidationError for a password that contains one of them, in any case and width."""
        if user is None:
            return
        plain = unicodedata.normalize("NFKC", password).casefold()
        details = (user.login, user.name, user.office.code, user.office.name)
        if any(len(detail) > 1 and unicodedata.normalize("NFKC", detail).casefold() in plain for detail in details):
            raise ValidationError(self.get_help_text(), code="password_own_details")

    def get_help_text(self) -> str:
        """The rule in one sentence."""
        return _("The password must not contain your login, your name or your office.")
