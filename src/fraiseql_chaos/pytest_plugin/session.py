"""
One run from the first option to the last file.

Results of one run lie in one folder, also when several workers of pytest-xdist write them: the controller draws the seed and names the
folder, hands both to the workers, and collects what they left. The folder comes into being with the first experiment, so a project without
chaos tests never sees one.
"""

from __future__ import annotations

import asyncio
import shlex
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fraiseql_chaos.errors import ChaosError, DeclarationError
from fraiseql_chaos.pytest_plugin.marks import MARKERS, weakness_of, without_colons
from fraiseql_chaos.pytest_plugin.options import GIVEN_AGAIN, ChaosOptions, without_password

if TYPE_CHECKING:
    from fraiseql_chaos.experiment import Laboratory
    from fraiseql_chaos.reports import RunDocument, Weakness

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
    """What the plugin remembers during one run."""

    options: ChaosOptions
    folder: Path
    started: datetime
    laboratory: Laboratory | None = None
    served: bool = False
    skipped: list[tuple[str, str]] = field(default_factory=list)
    document: RunDocument | None = None
    html: Path | None = None
    problem: str = ""


_STATE: pytest.StashKey[State] = pytest.StashKey()


class _HandOver:
    """Tells each worker of pytest-xdist the seed and the folder; registered only when that plugin is there."""

    def __init__(self, state: State) -> None:
        self._state = state

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        node.workerinput["chaos"] = {"seed": self._state.options.seed, "folder": str(self._state.folder), "started": self._state.started.isoformat()}


def pytest_configure(config: pytest.Config) -> None:
    """Check the options, register the markers, and read what they select."""
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    config.option.markexpr = without_colons(config.getoption("-m"))
    handed: dict[str, Any] | None = getattr(config, "workerinput", {}).get("chaos")
    try:
        options = ChaosOptions(config.getoption, config.rootpath, seed=handed["seed"] if handed else None)
    except DeclarationError as error:
        raise pytest.UsageError(str(error)) from None
    started = datetime.fromisoformat(handed["started"]) if handed else datetime.now(UTC)
    folder = Path(handed["folder"]) if handed else options.store / f"{started:%Y%m%dT%H%M%SZ}-{options.seed}"
    config.stash[_STATE] = state = State(options=options, folder=folder, started=started)
    if handed is None:
        config.pluginmanager.register(_HandOver(state), "fraiseql-chaos-hand-over")


def pytest_report_header(config: pytest.Config) -> str | None:
    """Name the seed, so that it is known even of a run that is killed."""
    state = config.stash[_STATE]
    return f"chaos: seed {state.options.seed}{', DISARMED: no fault is injected' if state.options.disarmed else ''}"


def pytest_sessionfinish(session: pytest.Session) -> None:
    """End the rig; the controller then collects what all workers left."""
    state = session.config.stash[_STATE]
    try:
        if state.laboratory is not None:
            asyncio.run(state.laboratory.close())
    finally:
        if not hasattr(session.config, "workerinput") and state.folder.exists():
            _collect(state)


def state_of(config: pytest.Config) -> State:
    """Return what the plugin remembers of this run."""
    return config.stash[_STATE]


def laboratory_of(config: pytest.Config) -> tuple[Laboratory, ChaosOptions]:
    """Return the laboratory of this process, started with the first chaos test, and the options."""
    from fraiseql_chaos.experiment import Laboratory  # noqa: PLC0415  nothing of the rig is imported until a chaos test asks for it
    from fraiseql_chaos.pytest_plugin.laboratory import laboratory_settings  # noqa: PLC0415  see above
    from fraiseql_chaos.reports import RunFolder  # noqa: PLC0415  see above

    state = config.stash[_STATE]
    if state.laboratory is None:
        settings = laboratory_settings(state.options)
        folder = RunFolder.join(state.folder, seed=state.options.seed, replay=_replay_all(config), started=state.started)
        state.laboratory = Laboratory(settings, folder)
    return state.laboratory, state.options


def replay_line(item: pytest.Item) -> str:
    """Return the command that runs one test again with the same seed and the same options."""
    options = state_of(item.config).options
    words = ["pytest", item.nodeid, f"--chaos-seed={options.seed}"]
    for name in GIVEN_AGAIN:
        value = item.config.getoption(name)
        if value is True:
            words.append(name)
        elif value is not None and value is not False:
            words.append(without_password(f"{name}={value}"))
    return shlex.join(words)


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


def _replay_all(config: pytest.Config) -> str:
    """Return the command that runs the whole session again with the same seed."""
    given = [str(word) for word in config.invocation_params.args]
    words = [word for before, word in pairwise(["", *given]) if not word.startswith("--chaos-seed") and before != "--chaos-seed"]
    return shlex.join(["pytest", *map(without_password, words), f"--chaos-seed={state_of(config).options.seed}"])


def _collect(state: State) -> None:
    from fraiseql_chaos.reports import RunFolder  # noqa: PLC0415  see above
    from fraiseql_chaos.reports.html import write_html  # noqa: PLC0415  see above

    try:
        folder = RunFolder.open(state.folder)
        for test, reason in state.skipped:
            folder.skip(test, reason)
        state.document = folder.collect()
        state.html = folder.path / "report.html"
        write_html(folder, state.html, document=state.document)
        for source, copy in ((state.html, state.options.report), (folder.path / "run.json", state.options.json)):
            if copy is not None:
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, copy)
    except (ChaosError, OSError) as error:
        state.problem = str(error)
