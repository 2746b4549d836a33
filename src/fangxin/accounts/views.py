"""Signing in and out, and one's own account."""

from datetime import UTC, datetime, timedelta

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login as begin_session
from django.contrib.auth import logout, update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from fangxin.kernel.errors import DomainError

from . import middleware, second_factor, services, tokens
from .access import person_of, staff
from .clients import DEVICE_AGE, DEVICE_COOKIE, Client, client_address, remember
from .forms import CodeForm, ConfirmForm, PasswordForm, SignInForm, TokenForm
from .models import ApiToken, Assignment, Person, RecoveryCode
from .throttle import TooManyAttempts

PENDING = "pending"
PENDING_FOR = timedelta(minutes=5)


def client_of(request: HttpRequest) -> Client:
    """Address and device of this request."""
    address = client_address(request.META, getattr(settings, "TRUSTED_PROXIES", ()))
    return Client(address, request.COOKIES.get(DEVICE_COOKIE, ""))


@login_not_required
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponseBase:
    """Login and password; whoever has a second factor goes on to `second_step`."""
    target = _target(request)
    if isinstance(request.user, Person):
        return redirect(target)
    form = SignInForm(request.POST or None)
    status = 200
    if request.method == "POST" and form.is_valid():
        now, client = timezone.now(), client_of(request)
        try:
            person = services.check_password(form.cleaned_data["login"], form.cleaned_data["password"], client=client, at=now)
        except DomainError as error:
            status = _refuse(form, error)
        else:
            if not second_factor.has_second_factor(person):
                return _let_in(request, person, target, method="password", client=client, now=now)
            request.session.cycle_key()
            request.session[PENDING] = [person.pk, person.get_session_auth_hash(), int(now.timestamp()), target]
            return redirect("accounts:code")
    context = {"form": form, "next": target, "ended": request.session.pop("ended", False)}
    return render(request, "accounts/sign_in.html", context, status=status)


@login_not_required
@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
def second_step(request: HttpRequest) -> HttpResponseBase:
    """The code; only for five minutes after the right password in the same browser."""
    now = timezone.now()
    person, target = _pending(request, now)
    if person is None:
        return redirect("accounts:sign-in")
    form = CodeForm(request.POST or None)
    status = 200
    if request.method == "POST" and form.is_valid():
        client = client_of(request)
        try:
            method = services.check_code(person, form.cleaned_data["code"], client=client, at=now)
        except DomainError as error:
            status = _refuse(form, error)
        else:
            return _let_in(request, person, target, method=method, client=client, now=now)
    return render(request, "accounts/second_step.html", {"form": form}, status=status)


@login_not_required
@require_POST
def sign_out(request: HttpRequest) -> HttpResponseBase:
    """End this session."""
    if isinstance(request.user, Person):
        services.note_sign_out(request.user, at=timezone.now())
    logout(request)
    return redirect("accounts:sign-in")


@staff()
@require_safe
def account(request: HttpRequest) -> HttpResponseBase:
    """My account: office, roles, password, second factor."""
    return _account(request)


@staff()
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def password(request: HttpRequest) -> HttpResponseBase:
    """Change my password."""
    person = person_of(request)
    forced = person.must_change_password
    form = PasswordForm(request.POST or None)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            services.change_password(person, old=form.cleaned_data["old"], new=form.cleaned_data["new"], at=timezone.now())
        except services.WeakPassword as error:
            form.add_error("new", error.reasons)
            status = 409
        except DomainError as error:
            status = _refuse(form, error, "new" if error.code == "accounts.password_same" else "old")
        else:
            _keep_session(request, person)
            messages.success(request, _("Your password is changed. All your other sessions have ended."))
            return redirect("site:home" if forced else "accounts:me")
    return render(request, "accounts/password.html", {"form": form, "forced": forced}, status=status)


@staff()
@never_cache
@require_POST
def second_factor_page(request: HttpRequest) -> HttpResponseBase:
    """Begin with a second factor (asks for the password, shows the secret once) or, with a code, confirm it (shows the recovery codes once).

    Without the password whoever finds an unlocked browser could lock its owner out.
    """
    person, now = person_of(request), timezone.now()
    if "code" not in request.POST:
        return _begin_second_factor(request, person, now)
    form = CodeForm(request.POST)
    if not form.is_valid():
        return render(request, "accounts/second_factor.html", {"form": form}, status=422)
    try:
        codes = second_factor.confirm_second_factor(person, form.cleaned_data["code"], at=now)
    except DomainError as error:
        return render(request, "accounts/second_factor.html", {"form": form}, status=_refuse(form, error))
    _keep_session(request, person)
    return render(request, "accounts/recovery_codes.html", {"codes": codes})


def _begin_second_factor(request: HttpRequest, person: Person, now: datetime) -> HttpResponse:
    asked = ConfirmForm(request.POST)
    if not asked.is_valid():
        return _account(request, form=asked, status=422)
    try:
        services.confirm_password(person, asked.cleaned_data["password"], at=now)
    except DomainError as error:
        return _account(request, form=asked, status=_refuse(asked, error, "password"))
    try:
        enrolment = second_factor.enrol_second_factor(person)
    except DomainError as error:
        return _account(request, refusal=error)
    return render(request, "accounts/second_factor.html", {"form": CodeForm(), "enrolment": enrolment})


@staff()
@never_cache
@sensitive_post_parameters("password")
@require_POST
def second_factor_off(request: HttpRequest) -> HttpResponseBase:
    """Switch my second factor off; asks for the password."""
    person, now = person_of(request), timezone.now()
    form = ConfirmForm(request.POST)
    if not form.is_valid():
        return _account(request, form=form, status=422)
    try:
        services.confirm_password(person, form.cleaned_data["password"], at=now)
    except DomainError as error:
        return _account(request, form=form, status=_refuse(form, error, "password"))
    second_factor.remove_second_factor(person, by=person.ref, at=now)
    _keep_session(request, person)
    messages.success(request, _("The second factor is off. All your other sessions have ended."))
    return redirect("accounts:me")


@staff()
@never_cache
@sensitive_post_parameters("password")
@require_POST
def issue_token(request: HttpRequest) -> HttpResponseBase:
    """A new access token for programs that speak for me; asks for the password, shows the secret once."""
    person, now = person_of(request), timezone.now()
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _account(request, token_form=form, status=422)
    given = form.cleaned_data
    try:
        services.confirm_password(person, given["password"], at=now)
        _token, secret = tokens.issue_token(
            person, name=given["name"], scope=given["scope"], expires_at=now + timedelta(days=given["days"]), by=person.ref, at=now
        )
    except services.SignInRefused as error:
        return _account(request, token_form=form, status=_refuse(form, error, "password"))
    except DomainError as error:
        return _account(request, token_form=form, status=_refuse(form, error))
    return _account(request, secret=secret)


@staff()
@require_POST
def revoke_token(request: HttpRequest, pk: int) -> HttpResponseBase:
    """End one of my access tokens."""
    person = person_of(request)
    tokens.revoke_token(get_object_or_404(ApiToken, pk=pk, person=person), by=person.ref, at=timezone.now())
    messages.success(request, _("The token is revoked."))
    return redirect("accounts:me")


def _account(
    request: HttpRequest,
    *,
    form: ConfirmForm | None = None,
    token_form: TokenForm | None = None,
    secret: str = "",
    refusal: DomainError | None = None,
    status: int = 200,
) -> HttpResponse:
    person = person_of(request)
    on = second_factor.has_second_factor(person)
    context = {
        "roles": [{"label": one.get_role_display(), "office": one.office} for one in Assignment.objects.held_by(person)],
        "second_factor": on,
        "codes_left": RecoveryCode.objects.unused(person).count() if on else 0,
        "form": form or ConfirmForm(),
        "token_form": token_form or TokenForm(),
        "tokens": ApiToken.objects.filter(person=person, revoked_at__isnull=True, expires_at__gt=timezone.now()).order_by("-pk"),
        "secret": secret,
        "refusal": refusal,
    }
    return render(request, "accounts/account.html", context, status=409 if refusal else status)


def _let_in(request: HttpRequest, person: Person, target: str, *, method: str, client: Client, now: datetime) -> HttpResponse:
    """Begin the session under a new key, and remember the device."""
    request.session.flush()
    begin_session(request, person, backend=settings.AUTHENTICATION_BACKENDS[0])
    middleware.begin(request, now)
    services.note_sign_in(person, method=method, client=client, at=now)
    response = redirect("accounts:password" if person.must_change_password else target)
    response.set_cookie(
        DEVICE_COOKIE,
        remember(client, person.pk),
        max_age=DEVICE_AGE,
        httponly=True,
        secure=settings.SESSION_COOKIE_SECURE,
        samesite="Strict",
    )
    return response


def _keep_session(request: HttpRequest, person: Person) -> None:
    """This session goes on under a new key after what ended all others."""
    started = {name: request.session.get(name, 0) for name in (middleware.STARTED, middleware.SEEN)}
    update_session_auth_hash(request, person)
    for name, value in started.items():
        request.session[name] = value


def _pending(request: HttpRequest, now: datetime) -> tuple[Person | None, str]:
    """Who has given the right password in this browser and where they want to go; nobody if that is too long ago or they changed since."""
    person_id, proof, since, target = request.session.get(PENDING) or (0, "", 0, "")
    person = Person.objects.select_related("office").filter(pk=person_id, active=True).first()
    fresh = now - datetime.fromtimestamp(since, UTC) < PENDING_FOR
    if person is None or not fresh or not constant_time_compare(proof, person.get_session_auth_hash()):
        return None, ""
    return person, target


def _refuse(form: forms.Form, error: DomainError, field: str | None = None) -> int:
    """Say no beside the form; the status to answer with."""
    form.add_error(field, _(error.message) % error.params)
    return 429 if isinstance(error, TooManyAttempts) else 409


def _target(request: HttpRequest) -> str:
    """Where to go after signing in: a page of ours only."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return wanted
    return "/"
