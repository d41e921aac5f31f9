"""
Whom the server runs as.

PostgreSQL refuses to run as root, and rightly so. When we are root, as continuous integration often is, the server gets an account that
exists on every machine and owns nothing. ``initdb`` looks its own user up by number and stops when the password database does not
know it, so a made-up number would not do. The account ``postgres`` is left alone on purpose: it may own a real server's data.
"""

from __future__ import annotations

import os
import pwd
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fraiseql_chaos.errors import CapabilityError

__all__ = ["Account", "server_account"]

CANDIDATES: Final = ("nobody", "daemon", "bin")
"""Accounts without files, in the order of how harmless they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """
    An unprivileged account.

    Attributes:
        name: Its name, for people.
        uid, gid: Its numbers.
    """

    name: str
    uid: int
    gid: int

    @property
    def spawn_uid(self) -> int | None:
        """The user to change to when a process is started; None if that is whom we are."""
        return None if self.uid == os.geteuid() else self.uid

    @property
    def spawn_gid(self) -> int | None:
        """The group to change to when a process is started; None if the user does not change either."""
        return None if self.uid == os.geteuid() else self.gid

    def new_directory(self, parent: Path) -> Path:
        """Make a directory that is the account's, and that others may pass through but not list."""
        directory = Path(tempfile.mkdtemp(prefix="postgres-", dir=parent))
        directory.chmod(0o711)
        os.chown(directory, self.uid, self.gid)
        return directory


def server_account() -> Account:
    """
    Return the account for the server: our own, unless we are root.

    Raises:
        CapabilityError: If we are root and there is no account to change to, or if our own number has no entry in the password database.
    """
    if os.geteuid() != 0:
        return _own_account()
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid)
    raise CapabilityError(f"PostgreSQL refuses to run as root, and none of the accounts {', '.join(CANDIDATES)} exists: run this as an ordinary user")


def _own_account() -> Account:
    uid = os.geteuid()
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        raise CapabilityError(
            f"user {uid} has no entry in the password database, and initdb refuses to run without one: add a line for it to /etc/passwd"
        ) from None
    return Account(name=entry.pw_name, uid=uid, gid=os.getegid())
