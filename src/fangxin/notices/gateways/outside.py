"""Every service that apprise knows (短信、企业微信、钉钉、电子邮件 …), as a gateway."""

import logging
import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Final
from urllib.parse import quote

import apprise
from apprise.exception import AppriseImproperlyConfigured
from apprise.plugins import N_MGR

from fangxin.notices import configuration
from fangxin.notices.gateways import NotTaken, Parcel
from fangxin.notices.gateways.webhooks import BUSY, SERVICES
from fangxin.notices.states import Failure

_LOGGER: Final = logging.getLogger("apprise")
_HTTP: Final = re.compile(r"error=(\d{3})\b")
_SMTP: Final = re.compile(r"was refused: (\d{3})\b|\((\d{3}), b['\"]")
_heard = threading.local()


class _Overhearing(logging.Handler):
    """apprise tells why it failed only in its log, together with addresses: we listen in the thread that sends, and nothing is written."""

    def emit(self, record: logging.LogRecord) -> None:
        words = getattr(_heard, "words", None)
        if words is not None and len(words) < 200:
            words.append(record.getMessage()[:500])


def silence() -> None:
    """Keep apprise's log, which names addresses and texts, away from ours; once a process."""
    if not any(isinstance(handler, _Overhearing) for handler in _LOGGER.handlers):
        _LOGGER.handlers = [_Overhearing()]
    _LOGGER.propagate = False
    _LOGGER.setLevel(logging.DEBUG)
    logging.getLogger("urllib3").setLevel(logging.INFO)  # more talkative, it names addresses that are keys


@contextmanager
def _overheard() -> Iterator[list[str]]:
    silence()
    _heard.words = []
    try:
        yield _heard.words
    finally:
        _heard.words = None


class AppriseGateway:
    """Sends through the URL of the configuration, its blanks filled for each parcel."""

    repeatable = False

    def __init__(self, gateway: configuration.Gateway) -> None:
        self.gateway = gateway

    def send(self, parcel: Parcel) -> None:
        """Hand one parcel to apprise; only e-mail has a subject, what else is read on a telephone has the text alone."""
        with _overheard() as words:
            service = self.service(parcel)
            title = parcel.subject if parcel.channel == "email" else ""
            try:
                taken = service.notify(body=self.gateway.prefix + parcel.body, title=title, body_format=apprise.NotifyFormat.TEXT)
            except NotTaken:
                raise
            except Exception:  # noqa: BLE001 -- whatever a service throws may name the address: only its kind goes on
                raise NotTaken(Failure.RAISED) from None
            if not taken:
                raise _judged(words)

    def service(self, parcel: Parcel) -> Any:
        """The service that the URL names, for this parcel. Raises NotTaken if apprise can't read it."""
        values = {"to": quote(parcel.to, safe=""), "id": quote(parcel.id, safe="")}
        filled = re.sub(r"\{(to|id)\}", lambda blank: values[blank[1]], self.gateway.url)
        try:
            made = self._made(filled)
        except (AppriseImproperlyConfigured, TypeError, ValueError, AttributeError):
            made = None
        if made is None:
            raise NotTaken(Failure.NO_GATEWAY)
        made.socket_connect_timeout = made.socket_read_timeout = self.gateway.timeout_seconds
        made.request_rate_per_sec = 0  # the outbox keeps the rate
        if self.gateway.confirm:
            made.confirm = self.gateway.confirm
        return made

    def _made(self, url: str) -> Any:
        own = SERVICES.get(url.partition("://")[0].lower())
        if own is None:
            _load()
            return apprise.Apprise.instantiate(url, asset=_asset(), suppress_exceptions=True)
        parsed = own.parse_url(url)
        return own(**{**parsed, "asset": _asset()}) if parsed else None


@cache
def _load() -> None:
    """apprise's own services, once; some of their libraries' old imports are none of our business."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        N_MGR.load_modules()  # type: ignore[no-untyped-call]


@cache
def _asset() -> apprise.AppriseAsset:
    return apprise.AppriseAsset(app_id="Fangxin", app_desc="Fangxin", app_url="", storage_mode=apprise.PersistentStoreMode.MEMORY)


def _judged(words: list[str]) -> NotTaken:
    """Why apprise said no, from what it said to its log; only the kind and a number of three digits go on."""
    said = "\n".join(words)
    begun = "Sending email to" in said  # the letter was on its way; before that nothing can have arrived
    if match := _SMTP.search(said):
        status = int(match[1] or match[2])
        return NotTaken(Failure.REFUSED if status >= 500 else Failure.BUSY, status)
    if match := _HTTP.search(said):
        status = int(match[1])
        return NotTaken(Failure.BUSY if status in BUSY else Failure.UNREACHABLE if status >= 500 else Failure.REFUSED, status)
    if begun or "Read timed out" in said:
        return NotTaken(Failure.TIMED_OUT)
    if "onnection error" in said:
        return NotTaken(Failure.UNREACHABLE)
    return NotTaken(Failure.RAISED)
