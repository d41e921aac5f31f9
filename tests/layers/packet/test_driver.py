"""
A real forwarder: two kernels' TCP talk through it, faults are met by them, and when it is killed nothing is left.

As root, and as a user who is nobody, who needs a user namespace for it.
"""

from __future__ import annotations

import hashlib
import os
import signal
import socket
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
from fraiseql_chaos.layers.packet.ends import LinkEnds
from fraiseql_chaos.layers.packet.faults import Loss, PacketDelay, Partition
from fraiseql_chaos.layers.packet.match import Match

NOBODY = 65534
BULK_BYTES = 2_000_000
DEADLINE_S = 20.0


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
    yield ends
    control.close_link(name)


@contextmanager
def connected(
    control: LinkControl, ends: LinkEnds, *, family: int = socket.AF_INET, name: str = "database"
) -> Iterator[tuple[socket.socket, socket.socket]]:
    """Return the near and the far end of a TCP connection across the link."""
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
        for how, error in (("reset", ConnectionRefusedError), ("unreachable", OSError), ("drop", TimeoutError)):
            control.arm("database", how, Partition(how=how))  # type: ignore[arg-type]  # each is one of the words
            with control.socket("database", "near") as client:
                client.settimeout(0.5)
                with pytest.raises(error):
                    client.connect((str(ends.far.ipv4), 5))
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


ROOTLESS = """
import ctypes, os, shutil, sys
from fraiseql_chaos.layers.packet.driver.process import run  # before the change: nobody may not be able to read where Python lies
os.setgroups([]); os.setresgid({nobody}, {nobody}, {nobody}); os.setresuid({nobody}, {nobody}, {nobody})
ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # PR_SET_DUMPABLE, which a change of user takes away and an exec would give back
sys.argv[1:] = ["--control", {path!r}]
run("rootless")
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="is run as nobody by root; a user who is not root is rootless in every other test here")
def test_a_user_who_is_nobody_may_have_links_too() -> None:
    """Where the kernel allows user namespaces; else the skip names what forbids it."""
    directory = Path(f"/tmp/fraiseql-chaos-test-{os.getpid()}")  # noqa: S108  nobody may not enter the directories of pytest's
    directory.mkdir(mode=0o777)
    directory.chmod(0o777)
    path = directory / "links.sock"
    process = subprocess.Popen([sys.executable, "-c", ROOTLESS.format(nobody=NOBODY, path=str(path))])
    try:
        control = LinkControl(path)
        control.wait_ready(seconds(10))
        try:
            _, user = control.namespaces()
        except CapabilityError as missing:
            pytest.skip(str(missing))
        assert user is not None, "who is not root has a user namespace of their own"
        with opened(control) as ends, connected(control, ends) as (near, far):
            control.arm("database", "0-loss", Loss(rate=0.02))
            assert arrives_whole(near, far, 500_000)
            assert control.ledger("database").hits["0-loss"]["dropped"] > 0
    finally:
        process.kill()
        process.wait()
        path.unlink(missing_ok=True)
        directory.rmdir()
