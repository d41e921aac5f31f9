"""A project with chaos tests whose experiments are records made by hand: everything but the run itself is the plugin's own."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import fraiseql_chaos.experiment
import fraiseql_chaos.reports.html  # noqa: F401  see above
from fix_reference import reference_server

__all__ = ["Project", "project", "reference_server"]

type Project = Callable[..., pytest.RunResult]

RECORDED = '''
"""Experiments that were recorded already: ``load.replays(scene)`` stands where ``load.open_loop(...)`` does in real tests."""

from dataclasses import replace

import pytest

from fraiseql_chaos import availability, recovers, seconds
from fraiseql_chaos.experiment import Recording
from fraiseql_chaos.history import History
from histories import Scene, outage, store


class Recorded:
    def __init__(self, variant):
        self.variant = variant
        self.renewed = 0

    async def renew(self):
        self.renewed += 1


@pytest.fixture
def service(request):
    return Recorded(getattr(request, "param", None))


@pytest.fixture
def load(load):
    async def replays(scene):
        made = scene.history()
        begin = replace(made.begin, experiment=load._name(), replay=load.title.replay)
        history = History((begin, *made.events[1:]))
        store(history, load._laboratory.folder.history_path(begin.experiment, attempt=load._attempt))
        load.recordings.append(Recording(history, load._keep))
        return load.recordings[-1]

    load.replays = replays
    return load


@pytest.fixture
def promises():
    """Kept by ``outage()``: errors only while the database is away."""
    return availability(at_least=0.99, during="outside"), recovers(within=seconds(1))


@pytest.fixture
def unseen():
    """A fault that left no trace."""
    return Scene().load(350).fault(2000, 4000, count=0).answers(0, 7000)
'''

REGISTER = """
[W-900]
seen = "Requests fail while the database is away."
violates = ["availability", "no_hang", "recovers_within"]
"""


@pytest.fixture(autouse=True)
def only_our_plugin(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001  it clears what is set here
    """Runs inside a run know no plugin but ours and pytest's own, whatever else is installed; those that need another one name it."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p fraiseql_chaos.pytest_plugin -p no:cacheprovider")


@pytest.fixture
def project(pytester: pytest.Pytester) -> Project:
    """Return a function that writes one test module and runs pytest on it, in this process."""
    pytester.makeconftest(RECORDED)
    pytester.makefile(".toml", weaknesses=REGISTER)
    pytester.makeini("[pytest]\nfilterwarnings =\n    default\n")

    def run(source: str, *arguments: str) -> pytest.RunResult:
        pytester.makepyfile(test_project=source)
        return pytester.runpytest_inprocess(*arguments)

    return run
