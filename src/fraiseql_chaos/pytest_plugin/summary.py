"""What the terminal shows: a line while something happens, and at the end the verdict table, the seed, and where the report lies."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING

import pytest

from fraiseql_chaos.pytest_plugin.session import state_of

if TYPE_CHECKING:
    from fraiseql_chaos.reports import RunDocument

__all__ = ["pcaps_line", "pytest_terminal_summary", "say"]


def say(config: pytest.Config, line: str) -> None:
    """
    Print a line of live progress past pytest's capturing, if ``-v`` asks for detail.

    A worker of pytest-xdist has no terminal, but its standard error is the one of the run. Nothing is kept back for a pipe: who watches one waits for it.
    """
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    capturing = config.pluginmanager.get_plugin("capturemanager")
    worker: str | None = getattr(config, "workerinput", {}).get("workerid")
    if config.get_verbosity() < 1 or (terminal is None and worker is None):
        return
    with nullcontext() if capturing is None else capturing.global_and_fixture_disabled():
        if worker is not None:
            print(f"[{worker}]     {line}", file=sys.stderr, flush=True)  # noqa: T201  see above
        elif terminal is not None:
            terminal.ensure_newline()
            terminal.write_line(f"    {line}")
            terminal.flush()


def pcaps_line(document: RunDocument) -> str:
    """Return of how many experiments packets were kept, and why not of the others."""
    kept = sum(record.pcaps is not None for record in document.experiments)
    number = len(document.experiments)
    told = f"packets of {kept} of {number} {'experiment' if number == 1 else 'experiments'}"
    return f"{told}{'' if kept == number else '; the others had no packet link on their way to the database (--chaos-edge=packets)'}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the verdict table of a run that had chaos tests; print nothing otherwise."""
    state = state_of(config)
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
    if state.options.pcap:
        terminalreporter.write_line(f"pcap    {pcaps_line(state.document)}")
    if state.comparison:
        terminalreporter.write_line(f"against {state.options.baseline}: {state.comparison}")
        terminalreporter.write_line(f"compare {state.options.comparison}")
    if state.folder is not None:
        terminalreporter.write_line(f"run     {state.folder / 'run.json'}")
