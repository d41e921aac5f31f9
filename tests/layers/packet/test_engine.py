"""The engine keeps what it promises whatever the faults do: order, time, neighbours, healing, bounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraiseql_chaos.core import NS_PER_MS, ms
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.layers.packet.engine import PACKET_COST, LinkEngine
from fraiseql_chaos.layers.packet.faults import BitFlip, Duplicate, Loss, PacketDelay, PacketRate, Partition, Reorder
from fraiseql_chaos.layers.packet.match import Match
from fraiseql_chaos.layers.packet.model import PacketFault
from fraiseql_chaos.layers.packet.packet import SYN
from layers.packet.packets import armed_with, numbered, run_out, tcp, udp


def test_where_nothing_is_armed_the_very_same_bytes_leave_at_once() -> None:
    engine, packet = LinkEngine(seed=1), tcp(b"select")
    ((direction, left),) = engine.feed("up", packet, 5)
    assert (direction, engine.due_ns, engine.take(10**12)) == ("up", None, [])
    assert left is packet


@pytest.mark.parametrize("garbage", [b"", b"\x00", b"garbage", bytes(1500), tcp(b"x")[:-1]])
def test_what_cannot_be_read_passes_untouched_and_is_counted(garbage: bytes) -> None:
    engine = armed_with(Partition())
    assert engine.feed("down", garbage, 1) == [("down", garbage)]
    assert (engine.ledger().down.unreadable, engine.ledger().up.unreadable, engine.ledger().fitted) == (1, 0, {"0-fault": 0})


@given(packets=st.lists(st.binary(max_size=100), max_size=20))
def test_garbage_comes_through_every_fault(packets: list[bytes]) -> None:
    engine = LinkEngine(seed=1)
    faults: list[PacketFault] = [Loss(rate=1), BitFlip(rate=1), Duplicate(rate=1), PacketDelay(delay=ms(1)), Partition(how="reset")]
    for number, fault in enumerate(faults):
        engine.arm(str(number), fault, dice=str(number), now_ns=0)
    for packet in packets:
        if packet[:1] not in {b"\x45", b"\x60"}:
            assert engine.feed("up", packet, 1) == [("up", packet)]
        else:
            engine.feed("up", packet, 1)


def test_a_fault_acts_its_own_way_alone() -> None:
    engine = armed_with(Loss(rate=1, direction="up"))
    assert engine.feed("up", tcp(), 1) == []
    assert engine.feed("down", tcp(), 1) == [("down", tcp())]


def test_an_id_is_armed_once_and_healed_once() -> None:
    engine = armed_with(Loss(rate=1))
    with pytest.raises(DeclarationError, match=r"a fault with the id '0-fault' is armed already; .*; nothing was armed"):
        engine.arm("0-fault", Loss(rate=1), dice="x", now_ns=0)
    engine.heal("0-fault", 1)
    with pytest.raises(DeclarationError, match="no fault with the id '0-fault' is armed; armed are none; nothing was healed"):
        engine.heal("0-fault", 2)


def test_delays_in_line_add_up_exactly_however_late_the_timer_is() -> None:
    engine = armed_with(PacketDelay(delay=ms(10)))
    engine.arm("1", PacketDelay(delay=ms(5)), dice="x", now_ns=0)
    engine.feed("up", tcp(), 0)
    assert engine.due_ns == 10 * NS_PER_MS
    assert engine.take(14 * NS_PER_MS) == []
    assert engine.due_ns == 15 * NS_PER_MS
    assert engine.take(15 * NS_PER_MS) == [("up", tcp())]


def test_what_was_due_leaves_in_front_of_what_arrives() -> None:
    engine = armed_with(PacketDelay(delay=ms(10), match=Match(tcp="syn")))
    engine.feed("up", tcp(flags=SYN), 0)
    assert engine.feed("up", tcp(b"x"), 11 * NS_PER_MS) == [("up", tcp(flags=SYN)), ("up", tcp(b"x"))]


def test_what_is_due_together_leaves_in_the_order_it_was_decided() -> None:
    engine = armed_with(PacketDelay(delay=ms(10)))
    sent = numbered(20)
    for packet in sent:
        engine.feed("up", packet, 0)
    assert [raw for _, raw in engine.take(10 * NS_PER_MS)] == sent


def test_healing_lets_go_at_once_in_order_through_the_faults_behind() -> None:
    engine = armed_with(PacketDelay(delay=ms(500)))
    engine.arm("1", PacketDelay(delay=ms(1)), dice="x", now_ns=0)
    sent = numbered(5)
    for number, packet in enumerate(sent):
        engine.feed("up", packet, number * NS_PER_MS)
    engine.heal("0-fault", 7 * NS_PER_MS)
    assert list(run_out(engine)) == [(8 * NS_PER_MS, "up", packet) for packet in sent]
    assert engine.feed("up", tcp(), 9 * NS_PER_MS) == []


def test_healing_lets_go_in_the_order_that_was_decided_also_where_that_is_another_than_they_came_in() -> None:
    fault = PacketDelay(delay=ms(20), jitter=ms(20), keeps_order=False)
    healed, left_alone = armed_with(fault), armed_with(fault)
    for packet in numbered(50):
        healed.feed("up", packet, 0)
        left_alone.feed("up", packet, 0)
    decided = [raw for _, _, raw in run_out(left_alone)]
    healed.heal("0-fault", 1)
    assert [raw for _, raw in healed.take(1)] == decided != numbered(50)


def test_what_healing_lets_go_is_due_and_leaves_in_front_of_what_arrives() -> None:
    engine = armed_with(PacketDelay(delay=ms(500)))
    engine.feed("up", tcp(b"old"), 0)
    engine.heal("0-fault", 5)
    assert engine.due_ns == 5
    assert engine.feed("up", tcp(b"new"), 6) == [("up", tcp(b"old")), ("up", tcp(b"new"))]
    assert engine.due_ns is None


def test_a_healed_bottleneck_lets_go_of_its_queue_in_one_burst() -> None:
    engine = armed_with(PacketRate(rate_bytes_per_s=1000, queue_packets=3))
    sent = numbered(5)
    for packet in sent:
        engine.feed("up", packet, 0)
    engine.heal("0-fault", 1)
    assert engine.take(1) == [("up", packet) for packet in sent[:3]]


def test_healing_one_fault_leaves_what_the_others_hold() -> None:
    engine = armed_with(PacketDelay(delay=ms(10), match=Match(tcp="data")))
    engine.arm("1", PacketDelay(delay=ms(20), match=Match(port=53)), dice="x", now_ns=0)
    engine.feed("up", tcp(b"x"), 0)
    engine.feed("up", udp(), 0)
    engine.heal("1", 1)
    assert engine.take(1) == [("up", udp())]
    assert engine.due_ns == 10 * NS_PER_MS


def test_what_waits_is_bounded_and_what_finds_no_room_is_counted() -> None:
    size = len(numbered(1)[0])
    engine = armed_with(PacketDelay(delay=ms(10)), held_bytes_limit=3 * (size + PACKET_COST))
    for packet in numbered(5):
        engine.feed("up", packet, 0)
    ledger = engine.ledger()
    assert (ledger.up.held, ledger.up.held_bytes, ledger.up.dropped) == (3, 3 * size, 2)
    assert ledger.hits["0-fault"] == {"delayed": 5, "overflowed": 2}
    assert len(engine.take(10 * NS_PER_MS)) == 3
    engine.feed("up", numbered(1)[0], 11 * NS_PER_MS)
    assert engine.ledger().up.held == 1


def test_answers_go_the_other_way_through_the_faults_behind() -> None:
    engine = LinkEngine(seed=1)
    engine.arm("front", Loss(rate=1, direction="down"), dice="x", now_ns=0)
    engine.arm("wall", Partition(direction="up", how="reset"), dice="y", now_ns=0)
    engine.arm("behind", PacketDelay(delay=ms(3), direction="down"), dice="z", now_ns=0)
    assert engine.feed("up", tcp(flags=SYN), 0) == []
    ((due_ns, direction, raw),) = run_out(engine)
    assert (due_ns, direction, raw[33] & 4) == (3 * NS_PER_MS, "down", 4)
    ledger = engine.ledger()
    assert (ledger.up.packets, ledger.up.dropped, ledger.down.packets, ledger.down.added) == (1, 1, 0, 1)


def test_a_packet_made_unreadable_passes_the_faults_behind() -> None:
    """Method: with all of its bits flipped where 64 are chosen, most packets contradict themselves; the wall behind lets those pass."""
    engine = armed_with(BitFlip(rate=1, bits=64, where="packet"))
    engine.arm("wall", Partition(), dice="x", now_ns=0)
    passed = [raw for packet in numbered(50, 10) for _, raw in engine.feed("up", packet, 1)]
    assert len(passed) > 20
    assert not set(passed) & set(numbered(50, 10))


NEIGHBOURS: tuple[PacketFault, ...] = (
    Loss(rate=0.5, direction="down"),
    PacketDelay(delay=ms(1), direction="down"),
    Loss(rate=0.9, match=Match(port=1)),
    Duplicate(rate=0.5, match=Match(port=53)),
)


@pytest.mark.parametrize("neighbour", NEIGHBOURS, ids=str)
def test_a_neighbour_rolls_no_dice_again(neighbour: PacketFault) -> None:
    """Method: the same packets with and without a neighbour that has nothing to do with them, armed in front and healed in the middle."""

    def story(*, with_neighbour: bool) -> list[int]:
        engine = LinkEngine(seed=3)
        if with_neighbour:
            engine.arm("neighbour", neighbour, dice="other", now_ns=0)
        engine.arm("loss", Loss(rate=0.3), dice="loss", now_ns=0)
        sent, lost = numbered(300), []
        for ordinal, packet in enumerate(sent):
            if with_neighbour and ordinal % 3 == 0:
                engine.feed("down", packet, ordinal)
                engine.feed("up", b"garbage", ordinal)
            if with_neighbour and ordinal == 150:
                engine.heal("neighbour", ordinal)
            if ("up", packet) not in engine.feed("up", packet, ordinal):
                lost.append(ordinal)
        return lost

    assert story(with_neighbour=True) == story(with_neighbour=False)


FAULTS = st.sampled_from(
    [
        Loss(rate=0.3),
        Duplicate(rate=0.3, delay=ms(2)),
        Reorder(rate=0.3, delay=ms(3)),
        BitFlip(rate=0.3),
        PacketDelay(delay=ms(2), jitter=ms(2), keeps_order=False),
        PacketRate(rate_bytes_per_s=20_000, queue_packets=2),
        Partition(direction="up", how="reset"),
        Partition(direction="down", how="unreachable", match=Match(tcp="syn")),
    ]
)


@given(
    faults=st.lists(FAULTS, max_size=4),
    steps=st.lists(st.tuples(st.sampled_from(["up", "down", "take", "heal"]), st.integers(0, 3 * NS_PER_MS)), max_size=60),
    limit=st.sampled_from([1000, 10**9]),
)
def test_the_ledger_balances_and_nothing_leaves_too_early_or_stays(faults: list[PacketFault], steps: list[tuple[str, int]], limit: int) -> None:
    """Packets that came, and were added, are those that left, are held, or were dropped: at every step, for each direction."""
    engine, now_ns, armed = LinkEngine(seed=1, held_bytes_limit=limit), 0, []
    for number, fault in enumerate(faults):
        engine.arm(str(number), fault, dice=str(number), now_ns=0)
        armed.append(str(number))
    left = {"up": 0, "down": 0}
    for number, (step, pause_ns) in enumerate(steps):
        now_ns += pause_ns
        out = []
        match step:
            case "up":
                out = list(engine.feed("up", tcp(bytes([number]) * number), now_ns))
            case "down":
                out = list(engine.feed("down", tcp(flags=SYN, sport=number + 1), now_ns))
            case "heal" if armed:
                engine.heal(armed.pop(), now_ns)
                out = list(engine.take(now_ns))
            case _:
                out = list(engine.take(now_ns))
        for direction, _ in out:
            left[direction] += 1
        ledger = engine.ledger()
        for direction, traffic in (("up", ledger.up), ("down", ledger.down)):
            assert traffic.packets + traffic.added == left[direction] + traffic.held + traffic.dropped
        assert engine.due_ns is None or engine.due_ns > now_ns
    for fault_id in armed:
        engine.heal(fault_id, now_ns)
    engine.take(now_ns)
    assert (engine.ledger().up.held_bytes, engine.ledger().down.held_bytes, engine.due_ns) == (0, 0, None)


def test_counts_outlive_their_fault_and_an_id_armed_again_goes_on() -> None:
    engine = armed_with(Loss(rate=1))
    engine.feed("up", tcp(), 0)
    engine.heal("0-fault", 1)
    engine.arm("0-fault", Loss(rate=1), dice="x", now_ns=2)
    engine.feed("up", tcp(), 3)
    assert (engine.ledger().fitted, engine.ledger().hits) == ({"0-fault": 2}, {"0-fault": {"dropped": 2}})


def test_hits_are_bounded_in_detail_and_exact_in_number() -> None:
    engine = armed_with(Loss(rate=1), hits_limit=3)
    for ordinal in range(5):
        engine.feed("up", tcp(b"x"), ordinal)
    assert [(hit.at_ns, hit.ordinal, hit.decision) for hit in engine.hits()] == [(0, 0, "dropped"), (1, 1, "dropped"), (2, 2, "dropped")]
    assert engine.hits(2)[0].flow == "tcp 10.111.0.1:40000 > 10.111.0.2:5432"
    assert engine.ledger().hits == {"0-fault": {"dropped": 5}}
