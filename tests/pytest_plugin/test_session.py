"""One run, one folder, one seed, and a line that brings it all back."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import fraiseql_chaos
from fraiseql_chaos.reports import read_run

pytest_plugins = ["pytester"]

type Project = Callable[..., pytest.RunResult]

HELD = """
from histories import outage

async def test_held(load, promises):
    (await load.replays(outage())).require(*promises)
"""

HEAVY = ("psycopg", "aiohttp", "jinja2", "numpy", "scipy", "fraiseql_chaos.experiment", "fraiseql_chaos.reports")
IMPORTED = f"""
import sys

def pytest_unconfigure(config):
    print("heavy:", [name for name in {HEAVY!r} if name in sys.modules])
    print("ours:", "fraiseql_chaos.pytest_plugin" in sys.modules)
"""


def test_a_project_without_chaos_tests_imports_nothing_heavy_and_keeps_no_folder(pytester: pytest.Pytester) -> None:
    """In a process of its own, because this one has imported everything."""
    pytester.makeconftest(IMPORTED)
    pytester.makepyfile("def test_theirs(): ...")
    environment = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PATH": "", "PYTHONPATH": str(Path(fraiseql_chaos.__file__).parents[1])}
    command = [sys.executable, "-m", "pytest", "-s", "-q", "-p", "fraiseql_chaos.pytest_plugin"]
    shown = subprocess.run(command, cwd=pytester.path, env=environment, capture_output=True, text=True, check=True, timeout=60).stdout
    assert "heavy: []\nours: True" in shown
    assert not (pytester.path / ".chaos").exists()


def test_reports_are_copied_to_where_the_options_say(project: Project, pytester: pytest.Pytester) -> None:
    """Folders on the way are made; the copies are the files of the run."""
    project(HELD, "--chaos-report=out/pages/report.html", "--chaos-json=out/run.json", "--chaos-store=kept")
    (folder,) = [path for path in (pytester.path / "kept").iterdir() if not path.is_symlink()]
    assert (pytester.path / "out/pages/report.html").read_bytes() == (folder / "report.html").read_bytes()
    assert (pytester.path / "out/run.json").read_bytes() == (folder / "run.json").read_bytes()
    assert not (pytester.path / ".chaos").exists()


@pytest.mark.parametrize("seed_words", [["--chaos-seed=5"], ["--chaos-seed", "5"], []], ids=["equals", "two words", "drawn"])
def test_the_replay_of_a_run_names_its_seed_once_and_keeps_the_other_words(
    project: Project, pytester: pytest.Pytester, seed_words: list[str]
) -> None:
    project(HELD, *seed_words, "-k", "held or violated", "--chaos-json=run.json")
    document = json.loads((pytester.path / "run.json").read_text())
    if seed_words:
        assert document["seed"] == 5
    assert document["replay"] == f"pytest -k 'held or violated' --chaos-json=run.json --chaos-seed={document['seed']}"


def test_the_replay_of_a_test_repeats_every_option_that_changes_it(project: Project, pytester: pytest.Pytester) -> None:
    """A quoted name survives a shell; what only says where results go is left out."""
    source = 'import pytest\nfrom histories import outage\n\n@pytest.mark.parametrize("what", ["a b"])\n' + HELD.partition("\n\n")[2].replace(
        "(load", "(what, load"
    )
    project(source, "--chaos-seed=5", "--chaos-duration=2", "--chaos-strict", "--chaos-postgres=16", "--chaos-json=run.json", "--chaos-store=kept")
    (experiment,) = json.loads((pytester.path / "run.json").read_text())["experiments"]
    assert experiment["replay"] == "pytest 'test_project.py::test_held[a b]' --chaos-seed=5 --chaos-duration=2 --chaos-strict --chaos-postgres=16"


@pytest.mark.parametrize(
    "dsn", ["host=x user=me password = hunter2", r"host=x user=me password='it\'s hunter2'", "host=x user=me sslpassword=hunter2"]
)
def test_no_file_of_a_run_holds_the_password_of_a_dsn(project: Project, pytester: pytest.Pytester, dsn: str) -> None:
    """Neither the header nor the document, a record, a history or the page."""
    project(HELD, "--chaos-dsn", dsn, "--chaos-json=run.json")
    document = json.loads((pytester.path / "run.json").read_text())
    (experiment,) = document["experiments"]
    assert "--chaos-dsn postgresql://me@x/" in document["replay"]
    assert "--chaos-dsn=postgresql://me@x/" in experiment["replay"]
    (folder,) = [path for path in (pytester.path / ".chaos/runs").iterdir() if not path.is_symlink()]
    written = {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert {"header.json", "run.json", "report.html"} < set(written)
    assert [name for name, content in written.items() if b"hunter2" in content] == []


def test_a_run_in_which_nothing_was_tried_is_not_the_latest(project: Project, pytester: pytest.Pytester) -> None:
    """Its folder is there, for the logs; but who asks for the latest run asks for one that was."""
    project(HELD, "--chaos-seed=5")
    latest = (pytester.path / ".chaos/runs/latest").resolve()
    project(
        "from fraiseql_chaos.pytest_plugin.session import laboratory_of\n\ndef test_it(pytestconfig): laboratory_of(pytestconfig)", "--chaos-seed=6"
    )
    assert len(list((pytester.path / ".chaos/runs").glob("*-6"))) == 1
    assert (pytester.path / ".chaos/runs/latest").resolve() == latest


def test_an_experiment_has_the_title_and_the_claims_of_its_test(project: Project, pytester: pytest.Pytester) -> None:
    source = """
import pytest
from histories import outage

@pytest.mark.claims("1.1.1b", "1.1.1a")
async def test_held(load, promises):
    \"\"\"
    Errors come at once.

    Method: as always.
    \"\"\"
    (await load.replays(outage())).require(*promises)
"""
    project(source, "--chaos-json=run.json")
    (experiment,) = json.loads((pytester.path / "run.json").read_text())["experiments"]
    assert (experiment["id"], experiment["title"], experiment["claims"]) == (
        "test_project.py::test_held",
        "Errors come at once.",
        ["1.1.1b", "1.1.1a"],
    )


def test_two_recordings_of_one_test_are_two_experiments(project: Project, pytester: pytest.Pytester) -> None:
    source = HELD + "    (await load.replays(outage())).require(*promises)\n"
    project(source, "--chaos-json=run.json")
    document = json.loads((pytester.path / "run.json").read_text())
    assert [experiment["id"] for experiment in document["experiments"]] == ["test_project.py::test_held", "test_project.py::test_held#2"]


@pytest.mark.parametrize(
    ("named", "register", "said"),
    [
        ("W-901", '[W-900]\nseen = "x"\nviolates = ["availability"]\n', "names the weakness 'W-901', which * does not hold; it holds W-900"),
        ("W-900", "[W-900]\n", "W-900.seen is missing"),
        ("W-900", None, "cannot be read as a weakness register"),
    ],
    ids=["unknown", "incomplete", "no register"],
)
def test_a_weakness_that_the_register_does_not_hold_is_an_error(
    project: Project, pytester: pytest.Pytester, named: str, register: str | None, said: str
) -> None:
    """Otherwise a mark with a slip of the pen would excuse anything."""
    path = pytester.path / "weaknesses.toml"
    path.unlink()
    if register is not None:
        path.write_text(register)
    result = project(f'import pytest\n\n@pytest.mark.weakness("{named}", remedy=False)\nasync def test_it(service, load): ...')
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"*{said}*"])
    result.stdout.no_fnmatch_line("*def weakness_named_by*")


def test_the_header_says_that_a_run_is_disarmed(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_theirs(): ...")
    pytester.runpytest_inprocess("--chaos-seed=5", "--chaos-disarm").stdout.fnmatch_lines(["chaos: seed 5, DISARMED: no fault is injected"])


AT_THE_SAME_SECOND = """
import pytest
from fraiseql_chaos.pytest_plugin.session import state_of
from fraiseql_chaos.reports import RunFolder


def pytest_sessionstart(session):
    state = state_of(session.config)
    if not hasattr(session.config, "workerinput"):
        folder = RunFolder.create(state.options.store, seed=state.options.seed, replay="of somebody else", started=state.started)
        folder.skip("test_of_somebody_else", "no reason")
"""


@pytest.mark.parametrize("workers", [(), ("-p", "xdist", "-n2")], ids=["alone", "workers"])
def test_two_runs_of_one_seed_in_one_second_have_a_folder_each(project: Project, pytester: pytest.Pytester, workers: tuple[str, ...]) -> None:
    """Method: before tests are collected somebody else begins a run with the same seed at the same second; neither finds the other's results among its own."""
    conftest = pytester.path / "conftest.py"
    conftest.write_text(conftest.read_text(encoding="utf-8") + AT_THE_SAME_SECOND, encoding="utf-8")
    source = (
        "async def test_held(service, load, promises):\n    from histories import outage\n    (await load.replays(outage())).require(*promises)\n"
    )
    project(source, "--chaos-seed=5", *workers).assert_outcomes(passed=1)

    runs = [path for path in (pytester.path / ".chaos/runs").iterdir() if not path.is_symlink()]
    held = {path: sorted(file.parent.name for file in path.glob("*/*.json")) for path in runs}
    assert sorted(held.values()) == [["experiments"], ["skipped"]]
    (mine,) = [path for path, parts in held.items() if parts == ["experiments"]]
    assert (pytester.path / ".chaos/runs/latest").resolve() == mine
    assert read_run(mine).totals.skipped == 0
