"""
``fraiseql-chaos compare OLD NEW``: what got worse between two baselines, or two runs, and by how much.

    fraiseql-chaos compare before.json after.json --html comparison.html --markdown comment.md

The exit status is for continuous integration: 0 nothing regressed, 1 something did, 2 it could not be compared.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from fraiseql_chaos.baselines import Baseline
from fraiseql_chaos.cli.status import HELD, VIOLATED
from fraiseql_chaos.comparison import Comparison, compare_baselines, compare_runs
from fraiseql_chaos.comparison.files import as_csv, as_json, as_markdown, as_text
from fraiseql_chaos.comparison.judging import TOLERANCE_PERCENT
from fraiseql_chaos.comparison.page import write_page
from fraiseql_chaos.comparison.sources import Run, Source, open_source
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.reports.publishing import make_room

__all__ = ["add_to"]

TEXTS: Final = (("json", as_json), ("csv", as_csv), ("markdown", as_markdown))


def add_to(command: argparse.ArgumentParser) -> None:
    """Add the command's options to its parser."""
    command.description = (
        "Compare two baselines, or two runs. A run is named by its folder, its run.json, or its id in the store. "
        "Exit status: 0 nothing regressed, 1 something did, 2 it could not be compared."
    )
    command.add_argument("old", metavar="OLD", help="a baseline or a run: what there was")
    command.add_argument("new", metavar="NEW", help="another of the same kind: what there is")
    command.add_argument("--html", type=Path, metavar="F.html", help="write the comparison as a page")
    command.add_argument("--json", type=Path, metavar="F.json", help="write all of it as JSON")
    command.add_argument("--csv", type=Path, metavar="F.csv", help="write one line a metric")
    command.add_argument("--markdown", type=Path, metavar="F.md", help="write a summary for a pull request")
    command.add_argument(
        "--tolerance",
        metavar="PCT",
        help="a metric regressed if it is significantly worse after correction and by more than this many per cent (default: of baselines what each metric's own "
        f"repetitions support, {TOLERANCE_PERCENT:g} at least; of runs {TOLERANCE_PERCENT:g})",
    )
    command.add_argument("--foreign-baseline", action="store_true", help="compare baselines of different machines; the output then says so")
    command.add_argument("--store", type=Path, default=Path(".chaos/runs"), metavar="DIR", help="where runs are kept (default: %(default)s)")
    command.set_defaults(perform=perform)


def perform(arguments: argparse.Namespace) -> int:
    """Compare, write, print."""
    tolerance = _tolerance(arguments.tolerance)
    for name in ("html", "json", "csv", "markdown"):
        make_room(getattr(arguments, name), option=f"--{name}")
    old, new = (open_source(word, store=arguments.store) for word in (arguments.old, arguments.new))
    comparison = _compared(old, new, names=(arguments.old, arguments.new), tolerance=tolerance, allow_foreign=arguments.foreign_baseline)
    print(as_text(comparison))
    for name, text in TEXTS:
        if (path := getattr(arguments, name)) is not None:
            _write(path, text(comparison))
            print(f"{name:<9} {path}")
    if arguments.html is not None:
        print(f"page      {write_page(comparison, arguments.html)}")
    return VIOLATED if comparison.regressed else HELD


def _compared(old: Source, new: Source, *, names: tuple[str, str], tolerance: float | None, allow_foreign: bool) -> Comparison:
    match old, new:
        case Baseline(), Baseline():
            return compare_baselines(old, new, names=names, tolerance=tolerance, allow_foreign=allow_foreign)
        case Run(), Run():
            pages = tuple("" if run.page is None else str(run.page) for run in (old, new))
            return compare_runs(
                old.document, new.document, names=names, pages=(pages[0], pages[1]), tolerance=TOLERANCE_PERCENT if tolerance is None else tolerance
            )
    kinds = ["a baseline" if isinstance(source, Baseline) else "a run" for source in (old, new)]
    raise DeclarationError(
        f"{names[0]} is {kinds[0]} and {names[1]} is {kinds[1]}; give two baselines or two runs (a run is measured against a baseline while it runs: "
        f"pytest --baseline=F --report=F.html); nothing was compared"
    )


def _tolerance(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        percent = float(text.removesuffix("%"))
    except ValueError:
        percent = float("nan")
    if not 0 < percent < 1000:
        raise DeclarationError(f"--tolerance={text}: a number of per cent above 0 and below 1000; nothing was compared")
    return percent


def _write(path: Path, text: str) -> None:
    try:
        # The CSV has its own ends of lines, as RFC 4180 wants them.
        path.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise DeclarationError(f"{path} cannot be written: {error.strerror or error}; the comparison was made, and printed above") from error
