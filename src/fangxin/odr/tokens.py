"""Secrets that stand in links: only their hash is kept (pure)."""

from hashlib import sha256


def hash_of(token: str) -> str:
    """What is kept of a token: it has 256 random bits, so one round is enough."""
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
