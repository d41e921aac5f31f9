"""
Two baselines: what became of a service in health.

Each metric has the tolerance that the old baseline supports (``baselines.sensitivity``), unless the caller wants one for all.

Another target is what one compares for; another machine is not, because what is then seen is the machine. So that is refused unless it was asked for, and
said on top if it was.
"""

from __future__ import annotations

from fraiseql_chaos.baselines import Baseline
from fraiseql_chaos.baselines.sensitivity import sensitivities
from fraiseql_chaos.comparison.judging import LEVEL, TOLERANCE_PERCENT, Measured, checked_tolerance, judged
from fraiseql_chaos.comparison.model import Comparison, Side, ranked
from fraiseql_chaos.errors import DeclarationError

__all__ = ["compare_baselines", "side_of_baseline"]


def compare_baselines(
    old: Baseline, new: Baseline, *, names: tuple[str, str] = ("old", "new"), tolerance: float | None = None, allow_foreign: bool = False
) -> Comparison:
    """
    Compare two baselines, metric by metric.

    Args:
        old: What there was.
        new: What there is.
        names: What they are called.
        tolerance: The change in per cent that does not count of any metric; if None, each has its own.
        allow_foreign: Whether they may be of different machines.

    Raises:
        DeclarationError: If they are of different machines and that was not allowed, a metric was measured in another unit, or the tolerance is none.
    """
    if tolerance is not None:
        checked_tolerance(tolerance)
    foreign = old.machine["id"] != new.machine["id"]
    differs = old.fits(new.machine, new.target, new.configuration)
    if foreign and not allow_foreign:
        raise DeclarationError(
            f"{names[0]} and {names[1]} are of different machines ({differs[0]}), so a change would say more of those than of the service; "
            f"--foreign-baseline compares them all the same, and says so; nothing was compared"
        )
    both = [(before, after) for before in old.metrics if (after := new.metric(before.name)) is not None]
    for before, after in both:
        if (before.unit, before.better) != (after.unit, after.better):
            raise DeclarationError(
                f"{before.name} is in {before.unit} ({before.better} is better) in {names[0]} and in {after.unit} ({after.better}) in {names[1]}, "
                f"so they are not the same metric; nothing was compared"
            )
    known = sensitivities(old.metrics)
    measured = [
        Measured(
            name=before.name,
            group=before.group,
            what=after.what,
            unit=before.unit,
            better=before.better,
            old=before.repetitions,
            new=after.repetitions,
            noisy=before.noisy or after.noisy,
            tolerance=known[before.name].tolerance if tolerance is None else tolerance,
            finds=known[before.name].finds if tolerance is None else None,
        )
        for before, after in both
    ]
    least = TOLERANCE_PERCENT if tolerance is None else tolerance
    rows, _ = ranked(judged(measured, tolerance=least))
    return Comparison(
        kind="baselines",
        old=side_of_baseline(old, names[0]),
        new=side_of_baseline(new, names[1]),
        differs=differs,
        foreign=foreign,
        tolerance=least,
        level=LEVEL,
        flips=(),
        rows=rows,
        only_old=tuple(metric.name for metric in old.metrics if new.metric(metric.name) is None),
        only_new=tuple(metric.name for metric in new.metrics if old.metric(metric.name) is None),
    )


def side_of_baseline(baseline: Baseline, name: str) -> Side:
    """Return what a comparison says of a baseline as a whole."""
    return Side(name=name, created=baseline.created, machine=str(baseline.machine["id"]), target=baseline.target)
