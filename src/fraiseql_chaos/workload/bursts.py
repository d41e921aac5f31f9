"""
The runner's side of closed-loop bursts: how fast a healthy service answers when so many requests are in flight, no more and no fewer.

Here a closed loop is right and not an oversight. Chaos is measured open loop, because users do not wait for each other while a service hangs
(``arrivals``); a baseline asks for the service's own time at a stated concurrency, of a service that does not hang, and an open loop near
saturation would measure its queue. So each of N workers sends its next request when its last was answered, and latency counts from the send.

The generator is a process of its own, and one serves all bursts of a repetition, so that its own start is in none of them.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from fraiseql_chaos.core import Duration, seconds
from fraiseql_chaos.errors import DeclarationError, ServiceError
from fraiseql_chaos.rig.control_link import ControlLink
from fraiseql_chaos.rig.keeper import Keeper
from fraiseql_chaos.workload.model import GraphQLOperation
from fraiseql_chaos.workload.spec import Target

__all__ = ["Burst", "BurstGenerator", "BurstResult"]

REQUEST_TIMEOUT: Final = seconds(10)
"""A healthy service answers in milliseconds; one that takes longer than this is none to take a baseline of."""

BURST_DEADLINE: Final = seconds(60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """
    One burst.

    Args:
        operation: What is asked.
        in_flight: How many requests are in flight all the time.
        requests: How many are measured.
        warm_up: How many are sent before those, in the same way.
        seed: Decides in which order the cases are asked.
        first: The ordinal of the first request; two bursts of one mark and operation share none.
        mark: What ``{unique}`` begins with, and no other load on the same database has.

    Raises:
        DeclarationError: If a number is not at least what it takes.
    """

    operation: GraphQLOperation
    in_flight: int
    requests: int
    warm_up: int
    seed: int
    first: int = 0
    mark: str

    def __post_init__(self) -> None:
        if self.in_flight < 1 or self.requests < 1 or self.warm_up < 0:
            raise DeclarationError(
                f"a burst has at least 1 request, 1 of them in flight, and no fewer than 0 before, not {self.requests}, {self.in_flight} and "
                f"{self.warm_up}; nothing was sent"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class BurstResult:
    """
    What a burst measured.

    Attributes:
        latencies_ms: One a measured request, from its send to its whole answer, in the order answered.
        lasted_s: From the first measured request's send to the last answer.
        sent: How many requests were sent in all, the warm-up's among them.
    """

    latencies_ms: tuple[float, ...]
    lasted_s: float
    sent: int


class BurstGenerator:
    """A generator's process, connected to one service; make one with ``start`` and leave its block to end it."""

    def __init__(self, link: ControlLink) -> None:
        self._link = link

    @classmethod
    async def start(cls, keeper: Keeper, *, directory: Path, target: Target, connections: int) -> Self:
        """
        Start a generator.

        Args:
            keeper: The parent of its process.
            directory: Its socket and its log go into a new directory below this one.
            target: The service.
            connections: As many as will ever be in flight.

        Raises:
            RigError: If it does not start.
        """
        link = await ControlLink.open(
            keeper, Path(tempfile.mkdtemp(prefix="bursts-", dir=directory)), module="fraiseql_chaos.workload.bursts_driver", name="burst generator"
        )
        await link.say({"target": target.to_json(), "connections": connections, "timeout_ms": REQUEST_TIMEOUT.ms})
        return cls(link)

    async def run(self, burst: Burst, *, within: Duration = BURST_DEADLINE) -> BurstResult:
        """
        Carry out a burst.

        Raises:
            ServiceError: If an answer was not right: what is not healthy has no baseline.
            RigError: If the generator died or hangs.
        """
        await self._link.say(
            {
                "operation": burst.operation.to_json(),
                "in_flight": burst.in_flight,
                "requests": burst.requests,
                "warm_up": burst.warm_up,
                "seed": burst.seed,
                "first": burst.first,
                "mark": burst.mark,
            }
        )
        told = await self._link.answer("burst", within=within)
        if told["wrong"]:
            raise ServiceError(
                f"{burst.operation.name} at {burst.in_flight} in flight: {told['wrong']} of {told['sent']} requests were not answered rightly in health "
                f"({told['example']}); a service that is not well has no baseline, and none was written"
            )
        return BurstResult(latencies_ms=tuple(ns / 1e6 for ns in told["latencies_ns"]), lasted_s=told["lasted_ns"] / 1e9, sent=told["sent"])

    def close(self) -> None:
        """Hang up, whereupon the generator ends."""
        self._link.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
