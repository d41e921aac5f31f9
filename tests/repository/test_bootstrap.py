"""
Setting up on machines that are not ours: an older python3 in front, a shim that fails, a 3.13 nowhere, a run that was killed.

The scripts are run for real with an environment of the test's own. The Pythons on its PATH are small shell scripts, because no machine
has every broken Python; the one that works hands over to the interpreter of this test.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHELL = shutil.which("sh") or "/bin/sh"
BASE = sys._base_executable  # type: ignore[attr-defined]

WORKS = f'#!{SHELL}\nexec "{BASE}" "$@"\n'
OLDER = f'#!{SHELL}\necho "is Python 3.11"\nexit 1\n'
FAILING_SHIM = f'#!{SHELL}\necho "pyenv: python3.13: command not found" >&2\nexit 127\n'
WITHOUT_VENV = f'#!{SHELL}\necho "lacks the module ensurepip" >&2\nexit 1\n'


def program(path: Path, text: str) -> Path:
    """Write an executable file and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return path


@dataclass(slots=True)
class Machine:
    """A machine with the Pythons that a test puts there, and no others."""

    root: Path
    path: list[Path] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)

    def on_path(self, name: str, text: str) -> Path:
        """Put a program into a directory of its own at the end of PATH."""
        directory = self.root / f"path-{len(self.path)}"
        self.path.append(directory)
        return program(directory / name, text)

    def find(self) -> subprocess.CompletedProcess[str]:
        """Look for a Python there."""
        environment = {"PATH": ":".join(map(str, self.path)), "HOME": str(self.root / "home"), "FIND_PYTHON_ROOT": str(self.root), **self.variables}
        command = [SHELL, str(ROOT / "scripts" / "find-python.sh")]
        return subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, check=False)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Return a machine without any Python."""
    return Machine(tmp_path)


def test_a_python_behind_an_older_one_and_a_failing_shim_is_found(machine: Machine) -> None:
    """The first python3.13 on PATH does not decide; the first that runs does."""
    machine.on_path("python3", OLDER)
    machine.on_path("python3.13", FAILING_SHIM)
    machine.on_path("python3.13", WORKS)
    found = machine.find()
    assert (found.returncode, found.stdout, found.stderr) == (0, f"{BASE}\n", "")


def test_a_failing_shim_leads_to_the_version_behind_it(machine: Machine) -> None:
    """Also where HOME is not the home that pyenv was installed in."""
    program(machine.root / "elsewhere" / "versions" / "3.13.0" / "bin" / "python3.13", WORKS)
    machine.path.append(program(machine.root / "elsewhere" / "shims" / "python3.13", FAILING_SHIM).parent)
    assert machine.find().stdout == f"{BASE}\n"


@pytest.mark.parametrize(
    "place",
    [
        "home/.pyenv/versions/3.13.5/bin/python3.13",
        "home/.local/share/uv/python/cpython-3.13.5-linux-x86_64-gnu/bin/python3.13",
        "home/.local/share/mise/installs/python/3.13.5/bin/python3.13",
        "home/.asdf/installs/python/3.13.5/bin/python3.13",
        "home/.local/bin/python3.13",
        "usr/bin/python3.13",
        "usr/local/bin/python3.13",
        "opt/python/bin/python3",
        "opt/hostedtoolcache/Python/3.13.5/x64/bin/python",
    ],
)
def test_a_python_off_the_path_is_found(machine: Machine, place: str) -> None:
    """Wherever the usual installers put one."""
    machine.on_path("python3", OLDER)
    program(machine.root / place, WORKS)
    assert machine.find().stdout == f"{BASE}\n"


def test_where_there_is_none_the_message_says_how_to_get_one(machine: Machine) -> None:
    """Exact commands, and what was found but is of no use; nothing on standard output, where a path would be."""
    machine.on_path("python3", OLDER)
    shim = machine.on_path("python3.13", FAILING_SHIM)
    bare = machine.on_path("python3.13", WITHOUT_VENV)
    found = machine.find()
    assert (found.returncode, found.stdout) == (1, "")
    for line in (
        f"{shim}: pyenv: python3.13: command not found",
        f"{bare}: lacks the module ensurepip",
        "apt-get install python3.13 python3.13-venv",
        "pyenv install 3.13",
        "uv python install 3.13",
    ):
        assert line in found.stderr


def test_a_python_that_was_named_is_used_or_refused_but_never_replaced(machine: Machine) -> None:
    """Whoever sets PYTHON means that one."""
    machine.on_path("python3.13", WORKS)
    machine.variables["PYTHON"] = str(program(machine.root / "mine", OLDER))
    refused = machine.find()
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "it is Python 3.11" in refused.stderr
    machine.variables["PYTHON"] = str(program(machine.root / "mine", WORKS))
    assert machine.find().stdout == f"{BASE}\n"


STAND_IN = f"""#!{SHELL}
# What a Python does for the bootstrap, without a network: makes an environment whose python is this file again, and notes what pip is asked.
case "$*" in
    *_base_executable*) echo "$0" ;;
    "-m venv --clear .venv") rm -rf .venv; mkdir -p .venv/bin; cp "$0" .venv/bin/python; echo venv >>"$NOTES" ;;
    *" install "*) echo pip >>"$NOTES"; eval "${{DURING_PIP:-}}" ;;
esac
"""


@dataclass(slots=True)
class Checkout:
    """A checkout with what the bootstrap reads, and a Python that notes what it is asked."""

    root: Path

    def start(self, during_pip: str = "") -> subprocess.Popen[str]:
        """Start the bootstrap; ``during_pip`` is a shell command that takes the place of installing."""
        environment = {"PATH": os.environ["PATH"], "PYTHON": str(self.root / "stand-in"), "NOTES": str(self.root / "notes"), "DURING_PIP": during_pip}
        command = [SHELL, str(self.root / "scripts" / "bootstrap.sh")]
        return subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def bootstrap(self, during_pip: str = "") -> int:
        """Run the bootstrap to its end and return its exit status."""
        with self.start(during_pip) as process:
            process.communicate(timeout=30)
        return process.returncode

    def notes(self) -> list[str]:
        """Return what was asked of Python since the last look."""
        noted = (self.root / "notes").read_text(encoding="utf-8").split() if (self.root / "notes").exists() else []
        (self.root / "notes").unlink(missing_ok=True)
        return noted


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """Return a checkout in which nothing was set up yet."""
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "dev.txt").write_text("one==1\n", encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text("", encoding="utf-8")
    program(tmp_path / "stand-in", STAND_IN)
    return Checkout(tmp_path)


def test_what_is_up_to_date_is_left_alone(checkout: Checkout) -> None:
    """The lock first and then the checkout are installed once; a second bootstrap does nothing."""
    assert checkout.bootstrap() == 0
    assert checkout.notes() == ["venv", "pip", "pip"]
    assert checkout.bootstrap() == 0
    assert checkout.notes() == []


@pytest.mark.parametrize("changed", ["requirements/dev.txt", "pyproject.toml"])
def test_a_changed_lock_or_declaration_is_installed_into_the_same_environment(checkout: Checkout, changed: str) -> None:
    """Made again is only what has to be."""
    checkout.bootstrap()
    checkout.notes()
    (checkout.root / changed).write_text("two==2\n", encoding="utf-8")
    assert checkout.bootstrap() == 0
    assert checkout.notes() == ["pip", "pip"]


def test_an_environment_that_was_being_written_when_its_bootstrap_was_killed_is_made_again(checkout: Checkout) -> None:
    """A package half unpacked looks installed, so what a killed run left is not trusted."""
    assert checkout.bootstrap("kill -KILL $PPID") == -signal.SIGKILL
    checkout.notes()
    assert checkout.bootstrap() == 0
    assert checkout.notes() == ["venv", "pip", "pip"]


def test_a_failed_installation_fails_the_bootstrap_and_is_tried_again(checkout: Checkout) -> None:
    """An index out of reach is an error, and not an environment; pip has cleaned up, so the environment itself may stay."""
    assert checkout.bootstrap("exit 3") == 3
    assert checkout.notes() == ["venv", "pip"]
    assert checkout.bootstrap() == 0
    assert checkout.notes() == ["pip", "pip"]


def test_two_bootstraps_at_once_install_once(checkout: Checkout) -> None:
    """The second waits for the first, and then finds nothing to do."""
    os.mkfifo(checkout.root / "gate")
    gate = os.open(checkout.root / "gate", os.O_RDWR)  # opened both ways, so that neither side blocks when it opens
    pip_waits_for_the_gate = f"read go <{checkout.root / 'gate'}"
    try:
        first = checkout.start(pip_waits_for_the_gate)
        first_says = first.stdout.readline()  # type: ignore[union-attr]
        second = checkout.start(pip_waits_for_the_gate)
        second_says = second.stdout.readline()  # type: ignore[union-attr]
    finally:
        os.write(gate, 4 * b"go\n")
    assert [process.communicate(timeout=30) and process.returncode for process in (first, second)] == [0, 0]
    os.close(gate)
    assert "making .venv" in first_says
    assert "waiting for it" in second_says
    assert checkout.notes() == ["venv", "pip", "pip"]
