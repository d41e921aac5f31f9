"""Each verdict has its own word, letter and count, and the exit status is 0 only if nothing failed."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from fraiseql_chaos.cli.status import RIG_FAILED, status_of
from fraiseql_chaos.reports import read_run, verdict_table

pytest_plugins = ["pytester"]

type Project = Callable[..., pytest.RunResult]

HEAD = """
import pytest
from fraiseql_chaos import availability
from histories import outage
"""

HELD = f"""{HEAD}
async def test_it(load, promises):
    (await load.replays(outage())).require(*promises)
"""

VIOLATED = f"""{HEAD}
async def test_it(load):
    print("said on the way")
    (await load.replays(outage())).require(availability(at_least=0.99))
"""

INCONCLUSIVE = f"""{HEAD}
async def test_it(load, promises, unseen):
    (await load.replays(unseen)).require(*promises)
"""

WEAKNESS = f"""{HEAD}
@pytest.mark.weakness("W-900", remedy=False)
async def test_it(service, load):
    (await load.replays(outage())).require(availability(at_least=0.99))
"""

OUTDATED = f"""{HEAD}
@pytest.mark.weakness("W-900", remedy=False)
async def test_it(service, load, promises):
    (await load.replays(outage())).require(*promises)
"""

STILL_INCONCLUSIVE = f"""{HEAD}
@pytest.mark.weakness("W-900", remedy=False)
async def test_it(service, load, unseen):
    (await load.replays(unseen)).require(availability(at_least=0.99))
"""

UNREMEDIED = f"""{HEAD}
@pytest.mark.weakness("W-900")
async def test_it(service, load):
    (await load.replays(outage())).require(availability(at_least=0.99))
"""

UNJUDGED = f"""{HEAD}
async def test_it(load, promises):
    (await load.replays(outage())).require(*promises)
    await load.replays(outage())
"""

IDLE = """
async def test_it(load): ...
"""

BROKEN = """
async def test_it(load):
    raise LookupError("a slip in the test itself")
"""
MEANINGLESS = """
async def test_it(load):
    __import__("fraiseql_chaos").ms(-5)
"""

AFTERWARDS = f"""{HEAD}
async def test_it(load, promises):
    (await load.replays(outage())).require(*promises)
    assert not "this too"
"""

NO_SETUP = """
import pytest

@pytest.fixture
def mine(service):
    raise LookupError("a slip in a fixture")

async def test_it(mine, load): ...
"""

NO_TEARDOWN = f"""{HEAD}
@pytest.fixture
def mine(service):
    yield
    raise LookupError("a slip in a fixture")

async def test_it(mine, load, promises):
    (await load.replays(outage())).require(*promises)
"""

PROBLEMS = {
    # what is written: (source, totals beside the problem, how it went wrong)
    "recorded, never judged": (UNJUDGED, {"held": 1}, "1 recording(s) were never judged; state what you expect with recording.require(...)"),
    "declaration without meaning": (MEANINGLESS, {}, "a duration cannot be negative: -5 ms; nothing was armed"),
    "slip in the test": (BROKEN, {}, "LookupError: a slip in the test itself"),
    "own assert after the verdict": (AFTERWARDS, {"held": 1}, "AssertionError: assert not 'this too'"),
    "setup": (NO_SETUP, {}, "in its setup: LookupError: a slip in a fixture"),
    "teardown": (NO_TEARDOWN, {"held": 1}, "in its teardown: LookupError: a slip in a fixture"),
}


@pytest.mark.parametrize("case", PROBLEMS)
@pytest.mark.parametrize("workers", [(), ("-p", "xdist.plugin", "-n1")], ids=["alone", "worker"])
def test_a_chaos_test_that_fails_without_a_verdict_is_a_problem_of_its_run(
    project: Project, pytester: pytest.Pytester, case: str, workers: tuple[str, ...]
) -> None:
    """Where pytest is red, so are the document, the table, the page and the exit status of whoever judges the run again."""
    source, beside, how = PROBLEMS[case]
    project(source, "--chaos-json=run.json", *workers)
    document = read_run(pytester.path / "run.json")
    assert [(problem.id, problem.reason) for problem in document.problems] == [("test_project.py::test_it", how)]
    assert (document.totals.problems, document.totals.held) == (1, beside.get("held", 0))
    assert "PROBLEM       test_project.py::test_it  " in verdict_table(document)
    assert status_of(document) == RIG_FAILED
    assert how.partition(" ")[0] in (pytester.path / ".chaos/runs/latest/report.html").read_text()


@pytest.mark.parametrize("case", ["held", "violated", "inconclusive", "weakness"])
def test_a_verdict_is_no_problem(project: Project, pytester: pytest.Pytester, case: str) -> None:
    project(CASES[case][0], "--chaos-json=run.json")
    assert read_run(pytester.path / "run.json").problems == ()


CASES = {
    # what is written: (source, word, letters, pytest's counts, exit status, our totals)
    "held": (HELD, "HELD", "H", "1 passed", 0, {"held": 1}),
    "violated": (VIOLATED, "VIOLATED", "V", "1 failed", 1, {"violated": 1}),
    "inconclusive": (INCONCLUSIVE, "INCONCLUSIVE", "I", "1 failed", 1, {"inconclusive": 1}),
    "weakness": (WEAKNESS, "WEAKNESS", "w", "1 xfailed", 0, {"weakness": 1}),
    "outdated weakness": (OUTDATED, "FAILED", "F", "1 failed", 1, {"held": 1, "problems": 1}),
    "inconclusive, though a weakness was expected": (STILL_INCONCLUSIVE, "INCONCLUSIVE", "I", "1 failed", 1, {"inconclusive": 1}),
    "remedy that does not help": (UNREMEDIED, "VIOLATED", "wV", "1 failed, 1 xfailed", 1, {"violated": 1, "weakness": 1}),
    "recorded, never judged": (UNJUDGED, "FAILED", "F", "1 failed", 1, {"held": 1, "problems": 1}),
    "nothing recorded": (IDLE, "PASSED", ".", "1 passed", 0, {}),
    "slip in the test": (BROKEN, "FAILED", "F", "1 failed", 1, {"problems": 1}),
}


@pytest.mark.parametrize("case", CASES)
def test_a_verdict_has_its_word_its_count_and_its_exit_status(project: Project, pytester: pytest.Pytester, case: str) -> None:
    source, word, _, counts, status, expected = CASES[case]
    result = project(source, "-v", "--chaos-json=run.json")
    assert result.ret == status
    result.stdout.fnmatch_lines([f"test_project.py::test_it* {word} *", f"*= {counts} in *"])
    totals = json.loads((pytester.path / "run.json").read_text())["totals"]
    assert {name: count for name, count in totals.items() if count and name != "run"} == expected
    assert totals["run"] == sum(count for name, count in expected.items() if name != "problems")


def test_a_verdict_has_its_letter(project: Project) -> None:
    """All of them in one run, each test of it with a name of its own."""
    sources = [source.replace("test_it", f"test_{number}") for number, (source, *_) in enumerate(CASES.values())]
    letters = "".join(letters for _, _, letters, *_ in CASES.values())
    project("\n".join(sources)).stdout.fnmatch_lines([f"test_project.py {letters} *"])


@pytest.mark.parametrize("source", [VIOLATED, INCONCLUSIVE], ids=["violated", "inconclusive"])
def test_what_did_not_hold_is_explained_with_its_numbers_and_the_line_that_replays_it(project: Project, source: str) -> None:
    """In place of a stack that would only show our own insides."""
    word = "violated" if source == VIOLATED else "inconclusive"
    shown = project(source, "--chaos-seed=7", "-ra").stdout
    shown.fnmatch_lines(["_* test_it _*", f"{word}: test_project.py::test_it", f"  {word} *"])
    shown.fnmatch_lines(["  replay        pytest test_project.py::test_it --chaos-seed=7"])
    if source == VIOLATED:
        shown.fnmatch_lines(["*250 of 350 requests of the whole run were answered rightly", "-* Captured stdout call -*", "said on the way"])
    shown.no_fnmatch_line("*raise *")
    shown.fnmatch_lines(["=* short test summary info =*", f"{word.upper()} test_project.py::test_it *"])


def test_an_outdated_weakness_says_what_to_do(project: Project) -> None:
    project(OUTDATED).stdout.fnmatch_lines(
        [
            "W-900 was expected, but every promise held: remove the mark, and say in the register which release mended it",
            "*weakness W-900 was not seen any more: take it out of the register",
        ]
    )


def test_a_recording_nobody_judged_says_what_to_do(project: Project) -> None:
    project(UNJUDGED).stdout.fnmatch_lines(["1 recording(s) were never judged; state what you expect with recording.require(...)"])


def test_a_fixture_that_only_has_the_name_of_ours_is_none_of_our_business(project: Project, pytester: pytest.Pytester) -> None:
    pytester.makeconftest("import pytest\n\n@pytest.fixture\ndef load(): return 'cargo'")
    project("def test_theirs(load): assert load == 'cargo'").assert_outcomes(passed=1)


def test_a_test_without_our_fixtures_is_none_of_our_business(project: Project) -> None:
    result = project("import pytest\n\ndef test_theirs(): ...\n\n@pytest.mark.xfail\ndef test_expected(): raise AssertionError\n")
    result.assert_outcomes(passed=1, xfailed=1)


@pytest.mark.parametrize("strict", [False, True], ids=["skipped", "strict"])
def test_a_missing_capability_is_a_counted_skip_and_an_error_with_strict(project: Project, pytester: pytest.Pytester, *, strict: bool) -> None:
    """Method: a laboratory that can do nothing stands where the real one would be; the fixture that meets it is the plugin's own."""
    pytester.makeconftest(
        """
        from fraiseql_chaos.errors import CapabilityError
        from fraiseql_chaos.experiment import Laboratory
        from fraiseql_chaos.pytest_plugin.session import laboratory_of, state_of

        class Bare(Laboratory):
            async def deploy(self, variant=None, *, edge=None, server_tls=None):
                raise CapabilityError("this kernel has no sch_netem; load the module")

        def pytest_collection_finish(session):
            laboratory, _ = laboratory_of(session.config)
            state_of(session.config).laboratory = Bare(laboratory.settings, laboratory.folder)
        """
    )
    result = project("def test_it(service): ...", "--chaos-json=run.json", "-ra", *(["--chaos-strict"] if strict else []))
    document = json.loads((pytester.path / "run.json").read_text())
    if strict:
        result.assert_outcomes(errors=1)
        assert document["skipped"] == []
        result.stdout.fnmatch_lines(["*sch_netem; load the module"])
        result.stdout.no_fnmatch_line("*async def deploy*")
        assert result.ret == 1
    else:
        result.assert_outcomes(skipped=1)
        assert document["skipped"] == [{"id": "test_project.py::test_it", "reason": "this kernel has no sch_netem; load the module"}]
        result.stdout.fnmatch_lines(["0 tests: 0 held, *; 1 skipped"])
        assert result.ret == 0
    assert document["totals"]["skipped"] == (0 if strict else 1)


MEASURED = f"""{HEAD}
from fraiseql_chaos import measures

@pytest.mark.claims("1.1.1b", "1.1.1.m2")
async def test_it(load, promises):
    recording = await load.replays(outage())
    recording.measure("1.1.1.m2", measures.error_rate())
    recording.require(*promises)
"""


def test_what_a_test_measures_is_in_the_report(project: Project, pytester: pytest.Pytester) -> None:
    project(MEASURED, "--chaos-json=run.json").assert_outcomes(passed=1)
    (experiment,) = read_run(pytester.path / "run.json").experiments
    assert experiment.measured["1.1.1.m2"].numbers["share"] == 1.0


@pytest.mark.parametrize("source", [MEASURED, MEASURED.replace("*promises", "availability(at_least=0.99)")], ids=["held", "violated"])
def test_a_metric_that_is_claimed_and_not_measured_is_not_green(project: Project, source: str) -> None:
    """Nor does a known weakness excuse it."""
    marked = source.replace("@pytest.mark.claims", '@pytest.mark.weakness("W-900", remedy=False)\n@pytest.mark.claims')
    without = marked.replace('    recording.measure("1.1.1.m2", measures.error_rate())\n', "").replace("(load", "(service, load")
    project(without).assert_outcomes(failed=1)


def test_a_test_that_claims_a_metric_without_measuring_it_is_told_what_to_do(project: Project) -> None:
    result = project(MEASURED.replace('    recording.measure("1.1.1.m2", measures.error_rate())\n', ""))
    result.stdout.fnmatch_lines(["*claims 1.1.1.m2 and measured no such thing; call recording.measure*"])
