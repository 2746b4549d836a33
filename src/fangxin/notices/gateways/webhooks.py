"""Three of apprise's services that read the answer (JSON, 企业微信, 钉钉).

apprise takes every 200 for success. WeCom and DingTalk answer 200 with an `errcode`, and Chinese text-message gateways 200 with a code of
their own, when they refuse: a notice would count as sent that nobody got. These take their URL, checks and signature from apprise and
post by themselves.
"""

import json
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import unquote

import requests
from apprise import NotifyType
from apprise.plugins.custom_json import NotifyJSON
from apprise.plugins.dingtalk import NotifyDingTalk
from apprise.plugins.wecombot import NotifyWeComBot

from fangxin.notices.gateways import NotTaken
from fangxin.notices.states import Failure

BUSY = frozenset({408, 425, 429, 503})
LONGEST_ANSWER = 65_536
ERRCODE_BUSY = frozenset({"45009", "45033", "130101", "660026", "410100"})
"""Too many messages: WeCom 45009 and 45033; DingTalk 130101, 660026, 410100."""


def post(url: str, payload: Mapping[str, Any], *, timeout: Any, confirm: str, method: str = "POST", **options: Any) -> None:
    """Send JSON and read the answer; `confirm` is `path=value`. Raises NotTaken; follows no redirect, since what is sent is personal."""
    headers = {"Content-Type": "application/json; charset=utf-8", **options.pop("headers", {})}
    data = json.dumps(payload, ensure_ascii=False).encode()
    try:
        with requests.request(
            method, url, data=data, headers=headers, timeout=timeout, allow_redirects=False, stream=True, **options
        ) as answer:
            status = answer.status_code
            said = answer.raw.read(LONGEST_ANSWER, decode_content=True) if 200 <= status < 300 and confirm else b""
    except requests.ConnectTimeout:
        raise NotTaken(Failure.UNREACHABLE) from None
    except requests.Timeout:
        raise NotTaken(Failure.TIMED_OUT) from None
    except requests.RequestException as error:
        # Cut off before an answer: it may have arrived.
        broken = isinstance(error, requests.exceptions.ChunkedEncodingError) or "RemoteDisconnected" in repr(error)
        raise NotTaken(Failure.TIMED_OUT if broken else Failure.UNREACHABLE) from None
    except OSError:
        raise NotTaken(Failure.TIMED_OUT) from None
    if not 200 <= status < 300:
        raise NotTaken(Failure.BUSY if status in BUSY else Failure.UNREACHABLE if status >= 500 else Failure.REFUSED, status)
    if confirm:
        _read(said, confirm)


def _read(said: bytes, confirm: str) -> None:
    path, _, wanted = confirm.partition("=")
    try:
        found: Any = json.loads(said)
        for step in path.split("."):
            found = found[int(step)] if isinstance(found, list) else found[step]
    except (ValueError, LookupError, TypeError):
        raise NotTaken(Failure.REFUSED) from None
    code = json.dumps(found) if isinstance(found, bool | int | float) else str(found)
    if code != wanted:
        number = int(code) if code.isdecimal() and len(code) <= 4 else None
        raise NotTaken(Failure.BUSY if code in ERRCODE_BUSY else Failure.REFUSED, number)


class JsonService(NotifyJSON):  # type: ignore[no-untyped-call]  # apprise is half typed
    """`json://` and `jsons://`: any gateway that takes JSON."""

    confirm = ""

    def send(  # type: ignore[override]  # apprise names options that nothing here needs
        self,
        body: str,
        title: str = "",
        notify_type: NotifyType = NotifyType.INFO,  # noqa: ARG002 -- apprise's name
        **_options: Any,
    ) -> bool:
        """Post the message under the names that the URL gives it: `:message=content` renames, `:title=` drops, others are added."""
        payload: dict[str, Any] = {"message": body, **({"title": title} if title else {})}
        for key, value in self.payload_extras.items():
            if key in {"message", "title"}:
                kept = payload.pop(key, None)
                payload.update({value: kept} if value and kept else {})
            elif value:
                payload[key] = value
        port = f":{self.port}" if isinstance(self.port, int) else ""
        post(
            f"{'https' if self.secure else 'http'}://{self.host}{port}{self.fullpath}",
            payload,
            timeout=self.request_timeout,
            confirm=self.confirm,
            method=str(self.method),
            headers=self.headers,
            params=self.params,
            auth=(self.user, self.password) if self.user else None,
            verify=self.verify_certificate,
        )
        return True


class WeComService(NotifyWeComBot):  # type: ignore[no-untyped-call]  # apprise is half typed
    """`wecombot://`: a robot of a WeCom group; the recipient is the robot's key."""

    confirm = "errcode=0"

    def send(
        self,
        body: str,
        title: str = "",  # noqa: ARG002 -- apprise's name
        notify_type: NotifyType = NotifyType.INFO,  # noqa: ARG002 -- apprise's name
        **_options: Any,
    ) -> bool:
        """Post a text message."""
        payload = {"msgtype": "text", "text": {"content": body}}
        post(self.api_url, payload, timeout=self.request_timeout, confirm=self.confirm, verify=self.verify_certificate)
        return True


class DingTalkService(NotifyDingTalk):  # type: ignore[no-untyped-call]  # apprise is half typed
    """`dingtalk://`: a robot of a DingTalk group; telephone numbers after the token are called on by name."""

    confirm = "errcode=0"

    def send(  # type: ignore[override]  # apprise names options that nothing here needs
        self,
        body: str,
        title: str = "",  # noqa: ARG002 -- apprise's name
        notify_type: NotifyType = NotifyType.INFO,  # noqa: ARG002 -- apprise's name
        **_options: Any,
    ) -> bool:
        """Post a text message, signed if the URL has a secret."""
        payload = {"msgtype": "text", "text": {"content": body}, "at": {"atMobiles": self.targets, "isAtAll": False}}
        params = {}
        if self.secret:
            stamp, sign = self.get_signature()  # type: ignore[no-untyped-call]
            params = {"timestamp": stamp, "sign": unquote(sign)}
        post(
            self.notify_url.format(token=self.token),
            payload,
            timeout=self.request_timeout,
            confirm=self.confirm,
            params=params,
            verify=self.verify_certificate,
        )
        return True


SERVICES = cast(
    "dict[str, Any]",
    {"json": JsonService, "jsons": JsonService, "wecombot": WeComService, "dingtalk": DingTalkService},
)
"""By the scheme of the URL."""
