"""The enterprise realm's doors: sign-in, sign-out, invitation, password (企业登录、开户)."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from fangxin.accounts.clients import client_address
from fangxin.accounts.services import WeakPassword
from fangxin.accounts.throttle import TooManyAttempts
from fangxin.kernel.errors import BadInput, DomainError, IllegalStep
from fangxin.odr import access, grounds, words
from fangxin.odr.access import Realm
from fangxin.odr.forms import AccountForm, Form, PasswordForm, SignInForm
from fangxin.odr.services import accounts
from fangxin.odr.states import EnterpriseState


def address_of(request: HttpRequest) -> str:
    """The address of whoever asks."""
    return client_address(request.META, getattr(settings, "TRUSTED_PROXIES", ()))


@access.enterprise()
@require_safe
def start(request: HttpRequest, realm: Realm) -> HttpResponseBase:  # noqa: ARG001 -- the shape of a view of this realm
    """The inbox for an enterprise's people; strangers are sent to sign in."""
    return redirect("odr:inbox")


@login_not_required
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponseBase:
    """Login and password of an enterprise's person. Whether staff is signed in in the same browser makes no difference."""
    target = access.target_of(request)
    if request.method != "POST" and access.realm_of(request) is not None:
        return redirect(target)
    form, status = SignInForm(request.POST or None), 200
    if request.method == "POST" and form.is_valid():
        now = timezone.now()
        try:
            account = accounts.check_password(
                form.cleaned_data["login"], form.cleaned_data["password"], address=address_of(request), at=now
            )
        except DomainError as error:
            status = refuse(form, error)
        else:
            accounts.note_sign_in(account, at=now)
            response = redirect(target)
            access.begin(request, response, account, now)
            return response
    return render(request, "odr/enterprise/sign_in.html", {"form": form, "next": target}, status=status)


@login_not_required
@require_POST
def sign_out(request: HttpRequest) -> HttpResponseBase:
    """End this session; staff's own in the same browser goes on."""
    realm = access.realm_of(request)
    if realm is not None:
        accounts.note_sign_out(realm.account, at=timezone.now())
    response = redirect("odr:sign-in")
    access.finish(request, response)
    return response


@access.enterprise()
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def password(request: HttpRequest, realm: Realm) -> HttpResponseBase:
    """Change my password."""
    form, status = PasswordForm(request.POST or None), 200
    if request.method == "POST" and form.is_valid():
        try:
            accounts.change_password(realm.account, old=form.cleaned_data["old"], new=form.cleaned_data["new"], at=timezone.now())
        except WeakPassword as error:
            form.add_error("new", error.reasons)
            status = 409
        except DomainError as error:
            status = refuse(form, error, "new" if error.code == "accounts.password_same" else "old")
        else:
            realm.say(_("Your password is changed. All your other sessions have ended."))
            response = redirect("odr:account")
            access.renew(request, response, realm)
            return response
    return render(request, "odr/enterprise/password.html", {"form": form, "realm": realm}, status=status)


@login_not_required
@never_cache
@sensitive_post_parameters("password", "again")
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponseBase:
    """Open an account, or set a new password, with a one-time link; the first account of an enterprise gives its pledge."""
    now = timezone.now()
    found = accounts.invitation_of(token, at=now)
    if found is None:
        return _no_referrer(render(request, "odr/public/dead_link.html", status=404))
    renewing = found.account is not None
    pledging = not renewing and found.enterprise.state == EnterpriseState.APPROVED
    form, status = AccountForm(request.POST or None, pledge=pledging, renew=renewing), 200
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            if renewing:
                account = accounts.renew_password(token, password=given["password"], at=now)
            else:
                account = accounts.accept_invitation(
                    token, login=given["login"], name=given["name"], password=given["password"], pledged=given.get("pledged", False), at=now
                )
        except WeakPassword as error:
            form.add_error("password", error.reasons)
            status = 409
        except (BadInput, IllegalStep) as error:
            status = refuse(form, error, "login" if error.code == "odr.login_taken" else None)
        else:
            accounts.note_sign_in(account, at=now)
            response = redirect("odr:inbox")
            access.begin(request, response, account, now)
            return response
    context = {"form": form, "invitation": found, "pledge": grounds.pledge().lines if pledging else (), "renewing": renewing}
    return _no_referrer(render(request, "odr/public/invitation.html", context, status=status))


def _no_referrer(response: HttpResponse) -> HttpResponse:
    """The address holds a secret: it goes to no other site and into no search engine."""
    response["Referrer-Policy"] = "same-origin"  # not none: a browser would send the forms with "Origin: null", which are refused
    response["X-Robots-Tag"] = "noindex"
    return response


def refuse(form: Form, error: DomainError, field: str | None = None) -> int:
    """Say no beside the form; the status to answer with."""
    form.add_error(field, words.refusal(error))
    return 429 if isinstance(error, TooManyAttempts) else 409
