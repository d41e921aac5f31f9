"""
Unpack a PostgreSQL archive once, for every process and every user of this machine that comes after.

    <cache>/postgresql-18.6.0-x86_64-unknown-linux-gnu/      complete, or not there at all
    <cache>/postgresql-18.6.0-x86_64-unknown-linux-gnu.lock  held while somebody unpacks

A tree is unpacked beside its place and renamed into it, so nobody ever starts half a server. A cache may be cleaned by others, file by
file: each tree therefore carries the number of its files, and one that lost some is unpacked again.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from fraiseql_chaos.errors import RigError

__all__ = ["cache_directory", "unpacked"]

COUNT_FILE: Final = ".files"
"""Holds the number of files of a complete tree. It counts itself."""


def cache_directory() -> Path:
    """Return where unpacked servers are kept: machine-wide for root, so that an unprivileged server can read it, else the user's cache."""
    if os.geteuid() == 0:
        return Path("/var/cache/fraiseql-chaos")
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fraiseql-chaos"


def unpacked(archive: Path, cache: Path) -> Path:
    """
    Return the unpacked tree of an archive, unpacking it if nobody did.

    Args:
        archive: A ``.tar.gz`` whose members all lie in one directory named like the archive.
        cache: Where trees are kept.

    Raises:
        RigError: If the cache cannot be written, belongs to somebody else, or the archive is damaged.
    """
    tree = cache / archive.name.removesuffix(".tar.gz")
    try:
        cache.mkdir(parents=True, exist_ok=True)
        if cache.stat().st_uid != os.geteuid():
            raise RigError(f"{cache} belongs to user {cache.stat().st_uid}, and we do not run programs that others may have put there; remove it")
        cache.chmod(0o755)
        with _locked(tree.with_name(f"{tree.name}.lock")):
            if not _is_complete(tree):
                _unpack(archive, tree)
    except (OSError, tarfile.TarError, EOFError) as error:
        raise RigError(f"{archive} could not be unpacked into {cache}: {error}; install PostgreSQL and name its bin directory instead") from error
    return tree


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _is_complete(tree: Path) -> bool:
    try:
        return int((tree / COUNT_FILE).read_text()) == _count_files(tree)
    except (FileNotFoundError, ValueError):
        return False


def _unpack(archive: Path, tree: Path) -> None:
    staging = Path(tempfile.mkdtemp(prefix=f"{tree.name}.", dir=tree.parent))
    try:
        with tarfile.open(archive, "r:gz") as tar:
            tar.extractall(staging, filter="data")
        inner = staging / tree.name
        (inner / COUNT_FILE).touch()
        (inner / COUNT_FILE).write_text(str(_count_files(inner)))
        _let_everybody_read(inner)
        if tree.exists():
            tree.rename(staging / "incomplete")
        inner.rename(tree)
    finally:
        shutil.rmtree(staging)


def _count_files(tree: Path) -> int:
    return sum(len(files) for _, _, files in tree.walk())


def _let_everybody_read(tree: Path) -> None:
    """Undo a strict umask: the server's account is not ours."""
    for directory, _, files in tree.walk():
        directory.chmod(0o755)
        for name in files:
            path = directory / name
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
