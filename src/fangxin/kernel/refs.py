"""References to things and people as short strings (`case:42`), the only way the journal speaks of them."""

from typing import NewType

Ref = NewType("Ref", str)

SYSTEM = Ref("system")
"""The actor of what no person did: sweeps, hand-overs, migrations."""


def ref(kind: str, identity: int | str) -> Ref:
    """`kind:identity`; kinds are lower-case words."""
    return Ref(f"{kind}:{identity}")


def identity(reference: str) -> int:
    """The number in a reference such as `case:42`."""
    return int(reference.rpartition(":")[2])


def kind(reference: str) -> str:
    """The kind in a reference such as `case:42`."""
    return reference.partition(":")[0]
