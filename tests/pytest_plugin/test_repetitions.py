"""``--chaos-repeat``: every repetition is a test of its own, and counts."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

pytest_plugins = ["pytester"]

type Project = Callable[..., pytest.RunResult]

HOLDS = """
from histories import outage

async def test_it(service, load, promises):
    (await load.replays(outage())).require(*promises)

def test_that_is_not_ours(tmp_path): ...
"""

SOMETIMES = """
from fraiseql_chaos import availability
from histories import outage

seen = []

async def test_it(service, load, promises):
    seen.append(1)
    asked = [availability(at_least=0.99)] if len(seen) == 2 else promises
    (await load.replays(outage())).require(*asked)
"""

WEAK = """
import pytest
from fraiseql_chaos import availability
from histories import outage

seen = []

@pytest.mark.weakness("W-900", remedy=False)
async def test_it(service, load, promises):
    seen.append(1)
    asked = promises if len(seen) in {healed} else [availability(at_least=0.99)]
    (await load.replays(outage())).require(*asked)
"""


def run_json(pytester: pytest.Pytester) -> dict[str, Any]:
    """Read what the run left."""
    told: dict[str, Any] = json.loads((pytester.path / "run.json").read_text(encoding="utf-8"))
    return told


def test_each_experiment_runs_so_often_and_other_tests_once(project: Project, pytester: pytest.Pytester) -> None:
    result = project(HOLDS, "--chaos-repeat=3", "--chaos-json=run.json")
    result.assert_outcomes(passed=4)
    assert [each["id"].rpartition("::")[2] for each in run_json(pytester)["experiments"]] == [f"test_it[repeat-{n}-of-3]" for n in (1, 2, 3)]
    result.stdout.fnmatch_lines(["repeated *test_it  3 repetitions: held 3 (43.8 % to 100 %)"])


def test_one_violated_repetition_fails_the_run_and_none_makes_up_for_it(project: Project, pytester: pytest.Pytester) -> None:
    """And it is not tried again: three repetitions are three attempts."""
    result = project(SOMETIMES, "--chaos-repeat=3", "--chaos-json=run.json")
    result.assert_outcomes(passed=2, failed=1)
    assert result.ret == 1
    experiments = run_json(pytester)["experiments"]
    assert [each["verdict"] for each in experiments] == ["held", "violated", "held"]
    assert [len(each["attempts"]) for each in experiments] == [1, 1, 1]
    result.stdout.fnmatch_lines(["repeated *test_it  3 repetitions: violated 1 (6.1 % to 79.2 %), held 2 (20.7 % to 93.8 %)"])


def test_a_repetition_that_cannot_tell_is_tried_again_and_all_is_recorded(project: Project, pytester: pytest.Pytester) -> None:
    source = HOLDS.replace("(await load.replays(outage()))", "(await load.replays(unseen))").replace("promises):", "promises, unseen):")
    result = project(source, "--chaos-repeat=2", "--chaos-json=run.json")
    result.assert_outcomes(passed=1, failed=2)
    assert [len(each["attempts"]) for each in run_json(pytester)["experiments"]] == [3, 3]


@pytest.mark.parametrize(("healed", "outcomes"), [("()", {"xfailed": 3}), ("(2,)", {"xfailed": 2, "failed": 1})], ids=["always", "not always"])
def test_a_weakness_must_be_met_every_time(project: Project, healed: str, outcomes: dict[str, int]) -> None:
    """Expected failures stay strict: one repetition in which it was not seen is a failure."""
    result = project(WEAK.replace("{healed}", healed), "--chaos-repeat=3")
    result.assert_outcomes(**outcomes)
    assert result.ret == ("failed" in outcomes)


def test_parameters_and_variants_come_first_in_the_id(project: Project, pytester: pytest.Pytester) -> None:
    source = """
    import pytest
    from histories import outage

    @pytest.mark.parametrize("rate", [1, 2])
    async def test_it(service, load, promises, rate):
        (await load.replays(outage())).require(*promises)
    """
    project(source, "--chaos-repeat=2", "--chaos-json=run.json").assert_outcomes(passed=4)
    names = [each["id"].rpartition("::")[2] for each in run_json(pytester)["experiments"]]
    assert names == [f"test_it[{rate}-repeat-{n}-of-2]" for rate in (1, 2) for n in (1, 2)]


def test_the_replay_of_a_repetition_repeats_that_one(project: Project, pytester: pytest.Pytester) -> None:
    project(HOLDS, "--chaos-repeat=3", "--chaos-seed=5", "--chaos-json=run.json")
    replay = run_json(pytester)["experiments"][1]["replay"]
    assert replay == "pytest 'test_project.py::test_it[repeat-2-of-3]' --chaos-seed=5 --chaos-repeat=3"
    pytester.runpytest_inprocess("test_project.py::test_it[repeat-2-of-3]", "--chaos-seed=5", "--chaos-repeat=3").assert_outcomes(passed=1)


def test_workers_share_the_repetitions(project: Project, pytester: pytest.Pytester) -> None:
    """Each worker runs some of them, and the controller counts all."""
    result = project(
        SOMETIMES.replace("len(seen) == 2", "'2-of-6' in load.title.experiment"), "-p", "xdist", "-n2", "--chaos-repeat=6", "--chaos-json=run.json"
    )
    result.assert_outcomes(passed=5, failed=1)
    assert [each["verdict"] for each in run_json(pytester)["experiments"]] == ["held", "violated", *["held"] * 4]
    result.stdout.fnmatch_lines(["repeated *test_it  6 repetitions: violated 1 (*), held 5 (*)"])


def test_another_projects_fixture_of_that_name_is_left_alone(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.fixture
        def load():
            return "a fixture of this project's own"

        def test_it(load): ...
        """
    )
    pytester.runpytest_inprocess("--chaos-repeat=3").assert_outcomes(passed=1)
