"""``--baseline=F --report=F.html``: the plan's literal command line, on experiments that were recorded before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from baselines_made import metric
from compared_made import repeated, service
from fraiseql_chaos.baselines import write_baseline
from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.experiment.machine import machine
from fraiseql_chaos.pytest_plugin.comparing import yardstick_for
from histories import Scene

pytest_plugins = ["pytester"]

type Project = Callable[..., pytest.RunResult]

TESTS = """
from dataclasses import replace

import pytest
from fraiseql_chaos.experiment.machine import machine
from fraiseql_chaos.history import History
from histories import Scene, outage

class Here:
    '''A scene that was recorded on this machine.'''

    def __init__(self, scene):
        self.scene = scene

    def history(self):
        made = self.scene.history()
        return History((replace(made.begin, machine=machine()), *made.events[1:]))

@pytest.mark.parametrize("number", range(6))
async def test_it(service, load, promises, number):
    scene = Scene(seed=number).load(350).fault(2000, 4000).answers(0, 2000, took_ms=16).errors(2000, 4000).answers(4000, 7000)
    (await load.replays(Here(scene))).require(*promises)
"""


def stored(path: Path, *, where: JsonObject) -> None:
    """Write a baseline of the target that recorded experiments are of."""
    target = Scene().history().begin.target
    by_id = metric("query.by_id.c1.latency_p50", repeated(4, 1))
    write_baseline(path, replace(service(), machine=where, target=target, metrics=(by_id,)))


def test_the_plans_command_compares_the_run_and_writes_the_page(project: Project, pytester: pytest.Pytester) -> None:
    """Reads take four times as long as in the baseline; that fails no test, and is said at the end and on the page."""
    stored(pytester.path / "baseline_metrics.json", where=machine())
    result = project(TESTS, "-v", "--baseline=baseline_metrics.json", "--report=comparison.html")
    result.assert_outcomes(passed=6)
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        ["against baseline_metrics.json: 1 of 1 metric got worse, the most query.by_id.c1.latency_p50 (+*", "compare comparison.html"]
    )
    page = (pytester.path / "comparison.html").read_text(encoding="utf-8")
    assert "<h1>1 metric worse</h1>" in page
    assert 'href=".chaos/runs/' in page


def test_workers_compare_once(project: Project, pytester: pytest.Pytester) -> None:
    stored(pytester.path / "b.json", where=machine())
    result = project(TESTS, "-p", "xdist", "-n2", "--baseline=b.json", "--report=comparison.html")
    result.assert_outcomes(passed=6)
    assert result.stdout.str().count("against b.json: ") == 1


def test_a_foreign_baseline_is_refused_before_anything_runs(project: Project, pytester: pytest.Pytester) -> None:
    stored(pytester.path / "b.json", where={"id": "feedfacefeedface"})
    result = project(TESTS, "--baseline=b.json", "--report=comparison.html")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "is of machine feedfacefeedface" in result.stderr.str()
    assert result.stderr.str().rstrip().endswith("nothing was run")
    assert not (pytester.path / "comparison.html").exists()


def test_a_foreign_baseline_that_was_allowed_is_said_on_the_page(project: Project, pytester: pytest.Pytester) -> None:
    stored(pytester.path / "b.json", where={"id": "feedfacefeedface"})
    result = project(TESTS, "--baseline=b.json", "--report=comparison.html", "--foreign-baseline")
    assert result.ret == 0
    assert "They are of different machines." in (pytester.path / "comparison.html").read_text(encoding="utf-8")


def test_another_target_is_found_when_the_run_is_over_and_is_no_silent_success(project: Project, pytester: pytest.Pytester) -> None:
    """What ran is only known then."""
    write_baseline(pytester.path / "b.json", replace(service(fraiseql="1.8.9"), machine=machine()))
    result = project(TESTS, "--baseline=b.json", "--report=comparison.html")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["no report: b.json is no yardstick for this run: *target *nothing was compared"])
    assert not (pytester.path / "comparison.html").exists()


@pytest.mark.parametrize("content", [None, "", "{", "[]"])
def test_a_baseline_that_cannot_be_read_is_wrong_use(project: Project, pytester: pytest.Pytester, content: str | None) -> None:
    if content is not None:
        (pytester.path / "b.json").write_text(content, encoding="utf-8")
    result = project(TESTS, "--baseline=b.json", "--report=comparison.html")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "--baseline=b.json: " in result.stderr.str()
    assert result.stderr.str().rstrip().endswith("nothing was run")


def test_a_report_needs_a_baseline(project: Project) -> None:
    result = project(TESTS, "--report=comparison.html")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "needs --baseline" in result.stderr.str()


def test_a_place_that_cannot_be_made_is_wrong_use(tmp_path: Path) -> None:
    stored(tmp_path / "b.json", where=machine())
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(DeclarationError, match=r"--chaos-comparison=.*its folder cannot be made"):
        yardstick_for(tmp_path / "b.json", page=tmp_path / "taken" / "c.html", allow_foreign=False)
