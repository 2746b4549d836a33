"""How and where to notices are sent: shipped rules, and the file that FANGXIN_GATEWAYS names.

    [channels.sms]
    url = "jsons://${SMS_USER}:${SMS_PASSWORD}@sms.example.gov.cn/send?:mobile={to}&:message=content&:id={id}"
    confirm = "code=0"
    rate_per_minute = 600

Without such a file every channel writes files under FANGXIN_HOME/outbox, so that a fresh machine works. With one, a channel that it does
not name has no gateway, and says so: nothing is put into files that nobody reads.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from fangxin.notices.states import Audience, Channel, Failure

FILES: Final = "files:"
_SHIPPED = Path(__file__).parent / "data" / "sending.toml"
_SECRET = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_BLANK = re.compile(r"\{(\w*)\}")
_BLANKS = frozenset({"to", "id"})
_KEYS = {
    "sending": {"lease_seconds", "down_after", "seconds"},
    "retries": {failure.value for failure in Failure} - {Failure.BAD_ADDRESS.value},
    "quiet": {"from", "until", "channels"},
    "keep": {"days"},
    "channels": set(Channel.values),
}
_CHANNEL_KEYS = {"url", "rate_per_minute", "timeout_seconds", "confirm", "prefix"}


@dataclass(frozen=True, slots=True)
class Gateway:
    """One channel's way out. `url` is apprise's, with `{to}` and `{id}` still blank; it holds secrets."""

    channel: str
    url: str = field(repr=False)
    rate_per_minute: int = 0
    """0: no limit."""
    timeout_seconds: float = 10
    confirm: str = ""
    """`path=value` that a gateway's JSON answer must hold to count as sent; many answer 200 and refuse inside."""
    prefix: str = ""
    """Set before every text: the signature 【…】 that Chinese gateways ask for."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours in which some channels don't disturb people outside the bureau; `since` may lie after `until`, over midnight."""

    since: time
    until: time
    channels: frozenset[str]

    def at(self, now: datetime) -> bool:
        """Whether they are now, in the bureau's own time."""
        here = timezone.localtime(now).time()
        return self.since <= here < self.until if self.since <= self.until else here >= self.since or here < self.until


@dataclass(frozen=True, slots=True)
class Configuration:
    """Everything that sending follows."""

    gateways: Mapping[str, Gateway]
    waits: Mapping[str, tuple[timedelta, ...]]
    quiet: Quiet
    lease: timedelta
    down_after: int
    seconds: float
    keep: timedelta

    def wait(self, failure: str, attempts: int) -> timedelta | None:
        """How long to wait after the so-manieth failed attempt; None if a person has to look."""
        waits = self.waits.get(failure, ())
        return waits[attempts - 1] if 0 < attempts <= len(waits) else None


_loaded: dict[tuple[str, int], Configuration] = {}


def current() -> Configuration:
    """The configuration in force; a changed file is read again. Raises ImproperlyConfigured for one that can't be followed."""
    where = str(settings.GATEWAYS or "")
    try:
        stamp = Path(where).stat().st_mtime_ns if where else 0
    except OSError as error:
        raise ImproperlyConfigured(f"FANGXIN_GATEWAYS: {where} can't be read.") from error
    if (where, stamp) not in _loaded:
        _loaded.clear()
        _loaded[where, stamp] = load(Path(where) if where else None)
    return _loaded[where, stamp]


def load(path: Path | None, environment: Mapping[str, str] | None = None) -> Configuration:
    """The shipped rules with those of the file over them; secrets come from the environment.

    Raises ImproperlyConfigured for an unknown name, a missing variable, an unknown blank.
    """
    shipped = _read(_SHIPPED)
    own = _read(path) if path else {}
    where = str(path or _SHIPPED)
    for section, values in own.items():
        if section not in _KEYS or not isinstance(values, dict):
            raise ImproperlyConfigured(f"{where}: unknown section {section}.")
        if unknown := set(values) - _KEYS[section]:
            raise ImproperlyConfigured(f"{where}: unknown in {section}: {', '.join(sorted(unknown))}.")
    rules = {section: {**values, **own.get(section, {})} for section, values in shipped.items()}
    if path is None:
        gateways = {channel: Gateway(channel, FILES) for channel in Channel.values}
    else:
        known = os.environ if environment is None else environment
        gateways = {name: _gateway(name, values, where, known) for name, values in own.get("channels", {}).items()}
    try:
        return Configuration(
            gateways=gateways,
            waits={name: tuple(timedelta(minutes=minutes) for minutes in waits) for name, waits in rules["retries"].items()},
            quiet=Quiet(
                time.fromisoformat(rules["quiet"]["from"]),
                time.fromisoformat(rules["quiet"]["until"]),
                frozenset(Channel(channel).value for channel in rules["quiet"]["channels"]),
            ),
            lease=timedelta(seconds=rules["sending"]["lease_seconds"]),
            down_after=int(rules["sending"]["down_after"]),
            seconds=float(rules["sending"]["seconds"]),
            keep=timedelta(days=rules["keep"]["days"]),
        )
    except (TypeError, ValueError) as error:
        raise ImproperlyConfigured(f"{where}: {error}") from error


def disturbs(audience: str) -> bool:
    """Whether a notice to this audience keeps the quiet hours: everybody outside the bureau."""
    return audience != Audience.STAFF


def _gateway(channel: str, values: Any, where: str, environment: Mapping[str, str]) -> Gateway:
    if not isinstance(values, dict) or not isinstance(values.get("url"), str) or set(values) - _CHANNEL_KEYS:
        raise ImproperlyConfigured(f"{where}: {channel} needs a url, and may have {', '.join(sorted(_CHANNEL_KEYS - {'url'}))}.")
    if missing := [name for name in _SECRET.findall(values["url"]) if name not in environment]:
        raise ImproperlyConfigured(f"{where}: {channel} needs the environment variable {', '.join(missing)}.")
    plain = _SECRET.sub("", values["url"])
    if unknown := set(_BLANK.findall(plain)) - _BLANKS:
        raise ImproperlyConfigured(f"{where}: {channel} has an unknown blank: {', '.join(sorted(unknown))}.")
    if values["url"] != FILES and "to" not in _BLANK.findall(plain):
        raise ImproperlyConfigured(f"{where}: {channel}'s url has no {{to}}: everything would go to one address.")
    confirm = values.get("confirm", "")
    if confirm and "=" not in confirm:
        raise ImproperlyConfigured(f"{where}: {channel}'s confirm must be path=value.")
    try:
        return Gateway(
            channel,
            _SECRET.sub(lambda match: quote(environment[match[1]], safe=""), values["url"]),
            int(values.get("rate_per_minute", 0)),
            float(values.get("timeout_seconds", 10)),
            confirm,
            str(values.get("prefix", "")),
        )
    except (TypeError, ValueError) as error:
        raise ImproperlyConfigured(f"{where}: {channel}: {error}") from error


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ImproperlyConfigured(f"{path}: {error}") from error
