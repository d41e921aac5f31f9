"""
A real forwarder: two kernels' TCP talk through it, faults are met by them, and when it is killed nothing is left.

As whoever runs the tests; ``tests/experiment/test_rootless.py`` has root run them as nobody.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from fraiseql_chaos.core import now_ns, seconds
from fraiseql_chaos.errors import CapabilityError, DeclarationError, LocalProtocolError
from fraiseql_chaos.layers.packet.control import LinkControl
from fraiseql_chaos.layers.packet.driver.devices import QUEUE_PACKETS
from fraiseql_chaos.layers.packet.ends import LinkEnds
from fraiseql_chaos.layers.packet.faults import Loss, PacketDelay, Partition
from fraiseql_chaos.layers.packet.match import Match

BULK_BYTES = 2_000_000
DEADLINE_S = 20.0
SIOCGIFTXQLEN = 0x8942


@dataclass(frozen=True)
class Forwarder:
    """A forwarder's process, and who commands it."""

    process: subprocess.Popen[bytes]
    control: LinkControl

    def counters(self) -> dict[str, int]:
        """Return TCP's counters of the far kernel, where the process lives."""
        lines = Path(f"/proc/{self.process.pid}/net/snmp").read_text(encoding="ascii").splitlines()
        names, values = [line.split()[1:] for line in lines if line.startswith("Tcp:")]
        return {name: int(value) for name, value in zip(names, values, strict=True)}


@contextmanager
def forwarding(directory: Path) -> Iterator[Forwarder]:
    path = directory / "links.sock"
    process = subprocess.Popen([sys.executable, "-m", "fraiseql_chaos.layers.packet.driver", "--control", str(path)])
    try:
        control = LinkControl(path)
        control.wait_ready(seconds(10))
        try:
            control.namespaces()
        except CapabilityError as missing:
            pytest.skip(str(missing))
        yield Forwarder(process, control)
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def forwarder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forwarder]:
    with forwarding(tmp_path_factory.mktemp("links")) as forwarder:
        yield forwarder


@contextmanager
def opened(control: LinkControl, name: str = "database", *, mtu: int = 1500) -> Iterator[LinkEnds]:
    try:
        ends = control.open(name, seed=7, mtu=mtu)
    except CapabilityError as missing:
        pytest.skip(str(missing))
    try:
        yield ends
    finally:
        control.close_link(name)


@contextmanager
def connected(
    control: LinkControl, ends: LinkEnds, *, family: int = socket.AF_INET, name: str = "database"
) -> Iterator[tuple[socket.socket, socket.socket]]:
    """Return the near and the far end of a TCP connection across the link."""
    if family == socket.AF_INET6 and ends.far.ipv6 is None:
        pytest.skip("this kernel has no IPv6 (ipv6.disable=1, or net.ipv6.conf.default.disable_ipv6=1)")
    address = str(ends.far.ipv4 if family == socket.AF_INET else ends.far.ipv6)
    with control.socket(name, "far", family=family) as listener, control.socket(name, "near", family=family) as client:
        listener.settimeout(DEADLINE_S)
        client.settimeout(DEADLINE_S)
        listener.bind((address, 0))
        listener.listen()
        client.connect(listener.getsockname()[:2])
        server, _ = listener.accept()
        server.settimeout(DEADLINE_S)
        with server:
            yield client, server


def arrives_whole(source: socket.socket, target: socket.socket, bytes_sent: int = BULK_BYTES) -> bool:
    """Send bytes through, and tell whether they arrive as they were."""
    data = os.urandom(bytes_sent)
    sender = threading.Thread(target=source.sendall, args=(data,))
    sender.start()
    got, left = hashlib.sha256(), bytes_sent
    while left:
        part = target.recv(2**16)
        if not part:
            break
        got.update(part)
        left -= len(part)
    sender.join()
    return got.digest() == hashlib.sha256(data).digest()


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6], ids=["IPv4", "IPv6"])
@pytest.mark.parametrize("mtu", [1280, 1500, 9000])
def test_what_is_sent_arrives_both_ways(forwarder: Forwarder, family: int, mtu: int) -> None:
    with opened(forwarder.control, mtu=mtu) as ends, connected(forwarder.control, ends, family=family) as (near, far):
        assert arrives_whole(near, far)
        assert arrives_whole(far, near)
        ledger = forwarder.control.ledger("database")
        assert ledger.up.dropped == ledger.down.dropped == 0
        assert ledger.up.bytes > BULK_BYTES
        assert ledger.down.bytes > BULK_BYTES


def test_what_is_lost_is_sent_again_by_the_kernel(forwarder: Forwarder) -> None:
    """And without the fault nothing is: the counter can tell."""
    with opened(forwarder.control) as ends, connected(forwarder.control, ends) as (near, far):
        before = forwarder.counters()["RetransSegs"]
        assert arrives_whole(far, near)
        healthy = forwarder.counters()["RetransSegs"] - before
        forwarder.control.arm("database", "0-loss", Loss(rate=0.05))
        assert arrives_whole(far, near)
        forwarder.control.heal("database", "0-loss")
        lost = forwarder.control.ledger("database").hits["0-loss"]["dropped"]
        assert lost > 0
        assert len(forwarder.control.hits("database")) == lost
        assert forwarder.counters()["RetransSegs"] - before - healthy > healthy


def test_a_delay_is_never_early(forwarder: Forwarder) -> None:
    delay = seconds(0.05)
    with opened(forwarder.control) as ends, connected(forwarder.control, ends) as (near, far):
        forwarder.control.arm("database", "0-delay", PacketDelay(delay=delay, direction="up"))
        for _ in range(5):
            sent_ns = now_ns()
            near.sendall(b"x")
            assert far.recv(1) == b"x"
            assert now_ns() - sent_ns >= delay.ns
        forwarder.control.heal("database", "0-delay")


def test_dropping_tells_nobody_and_rejecting_tells_at_once(forwarder: Forwarder) -> None:
    control = forwarder.control
    with opened(control) as ends:
        for how, number, patience_s in (
            ("reset", errno.ECONNREFUSED, DEADLINE_S),
            ("unreachable", errno.EHOSTUNREACH, DEADLINE_S),
            ("drop", None, 0.5),
        ):
            control.arm("database", how, Partition(how=how))  # type: ignore[arg-type]  # each is one of the words
            with control.socket("database", "near") as client:
                client.settimeout(patience_s)
                with pytest.raises(OSError, match=r".+") as told:
                    client.connect((str(ends.far.ipv4), 5))
                assert (told.value.errno, isinstance(told.value, TimeoutError)) == (number, number is None)
            control.heal("database", how)


def test_the_first_syn_alone_is_lost_and_the_connect_takes_a_second(forwarder: Forwarder) -> None:
    """The kernel sends a SYN again after its initial timeout of one second (RFC 6298)."""
    with opened(forwarder.control) as ends:
        forwarder.control.arm("database", "0-syn", Loss(rate=1.0, direction="up", match=Match(tcp="syn", first=1)))
        began_ns = now_ns()
        with connected(forwarder.control, ends):
            assert now_ns() - began_ns >= seconds(0.9).ns


def test_what_means_nothing_is_refused_and_the_forwarder_goes_on(forwarder: Forwarder) -> None:
    control = forwarder.control
    with opened(control):
        with pytest.raises(DeclarationError, match=r"open already.*nothing was opened"):
            control.open("database", seed=1, mtu=1500)
        with pytest.raises(DeclarationError, match=r"an MTU is.*nothing was opened"):
            control.open("other", seed=1, mtu=68)
        with pytest.raises(DeclarationError, match=r"no link is called 'nowhere'.*nothing was done"):
            control.ledger("nowhere")
        with pytest.raises(LocalProtocolError, match="a command is an object"):
            control._ask({"do": "dance"})


def test_garbage_written_to_the_control_socket_ends_nothing(forwarder: Forwarder, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as stranger:
        stranger.connect(str(forwarder.control._socket._path))
        stranger.sendall(b"\xff\x00[[[\n")
        assert b"protocol" in stranger.recv(2**16)
    assert tmp_path.exists()
    with opened(forwarder.control):
        assert forwarder.process.poll() is None


def test_what_no_kernel_would_take_is_counted_as_refused(forwarder: Forwarder) -> None:
    with opened(forwarder.control) as ends, forwarder.control.tap("database", "near") as near:
        near.sendto(b"\xff" * 40, (ends.near.device, 0x0800))
        deadline_ns = now_ns() + seconds(5).ns
        while not (refused := forwarder.control.ledger("database").up.refused) and now_ns() < deadline_ns:
            pass
        assert refused == 1


def test_what_finds_the_device_full_is_counted_and_not_called_a_fault(forwarder: Forwarder) -> None:
    """The forwarder is stopped meanwhile, so that nobody reads what the near kernel sends."""
    with opened(forwarder.control) as ends, forwarder.control.socket("database", "near", kind=socket.SOCK_DGRAM) as near:
        forwarder.process.send_signal(signal.SIGSTOP)
        for _ in range(QUEUE_PACKETS + 500):
            near.sendto(b"x", (str(ends.far.ipv4), 9))
        forwarder.process.send_signal(signal.SIGCONT)
        deadline_ns = now_ns() + seconds(10).ns
        while (up := forwarder.control.ledger("database").up).packets + up.overrun < QUEUE_PACKETS + 500 and now_ns() < deadline_ns:
            pass
        assert up.packets + up.overrun >= QUEUE_PACKETS + 500
        assert up.overrun >= 500
        assert up.dropped == 0


def queue_packets(control: LinkControl, device: str) -> int:
    """Return how many packets wait in the near device, by its kernel's word (netdevice(7))."""
    with control.socket("database", "near", kind=socket.SOCK_DGRAM) as asking:
        return int(struct.unpack_from("i", fcntl.ioctl(asking, SIOCGIFTXQLEN, struct.pack("16s24x", device.encode())), 16)[0])


def networks() -> set[str]:
    """Return every network namespace that a process of this machine lives in."""
    found = set()
    for process in Path("/proc").glob("[0-9]*/ns/net"):
        try:
            found.add(str(process.readlink()))
        except OSError:
            continue
    return found


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_forwarder_that_ends_leaves_no_network_and_no_device(tmp_path: Path, number: signal.Signals) -> None:
    devices = Path("/proc/net/dev").read_text(encoding="ascii").count("\n")
    with forwarding(tmp_path) as forwarder:
        control = forwarder.control
        ends = control.open("database", seed=1, mtu=1500)
        own = {str(Path(f"/proc/{forwarder.process.pid}/ns/net").readlink()), str(ends.near.namespace.readlink())}
        control.arm("database", "0", Loss(rate=0.5))
        forwarder.process.send_signal(number)
        forwarder.process.wait()
    assert not own & networks()
    assert Path("/proc/net/dev").read_text(encoding="ascii").count("\n") == devices


def test_who_is_not_root_has_networks_in_a_user_namespace_of_their_own(forwarder: Forwarder) -> None:
    """And is who they were in it, because PostgreSQL runs as nobody who is root there."""
    _, user = forwarder.control.namespaces()
    assert (user is None) == (os.geteuid() == 0)
    assert f"\nUid:\t{os.geteuid()}\t" in Path(f"/proc/{forwarder.process.pid}/status").read_text(encoding="ascii")
    with opened(forwarder.control) as ends:
        assert queue_packets(forwarder.control, ends.near.device) == QUEUE_PACKETS, "a short queue would lose packets that nobody asked to lose"
