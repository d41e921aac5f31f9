"""
The report as one page that needs nothing else: no server, no network, no second file.

Everything is in it: style, script, the plotting library and the data. A content security policy in the page itself forbids the
browser to fetch anything, so it can be mailed, archived and opened in ten years. Whatever came from a service, an error's words above
all, is escaped by the template engine; nothing is marked as safe but our own files.

The page carries its verdicts and numbers as text. Only the charts need its script.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Final

import jinja2
from markupsafe import Markup, escape

from fraiseql_chaos.core import NS_PER_MS, Json
from fraiseql_chaos.errors import HistoryError
from fraiseql_chaos.history import History
from fraiseql_chaos.reports.chart import POINTS_AT_MOST, Chart, chart_of
from fraiseql_chaos.reports.record import ExperimentRecord, RunDocument
from fraiseql_chaos.reports.standing import STANDINGS
from fraiseql_chaos.reports.store import RunFolder
from fraiseql_chaos.reports.terminal import key_numbers, met, quantity
from fraiseql_chaos.reports.weaknesses import weakness_cards
from fraiseql_chaos.verdicts import Finding
from fraiseql_chaos.verdicts.model import VERDICTS
from fraiseql_chaos.verdicts.wording import percent, span

__all__ = ["headline", "render_html", "write_html"]

PLOT: Final = "vendor/uplot-1.6.32"
POINTS_OF_A_PAGE: Final = 24_000
"""Points of all charts together, about 0.3 MB."""

PAGE_BYTES_MAX: Final = 2_000_000
"""What a page may weigh: mail servers, issue trackers and phones take it."""

POINTS_AT_LEAST: Final = 100
NOTHING: Final = "\N{EN DASH}"


def write_html(folder: RunFolder, path: Path, *, document: RunDocument | None = None) -> Path:
    """
    Write a run's report.

    Args:
        folder: The run.
        path: The page's file; replaced if it is there.
        document: The run's document; collected from the folder if None.

    Returns:
        ``path``.

    Raises:
        HistoryError: If a record or history cannot be read, or the page cannot be written.
    """
    document = document or folder.collect()
    page = render_html(document, {record.id: folder.history(record) for record in document.experiments})
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(page, encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise HistoryError(f"{path} cannot be written: {error.strerror or error}; the run itself is stored in {folder.path}") from error
    return path


def render_html(document: RunDocument, histories: dict[str, History]) -> str:
    """
    Return the page.

    One that would be too heavy, as with some two hundred tests, leaves out the numbers behind the findings that held, and says where they are.

    Args:
        document: What the run says about itself.
        histories: The history of each experiment, by its id; one that is missing has no chart.
    """
    points = max(POINTS_AT_LEAST, min(POINTS_AT_MOST, POINTS_OF_A_PAGE // max(1, len(histories))))
    charts: dict[str, Chart] = {name: chart_of(history, points_at_most=points) for name, history in histories.items() if history.operations}
    page = _rendered(document, charts, lean=False)
    return page if len(page.encode()) <= PAGE_BYTES_MAX else _rendered(document, charts, lean=True)


def _rendered(document: RunDocument, charts: dict[str, Chart], *, lean: bool) -> str:
    records = sorted(document.experiments, key=lambda record: (STANDINGS.index(record.standing), record.id))
    return (
        _environment()
        .get_template("report.html.jinja")
        .render(
            run=document,
            headline=headline(document),
            records=records,
            lean=lean,
            charts=charts,
            fault_counts=_fault_counts(document),
            weaknesses=weakness_cards(document.experiments),
            anchors={record.id: place for place, record in enumerate(records, start=1)},
            css=_own("report.css"),
            script=_own("report.js"),
            plot_css=_own(f"{PLOT}/uPlot.min.css"),
            plot_script=_own(f"{PLOT}/uPlot.iife.min.js"),
        )
    )


def headline(document: RunDocument) -> str:
    """Return the run's outcome in one sentence that needs no explanation."""
    totals = document.totals
    of_all = f"{totals.run} {'test' if totals.run == 1 else 'tests'}"
    if totals.violated:
        return f"{totals.violated} of {of_all} {'was' if totals.violated == 1 else 'were'} violated."
    if totals.problems:
        failed = "1 test" if totals.problems == 1 else f"{totals.problems} tests"
        return f"Nothing was {'violated' if totals.run else 'concluded'}, but {failed} failed otherwise."
    if totals.run == 0:
        return "Nothing was tested."
    if totals.inconclusive:
        return f"Nothing was violated, but {totals.inconclusive} of {of_all} could not tell."
    if totals.weakness:
        return f"{totals.held} of {of_all} held; the other {totals.weakness} met known weaknesses."
    return "The one test held." if totals.run == 1 else f"All {of_all} held."


def _fault_counts(document: RunDocument) -> list[tuple[str, int]]:
    """Return each kind of fault with what it acted on, and in how many tests, the most frequent first."""
    counts = Counter(kind for record in document.experiments for kind in {f"{f.type} on {f.target}" for f in record.faults})
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_resource),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "ms": _ms,
        "percent": _percent,
        "rate": _rate,
        "packets_that": _packets_that,
        "number": _number,
        "when": _when,
        "worst_first": _worst_first,
        "key_numbers": key_numbers,
        "met": met,
        "quantity": quantity,
        "digits": _digits,
        "short_id": _short_id,
        "with_code": _with_code,
    }
    return environment


def _resource(name: str) -> str:
    return files("fraiseql_chaos.reports").joinpath("resources", name).read_text(encoding="utf-8")


def _own(name: str) -> Markup:
    """Return a file of this package, which goes into the page as it is."""
    return Markup(_resource(name))  # noqa: S704  a file of ours, not something a service said


def _ms(number_ms: float | None) -> str:
    return NOTHING if number_ms is None else span(number_ms * NS_PER_MS)


def _percent(share: float | None) -> str:
    return NOTHING if share is None else percent(share)


def _rate(share: float) -> str:
    """Return a share with three significant digits: between 0.01 % and 0.02 % lies all that a rare fault is asked about."""
    return f"{share * 100:.3g} %"


def _packets_that(how: str) -> str:
    """Return a mark as the end of a heading: evidence says of packets that arrived that they *had been overtaken*."""
    return how.removeprefix("that ").replace("arrived came", "arrived, and came").replace("arrived had", "arrived, and had")


def _number(value: Json) -> str:
    """Return a finding's number as text: floats without noise, objects as 'a 1, b 2'."""
    match value:
        case None:
            return NOTHING
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.6g}"
        case dict():
            return ", ".join(f"{key} {_number(item)}" for key, item in value.items()) or NOTHING
        case list():
            return ", ".join(_number(item) for item in value) or NOTHING
    return str(value)


def _digits(value: float) -> str:
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"


def _when(started: str) -> str:
    """Return an ISO instant as people write it."""
    return f"{datetime.fromisoformat(started).astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _worst_first(findings: Iterable[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda finding: -VERDICTS.index(finding.verdict))


def _with_code(text: str) -> Markup:
    """Return a text in which what stands between backticks is code; everything in it is escaped, as it is elsewhere."""
    parts = [escape(part) for part in text.split("`")]
    if len(parts) % 2 == 0:  # a backtick without its other one
        return escape(text)
    return Markup("").join(Markup("<code>{}</code>").format(part) if place % 2 else part for place, part in enumerate(parts))


def _short_id(record: ExperimentRecord) -> str:
    return record.id.rpartition("/")[2]
