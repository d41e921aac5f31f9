"""A link for tests of those who watch it: a real forwarder between two networks, with a process at each end whose counters can be read."""

from __future__ import annotations

import contextlib
import socket
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from socket import socket as Socket  # noqa: N812  a method here has the class's own name

import pytest

from fraiseql_chaos.errors import CapabilityError
from fraiseql_chaos.experiment.network import start_forwarder
from fraiseql_chaos.layers.packet.control import LinkControl
from fraiseql_chaos.layers.packet.ends import LinkEnd, Side
from fraiseql_chaos.layers.packet.ledger import PacketHit
from fraiseql_chaos.layers.packet.model import PacketFault
from fraiseql_chaos.rig.keeper import Keeper, Namespaces

__all__ = ["End", "Link", "linked"]

_NAME = "watched"
_WAITS = "import signal; signal.pause()"


@dataclass(frozen=True)
class End:
    """One end: what can be opened there, the address of each family, and a process that lives there."""

    control: LinkControl
    side: Side
    addresses: Mapping[int, str]
    pid: int

    def socket(self, family: int, kind: int) -> Socket:
        """Return a socket that lives here."""
        return self.control.socket(_NAME, self.side, family=family, kind=kind)

    def tap(self) -> Socket:
        """Return a packet socket that sees what passes here."""
        return self.control.tap(_NAME, self.side)


@dataclass(frozen=True)
class Link:
    """Two ends and the forwarder between them, and what a process must enter to live at the near one."""

    control: LinkControl
    near: End
    far: End
    inside: Namespaces

    def arm(self, fault_id: str, fault: PacketFault) -> None:
        self.control.arm(_NAME, fault_id, fault)

    def hits(self) -> tuple[PacketHit, ...]:
        return self.control.hits(_NAME)

    def heal(self, fault_id: str) -> None:
        self.control.heal(_NAME, fault_id)


@contextlib.contextmanager
def linked(keeper: Keeper, *, seed: int) -> Iterator[Link]:
    """Hold a link; where the kernel lets nobody make one, the test is skipped with what forbids it."""
    try:
        forwarder, control = start_forwarder(keeper)
        _, user = control.namespaces()
        ends = control.open(_NAME, seed=seed, mtu=1500)
    except CapabilityError as missing:
        pytest.skip(str(missing))
    inside = Namespaces(net=ends.near.namespace, user=user)
    waiting = keeper.spawn(
        [sys.executable, "-c", _WAITS],
        name="waits in the near network",
        log=keeper.directory / "waiting.log",
        env={},
        inside=inside,
    )
    yield Link(control, _end(control, "near", ends.near, waiting.pid), _end(control, "far", ends.far, forwarder.pid), inside)
    control.close_link(_NAME)


def _end(control: LinkControl, side: Side, end: LinkEnd, pid: int) -> End:
    return End(control, side, {socket.AF_INET: str(end.ipv4), socket.AF_INET6: str(end.ipv6)}, pid)
