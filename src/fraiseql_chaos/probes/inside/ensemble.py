"""The runner's side of clients that look from inside a network: it says who is to look at what, and gets each look when it was taken."""

from __future__ import annotations

import asyncio
import signal
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, Self

from fraiseql_chaos.core import now_ns, seconds
from fraiseql_chaos.errors import LocalProtocolError
from fraiseql_chaos.history import Sample, decode
from fraiseql_chaos.probes.clients import Edge
from fraiseql_chaos.rig.control_link import CONNECT_WITHIN, ControlLink
from fraiseql_chaos.rig.keeper import Child, Keeper, Namespaces
from fraiseql_chaos.rig.keeper.processes import signal_if_same

__all__ = ["InsideProbes"]

_SILENT_AT_MOST: Final = seconds(10)
"""Twenty beats: a process that misses all of them is stopped or starved, and what it would have seen is lost."""


class InsideProbes:
    """
    Clients in a process of their own, in a network of somebody else's. Make one with ``start``, let it look with ``sampling``, and close it.

    Attributes:
        process: Where they live.
    """

    def __init__(self, link: ControlLink) -> None:
        self._link = link
        self.process: Child = link.child

    @classmethod
    async def start(cls, keeper: Keeper, *, inside: Namespaces, edge: Edge, names: Sequence[str]) -> Self:
        """
        Start the process and wait until it can look.

        Args:
            keeper: Its parent.
            inside: The network it lives in.
            edge: What the clients have to know; the process gets its own descriptor of ``server_kernel``, and this one here stays the caller's.
            names: Which clients, by their witnesses' names.

        Raises:
            RigError: If it does not come up, or knows no such client.
        """
        directory = Path(tempfile.mkdtemp(prefix="in-", dir=keeper.directory))
        link = await ControlLink.open(keeper, directory, module="fraiseql_chaos.probes.inside", name="process of the clients inside", inside=inside)
        started = cls(link)
        try:
            kernel = () if edge.server_kernel is None else (edge.server_kernel.fileno(),)
            await link.say({"play": list(names), "edge": edge.to_json()}, descriptors=kernel)
            await link.answer("ready", within=CONNECT_WITHIN)
        except BaseException:
            started.close()
            raise
        return started

    @asynccontextmanager
    async def sampling(self, sink: Callable[[Sample], None]) -> AsyncIterator[None]:
        """
        Let them look until the block ends; all that they have seen has arrived then. It can be done once.

        Args:
            sink: Receives every sample, on the machine's monotonic clock.

        Raises:
            RigError: In a group, if the process died, failed or hangs; the block is broken off then.
        """
        await self._link.say({"look": True})
        async with asyncio.TaskGroup() as group:
            hearing = group.create_task(self._hear(sink), name="hear the clients inside")
            yield
            await self._link.say({"stop": True})
            await hearing

    def close(self) -> None:
        """Hang up and end the process, wherever it is."""
        self._link.close()
        signal_if_same(self.process.pid, self.process.start_ticks, signal.SIGKILL)

    async def _hear(self, sink: Callable[[Sample], None]) -> None:
        while True:
            line = await self._link.line(until_ns=now_ns() + _SILENT_AT_MOST.ns)
            if line.startswith('{"alive"'):
                continue
            if line.startswith('{"done"'):
                return
            event = decode(line, where=f"the {self.process.name}")
            if not isinstance(event, Sample):
                raise LocalProtocolError(f"the {self.process.name} should have sent a look, and sent {line!r:.200}")
            sink(event)
