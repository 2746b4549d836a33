"""The realm of enterprises: a session of its own, that is not staff's and that staff's is not (企业端会话).

An enterprise's session lies under a cookie of its own, sent to this app's addresses only, in a record that holds an account and never a
person. `request.user` is whoever of staff is signed in in the same browser, or nobody; no page of this realm looks at it. A key of one
realm opens nothing in the other: the record of each lacks what the other asks for.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.csrf import rotate_token
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache

from fangxin.accounts.middleware import ABSOLUTE, IDLE, NOTED_EVERY
from fangxin.odr.models import Account
from fangxin.odr.services import accounts

COOKIE = "fangxin_odr"
_ACCOUNT, _PROOF, _STARTED, _SEEN, _FLASH = "odr_account", "odr_proof", "odr_started", "odr_seen", "odr_flash"
P = ParamSpec("P")


@dataclass(slots=True)
class Realm:
    """A signed-in enterprise person and their session."""

    account: Account
    session: SessionBase

    def say(self, text: str) -> None:
        """A sentence for the next page."""
        self.session[_FLASH] = [*self.session.get(_FLASH, []), text]

    def heard(self) -> list[str]:
        """The sentences for this page, once."""
        found: list[str] = self.session.pop(_FLASH, [])
        return found


View = Callable[Concatenate[HttpRequest, Realm, P], HttpResponseBase]


def enterprise() -> Callable[[View[P]], Callable[Concatenate[HttpRequest, P], HttpResponseBase]]:
    """A view for an enterprise's people: it gets the realm after the request; anybody else, staff too, is sent to the realm's own sign-in."""

    def decorate(view: View[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
        @login_not_required
        @never_cache
        @wraps(view)
        def checked(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            realm = realm_of(request)
            if realm is None:
                here = request.get_full_path() if request.method in {"GET", "HEAD"} else reverse("odr:inbox")
                return redirect(f"{reverse('odr:sign-in')}?next={here}")
            response = view(request, realm, *args, **kwargs)
            if realm.session.modified:
                realm.session.save()
            return response

        return checked

    return decorate


def realm_of(request: HttpRequest) -> Realm | None:
    """Who of an enterprise is signed in in this browser; None for nobody, and after half an hour without a request or twelve hours."""
    key = request.COOKIES.get(COOKIE, "")
    if not key:
        return None
    session = SessionStore(key)
    number, proof = session.get(_ACCOUNT), session.get(_PROOF)
    if not isinstance(number, int) or not isinstance(proof, str):
        return None
    now = timezone.now()
    started, seen = (datetime.fromtimestamp(session.get(name, 0), UTC) for name in (_STARTED, _SEEN))
    account = accounts.account_of(number, proof)
    if account is None or now - seen >= IDLE or now - started >= ABSOLUTE:
        session.flush()
        return None
    if now - seen >= NOTED_EVERY:
        session[_SEEN] = int(now.timestamp())
    return Realm(account, session)


def begin(request: HttpRequest, response: HttpResponse, account: Account, now: datetime) -> None:
    """Begin a session under a new key, whatever key the browser brought along; the form token is new too."""
    old = request.COOKIES.get(COOKIE, "")
    if old and SessionStore(old).get(_ACCOUNT) is not None:
        SessionStore(old).delete()
    session = SessionStore()
    stamp = int(now.timestamp())
    session.update({_ACCOUNT: account.pk, _PROOF: account.proof(), _STARTED: stamp, _SEEN: stamp})
    session.set_expiry(int(ABSOLUTE.total_seconds()))
    session.create()
    rotate_token(request)
    _set_cookie(response, session.session_key or "")


def renew(request: HttpRequest, response: HttpResponse, realm: Realm) -> None:
    """This session goes on under a new key after what ended all others."""
    realm.session[_PROOF] = realm.account.proof()
    realm.session.cycle_key()
    rotate_token(request)
    _set_cookie(response, realm.session.session_key or "")


def finish(request: HttpRequest, response: HttpResponse) -> None:
    """End this session."""
    realm = realm_of(request)
    if realm is not None:
        realm.session.flush()
    response.delete_cookie(COOKIE, path=path(), samesite="Lax")


def path() -> str:
    """The addresses that the cookie is sent to: this app's only."""
    return reverse("odr:start")


def target_of(request: HttpRequest) -> str:
    """Where to go after signing in: a page of this realm only."""
    wanted = str(request.POST.get("next") or request.GET.get("next") or "")
    safe = url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return wanted if safe and wanted.startswith(path()) else reverse("odr:inbox")


def _set_cookie(response: HttpResponse, key: str) -> None:
    options: dict[str, Any] = {"httponly": True, "secure": settings.SESSION_COOKIE_SECURE, "samesite": "Lax", "path": path()}
    response.set_cookie(COOKIE, key, **options)
