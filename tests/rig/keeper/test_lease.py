"""A lease is alive exactly as long as somebody holds its lock."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from fraiseql_chaos.errors import RigError
from fraiseql_chaos.rig.keeper import Keeper
from fraiseql_chaos.rig.keeper.lease import Lease, leases_root


def test_a_lease_that_is_held_is_not_taken_over(lease_root: Path) -> None:
    lease = Lease.take()
    assert leases_root().parent == lease_root
    assert Lease.take_over_dead() == []
    lease.remove()


def test_a_lease_that_was_let_go_is_taken_over_once(lease_root: Path) -> None:
    lease = Lease.take()
    assert lease.root.parent == lease_root
    os.close(lease.lock)
    (taken,) = Lease.take_over_dead()
    assert taken.name == lease.name
    assert Lease.take_over_dead() == []
    taken.remove()


@pytest.mark.usefixtures("lease_root")
def test_others_can_pass_through_a_lease_but_not_list_it() -> None:
    lease = Lease.take()
    assert lease.directory.stat().st_mode & 0o777 == 0o711
    lease.remove()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a directory away")
def test_a_root_that_belongs_to_somebody_else_is_refused(lease_root: Path) -> None:
    root = leases_root()
    root.mkdir()
    os.chown(root, 65534, 65534)
    with pytest.raises(RigError, match=r"belongs to user 65534.*nothing was started"):
        Lease.take()
    assert list(root.iterdir()) == []
    assert root.parent == lease_root


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a directory away")
def test_nothing_is_swept_from_a_root_that_somebody_else_made(lease_root: Path) -> None:
    """A sweep carries out what it finds, with our rights; so it must be ours."""
    root, victim = leases_root(), lease_root / "victim"
    victim.mkdir()
    (root / "evil").mkdir(parents=True)
    (root / "evil.lock").touch()
    (root / "evil" / "journal.jsonl").write_text(json.dumps({"protect": 1, "undo": {"kind": "remove_tree", "path": str(victim)}}) + "\n")
    os.chown(root, 65534, 65534)
    with pytest.raises(RigError, match="belongs to user 65534"):
        Keeper.start()
    assert victim.is_dir()


@pytest.mark.usefixtures("lease_root")
def test_a_root_that_others_can_write_to_is_refused() -> None:
    leases_root().mkdir()
    leases_root().chmod(0o777)
    with pytest.raises(RigError, match="mode 777"):
        Keeper.start()
