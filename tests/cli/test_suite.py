"""The bundled suite from the command line: the same wherever it is run, and every test of it replayable."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from fraiseql_chaos.cli.status import INCONCLUSIVE
from fraiseql_chaos.cli.suite import suite_directory
from fraiseql_chaos.reports import read_run

RUN_WITHIN_S = 300
"""No promise: a busy machine takes ten times as long as a quiet one, and what hangs should still end some day."""


def test_the_replay_of_a_test_of_the_suite_replays_it(tmp_path: Path) -> None:
    """As a stranger would: the line is read from the document and typed, somewhere else."""
    first = _cli(tmp_path, "run", "--seed=4", "--disarm", "--duration=0.3", "--json=run.json", "network", "--", "-k", "outage_is_noticed")
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
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=RUN_WITHIN_S, cwd=directory)


def test_the_suite_is_the_bundled_one(tmp_path: Path) -> None:
    """Wherever it is run: the configuration of a project around it, which here would refuse everything, takes no part."""
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\nfilterwarnings = error\n")
    command = [sys.executable, "-m", "fraiseql_chaos.cli", "run", "--seed=4", "--", "--collect-only", "-q", "-k", "silent_server"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=RUN_WITHIN_S, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "test_a_silent_server_does_not_make_requests_hang" in done.stdout
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
