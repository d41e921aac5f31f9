"""
A suite that cannot go red shows nothing. Here it must.

The bundled chaos tests are run as they are, by pytest in a process of its own: with the injectors disarmed, where nothing may be concluded, and
on services with a defect, where the promise must break, and for the right reason.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kills import KILLS, STOCK_ONLY

SUITE = Path(__file__).parents[1] / "chaos"
SABOTAGE = Path(__file__).parents[1] / "sabotage"

FOR_BASELINES = {"half", "slow", "slow_post"}
"""Services that are slower than they were: no promise of the suite, and a matter of baselines."""


RUN_WITHIN_S = 1800
"""No promise: a busy machine takes several times as long as a quiet one, and what hangs should still end some day."""


def _run(tmp_path: Path, *arguments: str, app: str | None = None) -> dict[str, Any]:
    """Run chaos tests and return their run.json."""
    target = () if app is None else (f"--chaos-app={app}:app", "--chaos-workload=reference")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:randomly",
        "-p",
        "no:cacheprovider",
        f"--chaos-store={tmp_path}/runs",
        f"--chaos-json={tmp_path}/run.json",
    ]
    subprocess.run(
        [*command, f"--rootdir={SUITE.parents[1]}", f"-c{SUITE.parents[1] / 'pyproject.toml'}", *target, *arguments],
        cwd=SABOTAGE,
        timeout=RUN_WITHIN_S,
        check=False,
        capture_output=True,
    )
    document: dict[str, Any] = json.loads((tmp_path / "run.json").read_text())
    return document


def _verdicts(experiment: dict[str, Any]) -> dict[str, str]:
    return {finding["expectation"]["kind"]: finding["verdict"] for finding in experiment["findings"]}


def test_nothing_can_be_concluded_while_the_injectors_are_disarmed(tmp_path: Path) -> None:
    """All motions are gone through but nothing is injected: every test must be inconclusive, also those that expect a weakness."""
    document = _run(tmp_path, str(SUITE), "--chaos-disarm", "--chaos-duration=0.5", "-n2")
    collected = {experiment["id"].rpartition("::")[2] for experiment in document["experiments"]}
    assert {experiment["verdict"] for experiment in document["experiments"]} == {"inconclusive"}
    assert {_verdicts(experiment)["fault_observed"] for experiment in document["experiments"]} == {"inconclusive"}
    assert len(collected) == document["totals"]["inconclusive"] == document["totals"]["run"] >= 6


@pytest.mark.parametrize("defect", KILLS)
def test_a_defect_turns_its_tests_red_and_for_the_right_reason(tmp_path: Path, defect: str) -> None:
    """
    Each promise that is expected to break does, and the fault was seen all the same: a service that does not do as it should is hit like any other.

    Wrong answers, and writes that are lost or doubled, violate whatever else is true; a promise about time or failures where instrument and fault are beyond doubt.
    """
    document = _run(tmp_path, *(str(SUITE / test) for test, _ in KILLS[defect]), "-n2", app=defect)
    if document["totals"]["skipped"]:
        pytest.skip(document["skipped"][0]["reason"])
    found = {_test_of(experiment): experiment for experiment in document["experiments"]}
    assert found.keys() == {test for test, _ in KILLS[defect]}
    seen = {
        test: (found[test]["verdict"], _verdicts(found[test])[promise], _verdicts(found[test])["fault_observed"]) for test, promise in KILLS[defect]
    }
    assert set(seen.values()) == {("violated", "violated", "held")}, seen


def test_a_healthy_service_turns_none_of_them_red(tmp_path: Path) -> None:
    """The hardened service, which has every remedy there is, under every fault that shows a defect: no false alarm."""
    tests = sorted({test for kills in KILLS.values() for test, _ in kills} - STOCK_ONLY)
    document = _run(tmp_path, *(str(SUITE / test) for test in tests), "-n2", app="genuine")
    alarms = {_test_of(experiment): experiment["reasons"] for experiment in document["experiments"] if experiment["verdict"] != "held"}
    assert alarms == {}
    assert document["totals"]["run"] + document["totals"]["skipped"] == len(tests)


def test_a_cache_in_the_services_memory_is_found_where_there_is_one(tmp_path: Path) -> None:
    """The promise that W-011 says no service keeps is one that a service can keep: with a cache of results in its own memory, every repetition is a hit."""
    test = "network/test_network_latency_chaos.py::TestConsistentLatency::test_what_was_asked_before_is_answered_from_a_cache"
    (experiment,) = _run(tmp_path, str(SUITE / test), app="caching")["experiments"]
    assert experiment["verdict"] == "held", experiment["reasons"]
    assert experiment["measured"]["1.2.2.m1"]["numbers"]["rate"] == 1.0


def test_every_defect_is_in_the_table() -> None:
    """What has a docstring that speaks of a defect is one, unless another part of the tests needs it."""
    defects = {path.stem for path in SABOTAGE.glob("*.py") if "with a defect" in path.read_text(encoding="utf-8").partition("\n")[0]}
    assert defects - FOR_BASELINES == KILLS.keys() - {"unbounded"}


def _test_of(experiment: dict[str, Any]) -> str:
    """Return an experiment's test as the table has it."""
    return str(experiment["id"].rpartition("chaos/")[2])
