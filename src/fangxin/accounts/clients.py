"""Who is at the other end: its address, and the devices that have signed in before."""

import ipaddress
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.core.signing import BadSignature, Signer

DEVICE_COOKIE = "fangxin_device"
DEVICE_AGE = 365 * 86400
"""Seconds."""
_REMEMBERED = 8
"""People whose sign-in one browser remembers: colleagues share a desk."""


@dataclass(frozen=True, slots=True)
class Client:
    """An address and the device cookie as the browser sent it."""

    address: str
    device: str = ""

    def nonce(self, person_id: int) -> str:
        """What this browser is known by for that person; "" if it never signed in as them."""
        return _devices(self.device).get(person_id, "")


def remember(client: Client, person_id: int) -> str:
    """The device cookie's new value after a sign-in: this person's entry is made anew and moves to the end."""
    known = _devices(client.device)
    known.pop(person_id, None)
    known[person_id] = secrets.token_urlsafe(12)
    newest = list(known.items())[-_REMEMBERED:]
    return _signer().sign("|".join(f"{person}.{nonce}" for person, nonce in newest))


def client_address(meta: Mapping[str, str], proxies: Iterable[str]) -> str:
    """The client's address; `X-Forwarded-For` counts only as far as configured proxies (networks) wrote it.

    An IPv6 client is its /64 network, since one machine has them all.
    """
    networks = [ipaddress.ip_network(proxy) for proxy in proxies]
    hops = [hop.strip() for hop in meta.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    found = _address(meta.get("REMOTE_ADDR", ""))
    while found is not None and hops and any(found in network for network in networks):
        before = _address(hops.pop())
        if before is None:
            break
        found = before
    if found is None:
        return "unknown"
    if found.version == 6:
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, ipaddress.IPv6Address) else found


def _signer() -> Signer:
    return Signer(salt="fangxin.accounts.device")


def _devices(cookie: str) -> dict[int, str]:
    try:
        value = _signer().unsign(cookie)
    except BadSignature:
        return {}
    pairs = (entry.partition(".") for entry in value.split("|"))
    return {int(person): nonce for person, _, nonce in pairs if person.isdigit()}
