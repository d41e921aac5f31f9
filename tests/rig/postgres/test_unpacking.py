"""Archives are unpacked once, whole, and readable for the server's account."""

from __future__ import annotations

import os
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fraiseql_chaos.errors import RigError
from fraiseql_chaos.rig.postgres.unpacking import unpacked

NAME = "postgresql-18.6.0-test"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    tree = tmp_path / NAME
    (tree / "bin").mkdir(parents=True)
    (tree / "bin" / "postgres").write_text("#!/bin/sh\n")
    (tree / "bin" / "postgres").chmod(0o755)
    (tree / "share").mkdir()
    for number in range(20):
        (tree / "share" / f"{number}.sql").write_text("SELECT 1;" * number)
    path = tmp_path / f"{NAME}.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        tar.add(tree, arcname=NAME)
    return path


def test_many_at_once_unpack_once(archive: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    with ThreadPoolExecutor(8) as pool:
        trees = set(pool.map(lambda _: unpacked(archive, cache), range(8)))
    assert trees == {cache / NAME}
    assert sorted(path.name for path in cache.iterdir()) == [NAME, f"{NAME}.lock"], "somebody left a half-unpacked tree"


def test_complete_tree_is_left_alone(archive: Path, tmp_path: Path) -> None:
    before = unpacked(archive, tmp_path / "cache").stat()
    assert unpacked(archive, tmp_path / "cache").stat() == before


def test_tree_that_lost_a_file_is_unpacked_again(archive: Path, tmp_path: Path) -> None:
    lost = unpacked(archive, tmp_path / "cache") / "share" / "7.sql"
    lost.unlink()
    unpacked(archive, tmp_path / "cache")
    assert lost.exists()


def test_tree_is_readable_for_others_whatever_the_umask(archive: Path, tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        tree = unpacked(archive, tmp_path / "cache")
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in (tree.parent, tree, tree / "bin", tree / "bin" / "postgres")} == {0o755}
    assert (tree / "share" / "7.sql").stat().st_mode & 0o777 == 0o644


def test_damaged_archive_leaves_nothing(archive: Path, tmp_path: Path) -> None:
    archive.write_bytes(archive.read_bytes()[:-40])
    with pytest.raises(RigError, match="could not be unpacked"):
        unpacked(archive, tmp_path / "cache")
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [f"{NAME}.lock"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_cache_of_somebody_else_is_refused(archive: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    os.chown(tmp_path / "cache", 65534, 65534)
    with pytest.raises(RigError, match="belongs to user 65534"):
        unpacked(archive, tmp_path / "cache")
