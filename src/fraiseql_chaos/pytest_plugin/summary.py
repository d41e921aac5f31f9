"""The last page of the terminal: why a promise was not held, the verdict table, the seed, and where the report lies."""

from __future__ import annotations

import pytest

from fraiseql_chaos.pytest_plugin.session import state_of

__all__ = ["pytest_terminal_summary"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the findings and the verdict table of a run that had chaos tests; print nothing otherwise."""
    state = state_of(config)
    if config.getoption("tbstyle") != "no":
        for verdict in ("violated", "inconclusive"):
            _explain(terminalreporter, verdict)
    if state.problem:
        terminalreporter.section("chaos")
        terminalreporter.write_line(f"no report: {state.problem}", red=True)
    if state.document is None:
        return
    from fraiseql_chaos.reports import verdict_table  # noqa: PLC0415  only a run with chaos tests gets here

    terminalreporter.section("chaos")
    for line in verdict_table(state.document).splitlines():
        terminalreporter.write_line(line)
    terminalreporter.write_line(f"seed    {state.options.seed}")
    terminalreporter.write_line(f"report  {state.html}")
    terminalreporter.write_line(f"run     {state.folder / 'run.json'}")


def _explain(terminalreporter: pytest.TerminalReporter, verdict: str) -> None:
    """Print what pytest prints of a failure; it does so for its own words only."""
    reports = terminalreporter.getreports(verdict)
    if reports:
        terminalreporter.section(verdict)
    for report in reports:
        terminalreporter.write_sep("_", report.head_line)
        terminalreporter.write_line(report.longreprtext)
        for title, content in report.sections:
            terminalreporter.write_sep("-", title)
            terminalreporter.write_line(content.removesuffix("\n"))
