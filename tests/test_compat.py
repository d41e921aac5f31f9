"""The plan's names do what the plan says of them, on a real service."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest

from baselines_made import baseline, metric
from fraiseql_chaos import reference
from fraiseql_chaos.baselines import write_baseline
from fraiseql_chaos.baselines.naming import latency_metric
from fraiseql_chaos.compat import ChaosMetrics, ChaosTestCase, FailureScenario, chaos_inject, fault_tolerant
from fraiseql_chaos.core import Duration, ms, seconds
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.experiment import FAILURE_TYPES, Inconclusive, Recording
from fraiseql_chaos.layers.server.faults import Stop
from fraiseql_chaos.layers.stream.faults import Latency, Refuse
from fraiseql_chaos.verdicts import Expectation, availability, latency_within, recovers_within, slowdown
from histories import Scene, outage

pytest_plugins = ["pytester"]

RUN_WITHIN_S = 300
"""No promise: a busy machine takes ten times as long as a quiet one, and what hangs should still end some day."""

THE_PLANS_OWN = """
from fraiseql_chaos.compat import ChaosTestCase, chaos_inject

class TestDatabaseChaos(ChaosTestCase):
    @chaos_inject(
        failure_type="network_latency",
        duration=30,
        latency_ms=500
    )
    def test_query_with_db_latency(self):
        metrics = self.run_queries(count=100)
        self.assert_within_baseline(metrics, tolerance=2.0)  # 2x baseline acceptable
        self.assert_recovery_time(max_ms=5000)
"""

TOLERANT = """
from fraiseql_chaos.compat import ChaosTestCase, chaos_inject, fault_tolerant

class TestTolerance(ChaosTestCase):
    @chaos_inject("network_latency", duration=30, latency_ms=20)
    @fault_tolerant(success_rate=0.95, recovery_ms=2000)
    def test_it(self):
        metrics = self.run_queries(count=1000)
        assert metrics.during.requests < 100
        self.assert_within_baseline(metrics, tolerance=1000)
"""


def test_the_plans_own_example_runs_as_written_and_says_why_it_cannot_hold(pytester: pytest.Pytester) -> None:
    """
    500 ms on each way back are real, so no service stays within twice its healthy time, and the message says so in numbers.

    Method: a project with the plan's example to the letter, shortened by --chaos-duration; beside it one whose tolerances can be kept.
    """
    pytester.makepyfile(test_plan=THE_PLANS_OWN, test_tolerance=TOLERANT)
    result = pytester.runpytest_subprocess(
        "-p", "xdist", "-n", "2", "--strict-markers", "--chaos-seed=3", "--chaos-duration=1.5", "--chaos-json=run.json", timeout=RUN_WITHIN_S
    )
    result.assert_outcomes(failed=1, passed=1)
    shown = result.stdout.str()
    assert "violated: test_plan.py::TestDatabaseChaos::test_query_with_db_latency" in shown
    told = re.search(
        r"took (?P<during>\S+ m?s) during the fault and (?P<before>\S+ m?s) before it, (?P<factor>\S+) times as long; 2 times, or", shown
    )
    assert told is not None
    assert float(told["factor"]) > 2
    assert (
        "The fault alone adds 500 ms to each answer that crosses the network once, so no service that asks its database can stay within 2 times"
        in shown
    )
    assert "choose a tolerance above" in shown

    plan, tolerant = json.loads((pytester.path / "run.json").read_text(encoding="utf-8"))["experiments"]
    (fault,) = plan["faults"]
    assert (fault["type"], fault["failure_type"], fault["parameters"]["delay_ms"]) == ("latency", "network_latency", 500)
    assert 1.1 <= fault["healed_at_s"] - fault["armed_at_s"] < 4, "1.5 s, and what a busy machine adds; the queries alone would take 5 s"
    assert [finding["verdict"] for finding in plan["findings"] if finding["expectation"]["kind"] == "slowdown"] == ["violated"]
    assert tolerant["verdict"] == "held"
    assert {"availability", "recovers_within", "slowdown"} <= {asked["kind"] for asked in tolerant["expectations"]}


ENDURED = """
from fraiseql_chaos.compat import ChaosTestCase, chaos_inject

class TestIt(ChaosTestCase):
    @chaos_inject("network_latency", duration=30, latency_ms=200)
    def test_it(self):
        self.assert_within_baseline(self.run_queries(count=40), tolerance=2.0)
"""


@pytest.mark.parametrize(
    ("health_ms", "options", "verdict", "said"),
    [
        (10_000.0, ["--foreign-baseline"], "held", "FOREIGN baseline of 2026-01-02T03:04:05+00:00: machine 0123456789abcdef, not "),
        (1.0, ["--foreign-baseline"], "violated", "times as long as in the baseline"),
        (10_000.0, [], "", "is no yardstick for this run: machine 0123456789abcdef, not "),
    ],
    ids=["within it", "beyond it", "foreign"],
)
def test_the_yardstick_of_a_run_is_the_one_that_it_was_given(
    pytester: pytest.Pytester, health_ms: float, options: list[str], verdict: str, said: str
) -> None:
    """
    ``--baseline`` decides what counts as health, and is refused or said aloud where it is foreign.

    Method: a fault that makes every answer take many times as long as in the same run before it, so that without a baseline the promise is broken; a
    baseline of a service that takes ten seconds in health, and of one that takes a millisecond.
    """
    names = [latency_metric(operation.name) for operation in reference.RING]
    write_baseline(pytester.path / "b.json", baseline(*(metric(name, [health_ms * (1 + n / 1000) for n in range(5)]) for name in names)))
    pytester.makepyfile(test_it=ENDURED)
    result = pytester.runpytest_subprocess("--baseline=b.json", "--chaos-json=run.json", "--chaos-seed=3", "-v", *options, timeout=RUN_WITHIN_S)
    assert said in result.stdout.str()
    result.assert_outcomes(passed=verdict == "held", failed=verdict == "violated", errors=not verdict)
    if verdict:
        (experiment,) = json.loads((pytester.path / "run.json").read_text(encoding="utf-8"))["experiments"]
        assert experiment["verdict"] == verdict
        assert [asked["kind"] for asked in experiment["expectations"]] == ["latency_within"]
        assert experiment["baseline"]["machine"] == "0123456789abcdef"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ('failure_type="solar_flare", duration=3', f"unknown failure type 'solar_flare'; allowed are {', '.join(sorted(FAILURE_TYPES))}"),
        ('failure_type="network_latencies", duration=3', "did you mean 'network_latency'?"),
        ('failure_type="network_latency", duration=3, latency=5', "network_latency has no option 'latency'"),
        ('failure_type="network_latency", duration=3', "option 'latency_ms' is missing"),
        ('failure_type="network_latency", duration=0, latency_ms=5', "duration=0: a number of seconds above 0"),
        ('failure_type="network_latency", duration="3s", latency_ms=5', "duration='3s': a number of seconds above 0"),
    ],
)
def test_a_failure_without_meaning_fails_at_collection(pytester: pytest.Pytester, arguments: str, said: str) -> None:
    """With the names that are allowed, and before anything starts."""
    pytester.makepyfile(
        f"from fraiseql_chaos.compat import ChaosTestCase, chaos_inject\n\nclass TestIt(ChaosTestCase):\n    @chaos_inject({arguments})\n"
        "    def test_it(self): ..."
    )
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(errors=1)
    assert said in result.stdout.str()
    assert not (pytester.path / ".chaos").exists()


@pytest.fixture(autouse=True)
def _only_our_plugin(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001  it clears what is set here
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p fraiseql_chaos.pytest_plugin -p no:cacheprovider")


def test_a_scenario_means_a_fault() -> None:
    latency = FailureScenario(failure_type="network_latency", duration=3, options={"latency_ms": 20, "jitter_ms": 5, "direction": "up"})
    assert latency.fault() == Latency(delay=ms(20), jitter=ms(5), direction="up")
    assert FailureScenario(failure_type="database_unavailable", duration=0.5).fault() == Refuse()
    assert FailureScenario(failure_type="database_unavailable", duration=1, options={"mode": "crash"}).fault() == Stop(mode="crash")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"duration": -1}, "duration=-1: a number of seconds above 0"),
        ({"duration": True}, "duration=True: a number of seconds above 0"),
        ({"duration": float("nan")}, "duration=nan: a number of seconds above 0"),
        ({"duration": float("inf")}, "finite"),
        ({"target": "moon"}, "target='moon': there is 'database'"),
        ({"failure_type": "network"}, "unknown failure type 'network'"),
        ({"options": {"latency_ms": "20"}}, "'latency_ms' takes a number of milliseconds, not '20'"),
        ({"options": {"latency_ms": 20, "direction": "left"}}, "left"),
    ],
)
def test_a_scenario_without_meaning_is_refused(fields: dict[str, object], said: str) -> None:
    """Nothing was armed, and the message says what was wrong."""
    sound: dict[str, object] = {"failure_type": "network_latency", "duration": 3, "options": {"latency_ms": 20}}
    with pytest.raises(DeclarationError, match=re.escape(said)):
        FailureScenario(**(sound | fields))  # type: ignore[arg-type]  # that is what is tested


def test_failures_and_tolerances_are_declared_on_the_test() -> None:
    """Several failures add up; each marks the test, so that -m selects it."""

    @fault_tolerant(success_rate=0.9, recovery_ms=1500)
    @chaos_inject("network_latency", duration=3, latency_ms=20)
    @chaos_inject("database_unavailable", duration=2)
    def test() -> None: ...

    declared = [(scenario.failure_type, scenario.duration) for scenario in test.__chaos_scenarios__]  # type: ignore[attr-defined]  # set by the decorators
    assert declared == [("database_unavailable", 2), ("network_latency", 3)]
    assert test.__chaos_tolerances__ == (availability(at_least=0.9), recovers_within(ms(1500)))  # type: ignore[attr-defined]  # see above
    assert [mark.args for mark in test.pytestmark] == [("database_unavailable",), ("network_latency",)]  # type: ignore[attr-defined]  # see above


@pytest.mark.parametrize(
    "promise",
    [
        fault_tolerant,
        lambda: fault_tolerant(success_rate=95),
        lambda: fault_tolerant(success_rate=-0.1),
        lambda: fault_tolerant(recovery_ms=-5),
        lambda: fault_tolerant(recovery_ms=float("nan")),
    ],
    ids=["nothing", "percent", "negative share", "negative time", "not a number"],
)
def test_a_tolerance_without_meaning_is_refused_at_once(promise: Callable[[], object]) -> None:
    with pytest.raises(DeclarationError):
        promise()


@pytest.mark.parametrize("count", [0, -1, 2.5, True, "100"])
def test_a_count_of_queries_without_meaning_is_refused(count: object) -> None:
    with pytest.raises(DeclarationError, match="is not a number of queries; nothing was sent"):
        ChaosTestCase().run_queries(count)  # type: ignore[arg-type]  # that is what is tested


@pytest.mark.parametrize(("count", "armed_s"), [(100, 5), (1000, 30), (1, 0.05)])
def test_a_fault_is_armed_until_the_queries_are_done_and_at_most_for_its_duration(count: int, armed_s: float) -> None:
    """At 20 queries a second; of several failures the shortest ends the window of all."""
    asked: list[Duration] = []

    class Case(ChaosTestCase):
        async def _asked(self, window: Duration) -> Recording:
            asked.append(window)
            return Recording(outage().history(), lambda *_: None)

    case = Case()
    case._tolerances = ()
    case._scenarios = tuple(FailureScenario(failure_type="database_unavailable", duration=duration) for duration in (30, 40))
    case.run_queries(count)
    assert asked == [seconds(armed_s)]


def test_the_yardstick_is_the_classs_baseline_and_without_one_the_runs_own_health() -> None:
    """A baseline of another machine is none, and the verdict says so."""
    asked: list[tuple[Expectation, ...]] = []

    class Case(ChaosTestCase):
        async def _asked(self, window: Duration) -> Recording:
            assert window == seconds(0.5)
            scene = Scene().load(350).fault(2000, 4000, kind="latency").answers(0, 2000).answers(2000, 4000, took_ms=5).answers(4000, 7000)
            return Recording(scene.history(), lambda _history, expectations, _judgement, _measures: asked.append(expectations))

    class Compared(Case):
        baseline = baseline()

    for case in (Case(), Compared()):
        case._yardstick, case._foreign = case.baseline, False
        case._tolerances, case._scenarios = (), (FailureScenario(failure_type="network_latency", duration=2, options={"latency_ms": 5}),)
        metrics = case.run_queries(10)
        if case.baseline is None:
            case.assert_within_baseline(metrics)
            case.assert_recovery_time()
        else:
            with pytest.raises(Inconclusive, match="the baseline is of something else"):
                case.assert_within_baseline(metrics)
    assert asked == [
        (slowdown(at_most=2.0),),
        (slowdown(at_most=2.0), recovers_within(seconds(5))),
        (latency_within(baseline(), 2.0),),
    ]


def test_nothing_can_be_asserted_before_it_was_measured() -> None:
    """Nor of other numbers than those that were measured last."""
    case = ChaosTestCase()
    case._recording = None
    with pytest.raises(DeclarationError, match=re.escape("call run_queries() first")):
        case.assert_recovery_time(max_ms=5000)


def test_the_plans_metrics_are_the_ones_of_the_verdicts() -> None:
    """No second implementation of the same numbers."""
    assert ChaosMetrics.__module__ == "fraiseql_chaos.verdicts.metrics"
