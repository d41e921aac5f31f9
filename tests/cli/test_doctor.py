"""The doctor names every fault, and for what is missing the way to get it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from fraiseql_chaos.cli.main import main
from fraiseql_chaos.experiment.catalogue import FAULTS


def doctor(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[object, str]:
    """Run the command in this process; return its exit status and what it printed."""
    with pytest.raises(SystemExit) as exit_:
        main(["doctor", *words])
    return exit_.value.code, capsys.readouterr().out


def test_every_fault_is_listed_with_whether_it_can_be_done(capsys: pytest.CaptureFixture[str]) -> None:
    """As JSON a program can read; here, where these tests run, the rig is complete."""
    status, out = doctor(capsys, "--json")
    found = {entry["name"]: entry for entry in json.loads(out)}
    assert status == 0
    faults = {f"fault {fault.layer}/{fault.kind}" for fault in FAULTS}
    assert {name for name in found if name.startswith("fault ")} == faults
    assert all(found[name]["available"] for name in faults)
    assert {f"PostgreSQL {major}" for major in range(14, 19)} <= found.keys()
    assert all(set(entry) == {"name", "available", "required", "detail", "remedy"} for entry in found.values())


def test_what_is_missing_comes_with_the_way_to_get_it(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """An interpreter without FraiseQL takes every fault with it, and the status says that the suite cannot run."""
    bare = tmp_path / "python"
    bare.write_text(f'#!/bin/sh\nexec {sys.executable} -S -I "$@"\n')
    bare.chmod(0o755)
    status, out = doctor(capsys, "--json", f"--target-python={bare}")
    found = {entry["name"]: entry for entry in json.loads(out)}
    assert status == 4
    service = found["interpreter of the service"]
    assert (service["available"], service["required"]) == (False, True)
    assert str(bare) in service["remedy"]
    assert not any(entry["available"] for name, entry in found.items() if name.startswith("fault "))
    assert [name for name, entry in found.items() if not entry["available"] and not name.startswith("fault ") and not entry["remedy"]] == []


def test_the_table_says_the_same_to_people(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """An interpreter that does not exist is a NO, in capitals because the suite needs it, and a line below says what to do."""
    _, entries = doctor(capsys, "--json", f"--target-python={tmp_path / 'nowhere'}")
    status, out = doctor(capsys, f"--target-python={tmp_path / 'nowhere'}")
    lines = out.splitlines()
    assert status == 4
    assert all(any(entry["name"] in line for line in lines) for entry in json.loads(entries))
    (at,) = [index for index, line in enumerate(lines) if line.startswith("NO   interpreter of the service")]
    assert "get it: install fraiseql and uvicorn" in lines[at + 1]
