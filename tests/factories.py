"""What many tests need to stand on: running clocks of subjects that need not exist."""

from datetime import UTC, date, datetime, time, timedelta, timezone

from fangxin.clocks.models import Clock
from fangxin.clocks.services import Start, start_clocks
from fangxin.kernel.refs import Ref

CHINA = timezone(timedelta(hours=8))
OFFICER = Ref("person:1")
HEAD = Ref("person:2")


def at(day: date, hour: int = 10, minute: int = 0) -> datetime:
    """A time of day in China, as the instant that is stored."""
    return datetime.combine(day, time(hour, minute), tzinfo=CHINA).astimezone(UTC)


def running(term: str, start: datetime, subject: str = "case:1", *, received: datetime | None = None, as_if: bool = False) -> Clock:
    """A clock that was started in the usual way."""
    start_clocks([Start(Ref(subject), term, start, received)], by=OFFICER, at=start, as_if=as_if)
    return Clock.objects.running().get(subject=subject, term=term)


def running_many(term: str, starts: dict[str, datetime]) -> None:
    """A clock for each subject."""
    first = min(starts.values())
    start_clocks([Start(Ref(subject), term, start) for subject, start in starts.items()], by=OFFICER, at=first)
