"""The plan's indicators, of one experiment and of a run."""

from __future__ import annotations

import pytest

from fraiseql_chaos.verdicts import Kpi, Verdict, kpis_of, run_kpis
from fraiseql_chaos.verdicts.kpis import KPIS
from histories import Scene, outage


def told(scene: Scene) -> dict[str, tuple[Verdict, float | None]]:
    return {kpi.name: (kpi.verdict, kpi.value) for kpi in kpis_of(scene.history())}


def whole() -> Scene:
    """An experiment that can tell everything: an outage of reads, mutations beside it, memory."""
    scene = Scene().load(350).fault(2000, 4000).answers(0, 2000).answers(2000, 2200, took_ms=5).errors(2200, 4000).answers(4000, 7000)
    for at_ms in range(0, 7000, 250):
        scene.memory(at_ms, 150)
    return scene.answers(0, 2000, name="create_user", every_ms=50).inventory().ready(1000, ok=True).ready(2500, ok=False)


def test_every_indicator_is_read_off_one_history() -> None:
    found = told(whole())

    assert list(found) == [indicator.name for indicator in KPIS]
    assert found["data_loss"] == ("held", 0.0)
    assert found["crash_rate"] == ("held", 0.0)
    assert found["memory"] == ("held", 150.0)
    assert found["error_clarity"] == ("held", 100.0)
    assert found["alert_accuracy"] == ("held", 100.0)
    assert found["recovery_time"][0] == "held"
    assert found["detection"][0] == "held"
    assert found["throughput"][0] == "violated"
    assert found["degradation"][0] == "inconclusive"


@pytest.mark.parametrize(
    ("name", "scene"),
    [
        ("recovery_time", Scene().load(450).fault(1000, 2000).answers(0, 1000).errors(1000, 8000).answers(8000, 9000)),
        ("data_loss", whole().inventory(times={345: 0, 350: 0, 351: 0})),
        ("crash_rate", outage().exit(2500)),
        ("degradation", Scene().load(350).fault(2000, 4000).answers(0, 2000).answers(2000, 4000, took_ms=40).answers(4000, 7000)),
        ("throughput", outage()),
        ("memory", outage().memory(0, 600)),
        ("detection", Scene().load(350).fault(2000, 4000).answers(0, 2000).hangs(2000, 4000).answers(4000, 9500)),
        ("alert_accuracy", outage().ready(500, ok=False)),
        ("error_clarity", Scene().load(350).fault(2000, 4000).answers(0, 2000).errors(2000, 4000, detail="Oops").answers(4000, 7000)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_indicator_can_miss_its_target(name: str, scene: Scene) -> None:
    assert told(scene)[name][0] == "violated"


def test_without_a_fault_no_indicator_can_tell() -> None:
    assert set(told(Scene().load(100).answers(0, 2000))) == {indicator.name for indicator in KPIS}
    assert {verdict for verdict, _ in told(Scene().load(100).answers(0, 2000)).values()} == {"inconclusive"}


def test_a_fault_without_evidence_says_nothing_about_behaviour_under_it() -> None:
    """But a lost write is lost, a dead process dead, and memory taken."""
    unseen = Scene().load(350).fault(2000, 4000, count=0).answers(0, 2000).errors(2000, 4000).answers(4000, 7000).memory(0, 900).exit(3000)
    found = told(unseen)

    assert (found["crash_rate"], found["memory"]) == (("violated", 100.0), ("violated", 900.0))
    assert {found[indicator.name] for indicator in KPIS if indicator.under_fault} == {("inconclusive", None)}


def test_where_nobody_was_touched_there_was_nothing_to_detect() -> None:
    slow = Scene().load(350).fault(2000, 4000, kind="latency").answers(0, 2000).answers(2000, 4000, took_ms=9).answers(4000, 7000)
    (detection,) = [kpi for kpi in kpis_of(slow.history()) if kpi.name == "detection"]

    assert detection.verdict == "inconclusive"
    assert detection.why == "all 100 requests during the fault were answered rightly, so there was nothing to detect"


def made(name: str, *values: tuple[Verdict, float | None]) -> dict[str, tuple[Kpi, ...]]:
    """Return one indicator of several experiments."""
    return {f"t.py::test_{n}": (Kpi(name=name, value=value, verdict=verdict, why=f"why {n}"),) for n, (verdict, value) in enumerate(values)}


def test_for_most_failures_means_more_than_half_of_those_that_can_tell() -> None:
    (most,) = run_kpis(made("recovery_time", ("held", 1.0), ("held", 2.0), ("violated", 9.0), ("inconclusive", None)))
    (half,) = run_kpis(made("recovery_time", ("held", 1.0), ("violated", 9.0)))

    assert (most.verdict, most.value, most.worst, most.shown) == ("held", 2.0, 9.0, "median")
    assert most.why == "met in 2 of 3; 1 cannot tell; test_2: why 2"
    assert (most.met_by, most.missed_by, most.unknown_by) == (("t.py::test_0", "t.py::test_1"), ("t.py::test_2",), ("t.py::test_3",))
    assert half.verdict == "violated"


def test_other_targets_must_be_met_by_every_experiment_and_the_worst_is_shown() -> None:
    (memory,) = run_kpis(made("memory", ("held", 120.0), ("violated", 640.0)))
    (throughput,) = run_kpis(made("throughput", ("held", 100.0), ("held", 81.0)))

    assert (memory.verdict, memory.value) == ("violated", 640.0)
    assert (throughput.verdict, throughput.value) == ("held", 81.0)


def test_what_never_happened_is_worse_than_any_value() -> None:
    (detection,) = run_kpis(made("detection", ("held", 0.1), ("violated", None)))
    (recovery,) = run_kpis(made("recovery_time", ("held", 1.0), ("violated", None), ("violated", None)))

    assert (detection.verdict, detection.value, detection.worst) == ("violated", None, None)
    assert (recovery.verdict, recovery.value) == ("violated", None)


def test_where_no_experiment_can_tell_it_says_why() -> None:
    (loss,) = run_kpis(made("data_loss", ("inconclusive", None), ("inconclusive", None)))

    assert (loss.verdict, loss.value, loss.why) == ("inconclusive", None, "no experiment can tell: why 0")


def test_a_run_of_before_there_were_indicators_has_none() -> None:
    assert run_kpis({"t.py::test_a": ()}) == ()
    assert run_kpis({}) == ()


def test_they_are_the_same_every_time() -> None:
    assert kpis_of(whole().history()) == kpis_of(whole().history())
