"""From declarations to timed steps, and what may not be declared together."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraiseql_chaos.core import Duration, ms, seconds
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.layers.server.faults import Stop
from fraiseql_chaos.layers.stream.faults import Latency, Refuse
from fraiseql_chaos.plan import Declaration, Fault, Window, make_plan, stretch

SLOW = Latency(delay=ms(250))


def during(begin_ns: int, end_ns: int, fault: Fault = SLOW, target: str = "database") -> Declaration:
    return Declaration(fault=fault, target=target, window=Window(begin=Duration(begin_ns), end=Duration(end_ns)))


def bounds(declarations: tuple[Declaration, ...]) -> list[tuple[int, int]]:
    return [(d.window.begin.ns, d.window.end.ns) for d in declarations if d.window is not None]


@st.composite
def any_windows(draw: st.DrawFn) -> list[Declaration]:
    pairs = draw(st.lists(st.tuples(st.integers(0, 12), st.integers(1, 6)), max_size=6))
    return [during(begin, begin + length) for begin, length in pairs]


@st.composite
def apart(draw: st.DrawFn) -> list[Declaration]:
    """Windows that follow each other, perhaps without a gap, declared in any order."""
    now, windows = 0, []
    for gap, length in draw(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 9)), min_size=1, max_size=6)):
        windows.append(during(now + gap, now + gap + length))
        now += gap + length
    return draw(st.permutations(windows))


@given(any_windows())
def test_every_arm_has_its_heal_and_time_runs_forward(declarations: list[Declaration]) -> None:
    steps = make_plan(declarations, seed=1).steps
    for fault_id in {step.planned.fault_id for step in steps}:
        assert [step.action for step in steps if step.planned.fault_id == fault_id] == ["arm", "heal"]
    assert len(steps) == 2 * len(declarations)
    assert all(one.at_ns <= other.at_ns for one, other in pairwise(steps))


@given(any_windows())
def test_at_the_same_instant_faults_heal_before_others_are_armed(declarations: list[Declaration]) -> None:
    steps = make_plan(declarations, seed=1).steps
    assert [(one, other) for one, other in pairwise(steps) if one.at_ns == other.at_ns and (one.action, other.action) == ("arm", "heal")] == []


def test_one_outage_may_follow_another_without_a_gap() -> None:
    plan = make_plan([during(2, 4, Stop()), during(1, 2, Refuse())], seed=1)
    assert [(s.at_ns, s.action, s.planned.fault_id) for s in plan.steps] == [
        (1, "arm", "1-refuse"),
        (2, "heal", "1-refuse"),
        (2, "arm", "0-stop"),
        (4, "heal", "0-stop"),
    ]


def test_fault_that_a_guard_arms_is_planned_but_has_no_steps() -> None:
    plan = make_plan([Declaration(fault=SLOW, target="database")], seed=7)
    assert (plan.seed, [planned.fault_id for planned in plan.faults], plan.steps) == (7, ["0-latency"], ())


def named(*declarations: Declaration) -> list[str]:
    return [planned.dice_name for planned in make_plan(declarations, seed=1).faults]


def test_dice_are_called_by_what_the_fault_is() -> None:
    assert named(during(1, 2, Stop(mode="crash"))) == ['database/stop{"mode":"crash"}#0']


def test_dice_keep_their_name_whenever_the_fault_is_armed() -> None:
    assert named(during(1, 2)) == named(during(3, 9)) == named(Declaration(fault=SLOW, target="database"))


@given(st.lists(st.sampled_from((1, 2, 3)), min_size=1, max_size=5), st.data())
def test_a_neighbour_renames_nobodys_dice(delays_ms: list[int], data: st.DataObject) -> None:
    """Whatever is declared beside them, and wherever; and all have dice of their own."""
    alone = [during(1, 2, Latency(delay=ms(delay_ms))) for delay_ms in delays_ms]
    neighbour = data.draw(st.sampled_from((during(1, 2, SLOW), during(5, 6, Refuse()), during(1, 2, alone[0].fault, target="cache"))))
    place = data.draw(st.integers(0, len(alone)))
    together = named(*alone[:place], neighbour, *alone[place:])
    assert len(set(together)) == len(together)
    assert together[:place] + together[place + 1 :] == named(*alone)


def test_identical_faults_are_told_apart_by_their_rank() -> None:
    assert [name.rpartition("#")[2] for name in named(during(1, 2), during(5, 6, Refuse()), during(3, 4))] == ["0", "0", "1"]


def test_every_attempt_has_dice_of_its_own() -> None:
    """The first one's are called as if there were no other, so that a replay meets them."""
    declarations = [during(1, 2), during(3, 4)]
    tried = [[planned.dice_name for planned in make_plan(declarations, seed=1, attempt=attempt).faults] for attempt in (1, 2, 3)]
    assert tried[0] == named(*declarations)
    assert len({name for names in tried for name in names}) == 6


def test_faults_of_one_kind_have_ids_of_their_own() -> None:
    plan = make_plan([during(1, 2), during(1, 2), during(2, 3, Refuse())], seed=1)
    assert [planned.fault_id for planned in plan.faults] == ["0-latency", "1-latency", "2-refuse"]


def test_declared_event_tells_everything_about_a_fault() -> None:
    (planned,) = make_plan([during(1_000, 5_000, Latency(delay=ms(250), jitter=ms(50), direction="up"))], seed=1).faults
    event = planned.event()
    assert (event.fault, event.kind, event.failure_type, event.layer, event.fidelity) == ("0-latency", "latency", "network_latency", "stream", "wire")
    assert (event.target, event.arm_at_ns, event.heal_at_ns) == ("database", 1_000, 5_000)
    assert event.parameters == {
        "delay_ms": 250.0,
        "jitter_ms": 50.0,
        "distribution": "uniform",
        "direction": "up",
        "ramp_ms": 0.0,
    }
    assert event.description == "250 ms +/- 50 ms of latency towards the server"


def test_declared_event_of_a_guarded_fault_has_no_times() -> None:
    (planned,) = make_plan([Declaration(fault=Refuse(), target="database")], seed=1).faults
    assert (planned.event().arm_at_ns, planned.event().heal_at_ns) == (None, None)


@pytest.mark.parametrize(
    ("one", "other", "silent", "muted"),
    [
        (during(1, 3, Refuse()), during(2, 4), "refuse", "latency"),
        (during(1, 3), during(2, 4, Refuse()), "refuse", "latency"),
        (during(1, 3, Stop()), during(2, 4, Refuse()), "stop", "refuse"),
        (Declaration(fault=Refuse(), target="database"), during(2, 4), "refuse", "latency"),
        (Declaration(fault=Stop(), target="database"), Declaration(fault=SLOW, target="database"), "stop", "latency"),
    ],
)
def test_fault_that_another_would_keep_from_acting_is_refused(one: Declaration, other: Declaration, silent: str, muted: str) -> None:
    told = (
        f"while '{silent}' is armed nothing reaches 'database', so '{muted}' on the same target could not act; "
        "let their windows follow each other, or aim them at different targets; nothing was armed"
    )
    with pytest.raises(DeclarationError, match=told):
        make_plan([one, other], seed=1)


@pytest.mark.parametrize(
    "declarations",
    [
        [during(1, 3), during(2, 4)],
        [during(1, 2, Refuse()), during(2, 4)],
        [during(1, 3, Refuse()), during(2, 4, SLOW, target="cache")],
        [],
    ],
)
def test_faults_that_leave_each_other_room_are_planned(declarations: list[Declaration]) -> None:
    assert len(make_plan(declarations, seed=1).faults) == len(declarations)


@given(declarations=apart(), after=st.integers(0, 9), to=st.integers(1, 20))
def test_stretch_keeps_order_and_distances(declarations: list[Declaration], after: int, to: int) -> None:
    """Before the first window, between each two, and after the last, as much time passes as before."""
    last_ns = max(end for _, end in bounds(tuple(declarations)))
    stretched, lasting = stretch(declarations, lasting=Duration(last_ns + after), to=Duration(to))

    def gaps(windows: list[tuple[int, int]], lasting_ns: int) -> list[int]:
        ordered = [(0, 0), *sorted(windows), (lasting_ns, lasting_ns)]
        return [later[0] - earlier[1] for earlier, later in pairwise(ordered)]

    assert {end - begin for begin, end in bounds(stretched)} == {to}
    assert gaps(bounds(stretched), lasting.ns) == gaps(bounds(tuple(declarations)), last_ns + after)
    order = sorted(range(len(declarations)), key=lambda n: bounds(tuple(declarations))[n])
    assert sorted(range(len(declarations)), key=lambda n: bounds(stretched)[n]) == order


@given(declarations=any_windows(), to=st.integers(1, 20))
def test_stretch_never_reverses_windows_that_overlap(declarations: list[Declaration], to: int) -> None:
    stretched, lasting = stretch(declarations, lasting=Duration(30), to=Duration(to))
    begins = [pair[0] for _, pair in sorted(zip(bounds(tuple(declarations)), bounds(stretched), strict=True))]
    assert begins == sorted(begins)
    assert all(end <= lasting.ns for _, end in bounds(stretched))


def test_windows_that_overlap_move_together() -> None:
    stretched, lasting = stretch([during(1, 5), during(2, 6), during(8, 9)], lasting=Duration(12), to=Duration(2))
    assert (bounds(stretched), lasting.ns) == ([(1, 3), (2, 4), (6, 8)], 11)


def test_window_within_another_does_not_end_it() -> None:
    stretched, lasting = stretch([during(1, 9), during(2, 4), during(6, 7), during(10, 11)], lasting=Duration(12), to=Duration(2))
    assert (bounds(stretched), lasting.ns) == ([(1, 3), (2, 4), (6, 8), (9, 11)], 12)


def test_faults_that_share_a_window_still_do() -> None:
    stretched, lasting = stretch([during(1, 3), during(1, 3), during(5, 6)], lasting=Duration(10), to=Duration(4))
    assert (bounds(stretched), lasting.ns) == ([(1, 5), (1, 5), (7, 11)], 15)


def test_stretch_leaves_faults_without_a_window_and_the_load_alone() -> None:
    guarded = Declaration(fault=Refuse(), target="database")
    assert stretch([guarded], lasting=seconds(6), to=seconds(1)) == ((guarded,), seconds(6))


def test_stretch_to_nothing_is_refused() -> None:
    with pytest.raises(DeclarationError, match="must end after it begins"):
        stretch([during(1, 3)], lasting=seconds(6), to=Duration(0))
