"""Latency refuses what has no meaning, and claims to have been seen only where it can be told from health."""

from __future__ import annotations

from statistics import mean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraiseql_chaos.core import NS_PER_MS, Duration, ms, seconds
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.history import Sample
from fraiseql_chaos.layers.stream.armed import Armed
from fraiseql_chaos.layers.stream.faults import Latency
from fraiseql_chaos.testing import OneWay, arm, armed_with, check_stream_fault
from layers.stream.looks import look, seen


def trips(*took_ms: float, ok: bool = True) -> tuple[Sample, ...]:
    return tuple(Sample(probe="edge_round_trip", began_ns=NS_PER_MS, at_ns=NS_PER_MS + round(took * NS_PER_MS), ok=ok) for took in took_ms)


def path(through: int, around: int) -> Sample:
    value = {"through_edge": through, "around_edge": around}
    return Sample(probe="service_path", began_ns=0, at_ns=1, ok=through > 0 and around == 0, value=dict(value))


def told_by_client(fault: Latency, before: tuple[Sample, ...], during: tuple[Sample, ...]) -> tuple[int, str]:
    client, _ = fault.sightings(before, during)
    assert (client.witness, client.shows) == ("PostgreSQL client through the same edge", "fault")
    return client.count, client.statement


def reached(*during: Sample) -> tuple[int, str]:
    _, kernel = Latency(delay=ms(250)).sightings(trips(1), (*trips(252, 254), *during))
    assert (kernel.witness, kernel.shows) == ("kernel, asked for the service's connections", "reach")
    return kernel.count, kernel.statement


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"delay": 250}, r"latency: delay=250 has no unit; write delay=ms\(250\); nothing was armed"),
        ({"delay": ms(250), "jitter": 50}, r"latency: jitter=50 has no unit; write jitter=ms\(250\); nothing was armed"),
        ({"delay": ms(0)}, "latency: a delay of 0 would change nothing; it must be above 0; nothing was armed"),
        ({"delay": ms(250), "jitter": ms(251)}, "latency: jitter 251 ms exceeds delay 250 ms, .*; nothing was armed"),
        (
            {"delay": ms(250), "distribution": "poisson"},
            r"latency: distribution is one of 'uniform' .*, 'normal' .*, not 'poisson'; nothing was armed",
        ),
        ({"delay": ms(250), "ramp": 5}, r"latency: ramp=5 has no unit; write ramp=ms\(250\); nothing was armed"),
        ({"delay": ms(250), "direction": "left"}, r"latency: direction is one of 'down' .*, 'up' .*, not 'left'; nothing was armed"),
    ],
)
def test_what_has_no_meaning_is_refused_by_name(arguments: dict[str, object], told: str) -> None:
    with pytest.raises(DeclarationError, match=told):
        Latency(**arguments)  # type: ignore[arg-type]  # what the checker refuses is what is tried here


def test_magnitudes_carry_their_unit_into_json() -> None:
    assert Latency(delay=seconds(1), jitter=ms(0.5)).parameters() == {
        "delay_ms": 1000.0,
        "jitter_ms": 0.5,
        "distribution": "uniform",
        "direction": "down",
        "ramp_ms": 0.0,
    }


def test_latency_is_told_in_a_few_words() -> None:
    assert str(Latency(delay=ms(250))) == "250 ms of latency towards the service"
    assert str(Latency(delay=seconds(2), jitter=ms(50), direction="up")) == "2 s +/- 50 ms of latency towards the server"


@pytest.mark.parametrize(
    "fault",
    [
        Latency(delay=ms(5)),
        Latency(delay=ms(5), jitter=ms(5), distribution="normal", ramp=ms(3), direction="up"),
    ],
    ids=str,
)
def test_it_keeps_what_every_fault_owes(fault: Latency) -> None:
    check_stream_fault(fault)


def held_ms(fault: Latency, *, seed: int = 1, number: int = 400, apart_ms: int = 1000) -> list[float]:
    """Return for how long chunks were held that arrive far apart."""
    flow, held = OneWay(armed_with(fault, seed=seed), direction=fault.direction), []
    for n in range(number):
        arrived_ns = n * apart_ms * NS_PER_MS
        flow.feed(b"x", arrived_ns)
        held += [(left_ns - arrived_ns) / NS_PER_MS for left_ns, _ in flow.run_out()] or [0.0]
        flow.take(arrived_ns)
    return held


def test_normal_jitter_is_spread_as_asked_and_repeats_with_its_seed() -> None:
    """Method: 400 draws; the standard deviation of their mean is a twentieth of that of one, and four of those are allowed."""
    fault = Latency(delay=ms(100), jitter=ms(20), distribution="normal")
    drawn = held_ms(fault)
    assert mean(drawn) == pytest.approx(100, abs=4)
    assert stdev(drawn) == pytest.approx(20, rel=0.2)
    assert sum(abs(held - 100) < 20 for held in drawn) == pytest.approx(0.683 * 400, abs=40)
    assert held_ms(fault) == drawn != held_ms(fault, seed=2)


def test_normal_jitter_never_makes_a_delay_negative() -> None:
    drawn = held_ms(Latency(delay=ms(10), jitter=ms(10), distribution="normal"))
    assert min(drawn) == 0
    assert max(drawn) > 25


def test_a_ramp_grows_in_a_straight_line_from_the_arming() -> None:
    flow = OneWay(Armed(1))
    armed = flow.talk.armed
    arm(armed, "ramp", Latency(delay=ms(100), ramp=ms(1000)), now_ns=2000 * NS_PER_MS)
    held = []
    for at_ms in (2000, 2250, 2500, 3000, 9000):
        flow.feed(b"x", at_ms * NS_PER_MS)
        held += [left_ns / NS_PER_MS - at_ms for left_ns, _ in flow.run_out()]
    assert held == [0, 25, 50, 100, 100]


def test_under_a_ramp_only_what_came_when_it_had_grown_is_looked_at() -> None:
    """Method: a ramp of 400 ms; half-way through it, half of the delay is there at least."""
    fault = Latency(delay=ms(100), ramp=ms(400))
    early = [look("edge_round_trip", took_ms=2, at_ms=at) for at in (0, 50, 100, 150)]
    late = [look("edge_round_trip", took_ms=70, at_ms=at) for at in (220, 300, 380)]
    assert seen(fault, trips(1), (*early, *late))[0] == 3
    assert seen(fault, trips(1), (*early, *(look("edge_round_trip", took_ms=40, at_ms=at) for at in (220, 300))))[0] == 0


def test_it_is_told_how_it_grows_and_spreads() -> None:
    fault = Latency(delay=ms(100), jitter=ms(10), distribution="normal", ramp=seconds(2))
    assert str(fault) == "100 ms +/- 10 ms (normal) of latency towards the service, reached within 2 s"


def test_it_is_seen_when_round_trips_take_as_long_as_it_holds_them() -> None:
    count, statement = told_by_client(Latency(delay=ms(250)), trips(1, 2, 3), (*trips(2, 252, 254, 256), path(3, 0)))
    assert (count, statement) == (3, "3 round trips took 254.0 ms at the median, against 2.0 ms before")


def test_it_is_not_seen_when_no_round_trip_took_that_long() -> None:
    assert told_by_client(Latency(delay=ms(250)), trips(1, 2), trips(2, 249.9)) == (0, "only 0 of 2 round trips took 250 ms or more")


def test_it_is_not_seen_when_nobody_looked() -> None:
    assert told_by_client(Latency(delay=ms(250)), trips(1, 2), ()) == (0, "only 0 of 0 round trips took 250 ms or more")


def test_jitter_lowers_what_counts_as_slow() -> None:
    during = trips(199, 200, 260)
    assert told_by_client(Latency(delay=ms(250), jitter=ms(50)), trips(1), during)[0] == 2
    assert told_by_client(Latency(delay=ms(250)), trips(1), during)[0] == 0


def test_jitter_as_wide_as_the_delay_can_still_be_seen() -> None:
    assert told_by_client(Latency(delay=ms(100), jitter=ms(100)), trips(1), trips(3, 60, 110, 190))[0] == 3


def test_a_single_slow_round_trip_is_no_evidence() -> None:
    """A machine that stood still for a moment looks like that too, also while the injector is disarmed."""
    assert told_by_client(Latency(delay=ms(50)), trips(1, 2), trips(1, 2, 1, 80, 2)) == (0, "only 1 of 5 round trips took 50 ms or more")


@pytest.mark.parametrize("before", [(), trips(300, 310), trips(1, 2, ok=False), (path(2, 0),), trips(1, 250, 300)])
def test_nobody_can_tell_without_health_to_compare_with(before: tuple[Sample, ...]) -> None:
    told = "round trips were as slow before the fault, or not measured, so nothing can be told apart"
    assert told_by_client(Latency(delay=ms(250)), before, trips(252, 254)) == (0, told)


def test_the_service_is_under_it_while_its_connections_go_this_way_and_no_other() -> None:
    told = "2 of 3 looks found the service's connections on this edge and none around it"
    assert reached(path(2, 0), path(0, 0), path(1, 0)) == (2, told)


def test_the_service_is_not_under_it_when_it_goes_another_way() -> None:
    count, statement = reached(path(2, 1), path(0, 1), path(0, 0))
    assert count == 0
    assert statement.startswith("only 0 of 3 looks found the service's connections on this edge and none around it, so what a client of the edge")


def test_one_look_that_found_the_service_on_the_edge_is_not_enough() -> None:
    """A service that mostly goes around the edge is mostly not slowed down."""
    assert reached(path(0, 1), path(1, 0))[0] == 0
    assert reached(path(0, 1), path(1, 0), path(1, 0))[0] == 2


def test_nobody_can_tell_which_way_the_service_goes_when_nobody_looked() -> None:
    assert reached() == (0, "nobody looked which way the service's connections go, so nobody can tell whether it was under the fault")


def test_a_round_trip_that_was_given_up_is_no_evidence_of_lateness() -> None:
    assert told_by_client(Latency(delay=ms(250)), trips(1, 2), trips(5000, ok=False))[0] == 0


def test_looks_of_other_probes_are_not_taken_for_round_trips() -> None:
    stranger = Sample(probe="edge_connect", began_ns=0, at_ns=seconds(9).ns, ok=True)
    assert told_by_client(Latency(delay=ms(250)), (*trips(1), stranger), (*trips(2), stranger)) == (0, "only 0 of 1 round trips took 250 ms or more")


@given(before=st.lists(st.floats(0, 600)), during=st.lists(st.floats(0, 600)), delay_ms=st.integers(1, 500), jitter_share=st.floats(0, 1))
def test_it_never_claims_more_than_the_round_trips_that_were_slow(
    before: list[float], during: list[float], delay_ms: int, jitter_share: float
) -> None:
    fault = Latency(delay=ms(delay_ms), jitter=Duration(int(delay_ms * jitter_share) * NS_PER_MS))
    floor_ns = max(fault.delay.ns - fault.jitter.ns, fault.delay.ns // 4)
    count, _ = told_by_client(fault, trips(*before), trips(*during))
    assert count in {0, sum(round(took * NS_PER_MS) >= floor_ns for took in during)}
    assert count == 0 or sum(round(took * NS_PER_MS) < floor_ns for took in before) * 2 >= len(before) > 0
