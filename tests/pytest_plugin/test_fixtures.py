"""The three fixtures on a real rig: what they start answers, what they break heals, and what cannot start says so in a sentence."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import AsyncIterator
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest

from fraiseql_chaos.reference import SERVICE_DIRECTORY
from fraiseql_chaos.rig.postgres import Cluster

pytest_plugins = ["pytester"]

RUN_WITHIN_S = 300
"""No promise: a busy machine takes ten times as long as a quiet one, and what hangs should still end some day."""

SLOW = """
import pytest

from fraiseql_chaos import Latency, availability, fault_observed, ms, per_second, seconds

@pytest.mark.parametrize("delay_ms", [20, 40])
async def test_slow(service, chaos, load, delay_ms):
    async with chaos(Latency(delay=ms(delay_ms)), on=service.database, between=(seconds(0.5), seconds(2))):
        recording = await load.open_loop(service.reads, rate=per_second(20), lasting=seconds(2.5))

    recording.require(fault_observed(Latency.kind), availability(at_least=0.9))
"""

FULL = """
import resource

import psycopg

from fraiseql_chaos import Refuse, per_second, seconds

async def test_full(service, chaos, load):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        async with chaos(Refuse(), on=service.database):
            await load.open_loop(service.reads, rate=per_second(20), lasting=seconds(60))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        with psycopg.connect(service.deployment.database_url, connect_timeout=5) as connection:
            print("healed:", connection.execute("SELECT 1").fetchone())
"""


def _call(server: Cluster, comment: LiteralString) -> None:
    """Say something else of the database that is theirs."""
    with psycopg.connect(server.control_dsn("theirs"), autocommit=True) as connection:
        connection.execute(f"COMMENT ON DATABASE theirs IS {comment}")


def one_run(root: Path) -> tuple[Path, dict[str, object]]:
    """Return the only folder below ``root`` and its document, and see that everything that belongs to a run is there."""
    runs = root / ".chaos" / "runs"
    (folder,) = [path for path in runs.iterdir() if not path.is_symlink()]
    assert (runs / "latest").resolve() == folder
    assert "</html>" in (folder / "report.html").read_text(encoding="utf-8")
    document: dict[str, object] = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return folder, document


def test_two_workers_write_one_run_and_its_replay_line_works(pytester: pytest.Pytester) -> None:
    """One experiment on each of two workers, then one of them again by the line the report gives for it, without workers."""
    pytester.makepyfile(test_slow=SLOW)
    result = pytester.runpytest_subprocess("-p", "xdist", "-n", "2", "--chaos-seed=7", timeout=RUN_WITHIN_S)
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["chaos: seed 7", "2 tests: 2 held, 0 violated, 0 inconclusive, 0 weaknesses; 0 skipped", "seed    7"])
    folder, document = one_run(pytester.path)
    assert document["totals"] == {"run": 2, "held": 2, "violated": 0, "inconclusive": 0, "weakness": 0, "skipped": 0, "problems": 0}
    assert str(document["replay"]).endswith(" -p xdist -n 2 --chaos-seed=7")

    experiments = document["experiments"]
    assert isinstance(experiments, list)
    # One history an attempt: on a busy machine the first may have been inconclusive.
    assert len(list((folder / "histories").iterdir())) == sum(len(experiment["attempts"]) for experiment in experiments)
    replay: str = experiments[0]["replay"]
    assert replay == "pytest 'test_slow.py::test_slow[20]' --chaos-seed=7"
    again = pytester.runpytest_subprocess(*shlex.split(replay)[1:], "--chaos-store=again", timeout=RUN_WITHIN_S)
    again.assert_outcomes(passed=1)
    again.stdout.fnmatch_lines(["seed    7"])
    repeated = json.loads((pytester.path / "again/latest/run.json").read_text(encoding="utf-8"))["experiments"][0]
    assert (repeated["id"], repeated["verdict"], repeated["replay"]) == (experiments[0]["id"], "held", replay)
    assert [fault["parameters"] for fault in repeated["faults"]] == [fault["parameters"] for fault in experiments[0]["faults"]]


class TestOnAServerOfTheUsersOwn:
    """Method: a database of a server that runs already is named with --chaos-dsn, so that each case costs only what it is about."""

    @pytest.fixture
    async def dsn(self, reference_server: Cluster, anyio_backend: str) -> AsyncIterator[str]:  # noqa: ARG002  what runs this fixture
        await reference_server.clone("reference", "theirs")
        yield reference_server.dsn("theirs")
        _call(reference_server, "'fraiseql-chaos disposable'")
        await reference_server.drop("theirs")

    def test_a_full_disk_is_named_ends_the_run_and_leaves_nothing_armed(self, pytester: pytest.Pytester, dsn: str) -> None:
        """Method: from the arming on, no file of the runner may grow beyond 4 KiB, which ends a history long before its sixty seconds."""
        pytester.makepyfile(test_full=FULL)
        result = pytester.runpytest_inprocess("-s", f"--chaos-dsn={dsn}", "--i-own-this-database")
        shown = result.stdout.str()
        assert re.search(r"\.chaos/runs/\S+\.jsonl cannot be written: File too large; the run's record would have holes", shown)
        assert "healed: (1,)" in shown
        result.assert_outcomes(failed=1)
        assert result.duration < 60, "broken off, and not waited out"

    def test_a_database_that_nobody_called_disposable_is_left_alone(self, pytester: pytest.Pytester, reference_server: Cluster, dsn: str) -> None:
        """Method: the copy says of itself that it is disposable, as all of ours do, until that is taken away."""
        _call(reference_server, "NULL")
        pytester.makepyfile("def test_it(service): ...\n\ndef test_another(service): ...")
        result = pytester.runpytest_inprocess(f"--chaos-dsn={dsn}")
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        shown = result.stdout.str()
        assert "--i-own-this-database" in shown
        assert "(asked for with --chaos-dsn)" in shown
        assert "Traceback" not in shown

    def test_an_app_that_cannot_be_imported_is_named(self, pytester: pytest.Pytester, dsn: str) -> None:
        pytester.makepyfile("def test_it(service): ...")
        result = pytester.runpytest_inprocess(
            f"--chaos-dsn={dsn}", "--i-own-this-database", "--chaos-app=nowhere.to_be:found", "--chaos-workload=reference"
        )
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stdout.fnmatch_lines(
            ["*No module named 'nowhere'*(asked for with --chaos-dsn --chaos-app=nowhere.to_be:found --chaos-workload=reference)*"]
        )

    def test_a_workload_that_the_service_refuses_is_named(self, pytester: pytest.Pytester, dsn: str) -> None:
        """It expects what the schema does not know; the service's own words are repeated."""
        pytester.makepyfile("def test_it(service): ...")
        pytester.makefile(
            ".toml", wrong='[[operation]]\nname = "shoes"\nkind = "query"\ndocument = "{ shoes { size } }"\n[[operation.case]]\nexpect.shoes = []\n'
        )
        pytester.makepyfile(mine=f"import sys\nsys.path.insert(0, {str(SERVICE_DIRECTORY)!r})\nfrom stock import app")
        result = pytester.runpytest_inprocess(f"--chaos-dsn={dsn}", "--i-own-this-database", "--chaos-app=mine:app", "--chaos-workload=wrong.toml")
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stdout.fnmatch_lines(["*operation shoes, case 0*(asked for with --chaos-dsn --chaos-app=mine:app --chaos-workload=wrong.toml)*"])


def test_a_server_that_cannot_be_reached_is_named_without_its_password(pytester: pytest.Pytester) -> None:
    """Nobody listens on port 1; no test can run, so the run ends as wrong use, and says where it looked."""
    pytester.makepyfile("def test_it(service): ...\n\ndef test_another(service): ...")
    result = pytester.runpytest_inprocess("--chaos-dsn=postgresql://me:s3cret@127.0.0.1:1/mine")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stdout.fnmatch_lines(["*on host 127.0.0.1, port 1, as user me: *", "*(asked for with --chaos-dsn)*"])
    left_behind = [path for path in (pytester.path / ".chaos").rglob("*") if path.is_file() and "s3cret" in path.read_text(encoding="utf-8")]
    assert left_behind == []
    result.stdout.no_fnmatch_line("*s3cret*")
