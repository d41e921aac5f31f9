"""
What was asked of a link is what two kernels saw, counted at its ends and not by what does it.

Loss, duplication, reordering and flipped bits, at several rates: the asked rate lies within the 99 % interval (Clopper and Pearson) of the counted one,
and without the fault the same check fails. And TCP gets a bulk of bytes through each of them whole, as both kernels' own counters show.

The seed is fixed, and so are the fates of the n-th packets; what is left to chance is how a machine interleaves what is held back with what is not.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle

import pytest
from scipy.stats import binomtest

from fraiseql_chaos.core import ms, now_ns, seconds, wait_until
from fraiseql_chaos.history import Sample
from fraiseql_chaos.layers.packet.faults import BitFlip, Duplicate, Loss, Reorder
from fraiseql_chaos.layers.packet.match import Match
from fraiseql_chaos.layers.packet.model import PacketFault
from fraiseql_chaos.probes.capture import Armed, LinkRecording, capture_samples
from fraiseql_chaos.probes.kernels import LinkKernels
from fraiseql_chaos.rig.keeper import Keeper
from links import End, Link, linked

pytestmark = pytest.mark.anyio

SEED = 4
PACKETS = 4000
FLIGHT = 100
BULK_BYTES = 1_500_000
HOLD = ms(150)
RATES = (0.01, 0.05, 0.1)
PORT = 7432
"""Of namespaces that are the tests' own, so nobody else can have it; a fault's match needs it before a socket is bound."""

ON_PORT = Match(port=PORT)


@dataclass(frozen=True)
class Kind:
    """A fault and what counts it: the field of a sample that bears its mark, and counters of either kernel that cannot move without it."""

    make: Callable[[float], PacketFault]
    marked: str
    counters: tuple[str, ...]


KINDS = {
    "loss": Kind(lambda rate: Loss(rate=rate, match=ON_PORT), "missing", ("near.TcpRetransSegs", "far.TcpRetransSegs")),
    "duplicate": Kind(
        lambda rate: Duplicate(rate=rate, match=ON_PORT), "copies", ("far.TcpExtTCPDSACKOldSent", "near.TcpExtTCPDSACKRecv", "far.TcpExtTCPDSACKRecv")
    ),
    "reorder": Kind(lambda rate: Reorder(rate=rate, delay=ms(5), match=ON_PORT), "overtaken", ("far.TcpExtTCPOFOQueue", "near.TcpExtTCPOFOQueue")),
    "broken": Kind(lambda rate: BitFlip(rate=rate, match=ON_PORT), "bad_checksum", ("far.TcpInCsumErrors", "near.TcpRetransSegs")),
}


@pytest.fixture(scope="module")
def link(keeper: Keeper) -> Iterator[Link]:
    with linked(keeper, seed=SEED) as link:
        yield link


@pytest.fixture(scope="module")
def keeper() -> Iterator[Keeper]:
    with Keeper.start() as keeper:
        yield keeper


@pytest.fixture
async def through(link: Link, keeper: Keeper) -> Callable[[PacketFault | None, str], object]:
    """Send datagrams both ways through a fault, or through none, and return what the capture counted."""

    async def through(fault: PacketFault | None, dice: str) -> list[Sample]:
        recording = await LinkRecording.start(keeper, directory=keeper.directory, taps=(link.near.tap(), link.far.tap()))
        arming_ns = now_ns()
        if fault:
            link.arm(dice, fault)
        armed_ns = now_ns()
        send_datagrams(link.near, link.far, socket.AF_INET)
        send_datagrams(link.far, link.near, socket.AF_INET6)
        over_ns = now_ns() + HOLD.ns
        await wait_until(lambda: now_ns() > over_ns, within=seconds(10), what="that the last packet may have arrived")
        healing_ns = now_ns()
        if fault:
            link.heal(dice)
        capture = await recording.stop()
        armed = Armed(
            fault_id=dice, match=ON_PORT, arming_ns=arming_ns, armed_ns=armed_ns, healing_ns=healing_ns, healed_ns=healing_ns + 1, hold=HOLD
        )
        return capture_samples(capture, [armed])

    return through


def send_datagrams(source: End, target: End, family: int) -> None:
    """
    Send datagrams, a flight at a time: the next leaves when a datagram that no fault is about has come out behind the last.

    Nobody has to read them, since a tap stands in front of every socket.
    """
    address = target.addresses[family]
    with contextlib.ExitStack() as stack:
        there, behind = (stack.enter_context(target.socket(family, socket.SOCK_DGRAM)) for _ in range(2))
        there.bind((address, PORT))
        behind.bind((address, 0))
        behind.settimeout(20)
        sock, last = (stack.enter_context(source.socket(family, socket.SOCK_DGRAM)) for _ in range(2))
        sock.connect((address, PORT))
        last.connect(behind.getsockname()[:2])
        payload = os.urandom(64)
        for number in range(PACKETS):
            sock.send(number.to_bytes(4) + payload)
            if (number + 1) % FLIGHT == 0:
                last.send(b"behind it")
                behind.recv(64)


def counted(samples: list[Sample], direction: str, name: str) -> int:
    return sum(int(str(s.value[name])) for s in samples if s.value["direction"] == direction)


def holds(samples: list[Sample], direction: str, name: str, asked: float) -> bool:
    """Tell whether the asked rate lies within the 99 % interval of the counted one."""
    interval = binomtest(counted(samples, direction, name), counted(samples, direction, "sent")).proportion_ci(0.99, method="exact")
    return bool(interval.low <= asked <= interval.high)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("kind", KINDS)
async def test_what_was_asked_is_what_is_counted(through: Callable[..., object], kind: str, rate: float) -> None:
    samples = await through(KINDS[kind].make(rate), f"{kind}-{rate}")  # type: ignore[misc]
    assert {s.error for s in samples} == {""}
    for direction in ("up", "down"):
        assert counted(samples, direction, "sent") == PACKETS
        assert holds(samples, direction, KINDS[kind].marked, rate), (direction, counted(samples, direction, KINDS[kind].marked))


async def test_what_is_repaired_is_changed_and_refused_by_nobody(through: Callable[..., object], link: Link) -> None:
    """
    The capture finds every packet that the forwarder bent, and no other, although not one of them has a wrong checksum.

    Its share is no matter of this test: these draws fall on 240 of 4000 packets downwards, which of a fair 5 % one in 250 does (seven of 600 seeds
    were seen to be as far off at 99 %, and six is what is due).
    """
    samples = await through(BitFlip(rate=0.05, bits=3, checksum="repaired", match=ON_PORT), "repaired")  # type: ignore[misc]
    bent = Counter(hit.direction for hit in link.hits() if hit.fault_id == "repaired")
    for direction in ("up", "down"):
        assert counted(samples, direction, "changed") == bent[direction] > 0
        assert counted(samples, direction, "bad_checksum") == 0


async def test_without_the_fault_each_of_these_checks_fails(through: Callable[..., object]) -> None:
    samples = await through(None, "nothing")  # type: ignore[misc]
    assert counted(samples, "up", "arrived") == counted(samples, "down", "arrived") == PACKETS
    found = [holds(samples, way, kind.marked, rate) for way in ("up", "down") for kind in KINDS.values() for rate in RATES]
    assert found == [False] * len(found)
    assert not holds(samples, "up", "changed", 0.05)


async def test_another_rate_than_the_asked_one_fails(through: Callable[..., object]) -> None:
    """A fault that does something, and half of it: the check has the power to tell."""
    samples = await through(Loss(rate=0.05, match=ON_PORT), "half")  # type: ignore[misc]
    assert not holds(samples, "up", "missing", 0.1)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_bulk_of_bytes_arrives_whole_and_the_kernels_had_their_work_with_it(link: Link, kind: str) -> None:
    """Method: both ways over one connection, IPv6, so that every retransmission is told by its timestamps alone."""
    kernels = LinkKernels(near=link.near.pid, far=link.far.pid)
    link.arm("bulk", KINDS[kind].make(0.05))
    try:
        before = await kernels.look()
        assert echo(link, socket.AF_INET6)
        after = await kernels.look()
    finally:
        link.heal("bulk")
    grown = {name: int(str(after.value[name])) - int(str(before.value[name])) for name in KINDS[kind].counters}
    assert sum(grown.values()) > 0, grown


async def test_without_a_fault_no_such_counter_moves(link: Link) -> None:
    """
    But for a handful of segments that the kernels of a starved machine send too early; with a fault they are dozens.

    Who gets such a segment says that it had it already, once for each.
    """
    kernels = LinkKernels(near=link.near.pid, far=link.far.pid)
    before = await kernels.look()
    assert echo(link, socket.AF_INET)
    after = await kernels.look()
    grown = {name: int(str(after.value[name])) - int(str(count)) for name, count in before.value.items()}
    spurious = {f"{end}.{name}" for end in ("near", "far") for name in ("TcpRetransSegs", "TcpExtTCPDSACKOldSent", "TcpExtTCPDSACKRecv")}
    moved = [name for kind in KINDS.values() for name in kind.counters if name not in spurious and grown[name]]
    assert moved == []
    for end, peer in (("near", "far"), ("far", "near")):
        assert grown[f"{peer}.TcpExtTCPDSACKOldSent"] <= grown[f"{end}.TcpRetransSegs"] <= 5


def echo(link: Link, family: int) -> bool:
    """Send bytes up, have them sent back down, and tell whether they are what they were."""
    block = os.urandom(2**14)
    digest, got = hashlib.sha256(), 0
    with link.far.socket(family, socket.SOCK_STREAM) as listener, link.near.socket(family, socket.SOCK_STREAM) as client:
        for sock in (listener, client):
            sock.settimeout(40)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((link.far.addresses[family], PORT))
        listener.listen()
        server = threading.Thread(target=send_back, args=(listener,))
        server.start()
        client.connect(listener.getsockname()[:2])
        sender = threading.Thread(target=send_blocks, args=(client, block))
        sender.start()
        while chunk := client.recv(2**16):
            digest.update(chunk)
            got += len(chunk)
        sender.join(40)
        server.join(40)
    expected = hashlib.sha256()
    for piece, _ in zip(cycle((block,)), range(BULK_BYTES // len(block)), strict=False):
        expected.update(piece)
    return got == BULK_BYTES // len(block) * len(block) and digest.digest() == expected.digest()


def send_blocks(client: socket.socket, block: bytes) -> None:
    for _ in range(BULK_BYTES // len(block)):
        client.sendall(block)
    client.shutdown(socket.SHUT_WR)


def send_back(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.settimeout(40)
        while chunk := connection.recv(2**16):
            connection.sendall(chunk)
