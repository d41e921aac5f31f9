"""
One metric of a baseline: the value of each repetition, and what follows from them.

    samples of repetition 1 -- median or rate --> x1 --+
    samples of repetition 2 -- median or rate --> x2 --+--> mean, deviation, variation, 95 % interval; noisy or not
    ...                                                |
    all samples, pooled ---- percentiles with their distribution-free intervals

The repetition is the unit of everything that is compared. Requests of one repetition meet the same state of the machine, so a thousand of
them are not a thousand independent measurements; ten repetitions, each begun anew, come close to being ten. The pooled percentiles describe
the shape of the distribution, and nothing is decided by them.

A metric that repeats worse than its limit is *noisy*. That is said and never hidden: it keeps its values and its measured variation, and
whoever compares it sees an interval as wide as it is.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal, Self

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.stats import percentile

__all__ = ["Better", "Estimate", "Metric", "Spread"]

type Better = Literal["lower", "higher", "neither"]
"""Which way of moving is an improvement."""

LEAST_REPETITIONS: Final = 2
"""One value has no variation."""

PERCENTILES: Final = (("p50", 50.0), ("p95", 95.0), ("p99", 99.0))
"""Those that pooled samples are summed up by."""

CONFIDENCE: Final = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """
    A percentile of the pooled samples with its 95 % interval, in the metric's unit.

    Attributes:
        value: The percentile, by the nearest rank.
        low, high: The interval's ends; None where the samples are too few to give one.
    """

    value: float
    low: float | None
    high: float | None

    def __post_init__(self) -> None:
        low, high = (self.value if end is None else end for end in (self.low, self.high))
        if not all(map(math.isfinite, (low, self.value, high))) or not low <= self.value <= high:
            raise DeclarationError(f"{self.value!r} does not lie in its interval from {self.low!r} to {self.high!r}; nothing was kept")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """
    What follows from the values of the repetitions, in their unit.

    Attributes:
        mean: Their mean.
        sd: Their standard deviation, of the sample (n - 1).
        cv: Their coefficient of variation, ``sd / mean``; 0 where all are 0.
        interval95: The 95 % interval of the mean by Student's t, which takes the repetitions to be independent and roughly normal.
    """

    mean: float
    sd: float
    cv: float
    interval95: tuple[float, float]

    @classmethod
    def of(cls, repetitions: Sequence[float]) -> Self:
        """
        Sum up the repetitions.

        Args:
            repetitions: At least two finite values, none below 0.

        Raises:
            DeclarationError: If they are not that.

        Source:
            NIST/SEMATECH e-Handbook of Statistical Methods, section 1.3.5.2, Confidence Limits for the Mean.
        """
        if len(repetitions) < LEAST_REPETITIONS:
            raise DeclarationError(f"{len(repetitions)} repetitions have no variation; at least {LEAST_REPETITIONS} are needed; nothing was kept")
        for value in repetitions:
            if not math.isfinite(value) or value < 0:
                raise DeclarationError(f"a repetition is a finite number of at least 0, not {value!r}; nothing was kept")
        from scipy.special import stdtrit  # noqa: PLC0415  half a second, which everybody who reads a verdict would pay; only a new metric needs it

        mean, sd = statistics.fmean(repetitions), statistics.stdev(repetitions)
        reach = float(stdtrit(len(repetitions) - 1, (1 + CONFIDENCE) / 2)) * sd / math.sqrt(len(repetitions))
        return cls(mean=mean, sd=sd, cv=sd / mean if mean else 0.0, interval95=(mean - reach, mean + reach))


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """
    One thing that was measured, repetition by repetition; make one with ``Metric.of``.

    Attributes:
        name: Dotted, from the group to the statistic: ``query.by_id.c1.latency_p50``.
        group: One of the plan's groups: ``queries``, ``pool``, ``authentication``, ``pipeline``, ``resources``.
        what: What it is, for people.
        unit: Of everything below, as in ``ms`` or ``1/s``.
        better: Which way of moving is an improvement.
        repetitions: One value a repetition, in the order measured.
        mean, sd, cv, interval95: What follows from them; see ``Spread``.
        percentiles: Of the pooled samples, by name (``p50``, ``p95``, ``p99``); empty where a repetition is not made of samples.
        samples: How many samples there were in all; as many as repetitions where each is one value.
        limit: The variation (``cv``) up to which it counts as repeatable.
        noisy: Whether it varied more.
    """

    name: str
    group: str
    what: str
    unit: str
    better: Better
    repetitions: tuple[float, ...]
    mean: float
    sd: float
    cv: float
    interval95: tuple[float, float]
    percentiles: Mapping[str, Estimate] = field(default_factory=lambda: MappingProxyType({}))
    samples: int
    limit: float
    noisy: bool

    def __post_init__(self) -> None:
        if not self.name or not self.unit:
            raise DeclarationError("a metric has a name and a unit; nothing was kept")
        if not 0 < self.limit < 1:
            raise DeclarationError(f"{self.name}: a limit of variation lies between 0 and 1, not at {self.limit!r}; nothing was kept")
        if self.samples < len(self.repetitions):
            raise DeclarationError(f"{self.name}: {self.samples} samples cannot make {len(self.repetitions)} repetitions; nothing was kept")

    @classmethod
    def of(
        cls,
        *,
        name: str,
        group: str,
        what: str,
        unit: str,
        better: Better,
        repetitions: Sequence[float],
        limit: float,
        pooled: Sequence[float] = (),
    ) -> Self:
        """
        Make a metric from what was measured.

        Args:
            name: Dotted, as in ``query.by_id.c1.latency_p50``.
            group: Of the plan's groups.
            what: What it is, for people.
            unit: Of the values.
            better: Which way of moving is an improvement.
            limit: The variation up to which it counts as repeatable.
            repetitions: One value a repetition, in the order measured.
            pooled: The samples of all repetitions, in the same unit; none where each repetition is one value.

        Raises:
            DeclarationError: If there are fewer than two repetitions, or a value is negative or not finite.
        """
        spread = Spread.of(repetitions)
        found = {label: percentile(pooled, p) for label, p in PERCENTILES} if pooled else {}
        return cls(
            name=name,
            group=group,
            what=what,
            unit=unit,
            better=better,
            repetitions=tuple(repetitions),
            mean=spread.mean,
            sd=spread.sd,
            cv=spread.cv,
            interval95=spread.interval95,
            percentiles=MappingProxyType({label: Estimate(value=p.value, low=p.low, high=p.high) for label, p in found.items()}),
            samples=len(pooled) or len(repetitions),
            limit=limit,
            noisy=spread.cv > limit,
        )
