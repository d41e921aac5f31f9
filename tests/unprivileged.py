"""
Run a command as a user who is nobody, with a home of their own.

Such a user may not be able to read where Python lies: in root's home, for example. So the command gets a view of the file system in which what bars the
way is an empty directory, and in it what the command needs lies where it always did. The view is a mount namespace, and ends with the command.

    /root (0700) -> .pyenv/versions/3.13.0          becomes          /root (an empty tmpfs, 0755) -> .pyenv/versions/3.13.0 (the same)

The machine's settings can be made stricter in the same way, for the command alone: the limits of a user namespace that it lives in (namespaces(7),
``/proc/sys/user``), and a ``/proc`` that nobody can write to.
"""

from __future__ import annotations

import ctypes
import json
import os
import pwd
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest

__all__ = ["Nobody", "nobody"]

_PR_SET_DUMPABLE: Final = 4
_MS_RDONLY: Final = 1
_MS_REMOUNT: Final = 0x20
_MS_BIND: Final = 0x1000
_MS_REC: Final = 0x4000
_MS_PRIVATE: Final = 0x40000

_MNT_DETACH: Final = 2

_TUN: Final = Path("/dev/net/tun")
_EVERYBODYS: Final = 0o666

_NEEDED: Final = (Path(sys.base_prefix), Path(sys.prefix), Path(__file__).resolve().parents[1])
"""The interpreter, its environment and this checkout."""


class Nobody:
    """
    A user who may nothing.

    Args:
        home: Where everything of theirs lies.
    """

    def __init__(self, home: Path) -> None:
        self.home = home

    def start(self, *command: str | Path, limits: Mapping[str, int] | None = None, proc_is_read_only: bool = False) -> subprocess.Popen[str]:
        """
        Start a command as them, with nothing of our environment; what it prints can be read.

        Args:
            command: What to start; the first word is a path.
            limits: How many namespaces of a kind they may make, as in ``{"max_net_namespaces": 0}``.
            proc_is_read_only: Whether nobody may write to ``/proc``.
        """
        words = [sys.executable, __file__, json.dumps([str(self.home), limits or {}, proc_is_read_only]), *map(str, command)]
        env = {"PATH": os.defpath, "HOME": str(self.home), "TMPDIR": str(self.home), "LANG": "C.UTF-8"}
        return subprocess.Popen(words, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def run(self, *command: str | Path, within_s: float, limits: Mapping[str, int] | None = None, proc_is_read_only: bool = False) -> tuple[int, str]:
        """Run a command as them, and return how it ended and what it printed; see ``start``."""
        with self.start(*command, limits=limits, proc_is_read_only=proc_is_read_only) as process:
            try:
                printed, _ = process.communicate(timeout=within_s)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        return process.returncode, printed


@contextmanager
def nobody() -> Iterator[Nobody]:
    """
    Hold a home of theirs, which is removed afterwards with all that is in it.

    Who is not root is skipped, since they are such a user in every other test; so is a root who may not make a mount namespace.
    """
    if os.geteuid() != 0:
        pytest.skip("is run as nobody by root; a user who is not root is rootless in every other test")
    if subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True).returncode:
        pytest.skip("this root has no CAP_SYS_ADMIN, without which nobody cannot be shown where Python lies; run the tests as an ordinary user")
    entry = pwd.getpwnam("nobody")
    with TemporaryDirectory(prefix="nobody-", dir="/tmp") as home:
        os.chown(home, entry.pw_uid, entry.pw_gid)
        yield Nobody(Path(home))


def _clear_the_way() -> None:
    """Have what bars the way to what is needed replaced by an empty directory that does not, for this process and those it becomes."""
    barred = {path: top for path in _NEEDED if (top := _barrier(path)) is not None}
    held = {path: os.open(path, os.O_PATH | os.O_DIRECTORY) for path in barred}
    for top in set(barred.values()):
        _mount("tmpfs", str(top), "tmpfs", 0, "mode=0755")
    for path, descriptor in held.items():
        path.mkdir(parents=True, exist_ok=True)
        _mount(f"/proc/self/fd/{descriptor}", str(path), None, _MS_BIND | _MS_REC)
        os.close(descriptor)


def _open_the_door() -> None:
    """Have the device that makes packet links be everybody's, as distributions have it (udev's rules); containers often leave it to root."""
    if not _TUN.exists() or stat.S_IMODE(_TUN.stat().st_mode) == _EVERYBODYS:
        return
    with TemporaryDirectory(dir="/tmp") as place:
        _mount("tmpfs", place, "tmpfs", 0)
        node = Path(place, "tun")
        os.mknod(node, stat.S_IFCHR, _TUN.stat().st_rdev)
        node.chmod(_EVERYBODYS)
        _mount(str(node), str(_TUN), None, _MS_BIND)
        _unmount(place)


def _barrier(path: Path) -> Path | None:
    """Return the topmost directory on the way to a path that others may not pass; None if they may pass all."""
    return next((step for step in (*reversed(path.parents), path) if not step.stat().st_mode & 0o001), None)


def _mount(source: str, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    words = [None if word is None else word.encode() for word in (source, target, kind, options)]
    if libc.mount(words[0], words[1], words[2], ctypes.c_ulong(flags), words[3]) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"cannot mount {target}: {os.strerror(error)}")


def _unmount(target: str) -> None:
    if ctypes.CDLL(None, use_errno=True).umount2(target.encode(), _MNT_DETACH) != 0:
        raise OSError(ctypes.get_errno(), f"cannot unmount {target}")


def _limit(limits: Mapping[str, int]) -> None:
    """Move into a user namespace in which everybody is who they were, and whose limits nobody in it can raise."""
    uid, gid = os.getuid(), os.getgid()
    os.unshare(os.CLONE_NEWUSER)
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1", encoding="ascii")
    for name, value in limits.items():
        Path("/proc/sys/user", name).write_text(str(value), encoding="ascii")


def _become_nobody() -> None:
    home, limits, proc_is_read_only = json.loads(sys.argv[1])
    command = sys.argv[2:]
    os.unshare(os.CLONE_NEWNS)
    _mount("none", "/", None, _MS_REC | _MS_PRIVATE)
    _clear_the_way()
    _open_the_door()
    if proc_is_read_only:
        _mount("none", "/proc", None, _MS_REMOUNT | _MS_BIND | _MS_RDONLY)
    entry = pwd.getpwnam("nobody")
    os.setgroups([])
    os.setresgid(entry.pw_gid, entry.pw_gid, entry.pw_gid)
    os.setresuid(entry.pw_uid, entry.pw_uid, entry.pw_uid)
    if limits:
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)  # A change of user takes it away, and with it our own /proc/self from us.
        _limit(limits)
    os.chdir(home)
    os.execv(command[0], command)


if __name__ == "__main__":
    _become_nobody()
