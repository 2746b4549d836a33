"""Ways out of the house (发送通道): one interface; apprise, files and memory behind it, all held to the same tests.

A gateway sends one parcel or raises `NotTaken`. It never retries and never says what it sent: addresses stand in no error and no log.
"""

from dataclasses import dataclass, field
from typing import Protocol

from fangxin.kernel.errors import DomainError
from fangxin.notices.states import Failure


class NotTaken(DomainError):
    """A gateway did not take a notice: `failure` says why in a word, `status` is the number it answered, if it answered one."""

    def __init__(self, failure: Failure, status: int | None = None) -> None:
        super().__init__("notices.not_taken", "The gateway did not take it: %(failure)s.", failure=failure.value)
        self.failure = failure
        self.status = status


@dataclass(frozen=True, slots=True)
class Parcel:
    """What a gateway needs of a notice. `id` is the same at every attempt, for gateways that drop what they have seen."""

    id: str
    channel: str
    to: str = field(repr=False)
    subject: str = field(repr=False)
    body: str = field(repr=False)


class Gateway(Protocol):
    """Sends parcels."""

    repeatable: bool
    """Sending the same parcel again leaves one message, so a doubtful attempt may be made again without a word."""

    def send(self, parcel: Parcel) -> None:
        """Hand one parcel over. Raises NotTaken."""
