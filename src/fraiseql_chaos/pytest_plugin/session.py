"""
One run from the first option to the last file.

Results of one run lie in one folder, and of no other: the folder comes into being with the first experiment, under a name that nobody has yet. Where
several workers of pytest-xdist write, none of them can choose for the others, so the controller does, hands them a name that no other run can
come to, and collects what they left. A project without chaos tests never sees a folder.
"""

from __future__ import annotations

import asyncio
import secrets
import shlex
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fraiseql_chaos.errors import ChaosError, DeclarationError
from fraiseql_chaos.pytest_plugin.marks import MARKERS, weakness_of, without_colons
from fraiseql_chaos.pytest_plugin.options import OPTIONS, ChaosOptions, short
from fraiseql_chaos.pytest_plugin.shown import shown_dsn, shown_words

if TYPE_CHECKING:
    from fraiseql_chaos.baselines import Baseline
    from fraiseql_chaos.experiment import Laboratory
    from fraiseql_chaos.reports import RunDocument, RunFolder, Weakness

__all__ = [
    "State",
    "laboratory_of",
    "pytest_configure",
    "pytest_report_header",
    "pytest_sessionfinish",
    "replay_line",
    "state_of",
    "weakness_named_by",
]


@dataclass(slots=True)
class State:
    """
    What the plugin remembers during one run.

    Attributes:
        options: What was asked for.
        folder: Where results go; None until there are any, if this process is the only one that writes them.
        started: When.
        typed: What was typed after ``fraiseql-chaos``, if it is that command which runs pytest; None if pytest was typed.
        laboratory: This process's own, once a chaos test has asked for it.
        served: Whether a service ever came up.
        skipped: Tests that could not run, and why.
        problems: Tests that went wrong in another way than by a verdict, by id, and how.
        document, html: The run's results, once they are collected.
        yardstick: The baseline that the run is compared with when it is over, if that was asked for.
        comparison: What came of it, in one sentence.
        problem: Why there is no report.
    """

    options: ChaosOptions
    folder: Path | None
    started: datetime
    typed: tuple[str, ...] | None = None
    laboratory: Laboratory | None = None
    served: bool = False
    skipped: list[tuple[str, str]] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)
    document: RunDocument | None = None
    html: Path | None = None
    yardstick: Baseline | None = None
    comparison: str = ""
    problem: str = ""


_STATE: pytest.StashKey[State] = pytest.StashKey()


class _Controller:
    """What only the process does that the run was started in: its workers are told the seed and the folder, and tell what went wrong."""

    def __init__(self, state: State) -> None:
        self._state = state

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        state = self._state
        if state.folder is None:
            # It comes into being with the first experiment of whichever worker, so what is chosen now must still be free then.
            state.folder = state.options.store / f"{state.started:%Y%m%dT%H%M%SZ}-{state.options.seed}-{secrets.token_hex(4)}"
        handed = {"seed": state.options.seed, "folder": str(state.folder), "started": state.started.isoformat()}
        node.workerinput["chaos"] = handed | {"typed": None if state.typed is None else list(state.typed)}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        for name, value in report.user_properties:
            if name == "chaos_problem":
                before = self._state.problems.get(report.nodeid)
                self._state.problems[report.nodeid] = str(value) if before is None else f"{before}; {value}"


def pytest_configure(config: pytest.Config) -> None:
    """Check the options, register the markers, and read what they select."""
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    config.option.markexpr = without_colons(config.getoption("-m"))
    handed: dict[str, Any] | None = getattr(config, "workerinput", {}).get("chaos")
    try:
        options = ChaosOptions(config.getoption, config.rootpath, seed=handed["seed"] if handed else None)
        yardstick = None if handed else _yardstick(options)
    except DeclarationError as error:
        raise pytest.UsageError(str(error)) from None
    started = datetime.fromisoformat(handed["started"]) if handed else datetime.now(UTC)
    folder = Path(handed["folder"]) if handed else None
    typed = None if handed is None or handed["typed"] is None else tuple(handed["typed"])
    config.stash[_STATE] = state = State(options=options, folder=folder, started=started, typed=typed, yardstick=yardstick)
    if options.repeat > 1:
        from fraiseql_chaos.pytest_plugin.repetitions import Repetitions  # noqa: PLC0415  it asks this module what was asked for

        config.pluginmanager.register(Repetitions(), "fraiseql-chaos-repetitions")
    if handed is None:
        config.pluginmanager.register(_Controller(state), "fraiseql-chaos-controller")


def pytest_report_header(config: pytest.Config) -> str | None:
    """Name the seed, so that it is known even of a run that is killed."""
    state = config.stash[_STATE]
    return f"chaos: seed {state.options.seed}{', DISARMED: no fault is injected' if state.options.disarmed else ''}"


def pytest_sessionfinish(session: pytest.Session) -> None:
    """End the rig; the controller then collects what all workers left."""
    state = session.config.stash[_STATE]
    try:
        if state.laboratory is not None:
            from fraiseql_chaos.pytest_plugin.scheduling import side_by_side  # noqa: PLC0415  it needs the terminal, which needs this module

            with side_by_side(session.config):
                asyncio.run(state.laboratory.close())
    finally:
        has_results = state.folder is not None and state.folder.exists()
        if not hasattr(session.config, "workerinput") and (has_results or state.problems):
            _collect(session.config)
            if state.problem and session.exitstatus == pytest.ExitCode.OK:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED


def state_of(config: pytest.Config) -> State:
    """Return what the plugin remembers of this run."""
    return config.stash[_STATE]


def laboratory_of(config: pytest.Config) -> tuple[Laboratory, ChaosOptions]:
    """Return the laboratory of this process, started with the first chaos test, and the options."""
    from fraiseql_chaos.experiment import Laboratory  # noqa: PLC0415  nothing of the rig is imported until a chaos test asks for it
    from fraiseql_chaos.pytest_plugin.laboratory import laboratory_settings  # noqa: PLC0415  see above

    state = config.stash[_STATE]
    if state.laboratory is None:
        settings = laboratory_settings(state.options)
        state.laboratory = Laboratory(settings, _folder_of(config))
    return state.laboratory, state.options


def replay_line(item: pytest.Item) -> str:
    """Return the command that runs one test again with the same seed and the same options."""
    state = state_of(item.config)
    given = {"--chaos-seed": state.options.seed, **{option.name: item.config.getoption(option.name) for option in OPTIONS if option.is_replayed}}
    if given["--chaos-dsn"] is not None:
        given["--chaos-dsn"] = shown_dsn(given["--chaos-dsn"])
    words = [name if value is True else f"{name}={value}" for name, value in given.items() if value is not None and value is not False]
    if state.typed is not None:
        # The command takes a test of the suite by its id, and our options without the prefix that pytest's shared name space needs.
        return shlex.join(["fraiseql-chaos", "run", item.nodeid, *map(short, words)])
    return shlex.join(["pytest", item.nodeid, *words])


def weakness_named_by(item: pytest.Item) -> Weakness | None:
    """Return the entry of the weakness register that a test names; a name that the register does not hold fails the test."""
    from fraiseql_chaos.reports.register import read_register  # noqa: PLC0415  see above

    name = weakness_of(item)
    if name is None:
        return None
    path = item.config.rootpath / item.config.getini("chaos_weaknesses")
    try:
        register = read_register(path)
    except ChaosError as error:
        pytest.fail(str(error), pytrace=False)
    if name not in register:
        held = ", ".join(sorted(register)) or "none"
        pytest.fail(f"{item.nodeid} names the weakness {name!r}, which {path} does not hold; it holds {held}", pytrace=False)
    return register[name]


def _yardstick(options: ChaosOptions) -> Baseline | None:
    """Return the baseline that the run will be compared with, if it will be."""
    if options.comparison is None or options.baseline is None:
        return None
    from fraiseql_chaos.pytest_plugin.comparing import yardstick_for  # noqa: PLC0415  see above

    return yardstick_for(options.baseline, page=options.comparison, allow_foreign=options.foreign_baseline)


def _compare(state: State, folder: RunFolder) -> None:
    """Compare the run with its yardstick, if it has one."""
    page, document = state.options.comparison, state.document
    if state.yardstick is None or page is None or document is None:
        return
    from fraiseql_chaos.pytest_plugin.comparing import compared  # noqa: PLC0415  see above

    name = str(state.options.baseline)
    state.comparison = compared(state.yardstick, folder, document, name=name, page=page, allow_foreign=state.options.foreign_baseline)


def _replay_all(config: pytest.Config) -> str:
    """Return the command that runs the whole session again with the same seed."""
    state = state_of(config)
    given = [str(word) for word in config.invocation_params.args] if state.typed is None else state.typed
    option = "--chaos-seed" if state.typed is None else "--seed"
    words = [word for before, word in pairwise(["", *given]) if before != option and word.partition("=")[0] != option]
    shown, seed = list(shown_words(words, dsn=state.options.dsn)), f"{option}={state.options.seed}"
    # Behind a lone "--" an option of ours would be one of pytest's.
    return shlex.join(["pytest", *shown, seed] if state.typed is None else ["fraiseql-chaos", *shown[:1], seed, *shown[1:]])


def _folder_of(config: pytest.Config) -> RunFolder:
    from fraiseql_chaos.reports import RunFolder  # noqa: PLC0415  see above

    state, replay = state_of(config), _replay_all(config)
    if state.folder is not None:
        return RunFolder.join(state.folder, seed=state.options.seed, replay=replay, started=state.started)
    folder = RunFolder.create(state.options.store, seed=state.options.seed, replay=replay, started=state.started)
    state.folder = folder.path
    return folder


def _collect(config: pytest.Config) -> None:
    from fraiseql_chaos.reports.publishing import publish  # noqa: PLC0415  see above

    state = state_of(config)
    try:
        folder = _folder_of(config)
        for test, reason in state.skipped:
            folder.skip(test, reason)
        for test, reason in state.problems.items():
            folder.problem(test, reason)
        state.document = folder.collect()
        state.html = folder.path / "report.html"
        publish(folder, state.document, html=state.options.report, json=state.options.json)
        _compare(state, folder)
    except (ChaosError, OSError) as error:
        state.problem = str(error)
