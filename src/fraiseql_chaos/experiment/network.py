"""
What lies between a service and its server, and who lives where.

    stream    service --TCP--> proxy --TCP--> PostgreSQL             all of them on this machine's loopback
    packets   service --TCP--- link --> PostgreSQL                   near | far: a network namespace each
    both      service --TCP--> proxy --TCP--- link --> PostgreSQL    near (service and proxy) | far

A rig is built for one of the three, because a server lives in one network. Where a link is, HTTP reaches the service over a Unix socket and
PostgreSQL is administered over its own, so neither ever crosses what faults bend.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from fraiseql_chaos.core import Duration, seconds, wait_until
from fraiseql_chaos.errors import CapabilityError
from fraiseql_chaos.experiment.edges import LinkEdge, ProxyEdge
from fraiseql_chaos.layers.packet.control import LinkControl
from fraiseql_chaos.layers.packet.ends import MECHANISMS, Mechanism
from fraiseql_chaos.layers.stream.control import EdgeControl
from fraiseql_chaos.layers.stream.control import Protocol as Reading
from fraiseql_chaos.layers.stream.model import Address, TcpAddress, UnixAddress
from fraiseql_chaos.plan import EdgeKind
from fraiseql_chaos.rig.keeper import Child, Keeper, Namespaces
from fraiseql_chaos.rig.keeper.processes import signal_if_same
from fraiseql_chaos.rig.postgres.server import Server

__all__ = ["MTU", "Network", "Reading", "Way", "choose_mechanism", "start_forwarder", "start_network"]

MTU: Final = 1500
"""Ethernet's, and so that of most ways to a database."""

ENDS_WITHIN: Final[Duration] = seconds(5)
"""How long the kernel may take to end a process that was killed; milliseconds, on a machine that is not starved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """
    One service's way to the server.

    Attributes:
        address: Where the service connects to.
        proxy: The proxy on the way, if there is one.
        link: The link on the way, if there is one.
        inside: The network that the service lives in; None for this machine's.
    """

    address: TcpAddress
    proxy: ProxyEdge | None = None
    link: LinkEdge | None = None
    inside: Namespaces | None = None


class Network(Protocol):
    """What a rig stands on."""

    @property
    def for_server(self) -> Namespaces | None:
        """The network that the server lives in; None for this machine's."""

    def parts(self) -> tuple[Child, ...]:
        """Return the processes without which nothing passes."""

    async def lay(self, name: str, server: Server, *, directory: Path, seed: int, reading: Reading) -> Way:
        """
        Lay a way to the server.

        Args:
            name: What it is called.
            server: Where it leads.
            directory: Everything temporary of it.
            seed: Where the dice of its faults derive from.
            reading: What a proxy reads of what passes.
        """

    async def take_up(self, way: Way) -> None:
        """Take a way back, with whatever is open on it."""


async def start_network(kind: EdgeKind, keeper: Keeper, *, mtu: int, link: Mechanism | None = None, ipv6: bool = False) -> Network:
    """
    Start what all ways of a rig share.

    Args:
        kind: What ways are made of.
        keeper: Who owns the processes.
        mtu: The largest packet of a link, in bytes.
        link: Who carries the packets of a link; None for the first of ``MECHANISMS`` that this machine has.
        ipv6: Whether what crosses a link does so over IPv6.

    Raises:
        CapabilityError: If this machine cannot make links, or not as they were asked for.
        RigError: If a part does not come up.
    """
    if kind == "stream":
        return await ProxiedNetwork.start(keeper)
    return await LinkedNetwork.start(keeper, mtu=mtu, link=link, ipv6=ipv6, proxied=kind == "both")


class ProxiedNetwork:
    """Ways through one proxy, on this machine's loopback."""

    for_server: Namespaces | None = None

    def __init__(self, proxy: Child, control: EdgeControl) -> None:
        self._proxy = proxy
        self._control = control

    @classmethod
    async def start(cls, keeper: Keeper) -> ProxiedNetwork:
        """Start the proxy."""
        return cls(*await _proxy(keeper, keeper.directory, inside=None))

    def parts(self) -> tuple[Child, ...]:
        """Return the proxy."""
        return (self._proxy,)

    async def lay(self, name: str, server: Server, *, directory: Path, seed: int, reading: Reading) -> Way:  # noqa: ARG002  the proxy has its place already
        """Open an edge."""
        address = self._control.open(name, upstream=_upstream(server), seed=seed, protocol=reading)
        return Way(address=address, proxy=ProxyEdge(control=self._control, name=name))

    async def take_up(self, way: Way) -> None:
        """Close the edge."""
        if way.proxy is not None:
            way.proxy.close()


class LinkedNetwork:
    """
    Ways over packet links, from a near network each to one far network.

    Args:
        keeper: Who owns the processes.
        forwarder: Carries the packets.
        links: Commands it.
        mechanism: How.
        mtu: The largest packet, in bytes.
        ipv6: Whether the server is connected to over IPv6.
        proxied: Whether a proxy stands in front of each link, in the service's network.
    """

    def __init__(
        self, keeper: Keeper, forwarder: Child, links: LinkControl, *, mechanism: Mechanism, mtu: int, proxied: bool, ipv6: bool = False
    ) -> None:
        self._keeper = keeper
        self._forwarder = forwarder
        self._links = links
        self._mechanism: Mechanism = mechanism
        self._mtu = mtu
        self._ipv6 = ipv6
        self._proxied = proxied
        self._proxies: dict[str, Child] = {}
        far, self._user = links.namespaces()
        self.for_server: Namespaces | None = Namespaces(net=far, user=self._user)

    @classmethod
    async def start(cls, keeper: Keeper, *, mtu: int, link: Mechanism | None, proxied: bool, ipv6: bool = False) -> LinkedNetwork:
        """Start the forwarder, which makes the far network, and see how it can carry packets."""
        forwarder, links = await asyncio.to_thread(start_forwarder, keeper)
        mechanism = await asyncio.to_thread(choose_mechanism, links, link)
        return cls(keeper, forwarder, links, mechanism=mechanism, mtu=mtu, proxied=proxied, ipv6=ipv6)

    def parts(self) -> tuple[Child, ...]:
        """Return the forwarder and the proxies."""
        return (self._forwarder, *self._proxies.values())

    async def lay(self, name: str, server: Server, *, directory: Path, seed: int, reading: Reading) -> Way:
        """Open a link, and a proxy's edge in front of it where one is wanted."""
        ends = self._links.open(name, seed=seed, mtu=self._mtu, mechanism=self._mechanism)
        link = LinkEdge(control=self._links, name=name, ends=ends, forwarder=self._forwarder, mechanism=self._mechanism)
        near = Namespaces(net=ends.near.namespace, user=self._user)
        far = ends.far.ipv6 if self._ipv6 else ends.far.ipv4
        if far is None:
            self._links.close_link(name)
            raise CapabilityError(
                "this kernel has no IPv6 (ipv6.disable=1, or net.ipv6.conf.default.disable_ipv6=1), and a link over IPv6 was asked for; no way was laid"
            )
        behind = TcpAddress(host=str(far), port=server.port)
        if not self._proxied:
            return Way(address=behind, link=link, inside=near)
        self._proxies[name], control = await _proxy(self._keeper, directory, inside=near)
        address = control.open(name, upstream=behind, seed=seed, protocol=reading)
        return Way(address=address, proxy=ProxyEdge(control=control, name=name), link=link, inside=near)

    async def take_up(self, way: Way) -> None:
        """End the proxy, and take the link away."""
        assert way.link is not None
        if way.proxy is not None:
            proxy = self._proxies.pop(way.proxy.name)
            way.proxy.close()
            signal_if_same(proxy.pid, proxy.start_ticks, signal.SIGKILL)
            await wait_until(lambda: self._keeper.exit_status(proxy) is not None, within=ENDS_WITHIN, what="the end of a killed proxy")
        way.link.close()


def start_forwarder(keeper: Keeper) -> tuple[Child, LinkControl]:
    """
    Start a forwarder and wait until it can be commanded.

    Raises:
        CapabilityError: If the kernel does not let it make networks.
        RigError: If it does not come up.
    """
    control = keeper.directory / "links.sock"
    forwarder = keeper.spawn(
        [sys.executable, "-m", "fraiseql_chaos.layers.packet.driver", "--control", control],
        name="packet forwarder",
        log=keeper.directory / "links.log",
        env={"PATH": os.defpath},
    )
    links = LinkControl(control)
    links.wait_ready()
    return forwarder, links


def choose_mechanism(links: LinkControl, asked: Mechanism | None) -> Mechanism:
    """
    Return who carries packets here, found out by trying.

    Args:
        links: Commands the forwarder.
        asked: Who was asked for; None for the first of ``MECHANISMS`` that works, so that faults are exact and told of wherever they can be.

    Raises:
        CapabilityError: If the one that was asked for does not work, or none does; the message says what each lacks.
    """
    links.namespaces()  # Where no network can be made, that is the reason, and not what either mechanism would lack beside it.
    missing: dict[Mechanism, str] = {}
    for mechanism in MECHANISMS if asked is None else (asked,):
        try:
            links.check(mechanism)
        except CapabilityError as error:
            missing[mechanism] = str(error)
        else:
            return mechanism
    if asked is not None:
        raise CapabilityError(f"link={asked} was asked for (--chaos-link): {missing[asked]}")
    raise CapabilityError("no packet link can be made here; " + "; ".join(f"{mechanism}: {why}" for mechanism, why in missing.items()))


async def _proxy(keeper: Keeper, directory: Path, *, inside: Namespaces | None) -> tuple[Child, EdgeControl]:
    """Start a proxy, in a network."""
    socket = directory / "edges.sock"
    proxy = keeper.spawn(
        [sys.executable, "-m", "fraiseql_chaos.layers.wire.driver", "--control", socket],
        name="edge proxy",
        log=directory / "edges.log",
        env={"PATH": os.defpath},
        inside=inside,
    )
    control = EdgeControl(socket)
    await asyncio.to_thread(control.wait_ready)
    return proxy, control


def _upstream(server: Server) -> Address:
    """Return where a proxy on this machine's loopback connects; libpq's host may be the directory of a Unix socket."""
    if server.host.startswith("/"):
        return UnixAddress(path=Path(server.host) / f".s.PGSQL.{server.port}")
    return TcpAddress(host=server.host, port=server.port)
