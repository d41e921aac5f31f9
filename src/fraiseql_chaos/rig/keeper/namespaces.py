"""
The network that a process lives in, where that is not ours.

A network namespace is named by a path that ``setns`` can open, as ``/proc/4711/ns/net`` or ``/proc/4711/fd/7``, and lives as long as a process, a
descriptor or a device keeps it. Who is not root makes it inside a user namespace, which has to be entered first, because only there one may.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from fraiseql_chaos.core import JsonObject

__all__ = ["Namespaces"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Namespaces:
    """
    Where a process lives.

    Attributes:
        net: Names the network namespace.
        user: Names the user namespace that owns it; None where that is ours.
    """

    net: Path
    user: Path | None = None

    def to_json(self) -> JsonObject:
        """Return it for the keeper's process."""
        return {"net": str(self.net), "user": None if self.user is None else str(self.user)}

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> Self:
        """Read what ``to_json`` wrote."""
        return cls(net=Path(raw["net"]), user=None if raw["user"] is None else Path(raw["user"]))

    def enter(self) -> None:
        """
        Move this process, which must have one thread only, into it.

        Raises:
            OSError: If the kernel does not let it.
        """
        for path, kind in ((self.user, os.CLONE_NEWUSER), (self.net, os.CLONE_NEWNET)):
            if path is not None:
                descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
                os.setns(descriptor, kind)
                os.close(descriptor)
