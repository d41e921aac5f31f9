"""An interpreter that cannot be measured says why, in its own words, and one that hangs is ended."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from command_lines import words_of
from fraiseql_chaos.core import Duration, ms, seconds
from fraiseql_chaos.errors import RigError
from fraiseql_chaos.experiment.baseline.inside import measure_inside
from fraiseql_chaos.experiment.baseline.issuer import Issuer
from fraiseql_chaos.rig.keeper.processes import descendants

pytestmark = pytest.mark.anyio


async def measured(python: Path, tmp_path: Path, within: Duration) -> object:
    nobody = Issuer(domain="localhost:1", audience="a", token="t", authority=tmp_path / "none.pem")  # noqa: S106  no secret
    return await measure_inside(python, "postgresql://127.0.0.1:1/none", nobody, samples=1, env={}, within=within)


def interpreter(path: Path, body: str) -> Path:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


async def test_its_last_words_are_repeated(tmp_path: Path) -> None:
    python = interpreter(tmp_path / "python", "echo ModuleNotFoundError: no fraiseql >&2; exit 1")
    with pytest.raises(
        RigError, match=r"cannot be measured inside .*python \(exit status 1\): ModuleNotFoundError: no fraiseql; nothing was written"
    ):
        await measured(python, tmp_path, seconds(30))


async def test_one_that_hangs_is_ended(tmp_path: Path) -> None:
    """It waits for what never comes; afterwards there is no such process, however far it had come."""
    python = interpreter(tmp_path / "python", f"exec tail -f {tmp_path}/never /dev/null")
    with pytest.raises(RigError, match="took longer than 300 ms; nothing was written"):
        await measured(python, tmp_path, ms(300))
    assert [words for pid in descendants(os.getpid()) if str(tmp_path).encode() in (words := words_of(pid))] == []
