"""How programs say who they are: `Authorization: Bearer fxt_…`, and how often they may ask."""

from typing import ClassVar

from django.http import HttpRequest
from django.utils import timezone
from ninja.security import HttpBearer
from ninja.throttling import SimpleRateThrottle

from fangxin.kernel.errors import NotPermitted

from .models import ApiToken, Person, TokenScope
from .tokens import find_token

RATE = "600/min"
"""Requests of one token, counted in each process by itself; a batch of 500 filings is one."""


class Bearer(HttpBearer):
    """The token in the header and nothing else: a session's cookie says nothing here, so no other site can make a browser ask."""

    openapi_description: ClassVar[str] = "A token of a person, made on their account page or by `fangxin people token issue`."

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken | None:  # noqa: ARG002 -- ninja's signature
        """The token, if it is valid and its person active; None answers 401."""
        return find_token(token, at=timezone.now())


class TokenThrottle(SimpleRateThrottle):
    """So many requests a minute for each token."""

    scope = "token"

    def __init__(self) -> None:
        super().__init__(RATE)

    def get_cache_key(self, request: HttpRequest) -> str | None:
        """By the token; who has none is refused before."""
        token = getattr(request, "auth", None)
        return f"fangxin.token.{token.pk}" if isinstance(token, ApiToken) else None


def caller(request: HttpRequest) -> Person:
    """The person whom the program speaks for. Raises NotPermitted without a token."""
    return token_of(request).person


def writer(request: HttpRequest) -> Person:
    """The same, for what changes something. Raises NotPermitted for a token that only reads."""
    token = token_of(request)
    if token.scope != TokenScope.WRITE:
        raise NotPermitted("accounts.token_only_reads", "This token may only read.")
    return token.person


def token_of(request: HttpRequest) -> ApiToken:
    """The token of this request. Raises NotPermitted without one."""
    token = getattr(request, "auth", None)
    if not isinstance(token, ApiToken):
        raise NotPermitted("accounts.token_missing", "A token is needed.")
    return token
