"""What the terminal shows: a line while something happens, and at the end the verdict table, the seed, and where the report lies."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from fraiseql_chaos.pytest_plugin.session import state_of

__all__ = ["pytest_terminal_summary", "say"]


def say(config: pytest.Config, line: str) -> None:
    """Print a line of live progress past pytest's capturing, if ``-v`` asks for detail; a worker of pytest-xdist has no terminal."""
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    capturing = config.pluginmanager.get_plugin("capturemanager")
    if terminal is None or config.get_verbosity() < 1 or hasattr(config, "workerinput"):
        return
    with nullcontext() if capturing is None else capturing.global_and_fixture_disabled():
        terminal.ensure_newline()
        terminal.write_line(f"    {line}")


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
    if state.comparison:
        terminalreporter.write_line(f"against {state.options.baseline}: {state.comparison}")
        terminalreporter.write_line(f"compare {state.options.comparison}")
    if state.folder is not None:
        terminalreporter.write_line(f"run     {state.folder / 'run.json'}")
