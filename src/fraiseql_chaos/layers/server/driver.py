"""Where server faults touch the world: each is a guard around a verb of the server."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import assert_never

from fraiseql_chaos.layers.server.faults import Freeze, ServerFault, Stop
from fraiseql_chaos.layers.server.model import StoppableServer

__all__ = ["armed"]


def armed(fault: ServerFault, server: StoppableServer) -> AbstractAsyncContextManager[None]:
    """
    Return the guard of a fault: entering arms it, leaving heals it.

    Raises:
        CapabilityError: If the server cannot do it, for example because it is not ours to stop.
    """
    match fault:
        case Stop(mode=mode):
            return server.crashed() if mode == "crash" else server.stopped(mode)
        case Freeze(what=what):
            return server.frozen(what)
        case _:
            assert_never(fault)
