"""The journal (日志): every step is written once, chained, and told to whoever listens.

`publish` writes entries and open deliveries in the caller's transaction; handlers registered with `on` run after the commit;
`verify` proves that nothing was altered, dropped, swapped or inserted since it was exported.

The names below are loaded when they are asked for, because Django must know its apps before models can be imported.
"""

from typing import TYPE_CHECKING, Any

from fangxin.kernel.journal.events import Event

if TYPE_CHECKING:
    from fangxin.kernel.journal.delivery import deliver_due, on
    from fangxin.kernel.journal.sealing import checkpoint, seal
    from fangxin.kernel.journal.verifying import verify
    from fangxin.kernel.journal.writing import atomic, publish

__all__ = ["Event", "atomic", "checkpoint", "deliver_due", "on", "publish", "seal", "verify"]

_HOMES = {
    "atomic": "writing",
    "publish": "writing",
    "on": "delivery",
    "deliver_due": "delivery",
    "checkpoint": "sealing",
    "seal": "sealing",
    "verify": "verifying",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(name)
    from importlib import import_module  # noqa: PLC0415 -- see the module's docstring

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
