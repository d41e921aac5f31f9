"""What a run leaves behind: one folder, one JSON document, one table, one page. Everything in it follows from histories."""

from __future__ import annotations

from fraiseql_chaos.reports.record import RUN_SCHEMA, Attempt, ExperimentRecord, FaultSummary, Problem, RunDocument, Skip, Totals, Weakness
from fraiseql_chaos.reports.standing import Standing
from fraiseql_chaos.reports.store import RunFolder, read_run, rejudge
from fraiseql_chaos.reports.terminal import totals_line, verdict_table

__all__ = [
    "RUN_SCHEMA",
    "Attempt",
    "ExperimentRecord",
    "FaultSummary",
    "Problem",
    "RunDocument",
    "RunFolder",
    "Skip",
    "Standing",
    "Totals",
    "Weakness",
    "read_run",
    "rejudge",
    "totals_line",
    "verdict_table",
]
