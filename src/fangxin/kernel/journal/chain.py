"""The arithmetic of the chains (pure): what is hashed, and how the day's Merkle root is made."""

from collections.abc import Sequence
from hashlib import sha256

START = bytes(32)
"""What the first entry of a subject, and of the journal, is chained to."""


def text(seq: int, recorded_at: str, at: str, event: str, subject: str, actor: str, data: str) -> bytes:
    """The bytes of an entry that its hash covers. Instants are naive UTC text, as `str(datetime)` writes it.

    The fields are joined by the unit separator, which none of them can hold (JSON escapes it).
    """
    return f"{seq}\x1f{recorded_at}\x1f{at}\x1f{event}\x1f{subject}\x1f{actor}\x1f{data}".encode()


def link(previous: bytes, entry: bytes) -> bytes:
    """The next link of a subject's chain."""
    return sha256(previous + entry).digest()


def head(previous: bytes, newest: bytes) -> bytes:
    """The running head over all entries after one more link."""
    return sha256(previous + newest).digest()


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """The Merkle root over links; leaves and nodes are hashed under different prefixes, an odd node goes up as it is (RFC 6962)."""
    level = [sha256(b"\x00" + leaf).digest() for leaf in leaves]
    if not level:
        return START
    while len(level) > 1:
        paired = [sha256(b"\x01" + level[i] + level[i + 1]).digest() for i in range(0, len(level) - 1, 2)]
        level = paired + level[len(level) - len(level) % 2 :]
    return level[0]
