"""
The plan's own names, as thin faces of what is underneath.

    class TestDatabaseChaos(ChaosTestCase):
        @chaos_inject(failure_type="network_latency", duration=30, latency_ms=500)
        def test_query_with_db_latency(self):
            metrics = self.run_queries(count=100)
            self.assert_within_baseline(metrics, tolerance=2.0)
            self.assert_recovery_time(max_ms=5000)

Nothing here is simulated: ``run_queries`` asks the real service while the real fault is armed, and the two assertions judge the recorded
history. New tests are better written with the fixtures ``service``, ``chaos`` and ``load``; these names are for tests that exist.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import ClassVar, Final

import pytest

from fraiseql_chaos.baselines import Baseline
from fraiseql_chaos.core import Duration, JsonScalar, Rate, ms, per_second, seconds
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.experiment import Chaos, Load, Recording, Service, fault_from_options
from fraiseql_chaos.plan import Fault
from fraiseql_chaos.verdicts import ChaosMetrics, Expectation, availability, latency_within, recovers_within, slowdown

__all__ = ["ChaosMetrics", "ChaosTestCase", "FailureScenario", "chaos_inject", "fault_tolerant"]

BEFORE: Final = seconds(2)
"""How long the service is asked in health first: the yardstick of ``assert_within_baseline`` where there is no baseline."""

AFTER: Final = seconds(3)
"""How long it is asked after the fault: what ``assert_recovery_time`` looks at, on top of the time it allows."""

_SCENARIOS: Final = "__chaos_scenarios__"
_TOLERANCES: Final = "__chaos_tolerances__"


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureScenario:
    """
    A failure in the plan's words.

    Args:
        failure_type: One of ``FAILURE_TYPES``, as in ``network_latency``.
        duration: How long the fault stays armed at most, in seconds; it heals sooner when the queries are done.
        options: The magnitudes that the failure type takes, units in the names, as in ``{"latency_ms": 500}``.
        target: What it acts on.
        expected: What the service should do, in words, for whoever reads the test; it is not judged.

    Raises:
        DeclarationError: If one of them is not allowed; nothing was armed.
    """

    failure_type: str
    duration: float
    options: dict[str, JsonScalar] = field(default_factory=dict)
    target: str = "database"
    expected: str = ""

    def __post_init__(self) -> None:
        if isinstance(self.duration, bool) or not isinstance(self.duration, int | float) or not self.duration > 0:
            raise DeclarationError(f"duration={self.duration!r}: a number of seconds above 0; nothing was armed")
        seconds(self.duration)
        if self.target != "database":
            raise DeclarationError(f"target={self.target!r}: there is 'database'; nothing was armed")
        self.fault()

    def fault(self) -> Fault:
        """Return the fault it means."""
        return fault_from_options(self.failure_type, self.options)


def chaos_inject[F: Callable[..., object]](failure_type: str, duration: float, **options: JsonScalar) -> Callable[[F], F]:
    """
    Declare a failure for the queries that a test method of a ``ChaosTestCase`` runs.

    Args:
        failure_type: One of ``FAILURE_TYPES``.
        duration: Seconds that the fault stays armed at most.
        options: The failure type's own magnitudes, as in ``latency_ms=500``.

    Raises:
        DeclarationError: At once, if something is not allowed.
    """
    scenario = FailureScenario(failure_type=failure_type, duration=duration, options=options)

    def declare(test: F) -> F:
        setattr(test, _SCENARIOS, (*getattr(test, _SCENARIOS, ()), scenario))
        marked: F = pytest.mark.failure_type(failure_type)(test)
        return marked

    return declare


def fault_tolerant[F: Callable[..., object]](*, success_rate: float | None = None, recovery_ms: float | None = None) -> Callable[[F], F]:
    """
    Declare what every run of queries in a test method must tolerate, on top of what the method asserts.

    Args:
        success_rate: The least share of queries that must succeed, from 0 to 1.
        recovery_ms: How long after the fault the first lasting success may take, in milliseconds.

    Raises:
        DeclarationError: At once, if neither is given, or one has no meaning.
    """
    tolerances: list[Expectation] = []
    if success_rate is not None:
        tolerances.append(availability(at_least=success_rate))
    if recovery_ms is not None:
        tolerances.append(recovers_within(ms(recovery_ms)))
    if not tolerances:
        raise DeclarationError("fault_tolerant() promises nothing: give success_rate=, recovery_ms= or both; nothing was judged")

    def declare(test: F) -> F:
        setattr(test, _TOLERANCES, tuple(tolerances))
        return test

    return declare


class ChaosTestCase:
    """A base for test classes in the plan's style; see the head of this file."""

    rate: ClassVar[Rate] = per_second(20)
    """How often ``run_queries`` asks: slow enough for a laptop, often enough for a percentile."""

    baseline: ClassVar[Baseline | None] = None
    """
    What ``assert_within_baseline`` compares with, as ``read_baseline(path)`` returns it. If None, it is the baseline that the run was given with ``--baseline``; without
    one, the same run's health before the failure.
    """

    @pytest.fixture(autouse=True)
    def _chaos_bench(self, request: pytest.FixtureRequest, service: Service, chaos: Chaos, load: Load) -> None:
        self._service, self._chaos, self._load = service, chaos, load
        self._scenarios: tuple[FailureScenario, ...] = getattr(request.function, _SCENARIOS, ())
        self._tolerances: tuple[Expectation, ...] = getattr(request.function, _TOLERANCES, ())
        self._recording: Recording | None = None
        self._yardstick, self._foreign = self.baseline, False
        if self.baseline is None and request.config.getoption("--baseline") is not None:
            # The fixture refuses a foreign one, unless the run allows it, and has the report say which one it was.
            self._yardstick, self._foreign = request.getfixturevalue("baseline"), request.config.getoption("--foreign-baseline")

    def run_queries(self, count: int = 100) -> ChaosMetrics:
        """
        Ask the service before, while and after the declared failures.

        Args:
            count: How many queries are due while the failures are armed; fewer if the failures' duration ends first.

        Returns:
            What was measured, per phase; the assertions judge the same record.
        """
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise DeclarationError(f"run_queries: count={count!r} is not a number of queries; nothing was sent")
        wanted = Duration(round(count / self.rate.per_s * 1e9))
        window = min([wanted, *(seconds(scenario.duration) for scenario in self._scenarios)])
        self._recording = asyncio.run(self._asked(window))
        if self._tolerances:
            self._recording.require(*self._tolerances)
        return self._recording.metrics

    def assert_within_baseline(self, metrics: ChaosMetrics, tolerance: float = 2.0) -> None:
        """
        Assert that the median query took at most ``tolerance`` times as long during the failure as in health.

        Health is the class's ``baseline``, or the one named by ``--baseline``, measured on this machine and service; without one it is the same run before the failure.

        Raises:
            Violated: If it took longer; against the run's own health the message says what the failure alone adds.
            Inconclusive: If nobody can tell, for example because the baseline is of another machine.
        """
        yardstick = self._yardstick
        self._of(metrics).require(slowdown(at_most=tolerance) if yardstick is None else latency_within(yardstick, tolerance, foreign=self._foreign))

    def assert_recovery_time(self, max_ms: float = 5000) -> None:
        """
        Assert that queries succeed again, for good, within so many milliseconds after the failure.

        Raises:
            Violated: If they do not.
        """
        self._of(None).require(recovers_within(ms(max_ms)))

    async def _asked(self, window: Duration) -> Recording:
        async with _all_declared(self._chaos, self._scenarios, self._service, window):
            return await self._load.open_loop(self._service.reads, rate=self.rate, lasting=BEFORE + window + AFTER)

    def _of(self, metrics: ChaosMetrics | None) -> Recording:
        if self._recording is None or (metrics is not None and metrics is not self._recording.metrics):
            raise DeclarationError("assert what was measured last: call run_queries() first, and pass what it returned")
        return self._recording


@asynccontextmanager
async def _all_declared(chaos: Chaos, scenarios: tuple[FailureScenario, ...], service: Service, window: Duration) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        for scenario in scenarios:
            await stack.enter_async_context(chaos(scenario.fault(), on=service.database, between=(BEFORE, BEFORE + window)))
        yield
