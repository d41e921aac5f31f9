"""Whom the server runs as."""

from __future__ import annotations

import os
import pwd
import stat
from pathlib import Path

import pytest

from fraiseql_chaos.errors import RigError
from fraiseql_chaos.rig.postgres.account import server_account

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
UNKNOWN_UID = 1_987_654


def test_server_never_runs_as_root() -> None:
    account = server_account()
    assert account.uid != 0
    assert pwd.getpwuid(account.uid).pw_name == account.name


@AS_ROOT
def test_root_changes_to_the_account() -> None:
    account = server_account()
    assert (account.spawn_uid, account.spawn_gid) == (account.uid, account.gid)


@AS_ROOT
def test_user_changes_to_nobody_else() -> None:
    os.seteuid(server_account().uid)
    try:
        assert server_account().spawn_uid is None
    finally:
        os.seteuid(0)


@AS_ROOT
def test_number_without_an_entry_is_refused_before_initdb_does() -> None:
    os.seteuid(UNKNOWN_UID)
    try:
        with pytest.raises(RigError, match=rf"user {UNKNOWN_UID} has no entry in the password database"):
            server_account()
    finally:
        os.seteuid(0)


def test_a_new_directory_is_the_accounts_and_a_way_through_for_others(tmp_path: Path) -> None:
    account = server_account()
    made = account.new_directory(tmp_path).stat()
    assert (made.st_uid, made.st_gid, stat.S_IMODE(made.st_mode)) == (account.uid, account.gid, 0o711)
