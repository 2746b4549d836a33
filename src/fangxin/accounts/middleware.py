"""How long a session lasts."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from .models import Person

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)
NOTED_EVERY = timedelta(seconds=60)
"""The time of the last request is written down at most this often: a page costs no write of the session."""

STARTED = "started"
SEEN = "seen"


class SessionPolicyMiddleware:
    """Ends sessions that were idle for 30 minutes or are 12 hours old, and sends whoever has a temporary password to change it.

    Stands after Django's AuthenticationMiddleware, which ends sessions whose signature no longer fits: after a change of password,
    a deactivation, or whatever else raised the person's `session_epoch`.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if isinstance(request.user, Person):
            now = timezone.now()
            if expired(request, now):
                logout(request)
                request.session["ended"] = True
            elif request.user.must_change_password and request.path not in _still_open():
                return _go(request, reverse("accounts:password"))
        response = self.get_response(request)
        if (
            request.headers.get("HX-Request")
            and response.status_code == 302
            and response["Location"].startswith(reverse("accounts:sign-in"))
        ):
            return _go(request, response["Location"])
        return response


def begin(request: HttpRequest, now: datetime) -> None:
    """Note when a session began, at sign-in."""
    request.session[STARTED] = request.session[SEEN] = int(now.timestamp())


def expired(request: HttpRequest, now: datetime) -> bool:
    """Whether the session is over; if not, the request is noted as a sign of life."""
    started, seen = (datetime.fromtimestamp(request.session.get(name, 0), UTC) for name in (STARTED, SEEN))
    if now - seen >= IDLE or now - started >= ABSOLUTE:
        return True
    if now - seen >= NOTED_EVERY:
        request.session[SEEN] = int(now.timestamp())
    return False


def _still_open() -> tuple[str, ...]:
    return (reverse("accounts:password"), reverse("accounts:sign-out"), reverse("site:language"), reverse("site:health"))


def _go(request: HttpRequest, address: str) -> HttpResponse:
    """A redirect of the whole page, also when HTMX asked for a part of it."""
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Redirect": address})
    return redirect(address)
