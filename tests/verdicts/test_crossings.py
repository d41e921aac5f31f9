"""When an answer can be there: walks through windows of latency, at their edges and between them."""

from __future__ import annotations

import pytest

from fraiseql_chaos.history import FaultDeclared, Operation
from fraiseql_chaos.verdicts.crossings import Hold, holds_of, last_arrival_ns, soonest_arrival_ns, unmixed
from histories import NS_PER_MS, Scene


def hold(begin_ms: float, end_ms: float, *, delay_ms: float = 100, up: bool = False, slack_ms: float = 0) -> Hold:
    """Return a latency whose arming and healing took so long."""
    begin, end, delay, slack = (round(at * NS_PER_MS) for at in (begin_ms, end_ms, delay_ms, slack_ms))
    return Hold(up=up, delay_ns=delay, jitter_ns=0, distribution="uniform", begin_ns=begin, begun_ns=begin + slack, end_ns=end, ended_ns=end + slack)


def at(ms: float) -> Operation:
    """Return a request that is planned then."""
    planned_ns = round(ms * NS_PER_MS)
    return Operation(ordinal=0, name="read", planned_ns=planned_ns, sent_ns=planned_ns, done_ns=planned_ns, outcome="ok")


@pytest.mark.parametrize(
    ("planned_ms", "there_ms"),
    [
        (0, 0),  # before it was armed
        (1000, 1400),  # four whole trips
        (1700, 2000),  # the heal lets go of the third
        (1950, 2000),
        (2000, 2000),  # after it
        (900, 900),  # a trip costs nothing outside, so all four are over at once
    ],
)
def test_each_trip_is_held_for_the_delay_or_until_the_heal(planned_ms: float, there_ms: float) -> None:
    assert soonest_arrival_ns(at(planned_ms), (hold(1000, 2000),), trips=4) == there_ms * NS_PER_MS


def test_time_is_lost_where_it_costs_most() -> None:
    late = (hold(1000, 2000),)
    assert last_arrival_ns(at(1000), late, trips=4, overhead_ns=50 * NS_PER_MS) == 1450 * NS_PER_MS  # behind the last
    assert last_arrival_ns(at(980), late, trips=4, overhead_ns=50 * NS_PER_MS) == 1430 * NS_PER_MS  # 20 before the first, so that it is held
    assert last_arrival_ns(at(1900), late, trips=4, overhead_ns=50 * NS_PER_MS) == 2050 * NS_PER_MS  # behind the heal
    steps = (hold(1000, 2000), hold(2050, 9000, delay_ms=500))
    # Between the second trip, which the heal lets go, and the third, which then meets the next delay, and so does the fourth.
    assert last_arrival_ns(at(1850), steps, trips=4, overhead_ns=60 * NS_PER_MS) == (2050 + 2 * 500 + 10) * NS_PER_MS


def test_both_ways_add_up_and_windows_follow_each_other() -> None:
    both = (hold(1000, 5000, up=True, delay_ms=400), hold(1000, 5000, delay_ms=40))
    assert soonest_arrival_ns(at(1000), both, trips=4) == 2760 * NS_PER_MS
    steps = (hold(1000, 2000), hold(2050, 9000, delay_ms=500))
    assert soonest_arrival_ns(at(1850), steps, trips=4) == 2000 * NS_PER_MS
    assert last_arrival_ns(at(1850), steps, trips=4, overhead_ns=0) == 2000 * NS_PER_MS
    assert last_arrival_ns(at(2050), steps, trips=2, overhead_ns=0) == 3050 * NS_PER_MS


def test_arming_that_takes_time_makes_the_bounds_wider() -> None:
    slow = (hold(1000, 2000, slack_ms=20),)
    assert soonest_arrival_ns(at(1010), slow, trips=1) == 1010 * NS_PER_MS
    assert last_arrival_ns(at(1010), slow, trips=1, overhead_ns=0) == 1110 * NS_PER_MS
    assert last_arrival_ns(at(2010), slow, trips=1, overhead_ns=0) == 2020 * NS_PER_MS


def test_latencies_are_read_off_a_history() -> None:
    history = Scene().fault(1000, 2000, kind="latency").fault(2500, None, kind="latency").answers(0, 3000).history()
    first, second = holds_of(history)
    assert (first.delay_ns, first.begin_ns, first.begun_ns, first.end_ns, first.ended_ns) == tuple(
        ms * NS_PER_MS for ms in (250, 1000, 1002, 1997, 2000)
    )
    assert second.end_ns > history.end_ns  # one that never healed holds to the end
    assert not first.up


def test_only_latencies_on_all_connections_tell() -> None:
    def told(**parameters: object) -> bool:
        scene = Scene().fault(1000, 2000, kind="latency").answers(0, 3000)
        declared = next(e for e in scene.events if isinstance(e, FaultDeclared))
        declared.parameters.update(parameters)  # type: ignore[arg-type]
        return unmixed(scene.history(), steady=True)

    assert told()
    assert not told(jitter_ms=5.0)
    assert not told(ramp_ms=100.0)
    assert not told(toxicity=0.5)
    assert not unmixed(Scene().fault(1000, 2000).answers(0, 3000).history(), steady=True)
    assert not unmixed(Scene().answers(0, 3000).history(), steady=True)
