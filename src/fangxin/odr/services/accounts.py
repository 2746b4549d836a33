"""How people of an enterprise come in: invitation, account, password, sign-in (开户、登录). Nothing of it is a member of staff's."""

import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from django.contrib.auth.hashers import check_password as fits
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from fangxin.accounts import throttle
from fangxin.accounts.services import STRANGER, SignInRefused, WeakPassword
from fangxin.kernel import journal
from fangxin.kernel.errors import BadInput, IllegalStep, NotPermitted
from fangxin.kernel.refs import Ref, ref
from fangxin.odr.events import (
    AccountOpened,
    AccountPasswordSet,
    AccountSignedIn,
    AccountSignedOut,
    AccountSignInDelayed,
    AccountSwitched,
    InvitationIssued,
)
from fangxin.odr.models import Account, Enterprise, Invitation
from fangxin.odr.services import enterprises, telling
from fangxin.odr.states import EnterpriseState
from fangxin.odr.tokens import hash_of

INVITATION_LASTS = timedelta(days=7)
_INVITABLE = (EnterpriseState.APPROVED, EnterpriseState.PLEDGED, EnterpriseState.ACTIVE)


@dataclass(frozen=True, slots=True)
class _Owner:
    """Whose password it is, as the password rules look at it."""

    login: str
    name: str
    office: "_House"


@dataclass(frozen=True, slots=True)
class _House:
    code: str
    name: str


def invite(enterprise: Enterprise, *, by: Ref, at: datetime, account: Account | None = None) -> tuple[Invitation, str]:
    """Make a one-time link for a new account (邀请开户) or, for an account, for a new password; answers it with its token.

    The token is shown or sent now and never again: only its hash is kept. Earlier unused links to the same end are dead.
    Raises IllegalStep for an enterprise that is not admitted, NotPermitted for another enterprise's account.
    """
    if enterprise.state not in _INVITABLE:
        raise IllegalStep("odr.not_invitable", "An enterprise gets accounts once it is admitted, and until it leaves.")
    if account is not None and account.enterprise_id != enterprise.pk:
        raise NotPermitted("kernel.not_permitted", "You may not do this here.")
    token = secrets.token_urlsafe(32)
    with journal.atomic():
        Invitation.objects.usable().filter(enterprise=enterprise, account=account, by=by).update(used_at=at)
        made = Invitation.objects.create(
            enterprise=enterprise, account=account, token_hash=hash_of(token), by=by, at=at, expires_at=at + INVITATION_LASTS
        )
        journal.publish(
            [InvitationIssued(subject=enterprise.ref, actor=by, at=at, invitation=made.pk, account=account.pk if account else None)]
        )
    return made, token


def send_invitation(enterprise: Enterprise, invitation: Invitation, token: str, *, by: Ref, at: datetime) -> bool:
    """Send the link to the enterprise's mailbox; False if it gave none."""
    link = telling.address("odr:invitation", token)
    return telling.tell_enterprise(enterprise, "odr.invitation", {"link": link}, once=f"invitation:{invitation.pk}", by=by, at=at)


def invitation_of(token: str, *, at: datetime) -> Invitation | None:
    """The invitation that a token opens, if it is unused, not too old, and the enterprise may still have accounts."""
    found = (
        Invitation.objects.usable()
        .select_related("enterprise__office", "enterprise__trader", "account")
        .filter(token_hash=hash_of(token))
        .first()
    )
    if found is None or found.expires_at <= at or found.enterprise.state not in _INVITABLE:
        return None
    return found


def accept_invitation(token: str, *, login: str, name: str, password: str, pledged: bool, at: datetime) -> Account:
    """Open an account with a one-time link (开户); the first one of an enterprise also gives its pledge and opens it for disputes.

    Raises IllegalStep for a link that is used or too old, BadInput for a login that is taken or a missing pledge, WeakPassword.
    """
    with journal.atomic():
        invitation = _locked(token, at)
        enterprise = invitation.enterprise
        if invitation.account is not None:
            raise _used()
        if enterprise.state == EnterpriseState.APPROVED and not pledged:
            raise BadInput("odr.pledge_missing", "Please read the pledge and confirm it.")
        login, name = normal_login(login), name.strip()
        if not login or not name:
            raise BadInput("odr.login_missing", "An account needs a login and a name.")
        check_strength(password, login=login, name=name, enterprise=enterprise)
        account = Account(enterprise=enterprise, login=login, name=name, password=make_password(password), opened_at=at)
        try:
            with transaction.atomic():
                account.save(force_insert=True)
        except IntegrityError as error:
            raise BadInput("odr.login_taken", "This login is taken; please choose another one.") from error
        Invitation.objects.filter(pk=invitation.pk).update(used_at=at)
        journal.publish([AccountOpened(subject=account.ref, actor=account.ref, at=at, enterprise=enterprise.pk, invitation=invitation.pk)])
        if enterprise.state == EnterpriseState.APPROVED:
            enterprises.pledge(enterprise, by=account.ref, at=at)
        if enterprise.state == EnterpriseState.PLEDGED:
            enterprises.open_for_disputes(enterprise, by=account.ref, at=at)
    return account


def renew_password(token: str, *, password: str, at: datetime) -> Account:
    """Set a new password with a one-time link; all sessions of the account end."""
    with journal.atomic():
        invitation = _locked(token, at)
        account = invitation.account
        if account is None:
            raise _used()
        account.enterprise = invitation.enterprise
        _set_password(account, password, by=account.ref, at=at, by_invitation=True)
        Invitation.objects.filter(pk=invitation.pk).update(used_at=at)
    return account


def _locked(token: str, at: datetime) -> Invitation:
    found = Invitation.objects.usable().select_for_update().filter(token_hash=hash_of(token)).first()
    if found is None or found.expires_at <= at:
        raise _used()
    enterprise = Enterprise.objects.select_for_update(of=("self",)).select_related("trader").get(pk=found.enterprise_id)
    if enterprise.state not in _INVITABLE:
        raise _used()
    found.enterprise = enterprise
    return found


def _used() -> IllegalStep:
    return IllegalStep("odr.invitation_used", "This link has been used or is too old; please ask for a new one.")


def normal_login(login: str) -> str:
    """The one form of a login: no outer spaces, half-width, lower case."""
    return unicodedata.normalize("NFKC", login).strip().lower()


# --- sign-in -----------------------------------------------------------------------------------------------------------------


def check_password(login: str, password: str, *, address: str, at: datetime) -> Account:
    """The account whose login and password these are.

    Tries are counted by login and address, and by address (see `accounts.throttle`); they have nothing to do with staff's. Raises
    SignInRefused with the same answer after about the same time for an unknown login, a wrong password, a switched-off account and
    an enterprise that has left; TooManyAttempts while this client has to wait.
    """
    login = normal_login(login)
    account = Account.objects.select_related("enterprise").filter(login=login).first()
    counters = [
        throttle.counted(throttle.CLIENT, "odr-password", login, address),
        throttle.counted(throttle.ADDRESS, "odr-address", address),
    ]
    if throttle.charge(counters, at=at):
        whose = account.ref if account is not None else ref("login", "unknown")
        _publish(AccountSignInDelayed(subject=whose, actor=STRANGER, at=at))
    if account is None:
        make_password(password)  # takes the time that checking would take
        right = False
    else:
        right = fits(password, account.password) and account.may_sign_in
    if account is None or not right:
        raise SignInRefused("accounts.sign_in_refused", "Login and password do not match.")
    throttle.forgive(counters, at=at)
    return account


def note_sign_in(account: Account, *, at: datetime) -> None:
    """Journal a sign-in."""
    with journal.atomic():
        Account.objects.filter(pk=account.pk).update(signed_in_at=at)
        journal.publish([AccountSignedIn(subject=account.ref, actor=account.ref, at=at)])


def note_sign_out(account: Account, *, at: datetime) -> None:
    """Journal a sign-out."""
    _publish(AccountSignedOut(subject=account.ref, actor=account.ref, at=at))


def change_password(account: Account, *, old: str, new: str, at: datetime) -> None:
    """Change one's own password; all other sessions end. Raises SignInRefused, BadInput, WeakPassword, TooManyAttempts."""
    counters = [throttle.counted(throttle.CLIENT, "odr-confirm", str(account.pk))]
    throttle.charge(counters, at=at)
    if not fits(old, account.password):
        raise SignInRefused("accounts.password_wrong", "The current password is not right.")
    throttle.forgive(counters, at=at)
    if new == old:
        raise BadInput("accounts.password_same", "The new password must differ from the current one.")
    with journal.atomic():
        _set_password(account, new, by=account.ref, at=at, by_invitation=False)


def switch_account(account: Account, *, active: bool, by: Ref, at: datetime) -> None:
    """Switch an account off (its sessions end at once) or on again."""
    with journal.atomic():
        fresh = Account.objects.select_for_update().get(pk=account.pk)
        if fresh.active == active:
            return
        account.active = active
        account.session_epoch = fresh.session_epoch + 1
        account.save(update_fields=["active", "session_epoch"])
        if not active:  # nor do they come in again by a link that they made for a colleague
            Invitation.objects.usable().filter(enterprise=account.enterprise_id, by=account.ref).update(used_at=at)
        journal.publish([AccountSwitched(subject=account.ref, actor=by, at=at, active=active)])


def accounts_of(enterprise: Enterprise) -> Sequence[Account]:
    """All accounts of an enterprise, the oldest first."""
    return list(Account.objects.filter(enterprise=enterprise).order_by("pk"))


def _set_password(account: Account, new: str, *, by: Ref, at: datetime, by_invitation: bool) -> None:
    check_strength(new, login=account.login, name=account.name, enterprise=account.enterprise)
    fresh = Account.objects.select_for_update().get(pk=account.pk)
    account.password = make_password(new)
    account.session_epoch = fresh.session_epoch + 1
    account.save(update_fields=["password", "session_epoch"])
    journal.publish([AccountPasswordSet(subject=account.ref, actor=by, at=at, by_invitation=by_invitation)])


def check_strength(password: str, *, login: str, name: str, enterprise: Enterprise) -> None:
    """Raise WeakPassword unless the password follows the same policy as staff's."""
    owner = _Owner(login, name, _House(enterprise.trader.uscc or "", enterprise.name))
    try:
        validate_password(password, cast("Any", owner))
    except ValidationError as error:
        raise WeakPassword(error.messages) from error


def account_of(pk: int, proof: str) -> Account | None:
    """The account of a session, if it still may sign in and nothing has ended its sessions."""
    found = Account.objects.select_related("enterprise__trader", "enterprise__office").filter(pk=pk).first()
    if found is None or not found.may_sign_in or not secrets.compare_digest(found.proof(), proof):
        return None
    return found


def _publish(event: journal.Event) -> None:
    with journal.atomic():
        journal.publish([event])
