"""Loads the signed-in person with their office, in one query."""

from django.contrib.auth.backends import BaseBackend

from .models import Person


class PersonBackend(BaseBackend):
    """Only loads; who may come in is decided by `services.check_password`."""

    def get_user(self, user_id: int) -> Person | None:
        """The active person with this key."""
        return Person.objects.select_related("office").filter(pk=user_id, active=True).first()
