"""What the outbox announces; ids, codes and hashes only. The subject is the notice, `about` what it is about."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from fangxin.kernel.journal import Event


@dataclass(frozen=True, kw_only=True)
class NoticeQueued(Event):
    """A notice was put into the outbox (通知入队)."""

    name: ClassVar[str] = "notices.NoticeQueued"
    opens: ClassVar[bool] = True
    about: str
    template: str
    channel: str
    audience: str
    digest: str
    """SHA-256 of the text, so that what was said can be proven after it was purged."""


@dataclass(frozen=True, kw_only=True)
class NoticeSent(Event):
    """A gateway took a notice (通知已发送)."""

    name: ClassVar[str] = "notices.NoticeSent"
    about: str
    template: str
    channel: str
    attempts: int
    maybe_twice: bool


@dataclass(frozen=True, kw_only=True)
class NoticeDead(Event):
    """A notice will not be tried again by itself (通知发送失败)."""

    name: ClassVar[str] = "notices.NoticeDead"
    about: str
    template: str
    channel: str
    attempts: int
    error: str


@dataclass(frozen=True, kw_only=True)
class NoticeRetried(Event):
    """Someone sends a failed notice off again (重新发送)."""

    name: ClassVar[str] = "notices.NoticeRetried"
    about: str
    error: str


@dataclass(frozen=True, kw_only=True)
class NoticeGivenUp(Event):
    """Someone decided that a notice is not to be sent any more (放弃发送)."""

    name: ClassVar[str] = "notices.NoticeGivenUp"
    about: str
    error: str
    reason: str
    """SHA-256 of the reason; its words stand in the row."""


@dataclass(frozen=True, kw_only=True)
class NoticesPurged(Event):
    """Addresses and texts of notices that were done with before a day are gone; the rows stay (清除通知内容)."""

    name: ClassVar[str] = "notices.NoticesPurged"
    before: datetime
    count: int
