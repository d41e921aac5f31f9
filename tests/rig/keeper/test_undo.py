"""Undos survive being written down, and may be done twice."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fraiseql_chaos.errors import LocalProtocolError
from fraiseql_chaos.rig.keeper import Continue, RemoveCgroup, RemoveTree, RunSql, Undo
from fraiseql_chaos.rig.keeper.undo import undo_from_json, undo_to_json


@pytest.mark.parametrize("undo", [RemoveTree("/a"), Continue(1, 2), RemoveCgroup("/b"), RunSql("host=c", ("SELECT 1", "SELECT 2"))])
def test_an_undo_is_the_same_after_the_journal(undo: Undo) -> None:
    assert undo_from_json(json.loads(json.dumps(undo_to_json(undo)))) == undo


def test_what_is_no_undo_is_refused() -> None:
    with pytest.raises(LocalProtocolError, match="not an undo"):
        undo_from_json({"kind": "remove_everything"})


def test_removing_twice_is_fine(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "below").mkdir(parents=True)
    for _ in range(2):
        RemoveTree(str(tree)).perform()
        RemoveCgroup(str(tree)).perform()
    assert not tree.exists()
