"""
The comparison as one page that needs nothing else, in the style of the run's report.

What got worse and by how much must be seen within ten seconds: the verdict is one sentence, flips come before metrics, and every metric has its change drawn
on one common scale, with its interval as whiskers and the tolerance as a band in the middle, so that what lies clear of the band stands out without reading.

          worse side of a latency ->
    ----------[  band  ]----|---o---|----

The scale is logarithmic, so that twice and half lie equally far out, and the good side is always on the left: a throughput that fell points to the right like
a latency that rose. The page has no script; what it shows is text and drawings.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Final

import jinja2
from markupsafe import Markup

from fraiseql_chaos.comparison.model import Comparison, Row, Side
from fraiseql_chaos.comparison.wording import (
    change,
    conclusion,
    how_judged,
    interval,
    notes,
    one_liner,
    p_value,
    sensitivity,
    tolerances,
    value_with_unit,
)
from fraiseql_chaos.errors import DeclarationError

__all__ = ["Drawing", "drawn", "render_page", "write_page"]

SCALE_AT_LEAST: Final = 4.0
"""How many tolerances the scale spans to each side at least; a page of tiny changes should look like one."""

SCALE_AT_MOST: Final = math.log(5)
"""Beyond five times (or a fifth) a change is drawn at the edge, with an arrow: one wild metric must not press all others into the middle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """
    Where the marks of a change are, in per cent of the drawing's width; 50 is no change, and worse is to the right.

    Attributes:
        dot: The change; None if there is none in per cent.
        low, high: The interval's ends, from left to right.
        is_off: Whether the change lies beyond the scale.
        band_left, band_width: The tolerance.
    """

    dot: float | None
    low: float | None
    high: float | None
    is_off: bool
    band_left: float
    band_width: float

    @property
    def bar_left(self) -> float:
        """Where the bar from no change to the dot begins."""
        return min(50.0, 50.0 if self.dot is None else self.dot)

    @property
    def bar_width(self) -> float:
        """How long that bar is."""
        return 0.0 if self.dot is None else abs(self.dot - 50)


def write_page(comparison: Comparison, path: Path) -> Path:
    """
    Write the page, whole or not at all.

    Raises:
        DeclarationError: If it cannot be written.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(render_page(comparison, beside=path), encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise DeclarationError(f"{path} cannot be written: {error.strerror or error}; what was there is untouched") from error
    return path


def render_page(comparison: Comparison, *, beside: Path | None = None) -> str:
    """
    Return the page.

    Args:
        comparison: What came of it.
        beside: Where the page will lie, which links to the reports of runs are relative to; no links if None.
    """
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_template), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"change": change, "interval": interval, "p_value": p_value, "sensitivity": sensitivity, "when": _when}
    environment.globals["value"] = value_with_unit
    scale = _scale(comparison)
    return (
        environment.get_template("comparison.html.jinja")
        .render(
            c=comparison,
            title=one_liner(comparison),
            conclusion=conclusion(comparison),
            notes=notes(comparison),
            how=how_judged(comparison),
            within=tolerances(comparison),
            drawings={row.name: drawn(row, scale=scale) for row in comparison.rows},
            edge=f"{math.expm1(scale) * 100:.0f}",
            outcomes=[(name, comparison.having(name)) for name in ("worse", "different", "better", "unsure", "equal")],
            pages=[_link(side, beside) for side in (comparison.old, comparison.new)],
            css=Markup(_resource("fraiseql_chaos.reports", "report.css") + _resource("fraiseql_chaos.comparison", "comparison.css")),  # noqa: S704  files of ours
        )
        .rstrip()
        + "\n"
    )


def drawn(row: Row, *, scale: float) -> Drawing:
    """
    Place the marks of a change.

    Args:
        row: The metric.
        scale: The logarithm of the factor at the right edge.
    """
    side = -1 if row.better == "higher" else 1
    dot, ends = _log(row.percent), [_log(row.low), _log(row.high)]
    places = [None if value is None else _place(side * value, scale) for value in (dot, *ends)]
    low, high = places[1:] if side > 0 else places[:0:-1]
    band = [_place(side * math.log1p(row.tolerance / 100), scale) for side in (-1, 1)]
    return Drawing(
        dot=places[0], low=low, high=high, is_off=dot is not None and abs(dot) > scale, band_left=band[0], band_width=round(band[1] - band[0], 2)
    )


def _scale(comparison: Comparison) -> float:
    """Return the logarithm of the factor at the edge: wide enough for all intervals, within bounds."""
    far: Iterable[float] = (abs(value) for row in comparison.rows for end in (row.percent, row.low, row.high) if (value := _log(end)) is not None)
    least = SCALE_AT_LEAST * math.log1p(comparison.tolerance / 100)
    return max(least, min(SCALE_AT_MOST, 1.05 * max(far, default=0.0)))


def _log(percent: float | None) -> float | None:
    """Return a change as the logarithm of its factor; what fell to nothing, or below, is off every scale."""
    if percent is None:
        return None
    return math.log1p(percent / 100) if percent > -100 else -math.inf


def _place(value: float, scale: float) -> float:
    return round(50 + 48 * max(-1.0, min(1.0, value / scale)), 2)


def _link(side: Side, beside: Path | None) -> str:
    """Return the way from the page to a run's report; empty without one."""
    if not side.page or beside is None:
        return ""
    return Path(os.path.relpath(Path(side.page).resolve(), beside.resolve().parent)).as_posix()


def _when(created: str) -> str:
    return f"{datetime.fromisoformat(created).astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _template(name: str) -> str:
    return _resource("fraiseql_chaos.comparison", name)


def _resource(package: str, name: str) -> str:
    return files(package).joinpath("resources", name).read_text(encoding="utf-8")
