"""Handing a file out: always a download, never a page; from a host of its own where there is one."""

from datetime import timedelta
from typing import Final
from urllib.parse import quote

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from fangxin.files.models import Attachment

GOOD_FOR: Final = timedelta(seconds=60)
_SALT: Final = "fangxin.files.fetch"


def download(attachment: Attachment, content: bytes) -> HttpResponse:
    """The answer that carries a file's content, with every header that keeps a browser from running, framing or keeping it.

    It is called by its shown name: a copy on somebody's disk does not tell by its name whose it is.
    """
    name = attachment.name
    fallback = "".join(sign if (sign.isascii() and sign.isalnum()) or sign in "._-" else "_" for sign in name)
    response = HttpResponse(content, content_type=attachment.media_type)
    response["Content-Disposition"] = f"attachment; filename=\"{fallback}\"; filename*=UTF-8''{quote(name, safe='')}"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'; frame-ancestors 'none'"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Cache-Control"] = "no-store, private"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response


def address(request: HttpRequest, attachment: Attachment, *, person_id: int, purpose: str) -> str:
    """Where this person gets this file on the host of files, for a minute; whoever else uses it is that person in the journal."""
    token = signing.TimestampSigner(salt=_SALT).sign_object({"a": attachment.pk, "p": person_id, "w": purpose}, compress=True)
    return f"{request.scheme}://{settings.FILES_HOST}{reverse('files:fetch', kwargs={'token': token})}"


def redeem(token: str) -> tuple[int, int, str] | None:
    """Attachment, person and purpose of a token; None for one that is not ours or too old."""
    try:
        found = signing.TimestampSigner(salt=_SALT).unsign_object(token, max_age=GOOD_FOR)
    except signing.BadSignature:
        return None
    return int(found["a"]), int(found["p"]), str(found["w"])
