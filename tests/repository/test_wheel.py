"""What is built is what is here: the wheel holds every file of the package, and the chaos suite."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[2]
SOURCE, SUITE = ROOT / "src", ROOT / "tests" / "chaos"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> ZipFile:
    """Build the wheel as a release would, with the locked build backend and without a network."""
    target = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(target), str(ROOT)]
    built = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    [path] = target.glob("*.whl")
    return ZipFile(path)


def kept(folder: Path, below: Path) -> set[str]:
    """Return the names of a folder's files, without what Python leaves behind."""
    return {path.relative_to(below).as_posix() for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"}


def test_the_wheel_holds_every_file_of_the_package(wheel: ZipFile) -> None:
    """Templates, scripts, SQL and licences of vendored files too, and the mark that types are meant to be read."""
    names = set(wheel.namelist())
    assert kept(SOURCE, SOURCE) - names == set()
    assert "fraiseql_chaos/py.typed" in names


def test_the_wheel_holds_the_chaos_suite(wheel: ZipFile) -> None:
    """Whoever installs it can run the suite against their own service without this repository."""
    suite = {f"fraiseql_chaos/suite/{name}" for name in kept(SUITE, SUITE)}
    assert suite - set(wheel.namelist()) == set()


def test_the_wheel_holds_nothing_else(wheel: ZipFile) -> None:
    """No cache, no result, no test of the tool."""
    allowed = kept(SOURCE, SOURCE) | {f"fraiseql_chaos/suite/{name}" for name in kept(SUITE, SUITE)}
    assert [name for name in wheel.namelist() if name not in allowed and ".dist-info/" not in name] == []


def test_the_wheel_names_its_command_its_plugin_and_its_licence(wheel: ZipFile) -> None:
    """An installed package is one that pytest and the shell find."""
    [entry_points] = [name for name in wheel.namelist() if name.endswith(".dist-info/entry_points.txt")]
    text = wheel.read(entry_points).decode()
    assert "fraiseql-chaos = fraiseql_chaos.cli:main" in text
    assert "fraiseql-chaos = fraiseql_chaos.pytest_plugin" in text
    assert [name for name in wheel.namelist() if name.endswith("/licenses/LICENSE")] != []


def test_the_suite_in_the_wheel_needs_nothing_of_this_repository(wheel: ZipFile, tmp_path: Path) -> None:
    """Unpacked elsewhere, every test of it is found with all its fixtures, markers and options; nothing is run."""
    wheel.extractall(tmp_path)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")} | {"PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-m", "pytest", "--setup-plan", "--strict-markers", "-q", "-p", "no:cacheprovider", "fraiseql_chaos/suite"]
    planned = subprocess.run(
        command, cwd=tmp_path, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False
    )
    assert planned.returncode == 0, planned.stdout + planned.stderr
    assert str(ROOT) not in planned.stdout
