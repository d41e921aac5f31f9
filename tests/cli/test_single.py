"""One experiment from the command line: judged, stored, replayable, and asked what it should be asked."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from baselines_made import baseline, metric
from fraiseql_chaos import reference
from fraiseql_chaos.baselines import write_baseline
from fraiseql_chaos.baselines.naming import latency_metric
from fraiseql_chaos.cli.main import parser
from fraiseql_chaos.cli.single import _expectations, _fault
from fraiseql_chaos.core import seconds
from fraiseql_chaos.history import read_history
from fraiseql_chaos.layers.wire.faults import CutAt
from fraiseql_chaos.layers.wire.trigger import Trigger
from fraiseql_chaos.reports import read_run
from fraiseql_chaos.verdicts import Expectation, fault_observed, no_hang, recovers_within

RUN_WITHIN_S = 300
"""No promise: a busy machine takes ten times as long as a quiet one, and what hangs should still end some day."""
LATENCY = "--fault=network_latency,latency_ms=20"


def test_one_fault_is_run_judged_stored_and_can_be_replayed(tmp_path: Path) -> None:
    """On a real rig, in a process of its own, as people type it; the expectation is one that cannot hold, so that it must be heard."""
    words = [
        "run",
        LATENCY,
        "--from=500ms",
        "--for=1s",
        "--lasting=2s",
        "--recovers-within=400ms",
        "--rate=30",
        "--seed=4",
        "--fails-within=1ms",
        "--json=new/copy.json",
    ]
    command = [sys.executable, "-m", "fraiseql_chaos.cli", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=RUN_WITHIN_S, cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert "violated: latency" in done.stdout
    assert "seed    4" in done.stdout
    document = read_run(tmp_path / ".chaos" / "runs" / "latest")
    assert (document.totals.run, document.totals.violated) == (1, 1)
    assert document.replay == f"fraiseql-chaos {' '.join(words)}"
    assert read_run(tmp_path / "new" / "copy.json") == document
    assert "every request during the fault ends, in an answer or an error, within 1 ms" in done.stdout.partition("armed:")[0], (
        "what is asked is said before"
    )


def test_a_promise_is_measured_against_the_baseline_that_was_named(tmp_path: Path) -> None:
    """Method: a baseline of a service that takes a millisecond; 20 ms each way are more than twice that. It is of another machine, which is said and stored."""
    names = [latency_metric(operation.name) for operation in reference.RING]
    write_baseline(tmp_path / "b.json", baseline(*(metric(name, [1 + n / 1000 for n in range(5)]) for name in names)))
    words = [
        "run",
        LATENCY,
        "--from=1s",
        "--for=2s",
        "--lasting=5s",
        "--recovers-within=1s",
        "--within-baseline=2",
        "--baseline=b.json",
        "--foreign-baseline",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "fraiseql_chaos.cli", *words], capture_output=True, text=True, check=False, timeout=RUN_WITHIN_S, cwd=tmp_path
    )
    assert "FOREIGN baseline of 2026-01-02T03:04:05+00:00: machine 0123456789abcdef, not " in done.stdout
    assert done.returncode == 1, done.stderr
    (record,) = read_run(tmp_path / ".chaos" / "runs" / "latest").experiments
    assert record.baseline is not None
    assert record.baseline["machine"] == "0123456789abcdef"
    assert {finding.expectation.kind: finding.verdict for finding in record.findings}["latency_within"] == "violated"


def test_a_service_that_waits_is_not_held_unasked() -> None:
    """While the database is away, requests must fail in time although the command line does not say so; unless it says how soon."""
    assert asked_by("database_unavailable") == (recovers_within(seconds(5)), no_hang(within=seconds(5)))
    assert asked_by("database_unavailable", "--fails-within=1s") == (recovers_within(seconds(5)), no_hang(within=seconds(1)))
    assert asked_by("network_latency,latency_ms=20") == (recovers_within(seconds(5)),)
    assert asked_by("loss,rate=0.1", "--fault=database_unavailable") == (recovers_within(seconds(5)), no_hang(within=seconds(5)))


def asked_by(fault: str, *words: str) -> tuple[Expectation, ...]:
    """Return what a command line asks."""
    arguments = parser(for_command="run").parse_args(["run", f"--fault={fault}", *words])
    return _expectations(arguments, [_fault(text) for text in arguments.fault])


def test_what_bends_messages_and_what_bends_packets_find_a_way_with_both_by_themselves(tmp_path: Path) -> None:
    """
    Two faults at once, of which one needs a proxy and the other a link; nobody says so, and both are seen.

    Few enough are asked that none has to wait for a connection of the pool when all is healed: that a queue takes its time is another test's matter.
    """
    words = [
        "run",
        "--fault=latency,delay=50ms",
        "--fault=loss,rate=0.05",
        "--from=1s",
        "--for=3s",
        "--lasting=6s",
        "--rate=15",
        "--recovers-within=1s",
        "--seed=1",
    ]
    command = [sys.executable, "-m", "fraiseql_chaos.cli", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=RUN_WITHIN_S, cwd=tmp_path)
    if "does not let us make a network namespace" in done.stderr:
        pytest.skip(done.stderr)
    assert done.returncode == 0, done.stdout + done.stderr
    document = read_run(tmp_path / ".chaos" / "runs" / "latest")
    (record,) = document.experiments
    assert (record.id, record.verdict) == ("latency+loss", "held")
    assert document.replay == f"fraiseql-chaos {shlex.join(words)}"
    history = read_history(tmp_path / ".chaos" / "runs" / "latest" / record.history)
    assert [fault_observed(kind).judge(history).verdict for kind in ("latency", "loss")] == ["held", "held"]


def test_faults_that_exclude_each_other_are_refused_before_anything_starts(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "fraiseql_chaos.cli", "run", "--fault=refuse", LATENCY]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=RUN_WITHIN_S, cwd=tmp_path)
    assert done.returncode == 2
    assert "could not act" in done.stderr
    assert list(tmp_path.glob(".chaos/runs/*")) == []


def test_a_comma_in_a_value_is_written_with_a_backslash() -> None:
    """A pattern may have one, and elsewhere it parts the options."""
    assert _fault(r"cut_at,sql=^SELECT 1\, 2,nth=3") == CutAt(trigger=Trigger(sql="^SELECT 1, 2", nth=3))


def test_a_run_that_could_not_begin_leaves_no_folder(tmp_path: Path) -> None:
    """The server that was named does not answer: the error says where, and that nothing was touched."""
    command = [sys.executable, "-m", "fraiseql_chaos.cli", "run", LATENCY, "--dsn=postgresql://nobody@127.0.0.1:1/nothing"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=RUN_WITHIN_S, cwd=tmp_path)
    assert done.returncode == 4
    assert "database 'nothing' on host 127.0.0.1, port 1, as user nobody" in done.stderr
    assert done.stderr.endswith("Nothing was touched\n")
    assert list(tmp_path.glob(".chaos/runs/*")) == []


def test_packets_of_a_way_without_a_link_cannot_be_kept(tmp_path: Path) -> None:
    """Nobody should learn that after a run; and a folder of a run that never was is none."""
    command = [sys.executable, "-m", "fraiseql_chaos.cli", "run", LATENCY, "--pcap"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=RUN_WITHIN_S, cwd=tmp_path)
    assert done.returncode == 2
    assert "--pcap keeps what crosses a packet link, and with latency there is none on the way to the database" in done.stderr
    assert done.stderr.endswith("nothing was run\n")
    assert list(tmp_path.glob(".chaos/runs/*")) == []


def test_what_cannot_be_concluded_is_tried_three_times_and_all_of_them_are_kept(tmp_path: Path) -> None:
    """A fault on a statement that nobody says is never seen, so no attempt can tell anything; and a disarmed run is meant to be inconclusive."""
    words = ["run", "--fault=cut_at,sql=^NO SUCH STATEMENT", "--from=300ms", "--for=300ms", "--lasting=900ms", "--recovers-within=200ms", "--rate=20"]
    attempts = {}
    for more in ((), ("--disarm",)):
        command = [sys.executable, "-m", "fraiseql_chaos.cli", *words, *more]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=RUN_WITHIN_S, cwd=tmp_path)
        assert done.returncode == 3, done.stdout + done.stderr
        (experiment,) = read_run(tmp_path / ".chaos" / "runs" / "latest").experiments
        attempts[more] = [attempt.verdict for attempt in experiment.attempts]
    assert attempts == {(): ["inconclusive"] * 3, ("--disarm",): ["inconclusive"]}
