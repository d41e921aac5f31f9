"""
The two ends of a link: their addresses, their devices, their networks.

Addresses come from the range for benchmarks of networks (RFC 2544) and from a unique local prefix (RFC 4193), both of which nobody routes. They
exist in networks of ours alone, so they clash with nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface
from pathlib import Path
from typing import Any, Final, Literal

from fraiseql_chaos.errors import DeclarationError, PeerProtocolError

__all__ = [
    "LINKS_MAX",
    "MECHANISMS",
    "MTU_MAX",
    "MTU_MIN",
    "SIDES",
    "LinkEnd",
    "LinkEnds",
    "Mechanism",
    "Side",
    "addresses_of",
    "check_mtu",
    "ends_from_json",
]

type Mechanism = Literal["tun", "netem"]
"""Who carries the packets of a link: a process of ours between two TUN devices, or the kernel, over veth pairs and through ``tc netem``."""

MECHANISMS: Final[tuple[Mechanism, Mechanism]] = ("tun", "netem")

type Side = Literal["near", "far"]
"""The service's end, or the server's."""

SIDES: Final[tuple[Side, Side]] = ("near", "far")

MTU_MIN: Final = 1280
"""What IPv6 demands of every link (RFC 8200, section 5)."""

MTU_MAX: Final = 65535
"""What the length of an IPv4 packet can say (RFC 791)."""

LINKS_MAX: Final = 2**15
"""How many links the range has room for, four addresses each."""

_IPV4: Final = int(IPv4Address("198.18.0.0"))
_IPV6: Final = int(IPv6Address("fd63:6861:6f73::"))


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkEnd:
    """
    One end.

    Attributes:
        ipv4: Its address.
        ipv6: Likewise; None where the kernel has no IPv6, or was told to have none, and the link carries IPv4 alone.
        device: What the device is called in its network.
        namespace: Names the network to ``setns``.
    """

    ipv4: IPv4Address
    ipv6: IPv6Address | None
    device: str
    namespace: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkEnds:
    """Both ends: ``near`` is the service's, ``far`` the server's."""

    near: LinkEnd
    far: LinkEnd


def addresses_of(ordinal: int) -> tuple[IPv4Interface, IPv4Interface, IPv6Interface, IPv6Interface]:
    """Return the addresses of the n-th link, from 0: near and far of each family."""
    four, six = _IPV4 + 4 * ordinal, _IPV6 + (ordinal << 64)
    return (
        IPv4Interface((four + 1, 30)),
        IPv4Interface((four + 2, 30)),
        IPv6Interface((six + 1, 126)),
        IPv6Interface((six + 2, 126)),
    )


def check_mtu(mtu: Any) -> int:
    """
    Return an MTU that is one.

    Raises:
        DeclarationError: If it is not.
    """
    if isinstance(mtu, bool) or not isinstance(mtu, int) or not MTU_MIN <= mtu <= MTU_MAX:
        raise DeclarationError(
            f"an MTU is a whole number of bytes from {MTU_MIN} (the least that IPv6 allows) to {MTU_MAX}, not {mtu!r}; nothing was opened"
        )
    return mtu


def ends_from_json(raw: Any) -> LinkEnds:
    """
    Read what the forwarder answers when a link is opened.

    Raises:
        PeerProtocolError: If it is anything else.
    """
    try:
        return LinkEnds(near=_end(raw["near"]), far=_end(raw["far"]))
    except (KeyError, TypeError, ValueError) as error:
        raise PeerProtocolError(f"the packet forwarder answered with something that is no link ({error}): {raw!r:.200}") from None


def _end(raw: Any) -> LinkEnd:
    ipv6 = None if raw["ipv6"] is None else IPv6Address(raw["ipv6"])
    return LinkEnd(ipv4=IPv4Address(raw["ipv4"]), ipv6=ipv6, device=str(raw["device"]), namespace=Path(raw["namespace"]))
