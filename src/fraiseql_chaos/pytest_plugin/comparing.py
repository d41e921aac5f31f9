"""``--baseline=F --report=F.html``: the run is compared with the baseline when it is over. Kept apart, because it imports statistics and the rig."""

from __future__ import annotations

from pathlib import Path

from fraiseql_chaos.baselines import Baseline, read_baseline
from fraiseql_chaos.comparison import compare_run_with_baseline
from fraiseql_chaos.comparison.page import write_page
from fraiseql_chaos.comparison.wording import conclusion
from fraiseql_chaos.errors import DeclarationError, HistoryError
from fraiseql_chaos.experiment.machine import machine
from fraiseql_chaos.reports import RunDocument, RunFolder
from fraiseql_chaos.reports.publishing import make_room

__all__ = ["compared", "yardstick_for"]


def yardstick_for(path: Path, *, page: Path, allow_foreign: bool) -> Baseline:
    """
    Read the baseline before anything runs, so that an hour does not end with one that is no use.

    Args:
        path: Its file.
        page: Where the comparison will be written.
        allow_foreign: Whether it may be of another machine.

    Raises:
        DeclarationError: If it is damaged or of another machine, or the page has no place.
    """
    make_room(page, option="--chaos-comparison")
    try:
        baseline = read_baseline(path)
    except HistoryError as error:
        raise DeclarationError(f"--baseline={path}: {error}; nothing was run") from error
    here = machine()["id"]
    if baseline.machine["id"] != here and not allow_foreign:
        raise DeclarationError(
            f"--baseline={path} is of machine {baseline.machine['id']}, and this is {here}: it is no yardstick here. Collect one with `fraiseql-chaos baseline`, or "
            f"say --foreign-baseline, and the comparison will say it too; nothing was run"
        )
    return baseline


def compared(baseline: Baseline, folder: RunFolder, document: RunDocument, *, name: str, page: Path, allow_foreign: bool) -> str:
    """
    Compare a run with a baseline, write the page, and return what came of it in one sentence.

    Args:
        baseline: The yardstick.
        folder: The run.
        document: What it says.
        name: What the baseline is called.
        page: Where the page goes.
        allow_foreign: Whether the baseline may be of another machine or target.

    Raises:
        ChaosError: If it is and may not, a history cannot be read, or the page cannot be written.
    """
    comparison = compare_run_with_baseline(
        baseline,
        document,
        [folder.history(record) for record in document.experiments],
        names=(name, folder.path.name),
        page=str(folder.path / "report.html"),
        allow_foreign=allow_foreign,
    )
    write_page(comparison, page)
    return conclusion(comparison)
