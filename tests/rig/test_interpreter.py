"""Interpreters that can serve and interpreters that cannot, all of them real programs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from fraiseql_chaos.errors import RigError
from fraiseql_chaos.rig.interpreter import check_interpreter


def program(directory: Path, script: str) -> Path:
    path = directory / "python"
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_our_own_interpreter_can_serve() -> None:
    check_interpreter(Path(sys.executable))


def test_an_interpreter_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(RigError, match=r"nowhere/python does not run: .*No such file.* -m venv .*nothing was started"):
        check_interpreter(tmp_path / "nowhere" / "python")


def test_a_program_that_is_no_python_is_quoted(tmp_path: Path) -> None:
    with pytest.raises(RigError, match=r"is not a Python 3: SyntaxError: print what; .*nothing was started"):
        check_interpreter(program(tmp_path, "echo 'SyntaxError: print what' >&2; exit 1"))


def test_an_interpreter_without_fraiseql_is_told_what_to_install(tmp_path: Path) -> None:
    bare = program(tmp_path, f'shift; exec {sys.executable} -I -S "$@"')
    with pytest.raises(RigError, match=r"\(Python 3\.\d+\.\d+\w*\) has no fraiseql and no uvicorn; .*pip install fraiseql uvicorn"):
        check_interpreter(bare)
