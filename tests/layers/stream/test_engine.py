"""The engine decides what happens to what flows, by a clock that the test moves."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fraiseql_chaos.core import NS_PER_MS, ms
from fraiseql_chaos.layers.stream.armed import Armed
from fraiseql_chaos.layers.stream.engine import ITEM_COST
from fraiseql_chaos.layers.stream.faults import Latency
from fraiseql_chaos.layers.stream.hits import Hit
from fraiseql_chaos.layers.stream.model import Ending, Item, Origin, Passed
from layers.stream.oneway import OneWay, Timed, arm, armed_with


def departures_ms(flow: OneWay, *, number: int = 50, after: int = 0) -> list[float]:
    """Feed chunks a second apart, and return how long each was held."""
    held = []
    for n in range(after, after + number):
        arrived_ns = n * 1000 * NS_PER_MS
        flow.feed(b"x", arrived_ns)
        held += [(left_ns - arrived_ns) / NS_PER_MS for left_ns, _ in flow.run_out()]
    return held


def test_without_a_fault_an_item_leaves_at_once() -> None:
    flow = OneWay(Armed(1))
    flow.feed(b"SELECT 1", 5)
    assert flow.take(5) == [b"SELECT 1"]
    assert flow.due_ns is None


def test_latency_holds_each_chunk_for_its_delay_from_its_own_arrival() -> None:
    flow = OneWay(armed_with(Latency(delay=ms(10))))
    flow.feed(b"first", 0)
    flow.feed(b"second", 3 * NS_PER_MS)
    assert flow.run_out() == [(10 * NS_PER_MS, b"first"), (13 * NS_PER_MS, b"second")]


def test_latency_leaves_the_other_direction_alone() -> None:
    flow = OneWay(armed_with(Latency(delay=ms(10), direction="up")), direction="down")
    flow.feed(b"answer", 0)
    assert flow.take(0) == [b"answer"]


@settings(deadline=None)  # A busy machine is no failure.
@given(
    gaps_us=st.lists(st.integers(0, 20_000), min_size=1, max_size=60),
    delay_ms=st.integers(1, 50),
    jitter_share=st.floats(0, 1),
    seed=st.integers(0, 99),
)
def test_under_jitter_nothing_is_early_or_overlong_and_order_is_kept(gaps_us: list[int], delay_ms: int, jitter_share: float, seed: int) -> None:
    """The bound above is the one that says that jitter caps no throughput: it does not grow with what is in front."""
    fault = Latency(delay=ms(delay_ms), jitter=ms(delay_ms) * jitter_share)
    flow = OneWay(armed_with(fault, seed=seed))
    arrivals_ns = [1000 * sum(gaps_us[: n + 1]) for n in range(len(gaps_us))]
    left: Timed = []
    for n, arrived_ns in enumerate(arrivals_ns):
        while (due_ns := flow.due_ns) is not None and due_ns <= arrived_ns:
            left += [(due_ns, item) for item in flow.take(due_ns)]
        flow.feed(b"%d" % n, arrived_ns)
    left += flow.run_out()
    assert [item for _, item in left] == [b"%d" % n for n in range(len(gaps_us))]
    for arrived_ns, (left_ns, _) in zip(arrivals_ns, left, strict=True):
        assert fault.delay.ns - fault.jitter.ns <= left_ns - arrived_ns <= fault.delay.ns + fault.jitter.ns


def test_jitter_uses_its_whole_width() -> None:
    held_ms = departures_ms(OneWay(armed_with(Latency(delay=ms(10), jitter=ms(4)))), number=400)
    assert min(held_ms) < 6.2
    assert max(held_ms) > 13.8
    assert sum(held_ms) / len(held_ms) == pytest.approx(10, abs=0.5)


def test_the_same_seed_decides_the_same() -> None:
    fault = Latency(delay=ms(10), jitter=ms(4))
    assert departures_ms(OneWay(armed_with(fault, seed=3))) == departures_ms(OneWay(armed_with(fault, seed=3)))


def test_seeds_connections_and_directions_decide_differently() -> None:
    down, up = Latency(delay=ms(10), jitter=ms(4)), Latency(delay=ms(10), jitter=ms(4), direction="up")
    decisions = [
        departures_ms(OneWay(armed_with(down, seed=3))),
        departures_ms(OneWay(armed_with(down, seed=4))),
        departures_ms(OneWay(armed_with(down, seed=3), connection=1)),
        departures_ms(OneWay(armed_with(up, seed=3), direction="up")),
    ]
    assert len({tuple(held) for held in decisions}) == len(decisions)


def test_a_neighbour_does_not_roll_another_faults_dice_again() -> None:
    fault = Latency(delay=ms(10), jitter=ms(4))
    alone = departures_ms(OneWay(armed_with(fault)))
    armed = armed_with(fault)
    flow = OneWay(armed)
    first = departures_ms(flow, number=20)
    arm(armed, "neighbour", Latency(delay=ms(3)))
    second = departures_ms(flow, number=10, after=20)
    armed.heal("neighbour")
    third = departures_ms(flow, number=20, after=30)
    assert first + [held - 3 for held in second] + third == pytest.approx(alone)


def test_two_latencies_add_up_exactly_however_late_the_timer_is() -> None:
    flow = OneWay(armed_with(Latency(delay=ms(10)), Latency(delay=ms(5))))
    flow.feed(b"x", 0)
    assert flow.take(12 * NS_PER_MS) == []
    assert flow.due_ns == 15 * NS_PER_MS


def test_a_stage_passes_on_what_arrives_when_the_one_in_front_lets_it_go() -> None:
    """Method: a burst through two jitters at once, and through one after the other; an item that waited behind a slower one shows the difference."""
    first, second = Armed(1), Armed(1)
    arm(first, "first", Latency(delay=ms(10), jitter=ms(10)))
    arm(second, "second", Latency(delay=ms(10), jitter=ms(10)))
    in_front, behind = OneWay(first), OneWay(second)
    for n in range(20):
        in_front.feed(b"%d" % n, n)
    one_after_the_other: Timed = []
    for left_ns, item in in_front.run_out():
        one_after_the_other += [(left_ns, passed) for passed in behind.take(left_ns)]
        behind.feed(item, left_ns)
    one_after_the_other += behind.run_out()

    both = Armed(1)
    arm(both, "first", Latency(delay=ms(10), jitter=ms(10)))
    arm(both, "second", Latency(delay=ms(10), jitter=ms(10)))
    flow = OneWay(both)
    for n in range(20):
        flow.feed(b"%d" % n, n)
    at_once: Timed = []
    while (due_ns := flow.due_ns) is not None:
        at_once += [(due_ns, item) for item in flow.take(due_ns)]
    assert [item for _, item in at_once] == [item for _, item in one_after_the_other]
    assert max(left_ns for left_ns, _ in at_once) == max(left_ns for left_ns, _ in one_after_the_other)


def test_a_flow_without_stages_picks_up_a_fault_at_its_next_item() -> None:
    armed = Armed(1)
    flow = OneWay(armed)
    flow.feed(b"before", 0)
    assert flow.take(0) == [b"before"]
    arm(armed, "0-latency", Latency(delay=ms(10)))
    assert flow.talk.epoch != armed.epoch
    flow.feed(b"after", 0)
    assert flow.take(0) == []
    assert flow.talk.epoch == armed.epoch


def test_healing_releases_what_was_held_at_once_and_in_order() -> None:
    armed = armed_with(Latency(delay=ms(1000), jitter=ms(1000)))
    flow = OneWay(armed)
    for n in range(5):
        flow.feed(b"%d" % n, n)
    armed.heal("0-latency")
    flow.renew(6)
    assert flow.take(6) == [b"0", b"1", b"2", b"3", b"4"]
    assert not flow.is_holding
    assert flow.talk.stages == ()


def test_healing_one_of_two_hands_what_it_held_to_the_other() -> None:
    armed = armed_with(Latency(delay=ms(10)), Latency(delay=ms(5)))
    flow = OneWay(armed)
    flow.feed(b"in the second", 0)
    flow.take(10 * NS_PER_MS)
    flow.feed(b"in the first", 10 * NS_PER_MS)
    armed.heal("0-latency")
    flow.renew(11 * NS_PER_MS)
    assert flow.run_out() == [(15 * NS_PER_MS, b"in the second"), (16 * NS_PER_MS, b"in the first")]


def test_healing_all_of_several_keeps_the_order_across_them() -> None:
    armed = armed_with(Latency(delay=ms(10)), Latency(delay=ms(50)))
    flow = OneWay(armed)
    flow.feed(b"in the second", 0)
    flow.take(10 * NS_PER_MS)
    flow.feed(b"in the first", 10 * NS_PER_MS)
    armed.heal("0-latency")
    armed.heal("1-latency")
    flow.renew(11 * NS_PER_MS)
    assert flow.take(11 * NS_PER_MS) == [b"in the second", b"in the first"]


def test_an_id_that_was_healed_can_be_armed_again_as_another_fault() -> None:
    armed = armed_with(Latency(delay=ms(10)))
    flow = OneWay(armed)
    assert departures_ms(flow, number=1) == [10]
    armed.heal("0-latency")
    arm(armed, "0-latency", Latency(delay=ms(20)))
    assert departures_ms(flow, number=1) == [20]


class Announced:
    """Lets everything pass, and says a word of its own accord in 10 ms; a last one, too."""

    def begin(self, at_ns: int) -> Iterable[Passed]:
        return (Passed(at_ns + 10 * NS_PER_MS, b"word", Origin("down", 0, 0)),)

    def pass_on(self, item: Item, origin: Origin, at_ns: int) -> Iterable[Passed]:
        return (Passed(at_ns, item, origin),)

    def end(self, at_ns: int) -> Iterable[Passed]:
        return (Passed(at_ns, b"last word", Origin("down", 0, 0)),)


def announced() -> tuple[Armed, OneWay]:
    armed = Armed(1, make_toxic=lambda _fault, _meeting: Announced())
    arm(armed, "0", Latency(delay=ms(1)))
    flow = OneWay(armed)
    flow.renew(0)
    return armed, flow


def test_what_a_toxic_will_do_of_its_own_accord_keeps_nothing_waiting() -> None:
    _, flow = announced()
    flow.feed(b"passes at once", 5)
    assert (flow.take(5), flow.held_bytes, flow.talk.added_bytes["down"]) == ([b"passes at once"], 0, 0)
    assert flow.run_out() == [(10 * NS_PER_MS, b"word")]
    assert flow.talk.added_bytes["down"] == 4


def test_what_a_healed_toxic_meant_to_do_later_is_not_done() -> None:
    armed, flow = announced()
    armed.heal("0")
    flow.renew(9)
    assert (flow.take(9), flow.due_ns, flow.talk.added_bytes["down"]) == ([b"last word"], None, 9)


def test_a_dropped_conversation_does_nothing_of_its_own_accord_any_more() -> None:
    _, flow = announced()
    assert (flow.discard(), flow.due_ns) == (0, None)


@pytest.mark.parametrize("ending", Ending)
def test_an_ending_stays_behind_the_bytes(ending: Ending) -> None:
    flow = OneWay(armed_with(Latency(delay=ms(10), jitter=ms(10))))
    flow.feed(b"last words", 0)
    flow.feed(ending, 1)
    assert [item for _, item in flow.run_out()] == [b"last words", ending]


def test_a_flow_is_full_when_it_holds_its_bound() -> None:
    flow = OneWay(armed_with(Latency(delay=ms(10))), held_bytes_limit=1000 + 2 * ITEM_COST)
    flow.feed(b"x" * 999, 0)
    assert not flow.is_full
    flow.feed(b"x", 1)
    assert flow.is_full
    assert flow.held_bytes == 1000
    flow.take(10 * NS_PER_MS)
    assert not flow.is_full


def test_what_passes_from_stage_to_stage_counts_once_against_the_bound() -> None:
    flow = OneWay(armed_with(Latency(delay=ms(10)), Latency(delay=ms(10))), held_bytes_limit=1 + ITEM_COST)
    flow.feed(b"x", 0)
    assert flow.is_full
    flow.take(10 * NS_PER_MS)
    assert flow.is_full
    flow.take(20 * NS_PER_MS)
    assert not flow.is_full


def test_discarding_returns_how_many_bytes_were_held() -> None:
    flow = OneWay(armed_with(Latency(delay=ms(10)), Latency(delay=ms(10))))
    flow.feed(b"12345", 0)
    flow.take(10 * NS_PER_MS)
    flow.feed(b"678", 10 * NS_PER_MS)
    flow.feed(Ending.FIN, 10 * NS_PER_MS)
    assert flow.discard() == 8
    assert not flow.is_holding
    assert not flow.is_full


def test_hits_are_counted_for_each_fault_also_after_its_heal() -> None:
    armed = armed_with(Latency(delay=ms(10)), Latency(delay=ms(10), direction="up"))
    flow = OneWay(armed, connection=3)
    flow.feed(b"one", 0)
    flow.feed(b"two", 7)
    flow.feed(Ending.FIN, 8)
    armed.heal("0-latency")
    assert armed.hits.counts == {("0-latency", "delayed"): 3}
    assert armed.hits.kept[1] == Hit("0-latency", 7, 3, "down", 1, 3, "delayed")
