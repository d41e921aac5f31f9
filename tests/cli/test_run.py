"""One fault from the command line, or the bundled suite: what is wrong is said before anything starts, and a run ends with its status."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from fraiseql_chaos.cli.main import main, parser
from fraiseql_chaos.cli.run import _expectations, _fault, suite_directory
from fraiseql_chaos.cli.status import INCONCLUSIVE
from fraiseql_chaos.core import seconds
from fraiseql_chaos.reports import read_run
from fraiseql_chaos.verdicts import Expectation, fails_within, recovers_within

RUN_WITHIN_S = 60


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[object, str, str]:
    """Run the command in this process; return its exit status, and what it wrote on both streams."""
    with pytest.raises(SystemExit) as exit_:
        main(["run", *words])
    out, err = capsys.readouterr()
    return exit_.value.code, out, err


LATENCY = "--fault=network_latency,latency_ms=20"

WRONG = {
    "--fault=solar_flare": "unknown failure type 'solar_flare'; allowed are bandwidth",
    "--fault=network_latencies,latency_ms=5": "did you mean 'network_latency'?",
    "--fault=network_latency": "option 'latency_ms' is missing",
    "--fault=network_latency,latency_ms": "'latency_ms' is not OPTION=VALUE",
    "--fault=network_latency,latency_ms=fast": "'latency_ms' takes a number of milliseconds, not 'fast'",
    "--fault=network_latency,latency=5": "network_latency has no option 'latency'",
    "--fault=database_unavailable,mode=gently": "gently",
    f"{LATENCY} --from=1": "'1' is not a duration",
    f"{LATENCY} --for=-3s": "'-3s' is not a duration",
    f"{LATENCY} --for -3s": "'-3s' is not a duration",
    f"{LATENCY} --report=/dev/null/x.html": "--report=/dev/null/x.html: its folder cannot be made",
    f"{LATENCY} --dsn=postgresql:///x --sql=s.sql --app=a:b --workload=w.toml": "--sql and --dsn exclude each other",
    f"{LATENCY} --rate=often": "--rate=often: a number per second",
    f"{LATENCY} --rate=0": "a rate is a finite number above 0 per second",
    f"{LATENCY} --lasting=3s": "--lasting=3 s: the fault heals at 4 s, and recovery could not be seen",
    f"{LATENCY} --for=0s": "a fault's window must end after it begins",
    f"{LATENCY} --service=broken": "--service=broken: one of stock, hardened",
    f"{LATENCY} --availability=95": "95",
    f"{LATENCY} --recovers-within=5": "'5' is not a duration",
    f"{LATENCY} --seed=tomorrow": "--seed=tomorrow: a whole number from 0 to",
    f"{LATENCY} --duration=never": "--duration=never: 'never' is not a duration",
    f"{LATENCY} --postgres=9": "--postgres=9: one of 14, 15, 16, 17, 18",
    f"{LATENCY} --app=mine:app": "--app and --workload belong together",
    f"{LATENCY} tests/chaos": "tests/chaos: tests are chosen from the suite",
}


@pytest.mark.parametrize("words", WRONG)
def test_a_wrong_word_is_wrong_use_and_nothing_starts(capsys: pytest.CaptureFixture[str], tmp_path: Path, words: str) -> None:
    """The option is named as it was written, without the prefix it has in pytest; and no folder of a run appears."""
    status, _, err = run(capsys, *words.split())
    assert status == 2
    assert WRONG[words] in err
    assert "--chaos-" not in err
    assert list(tmp_path.iterdir()) == []


def test_one_fault_is_run_judged_stored_and_can_be_replayed(tmp_path: Path) -> None:
    """On a real rig, in a process of its own, as people type it; the expectation is one that cannot hold, so that it must be heard."""
    words = ["run", LATENCY, "--from=500ms", "--for=1s", "--lasting=2s", "--rate=30", "--seed=4", "--fails-within=1ms", "--json=new/copy.json"]
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


def test_a_service_that_waits_is_not_held_unasked() -> None:
    """While the database is away, requests must fail in time although the command line does not say so; unless it says how soon."""
    assert asked_by("database_unavailable") == (recovers_within(seconds(5)), fails_within(seconds(5)))
    assert asked_by("database_unavailable", "--fails-within=1s") == (recovers_within(seconds(5)), fails_within(seconds(1)))
    assert asked_by("network_latency,latency_ms=20") == (recovers_within(seconds(5)),)


def asked_by(fault: str, *words: str) -> tuple[Expectation, ...]:
    """Return what a command line asks."""
    arguments = parser(for_command="run").parse_args(["run", f"--fault={fault}", *words])
    return _expectations(arguments, _fault(fault))


def test_the_replay_of_a_test_of_the_suite_replays_it(tmp_path: Path) -> None:
    """As a stranger would: the line is read from the document and typed, somewhere else."""
    first = _cli(tmp_path, "run", "--seed=4", "--disarm", "--duration=0.3", "--json=run.json", "network", "--", "-k", "slow_database and not cut")
    document = read_run(tmp_path / "run.json")
    assert document.experiments, first.stdout + first.stderr
    record = document.experiments[0]
    assert document.replay.startswith("fraiseql-chaos run --seed=4 ")
    command, *words = shlex.split(record.replay)
    assert command == "fraiseql-chaos"
    assert words[:2] == ["run", record.id]
    assert {"--seed=4", "--disarm", "--duration=0.3"} < set(words)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    again = _cli(elsewhere, *words)
    assert again.returncode == INCONCLUSIVE, again.stdout + again.stderr
    (replayed,) = read_run(elsewhere / ".chaos" / "runs" / "latest").experiments
    assert (replayed.id, replayed.replay) == (record.id, record.replay)


def _cli(directory: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fraiseql_chaos.cli", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=2 * RUN_WITHIN_S, cwd=directory)


def test_the_suite_is_the_bundled_one(tmp_path: Path) -> None:
    """Wherever it is run: the configuration of a project around it, which here would refuse everything, takes no part."""
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\nfilterwarnings = error\n")
    command = [sys.executable, "-m", "fraiseql_chaos.cli", "run", "--seed=4", "--", "--collect-only", "-q", "-k", "slow_database"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=RUN_WITHIN_S, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "test_reads_survive_a_slow_database" in done.stdout
    assert "Warning" not in done.stdout + done.stderr
    assert (suite_directory() / "weaknesses.toml").is_file()


@pytest.mark.parametrize(
    ("words", "status"),
    [(["--seed=tomorrow"], 2), (["--", "-k", "no_such_test"], 3)],
    ids=["wrong option", "nothing selected"],
)
def test_the_suites_status_is_translated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], status: int) -> None:
    """From pytest's numbers to those of this command. Method: with no plugin but ours, because loading the others takes longer than all the rest."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_PLUGINS", "fraiseql_chaos.pytest_plugin")
    command = [sys.executable, "-m", "fraiseql_chaos.cli", "run", *words]
    assert subprocess.run(command, capture_output=True, check=False, timeout=RUN_WITHIN_S, cwd=tmp_path).returncode == status
