"""The end of a run says what was found, with which seed, and where the report lies; other runs do not hear of us."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

type Project = Callable[..., pytest.RunResult]

TESTS = """
from fraiseql_chaos import availability
from histories import outage

async def test_held(load, promises):
    (await load.replays(outage())).require(*promises)

async def test_violated(load):
    (await load.replays(outage())).require(availability(at_least=0.99))
"""


def test_a_run_ends_with_its_table_its_seed_and_its_files(project: Project, pytester: pytest.Pytester) -> None:
    result = project(TESTS, "--chaos-seed=5")
    result.stdout.fnmatch_lines(
        [
            "chaos: seed 5",
            "=* chaos =*",
            "VIOLATED * refuse on database *",
            "held * refuse on database *",
            "2 tests: 1 held, 1 violated, 0 inconclusive, 0 weaknesses; 0 skipped",
            "seed    5",
            "report  *.chaos/runs/*-5/report.html",
            "run     *.chaos/runs/*-5/run.json",
        ]
    )
    named = [Path(line.split()[1]) for line in result.outlines if line.startswith(("report  ", "run     "))]
    assert [path.is_file() for path in named] == [True, True]
    assert (pytester.path / ".chaos/runs/latest").resolve() == named[0].parent


def test_a_run_without_chaos_tests_ends_as_it_always_did(pytester: pytest.Pytester) -> None:
    """The seed in the header is all that is said: it must be known of a run that is killed before its first chaos test ends."""
    pytester.makepyfile(test_project="def test_theirs(): ...")
    result = pytester.runpytest_inprocess()
    told = result.outlines[result.outlines.index("collected 1 item") :]
    assert [line for line in told if "chaos" in line or "seed" in line] == []
    assert len(told) == 5
    assert not (pytester.path / ".chaos").exists()


def test_a_report_that_cannot_be_written_is_said_and_does_not_undo_the_verdicts(project: Project, pytester: pytest.Pytester) -> None:
    """The copy asked for lies below a file; the run's own folder is complete."""
    (pytester.path / "taken").write_text("a file")
    result = project(TESTS, "--chaos-report=taken/report.html")
    result.stdout.fnmatch_lines(["no report: *taken*", "2 tests: 1 held, 1 violated, *"])
    assert (pytester.path / ".chaos/runs/latest/report.html").is_file()


def test_a_run_without_its_report_is_not_green(project: Project, pytester: pytest.Pytester) -> None:
    """Whoever asked for a page waits for it: a pipeline that goes on without would archive the one of the day before."""
    (pytester.path / "taken").write_text("a file")
    held = TESTS.partition("async def test_violated")[0]
    assert project(held, "--chaos-report=taken/report.html").ret == pytest.ExitCode.TESTS_FAILED


def test_a_run_that_should_keep_packets_says_of_how_many_experiments_it_did(project: Project) -> None:
    """These two came over no link at all."""
    result = project(TESTS, "--chaos-pcap")
    result.stdout.fnmatch_lines(
        ["pcap    packets of 0 of 2 experiments; the others had no packet link on their way to the database (--chaos-edge=packets)"]
    )
    assert "pcap    " not in project(TESTS).stdout.str()
