"""The sentences that all forms of a comparison share, so that page, terminal and pull request say the same."""

from __future__ import annotations

import math
from collections.abc import Iterator

from fraiseql_chaos.baselines.naming import PACE
from fraiseql_chaos.comparison.model import Comparison, Row

__all__ = [
    "change",
    "conclusion",
    "how_judged",
    "interval",
    "notes",
    "number",
    "one_liner",
    "p_value",
    "sensitivity",
    "tolerances",
    "value_with_unit",
]

MINUS = "\N{MINUS SIGN}"
NOTHING = "\N{EN DASH}"


def one_liner(comparison: Comparison) -> str:
    """Return what came of it in as few words as a title has."""
    worse, flips = len(comparison.having("worse")), len(comparison.flipped("worse"))
    parts = [_counted(flips, "verdict") + " worse"] if flips else []
    parts += [_counted(worse, "metric") + " worse"] if worse else []
    if parts:
        return ", ".join(parts)
    return "nothing was shown to be worse" if comparison.rows or comparison.flips else "nothing in common to compare"


def conclusion(comparison: Comparison) -> str:
    """Return the verdict in one sentence, what got worse first."""
    return f"{'; '.join(_parts(comparison))}."


def _parts(comparison: Comparison) -> Iterator[str]:
    flips, worse = comparison.flipped("worse"), comparison.having("worse")
    of_all = _counted(len(comparison.rows), "metric")
    if flips:
        yield f"{_counted(len(flips), 'test')} that {'was' if len(flips) == 1 else 'were'} not violated {'is' if len(flips) == 1 else 'are'} worse now"
    if worse:
        yield f"{len(worse)} of {of_all} got worse, the most {worse[0].name} ({change(worse[0])})"
    if not comparison.regressed:
        yield "Nothing was shown to be worse" if comparison.rows or comparison.flips else "The two have nothing in common, so nothing was compared"
    if (same := comparison.tests - len(comparison.flips)) > 0:
        every = "both" if same == 2 else f"all {same}"
        which = every if same == comparison.tests else f"{same} of {comparison.tests}"
        yield "the verdict is the same" if comparison.tests == 1 else f"{which} verdicts are the same"
    better, flipped = comparison.having("better"), comparison.flipped("better")
    if flipped:
        yield f"{_counted(len(flipped), 'verdict')} got better"
    if better:
        yield f"{_counted(len(better), 'metric')} got better"
    if different := comparison.having("different"):
        yield f"{_counted(len(different), 'metric')} changed that no side of is better"
    if equal := comparison.having("equal"):
        yield f"{len(equal)} of {of_all} {'is' if len(equal) == 1 else 'are'} shown to be within {tolerances(comparison)}"
    if unsure := comparison.having("unsure"):
        yield f"of {_counted(len(unsure), 'metric')} nobody can tell"


def notes(comparison: Comparison) -> tuple[str, ...]:
    """Return what must be known before anything is believed."""
    said = [f"Different: {each}" for each in comparison.differs]
    if comparison.foreign:
        said.insert(0, "They are of different machines. Times then say as much of the machines as of the service.")
    if machine := _machine(comparison):
        said.append(machine)
    if comparison.kind == "run_with_baseline":
        said.append(
            "A run asks rarely and at planned instants, a baseline one question after another, so the same service takes longer in a run. Only what is shown to be "
            "beyond the tolerance counts; for finer differences collect a second baseline and compare the two."
        )
    if advice := _advice(comparison):
        said.append(advice)
    return tuple(said)


def _machine(comparison: Comparison) -> str:
    """Say it if the machine itself was shown to be another one: whatever computes then changes by as much, and nobody did it."""
    pace = next((row for row in comparison.rows if row.name == PACE), None)
    if pace is None or pace.low is None or pace.high is None or (pace.low <= comparison.tolerance and pace.high >= -comparison.tolerance):
        return ""
    return (
        f"The machine itself was {'slower' if pace.low > 0 else 'faster'} the second time: how long a fixed computation of the collector's own takes changed by {change(pace)} ({interval(pace)}). "
        f"What changed by as much may be the machine, and not the service; collect both again, one right after the other."
    )


def _advice(comparison: Comparison) -> str:
    """Say what would make the unsure ones tell, if so many repetitions would."""
    unsure = comparison.having("unsure")
    needed = [row.needed for row in unsure if row.needed is not None]
    few = [row for row in comparison.rows if min(row.old_repetitions, row.new_repetitions) < 2]
    if not few or len(few) < len(comparison.rows):
        return ""
    how = "--chaos-repeat" if comparison.kind == "runs" else "more experiments"
    return (
        f"Single repetitions can be described, not compared: their requests share one process and one minute of the machine. "
        f"What can be concluded from them is which verdicts flipped; for the metrics {max(needed, default=2)} repetitions a side are needed ({how})."
    )


def how_judged(comparison: Comparison) -> tuple[str, ...]:
    """Return how it was judged, one sentence each."""
    level, error = f"{100 * comparison.level:.0f} %", f"{100 * (1 - comparison.level):.0f} %"
    counts = (
        f"Worse, or better, is what is shown to have changed by more than {tolerances(comparison)}: significant after correction for all metrics that were "
        f"compared, and larger than the tolerance. A test counts as a regression if it is violated now and was not, or meets a known weakness that it did "
        f"not meet."
    )
    size = (
        f"The change is the Hodges-Lehmann shift of the logarithms of the repetitions, so that one stalled repetition decides nothing, with the interval that "
        f"the Mann-Whitney test gives ({level}, of this metric alone). The repetition is what counts, not the request."
    )
    errors = (
        f"For what is worse, the chance of even one false alarm among all is at most {error} (Holm); of what is better, at most {error} are expected to be "
        f"false (Benjamini-Hochberg). What is within the tolerance is shown to be (two one-sided tests), and not merely not shown to differ."
    )
    machine = (
        "Both hold as long as the machine itself differs by less than the tolerance between the two measurements. A noisy metric varied more than its limit "
        "between repetitions; it is compared by its own variation."
    )
    return (counts, *_how_sensitive(comparison), size, errors, machine)


def _how_sensitive(comparison: Comparison) -> Iterator[str]:
    """Say what tolerances of their own come from, and what would have been found."""
    if not _are_own(comparison):
        return
    finds = sorted(row.finds if row.finds is not None else math.inf for row in comparison.rows)
    half, most = (finds[min(len(finds) - 1, math.ceil(len(finds) * share) - 1)] for share in (0.5, 0.9))
    yield (
        "The tolerance of a metric is what its repetitions in the old baseline support: within it, the same service is shown to be the same. It is "
        f"{comparison.tolerance:g} % at least, and a factor of two at most. What got worse by the change that a metric finds is found in four of five cases: of half of the "
        f"metrics {_found(half)} or less, of nine in ten {_found(most)} or less."
    )


def _found(percent: float) -> str:
    return "more than there is a number for" if math.isinf(percent) else _signed(percent)


def _are_own(comparison: Comparison) -> bool:
    """Tell whether metrics have tolerances of their own."""
    return any(row.tolerance != comparison.tolerance or row.finds is not None for row in comparison.rows)


def tolerances(comparison: Comparison) -> str:
    """Return the tolerance of all, or, where each has its own, their range."""
    if not _are_own(comparison):
        return f"{comparison.tolerance:g} %"
    least, most = min(row.tolerance for row in comparison.rows), max(row.tolerance for row in comparison.rows)
    return f"a tolerance of its own ({least:.0f} % to {most:.0f} %)" if round(least) != round(most) else f"{least:.0f} %"


def sensitivity(row: Row) -> str:
    """Return what does not count of a metric, and what would be found."""
    found = "" if row.finds is None else f", finds {_signed(-100 * row.finds / (100 + row.finds) if row.better == 'higher' else row.finds)}"
    return f"tolerates {row.tolerance:.3g} %{found}"


def change(row: Row) -> str:
    """Return a change in per cent with its sign."""
    return "from 0" if row.percent is None and row.old == 0 else NOTHING if row.percent is None else _signed(row.percent)


def interval(row: Row) -> str:
    """Return the ends of a change's interval; empty if it has none."""
    if row.low is None and row.high is None:
        return ""
    low, high = ("?" if end is None else _signed(end) for end in (row.low, row.high))
    return f"{low} to {high}"


def value_with_unit(value: float | None, unit: str) -> str:
    """Return a value with three digits and its unit."""
    return NOTHING if value is None else f"{number(value)} {unit}"


def number(value: float) -> str:
    """Return a number with three significant digits, without an exponent where people would write none."""
    if value == 0 or 1e-4 <= abs(value) < 1e7:
        digits = 0 if value == 0 else max(0, 2 - math.floor(math.log10(abs(value))))
        return f"{value:.{digits}f}".rstrip("0").rstrip(".") if digits else f"{value:.0f}"
    return f"{value:.3g}"


def p_value(row: Row) -> str:
    """Return a corrected p value as people write it; empty if there is none."""
    return "" if row.p is None else "< 0.001" if row.p < 0.001 else f"{row.p:.3f}"


def _signed(percent: float) -> str:
    size = abs(percent)
    text = f"{size:.1f}" if size < 99.95 else f"{size:.0f}"
    return f"{MINUS if percent < 0 else '+'}{text} %"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
