"""
How a runner commands a process of its own that bends traffic: one JSON object a line out, one back, over a Unix socket.

    {"do": "ping"}                    ->  {"ok": ...}
    anything that cannot be done      ->  {"error": {"whose": "declaration" | "protocol" | "rig" | "capability", "message": "..."}}

Every call is a connection of its own, so there is no state to lose. An answer may carry descriptors (``SCM_RIGHTS``), which is how a socket of another
network namespace comes to who may not enter it.
"""

from __future__ import annotations

from fraiseql_chaos.control.answering import LINE_BYTES_MAX, answer_line
from fraiseql_chaos.control.asking import ControlSocket

__all__ = ["LINE_BYTES_MAX", "ControlSocket", "answer_line"]
