"""
Did it change, which way, by how much, and would we have said so if it had not?

*The unit is the repetition.* Ten repetitions of a thousand requests are ten values, not ten thousand: requests of one repetition share its process,
its caches and its minute, so pooling them counts the same accident a thousand times and calls it evidence (pseudo-replication, Hurlbert 1984).

*The change* is the Hodges-Lehmann shift of the logarithms, read in per cent, so that one stalled repetition does not decide and swapping old and new
turns +25 % into -20 % and nothing else. Where a value is 0 or below, differences are taken in units of the old median instead; from a median of 0
there is no per cent, and a change of either sign is beyond any tolerance.

*The tolerance* is the change that nobody would act on. Three answers need evidence, and the fourth is the lack of it:

       -tolerance     0     +tolerance
    -------[-----------|-----------]-------->  slower
                                      |--x--|   worse: the change exceeds the tolerance
              |----x-----|                      equal: it lies within, shown as such (TOST), not for want of a difference
                             |-----x-----|      unsure: neither was shown; the number of repetitions that would

*The drift* of the machine between collections (see ``drift``) adds to the uncertainty of the shift: change seen = change + drift. The interval of the sum is
MOVER's: distances to the ends are added as squares. Without a known drift, false alarms are bounded as long as the machine differs from itself by less than the
tolerance; that is what a tolerance of a few per cent is for.

*p values* are the intervals turned round: the least error at which the interval still excludes the edge of the zone. Without drift they are exactly
Mann-Whitney's against a shift by the tolerance.

*Many metrics*: whatever is called worse stops a build, so the chance of any false one is bounded (Holm). What is called better is a list that somebody
reads, so the share of false ones in it is (Benjamini-Hochberg). What is called equal is not corrected: each such claim is wrong with at most 1 - level.

Sources: Hodges and Lehmann (1963); Zou and Donner, "Construction of confidence limits about effect measures", Statistics in Medicine 27 (2008); Schuirmann,
"A comparison of the two one-sided tests procedure", Journal of Pharmacokinetics and Biopharmaceutics 15 (1987).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.stats.drift import STILL, Drift
from fraiseql_chaos.stats.multiplicity import benjamini_hochberg, holm
from fraiseql_chaos.stats.ranks import rank_sum_below
from fraiseql_chaos.stats.sample import Numbers, checked, checked_level
from fraiseql_chaos.stats.shift import differences, middle

__all__ = ["Better", "Change", "Outcome", "Pair", "compare", "compare_many"]

type Better = Literal["lower", "higher", "neither"]
type Outcome = Literal["better", "worse", "different", "equal", "unsure"]

NEEDED_MAX = 1000
"""Repetitions beyond which "so many would tell" is no advice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """
    What became of one metric.

    Attributes:
        percent: The change in per cent of the old value; None if the old value is 0.
        low, high: Its interval in per cent, of this metric alone; an end is None where the repetitions are too few to give one.
        level: The chance that the interval holds the true change.
        tolerance: The change in per cent that does not count.
        p_worse, p_better: The chance to see this much, or more, if the metric is not worse (better) by more than the tolerance; corrected
            for all metrics if there were many. Of a metric with no better side, ``p_worse`` is for "changed either way", ``p_better`` is 1.
        p_equal: The chance to see this little, or less, if the change exceeds the tolerance.
        outcome: "worse", "better" ("different" where no side is better), "equal" if shown to be within the tolerance, or "unsure".
        needed: If unsure: how many repetitions a side would probably tell; None if no reasonable number would.
        reason: One sentence with the numbers.
    """

    percent: float | None
    low: float | None
    high: float | None
    level: float
    tolerance: float
    p_worse: float
    p_better: float
    p_equal: float
    outcome: Outcome
    needed: int | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """
    One metric, measured twice.

    Attributes:
        old, new: One number a repetition, at least two each, in the same unit.
        better: Which way is up.
        tolerance: The change in per cent that does not count, where this metric has one of its own.
        drift: How the machine differs from itself between collections, where it is known.
    """

    old: Sequence[float]
    new: Sequence[float]
    better: Better = "lower"
    tolerance: float | None = None
    drift: Drift = STILL


@dataclass(frozen=True, slots=True)
class _Evidence:
    """The sorted differences of one pair on the scale that a change is measured on, and the edge of the zone that does not count."""

    apart: Numbers
    sizes: tuple[int, int]
    zone: float
    drift: Drift
    logarithmic: bool
    from_zero: bool

    @property
    def estimate(self) -> float:
        return middle(self.apart)

    @property
    def same(self) -> bool:
        """Tell whether every value is the same one, before and after."""
        return bool(self.apart[0] == self.apart[-1] == 0)

    def end(self, tail: float, *, upper: bool) -> float | None:
        """Return an end of the interval that is missed with a chance of at most ``tail``; None if the values are too few."""
        places = int(np.searchsorted(rank_sum_below(*self.sizes), tail, side="right"))
        if not places:
            return None
        distance = math.hypot(self.estimate - float(self.apart[-places if upper else places - 1]), self.drift.reach(tail))
        return self.estimate + distance if upper else self.estimate - distance

    def above(self, bound: float) -> float:
        """Return the chance to see so much if the change is at most ``bound``."""
        return _chance_above(self.apart, rank_sum_below(*self.sizes), bound, self.drift)

    def below(self, bound: float) -> float:
        """Return the chance to see so little if the change is at least ``bound``."""
        return _chance_above(-self.apart[::-1], rank_sum_below(*self.sizes), -bound, self.drift)

    def percent(self, shift: float | None) -> float | None:
        """Return a shift in per cent of the old value, if there is such a thing."""
        if shift is None or (self.from_zero and not self.same):
            return None
        return 100 * (math.expm1(shift) if self.logarithmic else shift)


def compare(
    old: Sequence[float], new: Sequence[float], *, tolerance: float, better: Better = "lower", level: float = 0.95, drift: Drift = STILL
) -> Change:
    """
    Tell what became of one metric.

    Args:
        old: One number a repetition, at least two, in any order.
        new: The same, in the same unit.
        tolerance: The change in per cent that does not count, above 0 and below 1000: 5.0 is 5 %.
        better: Whether lower or higher values are better, or neither.
        level: How likely the interval shall hold the true change; each answer is wrong with a chance of at most one minus this.
        drift: How the machine differs from itself between collections.

    Returns:
        The change in per cent.

    Raises:
        DeclarationError: If repetitions are too few or no finite numbers, or the tolerance or the level is out of range.
    """
    return compare_many({"it": Pair(old=old, new=new, better=better, drift=drift)}, tolerance=tolerance, level=level)["it"]


def compare_many(pairs: Mapping[str, Pair], *, tolerance: float, level: float = 0.95) -> dict[str, Change]:
    """
    Tell what became of many metrics, with at most ``1 - level`` chance of calling any of them worse that is not.

    Args:
        pairs: The metrics by name.
        tolerance: The change in per cent that does not count, above 0 and below 1000, for each metric without one of its own.
        level: See ``compare``.

    Returns:
        The changes by name, in the order given.

    Raises:
        DeclarationError: As for ``compare``; the message names the metric.
    """
    tail = 1 - checked_level(level)
    seen = {name: _evidence(name, pair, tolerance if pair.tolerance is None else pair.tolerance) for name, pair in pairs.items()}
    chances = {name: _sides(pair.better, seen[name]) for name, pair in pairs.items()}
    worse = dict(zip(pairs, holm([chances[name][0] for name in pairs]), strict=True))
    better = dict(zip(pairs, benjamini_hochberg([chances[name][1] for name in pairs]), strict=True))
    return {
        name: _change(
            pair,
            seen[name],
            p_worse=worse[name],
            p_better=better[name],
            tail=tail,
            share=tail / len(pairs),
            tolerance=tolerance if pair.tolerance is None else pair.tolerance,
        )
        for name, pair in pairs.items()
    }


def _evidence(name: str, pair: Pair, tolerance: float) -> _Evidence:
    """Put both samples on the scale on which a change in per cent is a shift."""
    if not 0 < tolerance < 1000:
        raise DeclarationError(f"{name}: a tolerance is above 0 and below 1000 per cent, not {tolerance!r}; nothing was compared")
    old = checked(pair.old, what=f"{name}: the old repetitions", at_least=2)
    new = checked(pair.new, what=f"{name}: the new repetitions", at_least=2)
    sizes = len(old), len(new)
    if old.min() > 0 and new.min() > 0:
        return _Evidence(differences(np.log(old), np.log(new)), sizes, math.log1p(tolerance / 100), pair.drift, logarithmic=True, from_zero=False)
    unit = abs(float(np.median(old)))
    if unit == 0:
        return _Evidence(differences(old, new), sizes, 0.0, STILL, logarithmic=False, from_zero=True)
    return _Evidence(differences(old / unit, new / unit), sizes, tolerance / 100, pair.drift, logarithmic=False, from_zero=False)


def _chance_above(apart: Numbers, below: Numbers, bound: float, drift: Drift) -> float:
    """
    Return the least error at which the lower end of the interval lies above the bound.

    The k-th smallest difference is the end of the rank sum's interval at an error of P(U <= k - 1). With a drift, the end is
    ``estimate - hypot(estimate - k-th, reach)``, which lies above the bound if the reach is short enough; and the error must allow for both.
    """
    exceeded = int(np.searchsorted(apart, bound, side="right"))
    if drift.sd == 0:
        return float(below[exceeded])
    estimate = middle(apart)
    ends = apart[exceeded : int(np.searchsorted(apart, estimate, side="right"))]
    if estimate <= bound or not len(ends):
        return 1.0
    room = np.sqrt(np.maximum((estimate - bound) ** 2 - (estimate - ends) ** 2, 0))
    return float(np.maximum(below[exceeded : exceeded + len(ends)], drift.tails(room)).min())


def _sides(better: Better, evidence: _Evidence) -> tuple[float, float]:
    """Return the chances to see so much if the metric is not worse, and if it is not better, beyond the tolerance."""
    up, down = evidence.above(evidence.zone), evidence.below(-evidence.zone)
    if better == "neither":
        return min(1.0, 2 * min(up, down)), 1.0
    return (up, down) if better == "lower" else (down, up)


def _change(pair: Pair, evidence: _Evidence, *, p_worse: float, p_better: float, tail: float, share: float, tolerance: float) -> Change:
    """Decide, and say why."""
    p_equal = max(evidence.above(-evidence.zone), evidence.below(evidence.zone))
    outcome: Outcome = "unsure"
    if p_worse <= tail:
        outcome = "different" if pair.better == "neither" else "worse"
    elif p_better <= tail:
        outcome = "better"
    elif p_equal <= tail or (evidence.from_zero and evidence.same):
        outcome = "equal"
    needed = _needed(evidence, tail=tail, share=share) if outcome == "unsure" else None
    low, high = (evidence.percent(evidence.end(tail / 2, upper=upper)) for upper in (False, True))
    percent = evidence.percent(evidence.estimate)
    return Change(
        percent=percent,
        low=low,
        high=high,
        level=1 - tail,
        tolerance=tolerance,
        p_worse=p_worse,
        p_better=p_better,
        p_equal=p_equal,
        outcome=outcome,
        needed=needed,
        reason=_reason(outcome, evidence, needed=needed, percent=percent, tolerance=tolerance),
    )


def _needed(evidence: _Evidence, *, tail: float, share: float) -> int | None:
    """
    Return how many repetitions a side would probably decide; None if none would, or too many.

    Scatter shrinks with the root of their number, drift does not, and the nearer edge of the zone has to be cleared by both. If the change seems to lie
    outside of the zone, at the share of the error that the strictest step of Holm leaves to one metric of many.
    """
    beyond = abs(evidence.estimate) > evidence.zone
    error = share if beyond else tail
    fewest = next((n for n in range(2, 60) if 1 / math.comb(2 * n, n) <= error), NEEDED_MAX)
    now = min(evidence.sizes)
    upper = (evidence.estimate < 0) == beyond
    end = evidence.end(error, upper=upper)
    if end is None:
        return fewest
    drift = evidence.drift.reach(error)
    room = (abs(evidence.estimate) - evidence.zone) ** 2 - drift**2
    scatter = (end - evidence.estimate) ** 2 - drift**2
    if room <= 0 or scatter <= 0:
        return None
    wanted = max(fewest, now + 1, math.ceil(now * scatter / room))
    return wanted if wanted <= NEEDED_MAX else None


def _reason(outcome: Outcome, evidence: _Evidence, *, needed: int | None, percent: float | None, tolerance: float) -> str:
    """Say it in one sentence."""
    change = "a change from 0, of which there is no per cent" if percent is None else f"{percent:+.1f} %"
    match outcome:
        case "worse" | "better" | "different":
            return f"{change}, shown to be more than {tolerance:g} %"
        case "equal":
            return f"{change}, shown to be within {tolerance:g} %"
        case "unsure" if needed is None and evidence.drift.reach(0.05) > 0:
            return f"{change}, and the machine drifts too much between collections to say whether that is within {tolerance:g} %"
        case "unsure" if needed is None:
            return f"{change}, too near to the tolerance of {tolerance:g} % for any reasonable number of repetitions"
        case "unsure":
            return f"{change}, not shown to be within {tolerance:g} % nor beyond; about {needed} repetitions a side would tell, {min(evidence.sizes)} there are"
