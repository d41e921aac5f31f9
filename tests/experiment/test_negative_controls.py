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

SUITE = Path(__file__).parents[1] / "chaos"
SABOTAGE = Path(__file__).parents[1] / "sabotage"


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
        timeout=600,
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


DATABASE = "network/test_db_connection_chaos.py::TestDatabaseConnection"
LATENCY = "network/test_network_latency_chaos.py::TestNetworkLatency"
PACKETS = "network/test_packet_loss_chaos.py"


@pytest.mark.parametrize(
    ("defect", "test", "broken"),
    [
        ("swallow", f"{DATABASE}::test_connection_refused", "correct_results"),
        ("swallow", f"{DATABASE}::test_the_server_is_stopped_and_started", "correct_results"),
        ("stale", f"{DATABASE}::test_an_outage_is_noticed_within_a_second", "correct_results"),
        ("stale", f"{LATENCY}::test_reads_survive_a_slow_database", "correct_results"),
        ("impatient", f"{PACKETS}::TestPacketLoss::test_queries_succeed_because_what_is_lost_is_sent_again[10%]", "availability"),
        ("forgetting", f"{PACKETS}::TestPacketLoss::test_mutations_are_carried_out_once_and_rightly[10%]", "no_data_loss"),
        ("mixing", f"{PACKETS}::TestDuplicatePackets::test_copies_are_noticed_and_thrown_away[2%]", "correct_results"),
        ("doubling", f"{PACKETS}::TestDuplicatePackets::test_a_statement_that_arrives_twice_is_carried_out_once[2%]", "no_duplicates"),
        ("mixing", f"{PACKETS}::TestReorderedPackets::test_segments_are_put_back_in_order", "correct_results"),
        ("forgetting", f"{PACKETS}::TestReorderedPackets::test_data_stays_whole", "no_data_loss"),
        ("mixing", f"{PACKETS}::TestCorruptedPackets::test_wrong_checksums_are_refused_and_sent_again[5%]", "correct_results"),
        ("cleartext", f"{PACKETS}::TestCorruptedPackets::test_what_no_checksum_shows_breaks_connections_over_tls", "correct_results"),
    ],
    ids=lambda what: what.rpartition("::")[2],
)
def test_a_defect_turns_the_test_red(tmp_path: Path, defect: str, test: str, broken: str) -> None:
    """
    Errors swallowed into empty answers, and rows of somebody else, are wrong answers, and a wrong answer violates whatever else is true.

    So does a write that is acknowledged and not there, or there twice. What a service gives up that would have been mended is no wrong answer, but
    a request that failed, and that counts where the instrument and the fault are beyond doubt.
    """
    document = _run(tmp_path, str(SUITE / test), app=defect)
    if document["totals"]["skipped"]:
        pytest.skip(document["skipped"][0]["reason"])
    (experiment,) = document["experiments"]
    assert experiment["verdict"] == "violated"
    assert _verdicts(experiment)[broken] == "violated"
    assert _verdicts(experiment)["fault_observed"] == "held"


@pytest.mark.parametrize(
    ("defect", "test", "promise"),
    [
        ("pool_rejecting", "test_new_queries_wait_in_line_and_are_not_rejected", "queued_not_rejected"),
        ("pool_rejecting", "test_new_mutations_wait_in_line_and_are_not_rejected", "queued_not_rejected"),
        ("pool_miscounting", "test_the_pool_reports_how_many_wait", "queue_depth_reported"),
        ("pool_stack", "test_the_oldest_are_served_first", "oldest_first"),
        ("pool_leak", "test_nobody_waits_for_ever", "no_deadlock"),
    ],
)
def test_a_pool_that_breaks_a_promise_turns_its_test_red(tmp_path: Path, defect: str, test: str, promise: str) -> None:
    """And the fault was seen all the same: a pool that does not do as it should is exhausted like any other."""
    (experiment,) = _run(tmp_path, str(SUITE / f"network/test_db_connection_chaos.py::TestPoolExhaustion::{test}"), app=defect)["experiments"]
    assert experiment["verdict"] == "violated"
    assert _verdicts(experiment)[promise] == "violated"
    assert _verdicts(experiment)["fault_observed"] == "held"
