"""
The runner's side of a load: start the generator, tell it when, listen until it is done.

The generator decides nothing and keeps nothing: what it saw comes back as events while it happens, so a run that is cut short still has
them. It must account for every request of its plan; one that it does not is an error here and not a shorter history.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fraiseql_chaos.core import seconds
from fraiseql_chaos.errors import LocalProtocolError, RigError
from fraiseql_chaos.history import Event, Operation, decode
from fraiseql_chaos.rig.control_link import CONNECT_WITHIN, ControlLink
from fraiseql_chaos.rig.keeper import Keeper
from fraiseql_chaos.workload.spec import LoadSpec

__all__ = ["LoadGenerator", "LoadSpec", "WarmUp"]

_GRACE: Final = seconds(10)
"""How much longer than planned a load may take before its generator counts as lost: stalls, slow disks, a busy machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmUp:
    """What became of one request that was sent before the load, outside the record."""

    name: str
    outcome: str
    cause: str
    detail: str


class LoadGenerator:
    """
    A load generator's process, warmed up and waiting for its origin.

    Make one with ``start``; use it once: ``begin``, then ``events`` to the end.

    Attributes:
        child: Its process, a child of the keeper.
        spec: What it was told.
        warm_up: What became of the requests before the load.
    """

    def __init__(self, link: ControlLink, spec: LoadSpec, warm_up: tuple[WarmUp, ...]) -> None:
        self._link = link
        self._origin_ns: int | None = None
        self.child = link.child
        self.spec = spec
        self.warm_up = warm_up

    @classmethod
    async def start(cls, keeper: Keeper, *, directory: Path, spec: LoadSpec) -> LoadGenerator:
        """
        Start a generator and wait until it is warm.

        Args:
            keeper: The parent of its process.
            directory: Its socket and its log go into a new directory below this one.
            spec: The load.

        Raises:
            RigError: If it does not start, or cannot carry out such a load on this machine.
        """
        link = await ControlLink.open(
            keeper, Path(tempfile.mkdtemp(prefix="load-", dir=directory)), module="fraiseql_chaos.workload.driver", name="load generator"
        )
        try:
            await link.say({"spec": spec.to_json()})
            # Each round of the warm-up ends within the bound for one request.
            ready = await link.answer("ready", within=CONNECT_WITHIN + spec.timeout * spec.warm_up)
        except BaseException:
            link.close()
            raise
        return cls(link, spec, tuple(WarmUp(**told) for told in ready["warm_up"]))

    async def begin(self, origin_ns: int) -> None:
        """
        Tell the generator when the first request is due.

        Args:
            origin_ns: An instant of the machine's monotonic clock; give it some 50 ms of notice, or the first requests are late.
        """
        self._origin_ns = origin_ns
        await self._link.say({"origin_ns": origin_ns})

    async def events(self) -> AsyncIterator[Event]:
        """
        Yield what happens, until the load is done.

        Raises:
            RigError: If the generator died, hangs, or did not account for every request.
            LocalProtocolError: If ``begin`` was not called.
        """
        if self._origin_ns is None:
            raise LocalProtocolError("a load has no events before begin() was called")
        deadline_ns = self._origin_ns + (self.spec.lasting + self.spec.drain + _GRACE).ns
        recorded = 0
        try:
            while not (line := await self._link.line(until_ns=deadline_ns)).startswith('{"done"'):
                event = decode(line, where="load generator")
                recorded += isinstance(event, Operation)
                yield event
        finally:
            self._link.close()
        planned = json.loads(line)["done"]["requests"]
        if recorded != planned:
            raise RigError(f"the load generator planned {planned} requests and accounted for {recorded}; the record has a hole and may not be judged")

    def close(self) -> None:
        """Hang up, whereupon a generator that is still at work ends. Not needed after ``events`` ran to its end."""
        self._link.close()
