"""Tokens by which programs speak for people (接口令牌): issued, used, revoked."""

import secrets
from datetime import datetime, timedelta
from hashlib import sha256

from fangxin.kernel import journal
from fangxin.kernel.errors import BadInput, IllegalStep
from fangxin.kernel.refs import Ref

from .events import TokenIssued, TokenRevoked
from .models import ApiToken, Person, TokenScope

PREFIX = "fxt_"
"""So that a leaked secret can be recognised for what it is."""
SECRET_BYTES = 32
LONGEST = timedelta(days=366)
USUAL = timedelta(days=90)
MOST = 20
"""Tokens that a person may have at once."""
NOTED_EVERY = timedelta(minutes=1)
"""The time of the last use is written down at most this often: a request costs no write of its own."""


def issue_token(person: Person, *, name: str, scope: str, expires_at: datetime, by: Ref, at: datetime) -> tuple[ApiToken, str]:
    """A new token and its secret, which nobody can be shown again.

    Raises BadInput without a name, for a scope that is none or a time that is past or more than a year away; IllegalStep for someone
    who may not sign in or has twenty.
    """
    if not name.strip():
        raise BadInput("accounts.token_name_missing", "Give the token a name: what it is for.")
    if scope not in TokenScope.values:
        raise BadInput("accounts.token_scope_unknown", "There is no such scope: %(scope)s.", scope=scope)
    if not at < expires_at <= at + LONGEST:
        raise BadInput("accounts.token_expiry", "A token is valid for at least a moment and at most %(days)s days.", days=LONGEST.days)
    secret = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    with journal.atomic():
        held = Person.objects.select_for_update().get(pk=person.pk)
        if not held.active:
            raise IllegalStep("accounts.person_inactive", "%(login)s may not sign in.", login=held.login)
        if ApiToken.objects.filter(person=held, revoked_at__isnull=True, expires_at__gt=at).count() >= MOST:
            raise IllegalStep("accounts.too_many_tokens", "There are %(most)s tokens already; revoke one first.", most=MOST)
        token = ApiToken.objects.create(
            person=held, name=name.strip()[:60], digest=_digest(secret), scope=scope, created_at=at, expires_at=expires_at
        )
        journal.publish([TokenIssued(subject=person.ref, actor=by, at=at, token=token.pk, scope=scope, expires=expires_at)])
    return token, secret


def revoke_token(token: ApiToken, *, by: Ref, at: datetime) -> None:
    """End a token at once; one that is revoked already stays as it is."""
    with journal.atomic():
        if ApiToken.objects.filter(pk=token.pk, revoked_at__isnull=True).update(revoked_at=at) == 1:
            journal.publish([TokenRevoked(subject=token.person.ref, actor=by, at=at, token=token.pk)])


def find_token(secret: str, *, at: datetime) -> ApiToken | None:
    """The token of this secret with its person, if it is valid and they may sign in; the use is noted. One query, a second one a minute."""
    if not secret.startswith(PREFIX):
        return None
    token = ApiToken.objects.valid(at).select_related("person__office").filter(digest=_digest(secret)).first()
    if token is not None and (token.last_used_at is None or at - token.last_used_at >= NOTED_EVERY):
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=at)
    return token


def _digest(secret: str) -> str:
    """The secret is random and long: a plain hash can't be run backwards, and a look-up by it needs no salt."""
    return sha256(secret.encode()).hexdigest()
