"""
By how much a machine differs from itself between two collections, though nothing was changed.

The repetitions of one collection share what the machine was like in those minutes: its temperature, its neighbours, the layout of its memory. So they
scatter less than collections do, and a test that knows only their scatter finds a "significant" change between two collections of the same
service, the more surely the more repetitions there are. More repetitions do not help; looking at the machine twice does. That is an
*A/A check*: two collections of the same service, compared metric by metric.

Of one check, metric i differs by d_i, of which the repetitions explain the variance v_i. What is left has two parts: one that all metrics of the
check share (the machine was slower that time), seen once a check however many metrics there are, and one of each metric alone:

    shared = mean over checks of (mean of d)^2      with as many degrees of freedom as checks
    own    = mean of (d_i - mean of d)^2            with checks * (metrics - 1) degrees

    2 sd^2 = shared + own * (1 - 1/metrics) - mean of v

The degrees of the sum are Satterthwaite's. So a machine whose metrics move together is known badly by one check, and its drift weighs more, as it should.

Sources: Kalibera and Jones, "Rigorous Benchmarking in Reasonable Time", ISMM 2013 (levels of repetition); Satterthwaite, Biometrics Bulletin 2 (1946).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.stats.sample import Numbers, checked

__all__ = ["STILL", "Drift", "measure_drift"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """
    How much one collection differs from the next by nobody's doing.

    Attributes:
        sd: Standard deviation between collections, on the scale of natural logarithms: 0.02 is about 2 %.
        degrees: How well it is known, in degrees of freedom; infinite if it is given and not measured.

    Raises:
        DeclarationError: If the deviation is negative or not finite, or there is less than one degree.
    """

    sd: float
    degrees: float = math.inf

    def __post_init__(self) -> None:
        if not (math.isfinite(self.sd) and self.sd >= 0):
            raise DeclarationError(f"a drift is a standard deviation of at least 0, not {self.sd!r}; nothing was computed")
        if not self.degrees >= 1:
            raise DeclarationError(f"a drift is known with at least 1 degree of freedom, not {self.degrees!r}; nothing was computed")

    def reach(self, tail: float) -> float:
        """Return how far two collections lie apart by drift alone in all but a share of ``tail`` of cases, to one side."""
        if self.sd == 0:
            return 0.0
        return self.sd * math.sqrt(2) * self._quantile(1 - tail)

    def tails(self, distances: Numbers) -> Numbers:
        """Return the share of cases in which two collections lie further apart than each distance, to one side; the deviation must not be 0."""
        from scipy.special import stdtr  # noqa: PLC0415  only a comparison that knows of a drift pays for it

        freedom = min(self.degrees, 1e9)
        return np.asarray(stdtr(freedom, -distances / (self.sd * math.sqrt(2))), dtype=np.float64)

    def _quantile(self, share: float) -> float:
        """Return Student's quantile, or the normal one where the deviation is known exactly."""
        if math.isinf(self.degrees):
            return NormalDist().inv_cdf(share)
        from scipy.special import stdtrit  # noqa: PLC0415  only a comparison that knows of a measured drift pays for it

        return float(stdtrit(self.degrees, share))


STILL = Drift(sd=0.0)
"""No drift: what a comparison assumes that was not given one. Its false alarms are then bounded only while the machine stays within the tolerance."""


def measure_drift(checks: Sequence[Sequence[tuple[Sequence[float], Sequence[float]]]]) -> Drift:
    """
    Measure the drift of a group of metrics from A/A checks.

    Args:
        checks: One entry a check; in it, for each metric of a group that drifts alike, the repetitions of both collections: at least two each, all
            above 0. Each check has the same number of metrics, and there are at least two.

    Returns:
        The drift; ``sd`` is 0 where the repetitions explain all that was seen.

    Raises:
        DeclarationError: If there is no check, or they differ in their metrics, or repetitions are too few or not above 0.
    """
    counts = {len(check) for check in checks}
    if len(counts) != 1 or min(counts) < 2:
        raise DeclarationError(
            f"a drift is measured from checks of the same metrics, at least 2, not from {sorted(counts)} of them; nothing was computed"
        )
    metrics = counts.pop()
    logs = [[(_logs(old), _logs(new)) for old, new in check] for check in checks]
    apart = np.array([[new.mean() - old.mean() for old, new in check] for check in logs])
    explained = float(np.mean([values.var(ddof=1) / len(values) for check in logs for pair in check for values in pair])) * 2
    shared = float(np.mean(apart.mean(axis=1) ** 2))
    own = float(apart.var(axis=1, ddof=1).mean()) * (1 - 1 / metrics)
    known = shared**2 / len(checks) + own**2 / (len(checks) * (metrics - 1))
    return Drift(
        sd=math.sqrt(max(0.0, shared + own - explained) / 2),
        degrees=max(1.0, (shared + own) ** 2 / known) if known else math.inf,
    )


def _logs(values: Sequence[float]) -> Numbers:
    """Return the logarithms, on which a drift by so many per cent is a shift."""
    numbers = checked(values, what="the repetitions of an A/A check", at_least=2)
    if numbers.min() <= 0:
        raise DeclarationError(f"a drift in per cent is measured from values above 0, and one is {numbers.min()}; nothing was computed")
    return np.log(numbers)
