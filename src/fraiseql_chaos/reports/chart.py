"""
What a chart of one experiment shows, thinned out honestly.

A chart need not show every request, but it must not hide any that matters. So time is cut into equal slices, and each slice keeps its
slowest, median and fastest answer, its slowest error and the request that was given up after the longest time: no failure is ever
alone in a slice and dropped, and no maximum is lost. The bars beneath count *all* requests, by the instant they were planned for. The
chart says how many of how many it shows.

Lists and not objects go into the page, times in whole milliseconds, because a report of two hundred tests must still open on a phone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from fraiseql_chaos.core import NS_PER_MS, Json, JsonObject
from fraiseql_chaos.history import History, Operation
from fraiseql_chaos.stats import value_at
from fraiseql_chaos.verdicts.requests import fault_windows, was_given_up
from fraiseql_chaos.verdicts.timing import detection, recovery

__all__ = ["POINTS_AT_MOST", "Chart", "Lane", "chart_of"]

POINTS_AT_MOST: Final = 1500
"""Points of one chart: more than a screen is wide, few enough for a page of hundreds of charts."""

KEPT_PER_SLICE: Final = 5
BARS_AT_MOST: Final = 80
LOGARITHMIC_FROM: Final = 20
"""A slowest request this many times the median would press all others onto the axis of a linear scale."""

type Sort = Literal["answer", "error", "given_up"]
SORTS: Final[tuple[Sort, ...]] = ("answer", "error", "given_up")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """When a fault was armed, as shares of the chart's width in percent."""

    label: str
    left_percent: float
    width_percent: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """
    A chart's content.

    Attributes:
        data: What the page's script draws: points, bars, windows and marks.
        lanes: The faults' windows.
        shown, total: How many requests have a point, of how many.
        summary: What there is to see, in one sentence, for those who cannot see it.
    """

    data: JsonObject
    lanes: tuple[Lane, ...]
    shown: int
    total: int
    summary: str


def chart_of(history: History, *, points_at_most: int = POINTS_AT_MOST) -> Chart:
    """
    Draw up the chart of one experiment.

    Args:
        history: Its record.
        points_at_most: How many requests may have a point; the counts beneath are of all requests anyway.
    """
    operations = history.operations
    begin_ns, end_ns = _extent(history)
    slices = max(1, points_at_most // KEPT_PER_SLICE)
    kept = _sorted_out(operations) if len(operations) <= points_at_most else _thinned(operations, begin_ns, end_ns, slices)
    noticed, back = detection(history), recovery(history)
    data: JsonObject = {
        "x": [_ms(begin_ns), _ms(end_ns)],
        "log": _is_logarithmic(operations),
        "points": [_points(kept[sort]) for sort in SORTS],
        "bars": _bars(operations, begin_ns, end_ns),
        "windows": [[_ms(w.begin_ns), _ms(min(w.end_ns, end_ns))] for w in fault_windows(history)],
        "noticed": None if noticed is None or noticed.at_ns is None else [_ms(noticed.at_ns), _ms(noticed.at_ns - noticed.bite_ns)],
        "back": None if back is None or back.at_ns is None else [_ms(back.at_ns), _ms(back.at_ns - back.heal_ns)],
    }
    return Chart(
        data=data,
        lanes=_lanes(history, begin_ns, end_ns),
        shown=sum(len(points) for points in kept.values()),
        total=len(operations),
        summary=_summary(operations, begin_ns, end_ns),
    )


def _extent(history: History) -> tuple[int, int]:
    """Return the chart's span of time: all planned instants and all armed windows, and never nothing."""
    windows = fault_windows(history)
    instants = [o.planned_ns for o in history.operations] + [w.begin_ns for w in windows] + [min(w.end_ns, history.end_ns) for w in windows]
    begin_ns, end_ns = min(instants, default=0), max(instants, default=0)
    return begin_ns, max(end_ns, begin_ns + NS_PER_MS)


def _sorted_out(operations: Iterable[Operation]) -> dict[Sort, list[Operation]]:
    """Keep all of them."""
    kept: dict[Sort, list[Operation]] = {sort: [] for sort in SORTS}
    for operation in operations:
        kept[_sort_of(operation)].append(operation)
    return kept


def _thinned(operations: Iterable[Operation], begin_ns: int, end_ns: int, slices: int) -> dict[Sort, list[Operation]]:
    """Keep what may not be lost of each slice and sort, in time order."""
    piles: defaultdict[tuple[Sort, int], list[Operation]] = defaultdict(list)
    for operation in operations:
        piles[_sort_of(operation), _slice_of(operation, begin_ns, end_ns, slices)].append(operation)
    kept: dict[Sort, list[Operation]] = {sort: [] for sort in SORTS}
    for (sort, _), pile in piles.items():
        pile.sort(key=lambda o: o.latency_ns)
        places = {0, len(pile) // 2, len(pile) - 1} if sort == "answer" else {len(pile) - 1}
        kept[sort] += [pile[place] for place in places]
    for points in kept.values():
        points.sort(key=lambda o: (o.planned_ns, o.ordinal))
    return kept


def _bars(operations: Iterable[Operation], begin_ns: int, end_ns: int) -> list[Json]:
    """Count each sort in each of at most ``BARS_AT_MOST`` slices, ``SORTS`` in order."""
    asked = tuple(operations)
    slices = max(1, min(BARS_AT_MOST, len(asked) // 6))
    counts = {sort: [0] * slices for sort in SORTS}
    for operation in asked:
        counts[_sort_of(operation)][_slice_of(operation, begin_ns, end_ns, slices)] += 1
    return [list[Json](counts[sort]) for sort in SORTS]


def _lanes(history: History, begin_ns: int, end_ns: int) -> tuple[Lane, ...]:
    length_ns = end_ns - begin_ns
    armed = [f for f in history.faults if f.armed]
    return tuple(
        Lane(
            label=fault.declared.description,
            left_percent=round((window.begin_ns - begin_ns) / length_ns * 100, 2),
            width_percent=round((min(window.end_ns, end_ns) - window.begin_ns) / length_ns * 100, 2),
        )
        for fault, window in zip(armed, fault_windows(history), strict=True)
    )


def _summary(operations: tuple[Operation, ...], begin_ns: int, end_ns: int) -> str:
    counts = {sort: sum(_sort_of(o) == sort for o in operations) for sort in SORTS}
    told = f"{counts['answer']} right answers, {counts['error']} errors and {counts['given_up']} requests given up"
    return f"Latency of {len(operations)} requests over {(end_ns - begin_ns) / 1e9:.1f} s: {told}."


def _sort_of(operation: Operation) -> Sort:
    if was_given_up(operation):
        return "given_up"
    return "answer" if operation.outcome == "ok" else "error"


def _slice_of(operation: Operation, begin_ns: int, end_ns: int, slices: int) -> int:
    return min(slices - 1, (operation.planned_ns - begin_ns) * slices // (end_ns - begin_ns))


def _is_logarithmic(operations: tuple[Operation, ...]) -> bool:
    spans_ns = [o.latency_ns for o in operations]
    return bool(spans_ns) and max(spans_ns) > LOGARITHMIC_FROM * max(1, value_at(spans_ns, 50))


def _points(operations: Iterable[Operation]) -> list[Json]:
    """Return two lists, planned instants and latencies in ms, the latter with three significant digits."""
    shown = tuple(operations)
    return [[round(o.planned_ns / NS_PER_MS) for o in shown], [_three_digits(o.latency_ns / NS_PER_MS) for o in shown]]


def _three_digits(number: float) -> float:
    rounded = float(f"{number:.3g}")
    return int(rounded) if rounded.is_integer() else rounded


def _ms(instant_ns: int) -> float:
    return round(instant_ns / NS_PER_MS, 2)
