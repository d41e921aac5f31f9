"""A lease is alive exactly as long as somebody holds its lock."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fraiseql_chaos.errors import RigError
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
    with pytest.raises(RigError, match="belongs to user 65534"):
        Lease.take()
    assert list(root.iterdir()) == []
    assert root.parent == lease_root
