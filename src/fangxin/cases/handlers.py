"""News from below."""

from fangxin.cases.models import Case
from fangxin.cases.services import timing
from fangxin.clocks.events import ClockAdjusted, ClockRecomputed
from fangxin.kernel import journal
from fangxin.kernel.refs import identity, kind


@journal.on(ClockAdjusted, ClockRecomputed)
def refresh_nearest_due(event: ClockAdjusted | ClockRecomputed) -> None:
    """A clock's dates changed: the case row keeps its nearest one."""
    if kind(event.subject) == Case.ref_kind:
        timing.refresh(list(Case.objects.filter(pk=identity(event.subject))))
