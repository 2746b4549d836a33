"""The fake (内存通道): keeps what it is given; fails as it is told. It passes the same tests as the real ones."""

from collections.abc import Sequence

from fangxin.notices.gateways import NotTaken, Parcel
from fangxin.notices.states import Failure


class MemoryGateway:
    """Remembers parcels. `fails` are the failures of the next attempts, in order."""

    repeatable = False

    def __init__(self, fails: Sequence[Failure] = ()) -> None:
        self.sent: list[Parcel] = []
        self.fails = list(fails)

    def send(self, parcel: Parcel) -> None:
        """Keep it, or fail."""
        if self.fails:
            raise NotTaken(self.fails.pop(0))
        self.sent.append(parcel)
