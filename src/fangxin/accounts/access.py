"""Who is asking, for views."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase

from .models import Person, Role

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def person_of(request: HttpRequest) -> Person:
    """The signed-in person. Raises PermissionDenied for a stranger."""
    if isinstance(request.user, Person):
        return request.user
    raise PermissionDenied


def staff(*roles: Role) -> Callable[[View[P]], View[P]]:
    """A view for people who are signed in and, if roles are named, have one of them somewhere; strangers are sent to sign in."""

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def checked(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not isinstance(request.user, Person):
                return redirect_to_login(request.get_full_path())
            if roles and request.user.roles().isdisjoint(roles):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return checked

    return decorate
