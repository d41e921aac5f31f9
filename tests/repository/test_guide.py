"""
The guide to adding a fault is followed to the letter, in a copy of the package.

Each fence of it that begins with ``step n:`` says in its first line where its code goes. A step that puts something in place of a class or
a method replaces what has that name. Nothing else is done, so the guide works as it stands, or this test is red.
"""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "guides" / "adding-a-fault.md"
STEP = re.compile(r"^```python no-run step (?P<number>\d): (?P<where>[^\n]+)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
FAULT = Path("src/fraiseql_chaos/layers/stream/faults/doze.py")
LIST = FAULT.with_name("__init__.py")
TEST = Path("tests/layers/stream/faults/test_doze.py")
NEEDED_BY_TESTS = ("conftest.py", "fix_leases.py", "layers/stream/conftest.py", "layers/stream/edges.py", "layers/stream/looks.py")


def steps() -> dict[int, tuple[str, str]]:
    """Return where each step's code goes, and the code."""
    return {int(found["number"]): (found["where"], found["body"]) for found in STEP.finditer(GUIDE.read_text(encoding="utf-8"))}


def replaced(source: str, code: str) -> str:
    """Put a class, or a method, in place of the one that has its name."""
    (new,) = ast.parse(code).body
    assert isinstance(new, ast.ClassDef | ast.FunctionDef)
    (old,) = [node for node in ast.walk(ast.parse(source)) if isinstance(node, type(new)) and node.name == new.name]
    lines = source.splitlines(keepends=True)
    lines[old.lineno - 1 : old.end_lineno] = [textwrap.indent(code, " " * old.col_offset)]
    return "".join(lines)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the package, and of what the tests of a fault need."""
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    for name in NEEDED_BY_TESTS:
        (tmp_path / "tests" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "tests" / name, tmp_path / "tests" / name)
    (tmp_path / TEST).parent.mkdir()
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def run(copy: Path, *arguments: str) -> str:
    """Run Python on the copy, and return what it printed."""
    environment = {"PYTHONPATH": str(copy / "src"), "PATH": str(Path(sys.executable).parent), "HOME": str(copy)}
    done = subprocess.run([sys.executable, *arguments], cwd=copy, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_following_the_guide_takes_one_file_one_row_and_one_test(copy: Path) -> None:
    """Method: after each half of the steps the test that exists so far passes; then the fault is known everywhere by its name."""
    there = {path.relative_to(copy) for path in copy.rglob("*.py")}
    guide = steps()
    assert [guide[n][0] for n in guide] == [
        f"the file {FAULT.relative_to('src/fraiseql_chaos')}",
        f"the row in {LIST.relative_to('src/fraiseql_chaos')}",
        f"the test {TEST}",
        "in place of the class Nap",
        "added to the test",
        "in place of the method sightings",
        "added to the test",
    ]
    (copy / FAULT).write_text(guide[1][1])
    imported, row = guide[2][1].split("\n\n")
    listed = (copy / LIST).read_text()
    before, opening, after = listed.partition("STREAM_FAULTS: Final[tuple[type[StreamFault], ...]] = (\n")
    assert opening
    (copy / LIST).write_text(before.replace("from fraiseql_chaos.layers", f"{imported}\nfrom fraiseql_chaos.layers", 1) + opening + row + after)
    (copy / TEST).write_text(guide[3][1])
    assert "3 passed" in run(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", str(TEST))

    (copy / FAULT).write_text(replaced(replaced((copy / FAULT).read_text(), guide[4][1]), guide[6][1]))
    (copy / TEST).write_text("\n\n".join((guide[3][1], guide[5][1], guide[7][1])))
    assert "6 passed" in run(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", str(TEST))

    asked = "from fraiseql_chaos.experiment import fault_from_options as asked; print(asked('doze', {'nap': '20ms', 'first': 2.0}).parameters())"
    listed = "from fraiseql_chaos.experiment.catalogue import FAULTS; print([fault.kind for fault in FAULTS].count('doze'))"
    assert run(copy, "-c", f"{asked}; {listed}") == "{'nap_ms': 20.0, 'direction': 'down', 'scope': {'first': 2}}\n1\n"
    made = {path.relative_to(copy) for path in copy.rglob("*.py")} - there
    assert made == {FAULT, TEST}
