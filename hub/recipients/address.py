"""Where a recipient may be reached: written well, and not a way into our own network.

Rules kept here (OWASP, "Server Side Request Forgery Prevention"):
- HTTPS, and plain HTTP on the loopback interface alone; no user, no password, no fragment;
- the name is resolved once an attempt, every address it has is judged, and the one judged is the one connected to: a
  name that answers otherwise a moment later gains nothing;
- an address that is not public is refused, unless it lies in a network that the setting allows.
"""

import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from hub.errors import HubError, SettingsInvalid

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_PORTS: Final = {"https": 443, "http": 80}
_LOOPBACK: Final = "localhost"
_TRANSLATED: Final = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: an IPv4 address in disguise


class RecipientUnfit(HubError):
    """A recipient that cannot be kept as it is written; the address is not repeated, it may hold a secret."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"the recipient's {what}. {remedy}")


class AddressForbidden(Exception):
    """A name leads into a network that no notice may be sent to."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where notices are posted to."""

    scheme: str
    host: str
    port: int
    target: str


def place_of(url: str) -> Place:
    """Read a recipient's address.

    Raises:
        RecipientUnfit: it is not an HTTPS address, or HTTP on this very machine.

    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        raise RecipientUnfit("address is malformed", "Use https://HOST/PATH") from None
    secure = parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))
    plain = parts.username is None and parts.password is None and not parts.fragment
    if not (host and port and secure and plain) or not url.isascii() or not url.isprintable() or " " in url:
        raise RecipientUnfit("address cannot be used", "Use https://HOST/PATH, without user, password or fragment")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Place(parts.scheme, host, port, target)


def networks_of(text: str) -> tuple[Network, ...]:
    """Read the networks that are allowed although they are not public.

    Raises:
        SettingsInvalid: one of them is no network.

    """
    try:
        return tuple(ipaddress.ip_network(word) for word in text.split())
    except ValueError:
        remedy = "Write them as 10.1.0.0/16, with spaces between"
        raise SettingsInvalid("VARDE_RECIPIENT_NETWORKS", "one of them is no network", remedy) from None


def connected(place: Place, allowed: Sequence[Network], *, seconds: float) -> socket.socket:
    """Resolve a place, judge every address it has, and connect to the first.

    Raises:
        AddressForbidden: one of them is not public, and not allowed.
        OSError: it cannot be resolved or reached.

    """
    found = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
    addresses = [str(each[4][0]) for each in found]
    if not addresses or not all(may_reach(ipaddress.ip_address(each), allowed) for each in addresses):
        raise AddressForbidden
    return socket.create_connection((addresses[0], place.port), timeout=seconds)


def may_reach(address: Address, allowed: Sequence[Network]) -> bool:
    """Say whether a notice may go to an address."""
    real = _unwrapped(address)
    if any(real.version == network.version and real in network for network in allowed):
        return True
    return real.is_global and not real.is_multicast


def _unwrapped(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 address stands for, if it does."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    inner = address.ipv4_mapped or address.sixtofour
    if inner is None and address in _TRANSLATED:
        inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address if inner is None else inner


def _is_loopback(host: str) -> bool:
    try:
        return host == _LOOPBACK or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
