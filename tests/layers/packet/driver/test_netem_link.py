"""
A link that the kernel carries and bends: real forwarders, real networks; and real ``netem`` where the kernel has it.

Where it has not, what needs it is skipped with the module's name, and what is promised instead is checked: that arming is refused in words and nothing is touched.
"""

from __future__ import annotations

import fcntl
import re
import signal
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fraiseql_chaos.core import ms, now_ns, seconds
from fraiseql_chaos.errors import CapabilityError, DeclarationError
from fraiseql_chaos.layers.packet.asked import interval
from fraiseql_chaos.layers.packet.control import LinkControl
from fraiseql_chaos.layers.packet.ends import LinkEnds
from fraiseql_chaos.layers.packet.faults import Duplicate, Flapping, Loss, PacketDelay, Partition, Reorder
from layers.packet.test_driver import Forwarder, arrives_whole, connected, forwarding, networks

GONE_WITHIN_S = 5.0
SIOCGIFINDEX = 0x8933
PACKETS = 2000
AT_ONCE = 100
"""Few enough for a receiver's buffer."""
LAST_S = 0.5
"""How long nothing must come, for everything to have come: without a delay a datagram takes microseconds."""


@pytest.fixture(scope="module")
def forwarder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forwarder]:
    with forwarding(tmp_path_factory.mktemp("links")) as forwarder:
        yield forwarder


@contextmanager
def opened(control: LinkControl, *, mtu: int = 1500) -> Iterator[LinkEnds]:
    try:
        ends = control.open("database", seed=7, mtu=mtu, mechanism="netem")
    except CapabilityError as missing:
        pytest.skip(str(missing))
    try:
        yield ends
    finally:
        control.close_link("database")


def lacking(control: LinkControl) -> str | None:
    """Return what the kernel lacks; None if it has all that netem needs."""
    try:
        control.check("netem")
    except CapabilityError as missing:
        return str(missing)
    return None


def needs_netem(control: LinkControl) -> None:
    if (missing := lacking(control)) is not None:
        pytest.skip(missing)


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6], ids=["IPv4", "IPv6"])
@pytest.mark.parametrize("mtu", [1280, 9000])
def test_what_is_sent_arrives_both_ways_and_is_counted(forwarder: Forwarder, family: int, mtu: int) -> None:
    with opened(forwarder.control, mtu=mtu) as ends, connected(forwarder.control, ends, family=family) as (near, far):
        assert arrives_whole(near, far)
        assert arrives_whole(far, near)
        ledger = forwarder.control.ledger("database")
        for traffic, sender in ((ledger.up, near), (ledger.down, far)):
            # By its own account, which counts what it sent once more, as a starved machine's kernel does; heads of packets come on top.
            sent = bytes_sent(sender)
            assert sent >= 2_000_000
            assert sent < traffic.bytes + traffic.overrun * 64 * 1024
            assert traffic.bytes < sent + traffic.packets * 100
            assert traffic.packets >= 2_000_000 // mtu
            assert (traffic.dropped, traffic.added, traffic.held, traffic.refused) == (0, 0, 0, 0)
            assert traffic.overrun <= traffic.packets / 100
        assert (ledger.mechanism, forwarder.control.hits("database")) == ("netem", ())


def test_without_netem_arming_is_refused_in_words_and_nothing_is_touched(forwarder: Forwarder) -> None:
    control = forwarder.control
    if (missing := lacking(control)) is None:
        pytest.skip("this kernel has netem, so nothing can be missing")
    assert re.search(r"no sch_netem.*modprobe sch_netem \(CONFIG_NET_SCH_NETEM\)", missing)
    with opened(control) as ends, connected(control, ends) as (near, far):
        with pytest.raises(CapabilityError, match=r"no sch_netem.*nothing was armed"):
            control.arm("database", "0-loss", Loss(rate=1.0))
        with pytest.raises(DeclarationError, match="armed are none"):
            control.heal("database", "0-loss")
        assert arrives_whole(near, far, 100_000)
        assert control.ledger("database").fitted == {}


def test_what_netem_cannot_do_is_refused_by_name_whatever_the_kernel_has(forwarder: Forwarder) -> None:
    with (
        opened(forwarder.control),
        pytest.raises(CapabilityError, match=r"flapping cannot be done by netem.*the TUN forwarder can.*nothing was armed"),
    ):
        forwarder.control.arm("database", "0", Flapping(up_for=ms(10), down_for=ms(10)))


def test_a_mechanism_that_is_tried_is_gone_again(forwarder: Forwarder) -> None:
    there = Path(f"/proc/{forwarder.process.pid}/net/dev")
    before = there.read_text().count("far")
    forwarder.control.check("tun")
    missing = lacking(forwarder.control)
    assert missing is None or "sch_netem" in missing
    assert there.read_text().count("far") == before


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_forwarder_that_ends_leaves_no_network_and_no_device(tmp_path: Path, number: signal.Signals) -> None:
    """Also from a network that somebody else still lives in its devices go, because their peers do."""
    devices = Path("/proc/net/dev").read_text(encoding="ascii").count("\n")
    with forwarding(tmp_path) as forwarder:
        control = forwarder.control
        try:
            ends = control.open("database", seed=1, mtu=1500, mechanism="netem")
        except CapabilityError as missing:
            pytest.skip(str(missing))
        own = {str(Path(f"/proc/{forwarder.process.pid}/ns/net").readlink()), str(ends.near.namespace.readlink())}
        with control.socket("database", "near", kind=socket.SOCK_DGRAM) as survivor:
            assert has_device(survivor, "near")
            forwarder.process.send_signal(number)
            forwarder.process.wait()
            deadline_ns = now_ns() + seconds(GONE_WITHIN_S).ns
            while has_device(survivor, "near"):
                assert now_ns() < deadline_ns, "the device outlived the forwarder"
                time.sleep(0.001)
    assert not own & networks()
    assert Path("/proc/net/dev").read_text(encoding="ascii").count("\n") == devices


def bytes_sent(connection: socket.socket) -> int:
    """Return how many bytes a connection's kernel has sent over it, repetitions included (tcp(7): ``TCP_INFO``, ``tcpi_bytes_sent``)."""
    return int(struct.unpack_from("Q", connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 232), 200)[0])


def has_device(there: socket.socket, name: str) -> bool:
    """Tell whether a socket's network has a device of that name (netdevice(7))."""
    try:
        fcntl.ioctl(there, SIOCGIFINDEX, struct.pack("16s24x", name.encode()))
    except OSError:
        return False
    return True


def exchanged(control: LinkControl, ends: LinkEnds) -> int:
    """Send datagrams up, and return how many arrive."""
    with (
        control.socket("database", "near", kind=socket.SOCK_DGRAM) as near,
        control.socket("database", "far", kind=socket.SOCK_DGRAM) as far,
    ):
        far.bind((str(ends.far.ipv4), 0))
        arrived = 0
        for _ in range(PACKETS // AT_ONCE):
            for _ in range(AT_ONCE):
                near.sendto(b"x", far.getsockname())
            arrived += received(far, 0)
        return arrived + received(far, LAST_S)


def received(far: socket.socket, timeout_s: float) -> int:
    """Return how many datagrams come before none does for so long."""
    far.settimeout(timeout_s)
    count = 0
    try:
        while far.recv(10):
            count += 1
    except (BlockingIOError, TimeoutError):
        return count
    raise AssertionError("nobody sends empty datagrams")


@pytest.mark.parametrize(("fault", "share"), [(Loss(rate=0.1), 0.9), (Partition(), 0.0), (Duplicate(rate=0.2), 1.2)], ids=str)
def test_netem_does_what_was_asked_for_and_is_counted_doing_it(forwarder: Forwarder, fault: Loss | Partition | Duplicate, share: float) -> None:
    control = forwarder.control
    needs_netem(control)
    with opened(control) as ends:
        assert exchanged(control, ends) == PACKETS
        control.arm("database", "0", fault)
        arrived = exchanged(control, ends)
        low, high = interval(abs(PACKETS - arrived), PACKETS)
        assert low <= abs(1 - share) <= high
        ledger = control.ledger("database")
        assert ledger.fitted["0"] >= PACKETS
        assert sum(ledger.hits["0"].values()) >= abs(PACKETS - arrived)
        control.heal("database", "0")
        assert exchanged(control, ends) == PACKETS


def test_netem_delays_and_holds_back_and_counts_neither(forwarder: Forwarder) -> None:
    control = forwarder.control
    needs_netem(control)
    with opened(control) as ends, connected(control, ends) as (near, far):
        for fault_id, fault in (
            ("0-delay", PacketDelay(delay=ms(50), direction="up")),
            ("1-reorder", Reorder(rate=0.2, delay=ms(50), direction="down")),
        ):
            control.arm("database", fault_id, fault)
        began_ns = now_ns()
        near.sendall(b"x")
        assert far.recv(1) == b"x"
        assert now_ns() - began_ns >= ms(50).ns
        assert arrives_whole(far, near, 200_000)
        for fault_id in ("0-delay", "1-reorder"):
            control.heal("database", fault_id)
        assert control.ledger("database").uncounted == ("0-delay", "1-reorder")
