"""
A data directory with our defaults: fast where that changes nothing we measure, honest everywhere else.

``fsync = off``            A crash here is SIGKILL, and what a killed process has written is safe with the kernel; only a crash of the
                           machine could lose it. Commits are cheaper than on a server that waits for its disk.
``full_page_writes = on``  Stays, because the kernel may end a write of 8 KiB between two pages of memory when its process is killed.
``synchronous_commit = on``  Stays, because a commit that is answered before it is written is lost in a crash.

Defaults and the user's settings go into ``postgresql.conf``, where ``ALTER SYSTEM`` outranks them, so that every one of them can be the
subject of a fault. Only what the rig itself stands on (addresses, the log's format) is fixed on the command line.
"""

from __future__ import annotations

import ctypes
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from fraiseql_chaos.core import seconds, wait_until
from fraiseql_chaos.errors import DeclarationError, RigError
from fraiseql_chaos.rig.keeper import Keeper
from fraiseql_chaos.rig.postgres.account import Account
from fraiseql_chaos.rig.postgres.binaries import Binaries
from fraiseql_chaos.rig.postgres.port import LOOPBACK
from fraiseql_chaos.rig.postgres.server_log import LOG_LINE_PREFIX, ServerLog

__all__ = ["SUPERUSER", "check_settings", "command_line_settings", "initialise", "server_environment"]

SUPERUSER: Final = "postgres"

INITDB_DEADLINE: Final = seconds(60)
"""Half a second on a quiet machine."""

DEFAULTS: Final = {
    "fsync": "off",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "log_min_messages": "warning",
    "log_connections": "on",
    "log_disconnections": "on",
    "log_lock_waits": "on",
    "log_checkpoints": "on",
}

HBA: Final = f"""\
# The superuser comes through the Unix socket, whose directory is closed to others. Loopback is open to every user of this machine, and
# a superuser can run programs, so there is no way in for it there.
local all all trust
host all {SUPERUSER} {LOOPBACK}/32 reject
host all all {LOOPBACK}/32 trust
# Where the server has a network of its own, what is directly connected is the far end of a link that the rig made.
host all {SUPERUSER} all reject
host all all samenet trust
"""

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")
_LC_CTYPE_MASK: Final = 1


def command_line_settings(port: int, sockets: Path) -> dict[str, str]:
    """Return what the rig stands on, and no fault may change."""
    return {
        "port": str(port),
        "listen_addresses": LOOPBACK,
        "unix_socket_directories": '"{}"'.format(str(sockets).replace('"', '""')),
        "log_destination": "stderr",
        "logging_collector": "off",
        "log_line_prefix": LOG_LINE_PREFIX,
        "log_timezone": "UTC",
        # Files in the data directory, which goes with the lease; segments under /dev/shm would outlive a server that is killed.
        "dynamic_shared_memory_type": "mmap",
    }


def server_environment(binaries: Binaries) -> dict[str, str]:
    """Return the server's whole environment, the same on every machine."""
    return {"PATH": f"{binaries.bin}:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def check_settings(settings: Mapping[str, str]) -> None:
    """
    See that settings can stand in a configuration file, and are not the rig's own; the server judges the rest.

    Raises:
        DeclarationError: If one cannot; before anything is started.
    """
    fixed = command_line_settings(0, Path("/"))
    for name, value in settings.items():
        if not _NAME.fullmatch(name) or "\n" in value or "\0" in value:
            raise DeclarationError(f"{name!r} = {value!r} cannot be a line of postgresql.conf; nothing was started")
        if name.lower() in fixed:
            raise DeclarationError(f"{name} is fixed by the rig (so are {', '.join(sorted(fixed.keys() - {name.lower()}))}); nothing was started")


async def initialise(keeper: Keeper, *, binaries: Binaries, account: Account, data: Path, log: Path, settings: Mapping[str, str]) -> None:
    """
    Make a data directory.

    Args:
        keeper: Runs ``initdb``.
        binaries: The server's programs.
        account: Whom the data will belong to.
        data: A path that does not exist, in a directory of the account's.
        log: Where ``initdb`` writes.
        settings: On top of ours.

    Raises:
        RigError: If ``initdb`` fails, with its own words.
    """
    locale = "C.UTF-8" if _has_locale("C.UTF-8") else "C"
    options = [
        f"--username={SUPERUSER}",
        "--auth=trust",
        "--encoding=UTF8",
        f"--locale={locale}",
        "--lc-messages=C",
        "--no-sync",
        "--no-instructions",
    ]
    child = keeper.spawn(
        [binaries.bin / "initdb", "-D", data, *options],
        name="initdb",
        log=log,
        env=server_environment(binaries),
        cwd=data.parent,
        uid=account.spawn_uid,
        gid=account.spawn_gid,
    )
    await wait_until(lambda: keeper.exit_status(child) is not None, within=INITDB_DEADLINE, what="initdb's end")
    if keeper.exit_status(child) != 0:
        raise RigError(f"{binaries.bin / 'initdb'} failed:\n{ServerLog(log).tail()}")
    with (data / "postgresql.conf").open("a") as configuration:
        configuration.writelines(f"{name} = {_quoted(value)}\n" for name, value in (DEFAULTS | dict(settings)).items())
    (data / "pg_hba.conf").write_text(HBA)


def _quoted(value: str) -> str:
    return "'{}'".format(value.replace("\\", "\\\\").replace("'", "''"))


def _has_locale(name: str) -> bool:
    """Ask the C library, without touching this process's own locale as ``locale.setlocale`` would."""
    libc = ctypes.CDLL(None)
    libc.newlocale.restype = ctypes.c_void_p
    found = libc.newlocale(_LC_CTYPE_MASK, os.fsencode(name), None)
    if found:
        libc.freelocale(ctypes.c_void_p(found))
    return bool(found)
